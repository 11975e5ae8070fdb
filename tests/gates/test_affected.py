"""Which commands a change is the business of."""

from __future__ import annotations

import pytest

from gitagent.domain.verdict import GateCommand
from gitagent.gates.affected import affected, first


def command(package: str, *uses: str, compiles: bool = False) -> GateCommand:
    stage = "compile" if compiles else "test"
    name = f"{stage} {package}".strip()
    return GateCommand(name, ("true",), package=package, uses=uses, stage=stage)  # type: ignore[arg-type]


CORE = command("packages/core")
API = command("packages/api", "packages/core")
WEB = command("packages/web", "packages/api")
DOCS = command("packages/docs")
INNER = command("packages/core/inner")
ALL = (CORE, API, WEB, DOCS, INNER)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["packages/docs/a.md"], [DOCS]),
        (["packages/core/src/a.ts"], [CORE, API, WEB]),
        (["packages/api/src/a.ts"], [API, WEB]),
        (["packages/core/inner/a.ts"], [INNER]),
        (["packages/web/a.ts", "packages/docs/b.ts"], [WEB, DOCS]),
        (["packages/web/package.json"], [WEB]),
        (["packages/corelike/a.ts"], list(ALL)),
        (["README.md"], list(ALL)),
        (["pnpm-lock.yaml"], list(ALL)),
        (["packages/docs/a.md", "tsconfig.base.json"], list(ALL)),
        ([], []),
    ],
    ids=str,
)
def test_the_touched_packages_run_and_those_that_depend_on_them(
    changed: list[str], expected: list[GateCommand]
) -> None:
    """However far off; and all of them where a path belongs to none."""
    assert list(affected(ALL, changed)) == expected


ROOT, CHECK = command(""), command("", compiles=True)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["src/lib.rs"], [CHECK, ROOT]),
        (["packages/docs/a.rs"], [CHECK, DOCS]),
        (["packages/core/Cargo.toml"], [CHECK, CORE, API]),
        (["Cargo.lock"], [CHECK, ROOT, CORE, API, DOCS]),
        ([".cargo/config.toml"], [CHECK, ROOT, CORE, API, DOCS]),
        (["tools/tsconfig.json"], [CHECK, ROOT, CORE, API, DOCS]),
    ],
    ids=str,
)
def test_a_package_at_the_root_has_what_no_other_has(
    changed: list[str], expected: list[GateCommand]
) -> None:
    """But for what configures them all; what compiles everything always runs."""
    assert list(affected((CHECK, ROOT, CORE, API, DOCS), changed)) == expected


def test_packages_that_use_each_other_come_to_an_end() -> None:
    """Both run, once."""
    one, two = command("a", "b"), command("b", "a")
    assert affected((one, two), ["a/x"]) == (one, two)


def test_one_package_always_runs_whole() -> None:
    """Whatever changed."""
    assert affected((CHECK, ROOT), ["docs/a.md"]) == (CHECK, ROOT)
    assert affected((CORE,), ["README.md"]) == (CORE,)


def test_of_many_packages_the_base_begins_with_what_the_task_is_about() -> None:
    """Of a few, with all, and nobody is asked."""
    assert first(ALL, lambda: ["packages/api/x.ts", "nowhere"]) == (API,)
    assert first(ALL, list) == ()

    def nobody() -> list[str]:
        raise AssertionError

    assert first((CORE, API, WEB), nobody) == (CORE, API, WEB)

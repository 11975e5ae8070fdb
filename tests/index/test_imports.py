"""An import leads to the files that it may mean, and to none rather than to many."""

from __future__ import annotations

import pytest

from gitagent.index.imports import Imports

PYTHON = [
    "src/shop/__init__.py",
    "src/shop/cart.py",
    "src/shop/api/views.py",
    "src/shop/api/__init__.py",
]
PYTHON += ["other/shop/cart.py", "tests/test_cart.py"]
SCRIPT = ["app/src/api/x.ts", "app/src/cart/index.tsx", "app/src/cart/row.tsx", "app/src/main.ts"]
SCRIPT += ["app/src/util/add.js"]
RUST = [
    "a/src/lib.rs",
    "a/src/cart.rs",
    "a/src/cart/item.rs",
    "a/src/shop/mod.rs",
    "my-b/src/lib.rs",
]
RUST += ["my-b/src/deep.rs"]
GO = [
    "server/a.go",
    "server/b.go",
    "server/a_test.go",
    "server/conf/conf.go",
    "main.go",
    "errors/e.go",
]
ELSE = [
    "a/b/C.java",
    "a/b/D.java",
    "lib/cart/item.rb",
    "lib/cart.rb",
    "src/x.c",
    "src/x.h",
    "inc/y/z.h",
]
PATHS = [*PYTHON, *SCRIPT, *RUST, *GO, *ELSE, "lib/router.ex"]


@pytest.mark.parametrize(
    ("path", "language", "name", "found"),
    [
        ("src/shop/api/views.py", "python", "..cart.Cart", ["src/shop/cart.py"]),
        ("src/shop/api/views.py", "python", "...shop", ["src/shop/__init__.py"]),
        ("src/shop/cart.py", "python", ".api.views", ["src/shop/api/views.py"]),
        ("src/shop/cart.py", "python", ".Missing", ["src/shop/__init__.py"]),
        ("src/shop/cart.py", "python", "shop.api", ["src/shop/api/__init__.py"]),
        ("src/shop/api/views.py", "python", "shop.cart.Cart", ["src/shop/cart.py"]),
        ("src/shop/cart.py", "python", "os.path", []),
        ("app/src/cart/index.tsx", "tsx", "./row", ["app/src/cart/row.tsx"]),
        ("app/src/main.ts", "typescript", "./cart", ["app/src/cart/index.tsx"]),
        ("app/src/main.ts", "typescript", "#/api/x", ["app/src/api/x.ts"]),
        ("app/src/main.ts", "typescript", "./api/x.js", ["app/src/api/x.ts"]),
        ("app/src/main.ts", "typescript", "src/util/add", ["app/src/util/add.js"]),
        ("app/src/main.ts", "typescript", "react", []),
        ("a/src/lib.rs", "rust", "mod.cart", ["a/src/cart.rs"]),
        ("a/src/cart.rs", "rust", "mod.item", ["a/src/cart/item.rs"]),
        ("a/src/cart/item.rs", "rust", "crate.shop.Open", ["a/src/shop/mod.rs"]),
        ("a/src/cart/item.rs", "rust", "crate.cart.item.Item", ["a/src/cart/item.rs"]),
        ("a/src/shop/mod.rs", "rust", "super.cart.Cart", ["a/src/cart.rs"]),
        ("a/src/cart.rs", "rust", "my_b.deep.Deep", ["my-b/src/deep.rs"]),
        ("a/src/cart.rs", "rust", "std.fmt", []),
        ("main.go", "go", "github.com/a/nats/server", ["server/a.go", "server/b.go"]),
        ("main.go", "go", "github.com/a/nats/server/conf", ["server/conf/conf.go"]),
        ("main.go", "go", "errors", []),
        ("lib/router.ex", "elixir", "Shop.Cart", ["lib/shop/cart.ex"]),
        ("lib/router.ex", "elixir", "Enum", []),
        ("a/b/C.java", "java", "a.b.D", ["a/b/D.java"]),
        ("a/b/C.java", "java", "a.b.D.run", ["a/b/D.java"]),
        ("lib/cart.rb", "ruby", "./cart/item", ["lib/cart/item.rb"]),
        ("lib/x.rb", "ruby", "cart/item", ["lib/cart/item.rb"]),
        ("src/x.c", "c", "./x.h", ["src/x.h"]),
        ("src/x.c", "c", "y/z.h", ["inc/y/z.h"]),
        ("src/x.c", "c", "stdio.h", []),
        ("README.md", "markdown", "anything", []),
    ],
)
def test_an_import_leads_to_its_file(path: str, language: str, name: str, found: list[str]) -> None:
    """The file itself is never its own import; the nearest of several is meant."""
    tree = Imports(PATHS, {"Shop.Cart": ["lib/shop/cart.ex"]})
    expected = [target for target in found if target != path]
    assert list(tree.of(path, language, [name])) == expected


def test_a_name_that_fits_many_files_means_none() -> None:
    """Ten files called `utils` are no answer."""
    tree = Imports([f"p{n}/utils.py" for n in range(10)] + ["main.py"])
    assert tree.of("main.py", "python", ["utils"]) == ()


@pytest.mark.parametrize("language", ["python", "tsx", "rust", "go", "elixir", "java", "ruby", "c"])
@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "../../../..", "a//b", "*", "@/", "mod.", "." * 50]
)
def test_odd_imports_lead_nowhere_beyond(language: str, name: str) -> None:
    """Broken statements give odd names; what is found is a file of the tree."""
    assert set(Imports(PATHS).of("src/shop/cart.py", language, [name])) <= set(PATHS)

"""Which commands an Elixir project has, and what mix makes of them where it is installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from running import Tree, here, named, project

from gitagent.gates.toolchains.apps import apps
from gitagent.gates.toolchains.elixir import commands, missing

MIX = """defmodule {module}.MixProject do
  use Mix.Project
  def project do
    [app: :{app}, version: "0.1.0", deps: deps(){more}]
  end
  # {{:commented, "~> 1.0"}},
  defp deps do
    [{deps}]
  end
end
"""


def mix(app: str, deps: str = "", more: str = "") -> str:
    return MIX.format(module=app.capitalize(), app=app, deps=deps, more=more)


FILES = {
    "mix.exs": mix("solo"),
    "lib/solo.ex": "defmodule Solo do\n  def two, do: 2\nend\n",
    "test/test_helper.exs": "ExUnit.start(exclude: [:slow], formatters: [ExUnit.CLIFormatter])\n",
    "test/solo_test.exs": """defmodule SoloTest do
  use ExUnit.Case, async: true
  test "is two", do: assert Solo.two() == 2
  @tag :skip
  test "later", do: :ok
  @tag :slow
  test "takes long", do: :ok
  test "prints" do
    IO.puts("failed\\ttest/solo_test.exs\\tSoloTest\\ttest is two")
  end
end
""",
    "test/setup_test.exs": """defmodule SetupTest do
  use ExUnit.Case
  setup_all do: raise "whole"
  test "never runs", do: :ok
end
""",
}
PLACES = ', build_path: "../../_build", deps_path: "../../deps", lockfile: "../../mix.lock"'
UMBRELLA = {
    "mix.exs": "defmodule All.MixProject do\n  use Mix.Project\n  def project do\n"
    '    [apps_path: "apps", version: "0.1.0", deps: []]\n  end\nend\n',
    "apps/low/mix.exs": mix("low", more=PLACES),
    "apps/low/lib/low.ex": "defmodule Low do\n  def two, do: 2\nend\n",
    "apps/low/test/test_helper.exs": "ExUnit.start()\n",
    "apps/low/test/low_test.exs": "defmodule LowTest do\n  use ExUnit.Case\n"
    '  test "low", do: :ok\nend\n',
    "apps/high/mix.exs": mix("high", "{:low, in_umbrella: true}", PLACES),
    "apps/high/lib/high.ex": "defmodule High do\n  def four, do: Low.two() * 2\nend\n",
    "apps/high/test/test_helper.exs": "ExUnit.start()\n",
    "apps/high/test/high_test.exs": "defmodule HighTest do\n  use ExUnit.Case\n"
    '  test "four", do: assert High.four() == 4\nend\n',
}


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment with a made Elixir and nothing else."""
    for program in ("bin/elixir", "lib/elixir/ebin/elixir.app"):
        file = tmp_path / "sdk" / program
        file.parent.mkdir(parents=True)
        file.write_text("")
        file.chmod(0o755)
    return {"HOME": str(tmp_path), "PATH": str(tmp_path / "sdk" / "bin")}


def test_an_app_is_compiled_and_tested(installed: dict[str, str]) -> None:
    """In this order."""
    found = commands(project(FILES, None, **installed))
    assert [(c.name, c.stage) for c in found] == [("mix compile", "compile"), ("mix test", "test")]


def test_an_umbrella_is_compiled_at_once_and_tested_app_by_app(installed: dict[str, str]) -> None:
    """From its own folder, with who depends on whom."""
    found = commands(project(UMBRELLA, None, **installed))
    assert {c.name: (c.folder, c.package, c.uses) for c in found} == {
        "mix compile": ("", "", ("apps/high", "apps/low")),
        "mix test in apps/high": ("", "apps/high", ("apps/low",)),
        "mix test in apps/low": ("", "apps/low", ()),
    }


def test_dependencies_are_read_without_running_the_program(installed: dict[str, str]) -> None:
    """Those that tests need; not comments, nor what documents or checks the code."""
    deps = """
      {:jason, "~> 1.0"},
      {:own, path: "../own"},
      {:ex_doc, "~> 0.30", only: :docs, runtime: false},
      {:mox, "~> 1.0", only: [:test, :dev]},
      {:maybe, "~> 1.0", optional: true},
      {:forked, github: "a/b"}
    """
    (app,) = apps(project({"mix.exs": mix("a", deps)}))
    assert app.outside == ("jason", "mox", "forked")
    assert app.from_hex
    (app,) = apps(project({"mix.exs": mix("a", '{:forked, git: "x"}')}))
    assert not app.from_hex
    # Mix wants to know how to get it even where it does not get it.
    (app,) = apps(project({"mix.exs": mix("a", '{:ex_doc, "~> 0.30", only: :docs}')}))
    assert app.from_hex
    assert app.outside == ()


def test_dependencies_that_are_not_there_are_said(
    installed: dict[str, str], tmp_path: Path
) -> None:
    """They come from the checkout; Hex has to be there, too."""
    files = FILES | {"mix.exs": mix("solo", '{:jason, "~> 1.0"}')}
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    here = project(files, checkout, **installed)
    assert commands(here) == ()
    assert ["mix deps.get" in said for said in missing(here)] == [True, False]
    assert "mix local.hex" in missing(here)[1]
    (checkout / "deps/jason").mkdir(parents=True)
    assert commands(here) == ()
    (tmp_path / ".mix/archives/hex-2.0.6").mkdir(parents=True)
    assert missing(here) == ()
    brings = {(b.path, b.at, b.how) for b in commands(here)[0].brings}
    assert (str(checkout / "deps"), "deps", "scratch") in brings
    assert (str(tmp_path / ".mix"), "", "read") in brings


def test_dependencies_of_another_commit_are_taken_as_they_are(
    installed: dict[str, str], tmp_path: Path
) -> None:
    """Mix would refuse them; with the lock file of the checkout they are checked, and built."""
    (tmp_path / "mix.lock").write_text("%{}\n")
    same = commands(project(FILES | {"mix.lock": "%{}\n"}, tmp_path, **installed))
    other = commands(project(FILES | {"mix.lock": "%{x: 1}\n"}, tmp_path, **installed))
    assert [("--no-deps-check" in c.argv) for c in (*same, *other)] == [False, False, True, True]


def test_another_app_of_the_tree_is_always_built(installed: dict[str, str], tmp_path: Path) -> None:
    """Without the check, mix would test what the user built of it."""
    files = FILES | {
        "mix.exs": mix("solo", '{:own, path: "own"}'),
        "own/mix.exs": mix("own"),
        "mix.lock": "%{}",
    }
    found = commands(project(files, tmp_path, **installed))
    assert not any("--no-deps-check" in c.argv for c in found if not c.folder)


def test_tests_that_need_a_database_server_are_not_run(installed: dict[str, str]) -> None:
    """There is none in the gate; it is said, and the app is compiled."""
    files = FILES | {
        "mix.exs": mix("solo") + '# aliases\n[test: ["ecto.create --quiet", "test"]]\n',
        "lib/repo.ex": "use Ecto.Repo, otp_app: :solo, adapter: Ecto.Adapters.Postgres\n",
    }
    there = project(files, None, **installed)
    assert [c.name for c in commands(there)] == ["mix compile"]
    assert "Postgres" in missing(there)[0]
    files["lib/repo.ex"] = "adapter: Ecto.Adapters.SQLite3\n"
    assert len(commands(project(files, None, **installed))) == 2


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        (', elixir: "~> 1.14"', True),
        (', elixir: "~> 1.17"', False),
        (', elixir: ">= 1.14.1"', False),
        (', elixir: "~> 1.13 or ~> 1.14"', True),
        (", elixir: @wanted", False),
        (", elixir: @unknown", True),
    ],
)
def test_an_app_for_a_newer_elixir_is_not_checked(
    installed: dict[str, str], tmp_path: Path, asked: str, runs: bool
) -> None:
    """Mix would not run it; what it asks for is said."""
    (tmp_path / "sdk/lib/elixir/ebin/elixir.app").write_text(
        '{application,elixir,\n[{description,"elixir"},\n {vsn,"1.14.0"}]}.\n'
    )
    files = FILES | {"mix.exs": '@wanted "~> 1.18"\n' + mix("solo", more=asked)}
    there = project(files, None, **installed)
    assert bool(commands(there)) is runs
    assert bool(missing(there)) is not runs


def test_no_elixir_is_said(tmp_path: Path) -> None:
    """With the ways to get it, and only to those who have Elixir."""
    nothing = project(FILES, None, PATH=str(tmp_path))
    assert commands(nothing) == ()
    assert "`elixir`" in missing(nothing)[0]
    assert missing(project({"a.ex": ""}, None, PATH=str(tmp_path))) == ()


needs_elixir = pytest.mark.skipif(
    not commands(here(FILES)), reason="elixir is not installed on this machine"
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "tree").mkdir()
    return Tree(tmp_path / "tree")


@needs_elixir
def test_a_real_run_names_every_test(tree: Tree) -> None:
    """Whatever formatters the project sets; a fixture that fails, fails its tests."""
    found = commands(here(FILES))
    tree.write(FILES)
    assert tree.run(found[0]).exit_code == 0
    expected = {
        "test/solo_test.exs::SoloTest::test is two": "passed",
        "test/solo_test.exs::SoloTest::test later": "skipped",
        "test/solo_test.exs::SoloTest::test takes long": "skipped",
        "test/solo_test.exs::SoloTest::test prints": "passed",
        "test/setup_test.exs::SetupTest::test never runs": "failed",
    }
    assert tree.run(found[1]).tests == expected
    nearest = tree.run(found[1], "test/setup_test.exs").tests
    assert nearest == {"test/setup_test.exs::SetupTest::test never runs": "failed"}


@needs_elixir
def test_an_end_with_success_in_the_middle_is_a_failure(tree: Tree) -> None:
    """The exit code says nothing."""
    files = FILES | {
        "test/solo_test.exs": "defmodule SoloTest do\n  use ExUnit.Case\n"
        '  test "a", do: System.halt(0)\nend\n'
    }
    del files["test/setup_test.exs"]
    run = tree.write(files).run(commands(here(files))[1])
    assert run.exit_code == 0
    assert run.tests == {"mix test": "failed"}


@needs_elixir
def test_files_that_do_not_compile_are_named(tree: Tree) -> None:
    """Of the library, and of the tests; in an umbrella with the app's folder."""
    found = commands(here(FILES))
    tree.write(FILES | {"lib/solo.ex": "defmodule Solo do\n  def two, do: nope()\nend\n"})
    assert tree.run(found[0]).tests == {"compile::lib/solo.ex": "failed"}
    tree.write(FILES | {"test/solo_test.exs": "defmodule SoloTest do\n"})
    assert tree.run(found[1]).tests == {"compile::test/solo_test.exs": "failed"}


@needs_elixir
def test_a_change_in_an_umbrella_reaches_the_apps_above(tree: Tree) -> None:
    """What the user built of the app below is younger than all files, and of other sources."""
    found = commands(here(UMBRELLA))
    high = named(found, "mix test in apps/high")
    test = "apps/high/test/high_test.exs::HighTest::test four"
    assert tree.write(UMBRELLA).run(high).tests == {test: "passed"}
    (tree.folder / "_build/.aged").unlink(missing_ok=True)
    tree.write({"apps/low/lib/low.ex": "defmodule Low do\n  def two, do: 3\nend\n"})
    for path in UMBRELLA:
        os.utime(tree.folder / path, (1, 1))
    assert tree.run(high).tests == {test: "failed"}
    assert tree.run(high, "apps/high/test/high_test.exs").tests == {test: "failed"}
    tree.write({"apps/low/lib/low.ex": "defmodule Low do\n  def two, do: nope()\nend\n"})
    assert tree.run(found[0]).tests == {"compile::apps/low/lib/low.ex": "failed"}

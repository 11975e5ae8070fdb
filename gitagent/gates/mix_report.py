"""What ExUnit says of each test, by a formatter of ours beside its own, and mix's errors.

ExUnit's text names tests one by one only when it runs them one after the other (`--trace`), and
what tests print stands in between. A formatter is told every outcome, with the file it belongs to.
It is handed to `elixir` by `-e`, so that no file has to be brought in.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from gitagent.domain.verdict import TestOutcome

COMPILE = "compile::"
REPORT = "exunit.txt"

# The variables that the formatter reads: its file, and the folder that paths are relative to.
TO = "AGENT_GATE_REPORT"
FROM = "AGENT_GATE_FROM"
NAME = "AgentGateReport"

PROGRAM = rf"""
defmodule {NAME} do
  use GenServer

  def init(_options) do
    file = File.open!(System.fetch_env!("{TO}"), [:append, :utf8])
    say(file, ["started"])
    {{:ok, file}}
  end

  def handle_cast({{:test_finished, test}}, file) do
    path = Path.relative_to(to_string(test.tags[:file]), System.get_env("{FROM}", ""))
    say(file, [outcome(test.state), path, inspect(test.module), Atom.to_string(test.name)])
    {{:noreply, file}}
  end

  def handle_cast(event, file) when elem(event, 0) == :suite_finished do
    say(file, ["finished"])
    {{:noreply, file}}
  end

  def handle_cast(_event, file), do: {{:noreply, file}}

  defp outcome(nil), do: "passed"
  defp outcome({{:failed, _}}), do: "failed"
  defp outcome({{:invalid, _}}), do: "failed"
  defp outcome(_skipped_or_excluded), do: "skipped"

  defp say(file, words) do
    line = Enum.map(words, &String.replace(&1, ~r/[\x00-\x1f]/, " "))
    IO.puts(file, Enum.join(line, "\t"))
  end
end
"""

_OUTCOMES: dict[str, TestOutcome] = {
    "passed": "passed",
    "failed": "failed",
    "skipped": "skipped",
}
_LARGEST = 50_000_000
_FIELDS = 4
_PART = re.compile(r"^==> (?P<app>\w+)$", re.MULTILINE)
_PROBLEM = re.compile(
    r"^== Compilation error in file (?P<file>.+?) ==$"
    r"|^\*\* \((?:Syntax|TokenMissing|MismatchedDelimiter|Compile)Error\)"
    r" (?:invalid syntax found on )?(?P<path>[^\s:]+\.(?:ex|exs|eex|heex|leex))(?=:)",
    re.MULTILINE,
)


def parse(output: str, results: Path, folder: str = "") -> dict[str, TestOutcome]:
    """Outcomes by test id: `test/a_test.exs::ATest::test adds`, or `compile::PATH`.

    `folder` is where mix ran, `results` the folder where the report may be. A suite that began and
    did not end has failed as a whole, by the id `mix test`, whatever its exit code.
    """
    tests: dict[str, TestOutcome] = dict.fromkeys(_errors(output, folder), "failed")
    lines = _lines(results / REPORT)
    for line in lines:
        words = line.split("\t")
        if len(words) == _FIELDS and words[0] in _OUTCOMES:
            path = posixpath.normpath(posixpath.join(folder, words[1]))
            test = f"{path}::{words[2]}::{words[3]}"
            if tests.get(test) != "failed":
                tests[test] = _OUTCOMES[words[0]]
    if lines.count("started") != lines.count("finished"):
        tests[posixpath.join(folder, "mix test")] = "failed"
    return tests


def _errors(output: str, folder: str) -> Iterator[str]:
    """The files that do not compile; of an umbrella's apps mix gives paths within the app."""
    for problem in _PROBLEM.finditer(output):
        path = problem["file"] or problem["path"]
        parts = [part["app"] for part in _PART.finditer(output, 0, problem.start())]
        inside = posixpath.join("apps", parts[-1]) if parts else ""
        yield COMPILE + posixpath.normpath(posixpath.join(folder, inside, path))


def _lines(file: Path) -> list[str]:
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
            return []
        return file.read_text("utf-8", "replace").split("\n")
    except OSError:
        return []

"""Runs one command in a sandbox for a test, as whoever it is started: a request in, a result out.

It is started as a program, so that a test that root runs can play an ordinary user, and so that the
process around the sandbox has an environment and a home with something to steal in it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from gitagent.domain.verdict import Bring
from gitagent.errors import AgentError
from gitagent.ports import Execution
from gitagent.sandbox.bubblewrap import BwrapSandbox
from gitagent.sandbox.limits import Limits
from gitagent.sandbox.probe import Absent, probe


def main(request: dict[str, Any]) -> dict[str, Any]:
    scratch = Path(request["scratch"])
    tool = probe(os.environ, scratch)
    if isinstance(tool, Absent):
        return {"absent": f"{tool.why} {tool.hint}"}
    if overlay := request.get("overlay"):
        tool = dataclasses.replace(tool, overlay=overlay)
    sandbox = BwrapSandbox(
        tool,
        scratch,
        at=request["at"],
        closed=tuple(request.get("closed", ())),
        covered=tuple(request.get("covered", ())),
        limits=dataclasses.replace(Limits.of_this_machine(), **request.get("limits", {})),
        grace=request.get("grace", 0.3),
    )
    results = request.get("results")
    try:
        done = sandbox.run(
            request["argv"],
            Path(request["folder"]),
            timeout=request.get("timeout", 20.0),
            env=request.get("env", {}),
            inside=request.get("inside", ""),
            brings=[Bring(**bring) for bring in request.get("brings", ())],
            results=Path(results) if results else None,
        )
    except AgentError as error:
        return {"error": str(error)}
    return dataclasses.asdict(done)


def execution(answer: dict[str, Any]) -> Execution:
    return Execution(**answer)


if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))

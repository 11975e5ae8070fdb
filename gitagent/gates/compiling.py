"""The program that compiles every Python file of a tree; it is handed to an interpreter by `-c`.

It runs on every tree of a task and must not be felt: it uses all cores, writes no bytecode and
imports nothing of the tree.
"""

from __future__ import annotations

from gitagent.domain.verdict import GateCommand

NAME = "compile"

# -I keeps the tree's own sitecustomize and the user's settings out, -S what a .pth would load:
# else a file of the tree could end the compiler with success.
OPTIONS = ("-I", "-S", "-c")

PROGRAM = r"""
import os, sys, warnings

def mounted():
    try:
        with open("/proc/self/mountinfo", errors="surrogateescape") as lines:
            return {line.split(" ")[4].replace("\\040", " ") for line in lines}
    except OSError:
        return set()

def paths():
    apart = mounted()
    for folder, folders, names in os.walk("."):
        # what was brought into the tree, an environment say, is none of its sources
        folders[:] = [f for f in folders if os.path.abspath(os.path.join(folder, f)) not in apart]
        for name in names:
            path = os.path.join(folder, name)[2:]
            if name.endswith(".py") and os.path.isfile(path):
                yield path

def problem(path):
    with open(path, "rb") as file:
        source = file.read()
    try:
        compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except Exception as error:
        return 1, str(error) or type(error).__name__

def check(paths):
    failed = 0
    for path in paths:
        found = problem(path)
        if found:
            failed = 1
            text = "%s:%d: %s\n" % (path, *found)
            os.write(1, text.encode("utf-8", "surrogateescape"))
    return failed

def main():
    warnings.simplefilter("ignore")
    todo = sorted(paths())
    jobs = min(os.cpu_count() or 1, 8, 1 + len(todo) // 50)
    children = []
    for job in range(1, jobs):
        pid = os.fork()
        if not pid:
            try:
                code = check(todo[job::jobs])
            except BaseException:
                code = 70
            os._exit(code)
        children.append(pid)
    codes = [check(todo[::jobs])]
    codes += [os.waitpid(pid, 0)[1] for pid in children]
    return 1 if any(codes) else 0

sys.exit(main())
"""


def compile_command(python: str) -> GateCommand:
    """Compiles all `*.py` of the tree; one line `path:line: message` for each that does not."""
    return GateCommand(NAME, (python, *OPTIONS, PROGRAM), "compileall", stage="compile")

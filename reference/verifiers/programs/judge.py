"""Inside the judge's sandbox: runs the tests against the program's handles and gives the verdict.

    job     for ``judge``: {"suite": …, "problem": …, "call_seconds": …, "load_seconds": …}
            for ``check_output``: {"source": …, "input": …, "output": …, "expected": …}
    stdout  {"outcome": "correct" | "wrong" | "error", "why": …, "program_ended": …}

``program_ended`` is true if the program's process had ended.

The verdict where something is raised while the tests run:

- the program ended, hung or broke the protocol: ``wrong``
- an assertion fails: ``wrong``
- a name or a module is missing, or a value cannot cross: ``error``
- anything else before the tests used the program: ``error``
- anything else afterwards, since the program returned nonsense: ``wrong``
- the tests ended without ever using the program: ``error``
"""

import ast
import builtins
import importlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from seed.reference.verifiers import frames
from seed.reference.verifiers.programs import compare, surroundings, wire
from seed.reference.verifiers.programs.handles import TypeOf
from seed.reference.verifiers.programs.remote import PROGRAM, Remote, SolutionFault, TestsFault
from seed.reference.verifiers.sandbox.guest import FIRST_OWN

CORRECT, WRONG, ERROR = "correct", "wrong", "error"
CHECK, CLASS = "check", "Solution"
WHY_CHARACTERS = 400
"""Longest reason: a failing assertion is quoted, and some hold a whole test case."""


def judge(job: dict[str, Any]) -> None:
    """Run a suite of calls, assertions or a check function, and write the verdict."""
    verdict = _take_standard_output()
    channel = frames.Channel(FIRST_OWN, FIRST_OWN + 1, wire.MOST_BYTES)
    remote = Remote(channel, job["call_seconds"], job["load_seconds"])
    outcome, why = _outcome(remote, job["suite"], job["problem"])
    ended = remote.fault == "the program's process ended"
    _write(verdict, {"outcome": outcome, "why": why[:WHY_CHARACTERS], "program_ended": ended})


def check_output(job: dict[str, Any]) -> None:
    """Run a checker script: ``check(input, output, expected)`` returns whether the output is right.

    First the expected output itself is checked: a checker that does not accept it, or cannot read
    it, is broken. If it accepts that one and fails on the program's output, the output is nonsense.
    """
    verdict = _take_standard_output()
    outcome, why = _checked(job)
    _write(verdict, {"outcome": outcome, "why": why[:WHY_CHARACTERS], "program_ended": False})


def _checked(job: dict[str, Any]) -> tuple[str, str]:
    names: dict[str, Any] = {"__name__": "checker"}
    try:
        exec(compile(job["source"], "checker.py", "exec"), names)
        accepts_expected = names[CHECK](job["input"], job["expected"], job["expected"])
    except BaseException as raised:
        return ERROR, f"the checker fails on the expected output: {_described(raised)}"
    if accepts_expected is not True:
        why = f"it returns {accepts_expected!r}"
        return ERROR, f"the checker does not accept the expected output: {why}"
    try:
        accepts = names[CHECK](job["input"], job["output"], job["expected"])
    except BaseException as raised:
        return WRONG, f"the checker cannot read the output: {_described(raised)}"
    if type(accepts) is not bool:
        return ERROR, f"the checker returns {accepts!r} instead of True or False"
    if accepts:
        return CORRECT, "the checker accepts the output"
    return WRONG, "the checker rejects the output"


def _outcome(remote: Remote, suite: dict[str, Any], problem: str) -> tuple[str, str]:
    run = {"calls": _run_calls, "asserts": _run_asserts, "check": _run_check}[suite["kind"]]
    why = ""
    try:
        why = run(remote, suite, problem)
    except TestsFault as fault:
        return ERROR, str(fault)
    except SolutionFault:
        pass
    except (NameError, ImportError, SyntaxError) as raised:
        if not hasattr(raised, "of_the_program"):
            return ERROR, f"the tests are broken: {_described(raised)}"
        why = f"the program raised {_described(raised)}"
    except AssertionError as raised:
        why = f"an assertion fails: {_failed_line(raised, suite)}"
    except BaseException as raised:
        if not remote.used and not hasattr(raised, "of_the_program"):
            return ERROR, f"the tests are broken: {_described(raised)}"
        source = "the program" if hasattr(raised, "of_the_program") else "a test"
        why = f"{source} raised {_described(raised)}"
    if remote.refused and not remote.fault:
        return ERROR, remote.refused
    if remote.fault or why:
        return WRONG, remote.fault or why
    if not remote.used:
        return ERROR, "the tests never use the program"
    return CORRECT, "all tests pass"


def _run_calls(remote: Remote, suite: dict[str, Any], _: str) -> str:
    entry = suite["entry"]
    owners = remote.defined([CLASS, entry])
    if not owners:
        return f"the program defines neither {CLASS} nor {entry}"
    for number, case in enumerate(suite["cases"], start=1):
        owner = remote.read(PROGRAM, CLASS)() if CLASS in owners else None
        function = getattr(owner, entry) if owner is not None else remote.read(PROGRAM, entry)
        returned = function(*case["arguments"])
        if not compare.same_value(returned, case["returns"]):
            expected = _shortened(case["returns"])
            return f"case {number} returned {_shortened(returned)}, not {expected}"
    return ""


def _run_asserts(remote: Remote, suite: dict[str, Any], _: str) -> str:
    sources = [suite["setup"], *suite["asserts"]]
    trees = [_parsed(source) for source in sources]
    names = Names(remote, {"__name__": "tests", "type": TypeOf})
    if missing := _take_from_program(remote, names, _wanted_names(trees, names)):
        return f"the program does not define {', '.join(missing)}"
    for number, tree in enumerate(trees):
        try:
            exec(compile(tree, "tests.py", "exec", optimize=0), names)
        except AssertionError as raised:
            if number and not hasattr(raised, "of_the_program"):
                return f"test {number} fails: {sources[number]}"
            raise
    return ""


def _run_check(remote: Remote, suite: dict[str, Any], problem: str) -> str:
    tree = _parsed(suite["source"])
    own = {"__name__": "tests", "type": TypeOf}
    names = (surroundings.namespace() if suite["site"] else {}) | own
    prompt, entry = surroundings.prompt_of(problem, suite["entry"])
    exec(compile(prompt, "prompt.py", "exec", optimize=0), names)
    calls_itself = any(_calls_check(statement) for statement in tree.body)
    if calls_itself:
        wanted = _wanted_names([tree], names)
    elif entry:
        # The tests get nothing else that the program defines: a helper of the program's could agree
        # with anything.
        wanted = [entry]
    else:
        raise TestsFault(f"the tests do not name the function that {CHECK} is about")
    if missing := _take_from_program(remote, names, wanted):
        return f"the program does not define {', '.join(missing)}"
    exec(compile(tree, "tests.py", "exec", optimize=0), names)
    if not calls_itself:
        names[CHECK](names[entry])
    return ""


class Names(dict[str, Any]):
    """The names of tests; a plain value of the program's is read again whenever it is used.

    Args:
        remote: The connection to the program.
        names: What the tests have from the start.
    """

    def __init__(self, remote: Remote, names: dict[str, Any]) -> None:
        super().__init__(names)
        self.remote = remote
        self.changing: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        """Python looks names up here, since these are not exactly a dict."""
        if name in self.changing:
            return self.remote.read(PROGRAM, name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        """A name that the tests give a value is theirs."""
        self.changing.discard(name)
        super().__setitem__(name, value)


def _wanted_names(trees: list[ast.Module], names: dict[str, Any]) -> list[str]:
    """List the names that the program must define, and import standard modules that tests forgot.

    A module is never taken from the program: its ``math.isclose`` or ``np.allclose`` would mark its
    own work.
    """
    free = _free_names(trees, names)
    modules = _bases(trees, free)
    for name in modules & sys.stdlib_module_names:
        names[name] = importlib.import_module(name)
    return sorted(free - modules)


def _take_from_program(remote: Remote, names: dict[str, Any], wanted: list[str]) -> list[str]:
    """Give the tests handles of the program's names; return those that it does not define."""
    defined = remote.defined(wanted)
    for name in defined:
        value = remote.read(PROGRAM, name)
        dict.__setitem__(names, name, value)
        if isinstance(names, Names) and not callable(value):
            names.changing.add(name)
    return [name for name in wanted if name not in defined]


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as raised:
        raise TestsFault(f"the tests cannot be parsed: {_described(raised)}") from raised


def _calls_check(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(ast.Call(ast.Name(name))):
            return name == CHECK
    return False


def _free_names(trees: list[ast.Module], predefined: dict[str, Any]) -> set[str]:
    """List the names that tests use and that nothing defines: they are the program's."""
    used: set[str] = set()
    defined = {*predefined, *dir(builtins)}
    for node in _nodes(trees):
        if isinstance(node, ast.Name):
            names = used if isinstance(node.ctx, ast.Load) else defined
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.alias):
            defined.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            defined.add(node.name)
    return used - defined


def _bases(trees: list[ast.Module], free: set[str]) -> set[str]:
    """List the free names that occur only as ``name.something``, as modules do."""
    bases = {id(node.value) for node in _nodes(trees) if isinstance(node, ast.Attribute)}
    names = [node for node in _nodes(trees) if isinstance(node, ast.Name)]
    called = {node.id for node in names if id(node) not in bases}
    # Modules have names in small letters; ``Color.RED`` is a class of the program.
    return {name for name in free - called if name[:1].islower()}


def _nodes(trees: list[ast.Module]) -> Iterator[ast.AST]:
    return (node for tree in trees for node in ast.walk(tree))


def _failed_line(raised: AssertionError, suite: dict[str, Any]) -> str:
    trace, line = raised.__traceback__, 0
    while trace:
        if trace.tb_frame.f_code.co_filename == "tests.py":
            line = trace.tb_lineno
        trace = trace.tb_next
    lines = suite.get("source", "").splitlines()
    return lines[line - 1].strip() if 0 < line <= len(lines) else _described(raised)


def _described(raised: BaseException) -> str:
    try:
        return f"{type(raised).__name__}: {raised}"
    except BaseException:
        return type(raised).__name__


def _shortened(value: Any) -> str:
    try:
        return repr(value)[:120]
    except ValueError:  # Python refuses to write very long integers in decimal
        return "a long integer"


def _take_standard_output() -> int:
    """Keep standard output for the verdict; what tests print is dropped."""
    verdict, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return verdict


def _write(verdict: int, message: dict[str, Any]) -> None:
    os.write(verdict, json.dumps(message).encode())

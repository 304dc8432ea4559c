"""The shapes in which tests of programs come, and the one shape into which they are brought.

See ``reference.verifiers.programs.verifier``.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

KINDS = ("stdio", "calls", "asserts", "check")
CHECKS_ITSELF = re.compile(r"^check\(", re.MULTILINE)


class SuiteError(ValueError):
    """The tests are empty or no tests: they cannot judge a program."""


def suite_of(tests: Any) -> dict[str, Any]:
    """Bring tests of any known shape into ``{"kind": …, …}`` with all fields of its kind.

    Raises:
        SuiteError: They are empty, or have none of the shapes.
    """
    if not tests:
        raise SuiteError("there are no tests")
    suite = dict(tests) if isinstance(tests, Mapping) and "kind" in tests else _named(tests)
    readers = {"stdio": _stdio, "calls": _calls, "asserts": _asserts, "check": _check}
    complete = readers.get(suite["kind"])
    if complete is None:
        raise SuiteError(f"kind={suite['kind']!r} must be one of {', '.join(KINDS)}")
    try:
        return complete(suite)
    except (KeyError, TypeError) as failure:
        why = f"{type(failure).__name__}: {failure}"
        raise SuiteError(f"tests of kind {suite['kind']} are malformed: {why}") from failure


def _named(tests: Any) -> dict[str, Any]:
    """Recognise a raw shape and give it its kind."""
    if isinstance(tests, str):
        return {"kind": "check", "source": tests}
    if isinstance(tests, list) and all(isinstance(test, str) for test in tests):
        return {"kind": "asserts", "asserts": tests}
    if isinstance(tests, list) and all(isinstance(test, Mapping) for test in tests):
        return {"kind": "stdio", "cases": tests}
    if not isinstance(tests, Mapping):
        raise SuiteError(f"tests of type {type(tests).__name__} have no known shape")
    if {"inputs", "outputs"} <= tests.keys():
        return _inputs_and_outputs(tests)
    if "cases" in tests:
        return {"kind": "stdio", **tests}
    if "test_list" in tests:
        setup = tests.get("test_setup_code", "")
        return {"kind": "asserts", "asserts": tests["test_list"], "setup": setup}
    for name in ("test", "tests"):
        if isinstance(tests.get(name), str):
            entry, prompt = tests.get("entry_point", ""), tests.get("prompt", "")
            return {"kind": "check", "source": tests[name], "entry": entry, "prompt": prompt}
    raise SuiteError(f"tests with the fields {', '.join(map(str, tests))} have no known shape")


def _inputs_and_outputs(tests: Mapping[str, Any]) -> dict[str, Any]:
    inputs, outputs, entry = tests["inputs"], tests["outputs"], tests.get("fn_name")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        raise SuiteError("inputs and outputs must be lists of equal length")
    pairs = zip(inputs, outputs, strict=True)
    if not entry:
        cases = [{"stdin": given, "stdout": output} for given, output in pairs]
        return {"kind": "stdio", "cases": cases, "site": True}
    cases = [{"arguments": _arguments(given), "returns": _json(output)} for given, output in pairs]
    return {"kind": "calls", "entry": entry, "cases": cases}


def _arguments(arguments: Any) -> Any:
    if not isinstance(arguments, str):
        return arguments
    return [_json(line) for line in arguments.split("\n") if line.strip()]


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError) as failure:
        raise SuiteError(f"a line of a test is no JSON: {text[:80]}") from failure


def _stdio(suite: dict[str, Any]) -> dict[str, Any]:
    cases = []
    for case in suite["cases"]:
        stdin, stdout = case.get("stdin", case.get("input")), case.get("stdout", case.get("output"))
        cases.append({"stdin": stdin, "stdout": stdout})
    if not cases:
        raise SuiteError("there are no test cases")
    if not all(isinstance(text, str) for case in cases for text in case.values()):
        raise SuiteError("every case must have a text stdin and a text stdout")
    checker = suite.get("checker") or ""
    if not isinstance(checker, str):
        raise SuiteError("checker must be Python source")
    return {"kind": "stdio", "cases": cases, "checker": checker, "site": bool(suite.get("site"))}


def _calls(suite: dict[str, Any]) -> dict[str, Any]:
    fields = ("arguments", "returns")
    cases = [{name: case[name] for name in fields} for case in suite["cases"]]
    if not cases:
        raise SuiteError("there are no test cases")
    if not all(isinstance(case["arguments"], list) for case in cases):
        raise SuiteError("arguments must be a list")
    return {"kind": "calls", "cases": cases, "entry": _identifier(suite["entry"]), "site": True}


def _asserts(suite: dict[str, Any]) -> dict[str, Any]:
    asserts, setup = suite["asserts"], suite.get("setup") or ""
    are_texts = bool(asserts) and all(isinstance(t, str) and "assert" in t for t in asserts)
    if not are_texts or not isinstance(setup, str):
        raise SuiteError("asserts must be texts with at least one assertion each")
    return {"kind": "asserts", "asserts": list(asserts), "setup": setup, "site": False}


def _check(suite: dict[str, Any]) -> dict[str, Any]:
    source, entry, prompt = suite["source"], suite.get("entry") or "", suite.get("prompt") or ""
    if not isinstance(source, str) or "def check(" not in source:
        raise SuiteError("the tests define no function check")
    if "assert" not in source and "raise" not in source:
        raise SuiteError("the tests assert nothing")
    site, entry = CHECKS_ITSELF.search(source) is not None, entry and _identifier(entry)
    fields = {"source": source, "entry": entry, "prompt": str(prompt), "site": site}
    return {"kind": "check", **fields}


def _identifier(name: Any) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise SuiteError(f"entry={name!r} must be the name of a function")
    return name

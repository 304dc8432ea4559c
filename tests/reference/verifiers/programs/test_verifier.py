"""Properties of verdicts on programs: right exactly if they pass; broken tests are an error."""

from dataclasses import replace
from typing import Any

import pytest

from seed.reference.verifiers.programs import verifier as code
from seed.reference.verifiers.programs.verifier import verify
from seed.reference.verifiers.sandbox import probe
from seed.reference.verifiers.sandbox.host import MECHANISMS
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item
from tests.reference.verifiers.programs.labelled import LABELLED
from tests.reference.verifiers.programs.samples import ADD, ADD_TESTS, BROKEN, GOOD
from tests.support.sandboxes import TIGHT, first_sound, leftovers, sound


def judged(program: str, tests: Any, problem: str = "", mechanism: str = "") -> Verdict:
    item = Item("id", "code", problem, f"Thus:\n```python\n{program}\n```\n", tests=tests)
    return verify(item, mechanism or first_sound(), TIGHT)


@pytest.mark.parametrize("name", GOOD)
def test_a_right_program_is_correct(name: str) -> None:
    program, tests, *problem = GOOD[name]
    if "numpy" in program:
        pytest.importorskip("numpy")
    verdict = judged(program, tests, *problem)
    assert verdict.outcome is Outcome.CORRECT, verdict
    assert verdict.isolation == first_sound()


@pytest.mark.parametrize(
    "name", [name for name in GOOD if name.startswith(("asser", "call", "input", "link"))]
)
def test_the_same_tests_reject_an_empty_program(name: str) -> None:
    _, tests, *problem = GOOD[name]
    assert judged("pass", tests, *problem).outcome is Outcome.WRONG


@pytest.mark.parametrize("kind", LABELLED)
def test_a_labelled_program_has_its_verdict(kind: str) -> None:
    response, tests, label = LABELLED[kind]
    if "numpy" in response:
        pytest.importorskip("numpy")
    verdict = verify(Item(kind, "code", "Write it.", response, tests=tests), first_sound())
    assert verdict.outcome.value == label, verdict


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_gives_the_same_verdicts_and_is_named(mechanism: str) -> None:
    if mechanism != probe.WEAK:
        sound(mechanism)
    for program, outcome in ((ADD, Outcome.CORRECT), ("def add(a, b): return 3", Outcome.WRONG)):
        verdict = judged(program, ADD_TESTS, mechanism=mechanism)
        assert (verdict.outcome, verdict.isolation) == (outcome, mechanism), verdict
    verdict = judged("print(input())", [{"stdin": "1", "stdout": "1"}], mechanism=mechanism)
    assert verdict.outcome is Outcome.CORRECT
    assert leftovers() == []


RAISED, NOT_LOADED = "the program raised", "the program cannot be loaded:"
NO_MODULE = "ModuleNotFoundError: No module named 'nothing'"
SYNTAX = "SyntaxError: invalid syntax (solution.py, line 1)"
ZERO = "ZeroDivisionError: division by zero"
ANSWER = [{"stdin": "", "stdout": "42"}]


@pytest.mark.parametrize(
    ("program", "tests", "why"),
    [
        ("def add(a, b): return None", ADD_TESTS, "test 1 fails: assert add(1, 2) == 3"),
        ("def add(a, b): return 3", ADD_TESTS, "test 2 fails: assert add(a=20, b=30) == 50"),
        ("def plus(a, b): return 3", ADD_TESTS, "the program does not define add"),
        ("add = 5", ADD_TESTS, "a test raised TypeError: 'int' object is not callable"),
        ("def add(a, b): return c", ADD_TESTS, f"{RAISED} NameError: name 'c' is not defined"),
        ("def add(a, b): import nothing", ADD_TESTS, f"{RAISED} {NO_MODULE}"),
        ("def add(a b): return 3", ADD_TESTS, f"{NOT_LOADED} {SYNTAX}"),
        ("1 / 0", ADD_TESTS, f"{NOT_LOADED} {ZERO}"),
        ("print(43)", ANSWER, "case 1: the output is '43\\n', not '42'"),
        ("print(42); 1 / 0", ANSWER, f"case 1: the program ended with status 1: {ZERO}"),
        (
            "def f(): return 3",
            {"kind": "calls", "entry": "f", "cases": [{"arguments": [], "returns": 4}]},
            "case 1 returned 3, not 4",
        ),
    ],
)
def test_the_verdict_on_a_wrong_program_has_the_reason(program: str, tests: Any, why: str) -> None:
    verdict = judged(program, tests)
    assert (verdict.outcome, verdict.why) == (Outcome.WRONG, why)


@pytest.mark.parametrize("name", BROKEN)
def test_tests_that_are_empty_or_broken_are_an_error(name: str) -> None:
    verdict = judged("class np:\n    allclose = lambda *a: True\n" + ADD, BROKEN[name])
    assert verdict.outcome is Outcome.ERROR, verdict
    assert verdict.why


def test_an_output_that_a_sound_checker_cannot_read_is_wrong() -> None:
    tests = {
        "cases": [{"stdin": "", "stdout": "1"}],
        "checker": "def check(i, o, e):\n    return int(o) == int(e)",
    }
    assert judged("print('one')", tests).outcome is Outcome.WRONG
    assert judged("print(1)", tests).outcome is Outcome.CORRECT


def test_a_test_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "JUDGE_EXTRA_SECONDS", 0)
    item = Item("id", "code", "", ADD, tests=["add(1, 2)\nwhile True: assert add"])
    assert verify(item, first_sound(), replace(TIGHT, cpu_seconds=1)).outcome is Outcome.ERROR


def test_a_response_without_a_program_is_wrong() -> None:
    for response in ("", "I do not know.", "<think>```python\n" + ADD + "```", "```python\n" + ADD):
        item = Item("id", "code", "", response, tests=ADD_TESTS)
        assert verify(item, first_sound(), TIGHT).outcome is Outcome.WRONG


def test_without_a_sound_isolation_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    off = probe.Soundness(False, "switched off")
    monkeypatch.setattr(probe, "soundness", lambda mechanism: off)
    verdict = verify(Item("id", "code", "", ADD, tests=ADD_TESTS))
    assert verdict.outcome is Outcome.ERROR
    assert "isolation=weak" in verdict.why


def test_equal_items_get_equal_verdicts() -> None:
    program = "import random\ndef f(): return [random.random(), list({'a', 'b', 'c'})]"
    tests = {"kind": "calls", "entry": "f", "cases": [{"arguments": [], "returns": 0}]}
    verdicts = {judged(program, tests).why for _ in range(3)}
    assert len(verdicts) == 1
    assert "returned [0." in verdicts.pop()

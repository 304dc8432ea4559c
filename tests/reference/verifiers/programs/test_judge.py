"""Properties under attack: a wrong program stays wrong, in bounded time, and nothing is left."""

from dataclasses import replace

import pytest

from seed.reference.verifiers.programs.verifier import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item
from tests.reference.verifiers.programs.attacks import CLAIMS, FORGERIES
from tests.support.sandboxes import TIGHT, first_sound, leftovers

TESTS = ["assert add(1, 2) == 3", "assert isinstance(add(20, 30), int) and add(20, 30) == 50"]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_answer_is_wrong(name: str) -> None:
    limits = replace(
        TIGHT,
        cpu_seconds=1,
        call_seconds=1.0 if "a sleep" in name or "without end" in name else 20.0,
    )
    verdict = verify(
        Item(name, "code", "", f"```python\n{FORGERIES[name]}\n```", tests=TESTS),
        first_sound(),
        limits,
    )
    assert verdict.outcome is Outcome.WRONG, verdict
    assert leftovers() == []


@pytest.mark.parametrize("name", CLAIMS)
def test_a_script_is_judged_by_what_it_prints_and_an_end_without_fault(name: str) -> None:
    item = Item(
        name,
        "code",
        "",
        f"```python\n{CLAIMS[name] or 'pass'}\n```",
        tests=[{"stdin": "21", "stdout": "42"}],
    )
    assert verify(item, first_sound(), TIGHT).outcome is Outcome.WRONG


def test_helpers_of_the_program_do_not_help_the_tests() -> None:
    problem = "def value(x):\n    return x - 3\n\ndef root():\n    pass\n"
    tests = "def check(f):\n    assert value(f()) == 0\n"
    program = "def value(x): return 0\ndef root(): return 99"
    item = Item("helpers", "code", problem, f"```python\n{program}\n```", tests=tests)
    assert verify(item, first_sound(), TIGHT).outcome is Outcome.WRONG


def test_hostile_tests_are_contained(tmp_path_factory: pytest.TempPathFactory) -> None:
    target = tmp_path_factory.mktemp("hostile") / "escaped"
    source = f"open({str(target)!r}, 'w').close()\ndef check(f):\n    assert f(1, 2) == 3\n"
    item = Item(
        "hostile",
        "code",
        "",
        "def add(a, b): return 3",
        tests={"test": source, "entry_point": "add"},
    )
    assert verify(item, first_sound(), TIGHT).outcome is Outcome.ERROR
    assert not target.exists()

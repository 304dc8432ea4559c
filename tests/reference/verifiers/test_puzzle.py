"""Properties of verdicts on puzzles: the family decides; an invalid instance is an error."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.puzzle import verify
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item

EXAMPLES = {
    name: family.draw(np.random.default_rng(0), family.LEVELS[0])
    for name, family in FAMILIES.items()
}
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(alphabet="SG.#/0123456789+-*", max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)


def judged(puzzle: Any, response: str = "") -> Verdict:
    return verify(Item("one", "puzzle", "", response, puzzle=puzzle))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_family_decides(name: str) -> None:
    instance = EXAMPLES[name]
    family, puzzle = FAMILIES[name], {"family": name, "instance": instance}
    for response in (family.solve(instance), family.answer(instance), "", "no answer"):
        assert judged(puzzle, response) == family.verify(instance, response)


def maze(**instance: Any) -> dict[str, Any]:
    return {"family": "maze", "instance": instance}


NO_MAZE = "puzzle.instance is no maze instance"


@pytest.mark.parametrize(
    ("puzzle", "why"),
    [
        (None, "puzzle.family=None must be one of"),
        ({}, "puzzle.family=None must be one of"),
        ({"family": "chess", "instance": {}}, "puzzle.family='chess' must be one of"),
        ({"family": ["maze"], "instance": {}}, "puzzle.family=['maze'] must be one of"),
        ({"family": "maze"}, "puzzle.instance must be an object, not NoneType"),
        ({"family": "maze", "instance": "S.G"}, "puzzle.instance must be an object, not str"),
        (maze(), f"{NO_MAZE}: KeyError: 'grid'"),
        (maze(grid=3), NO_MAZE),
        (maze(grid="S../..."), f"{NO_MAZE}: ValueError: no walk"),
        (maze(grid="S#G"), f"{NO_MAZE}: ValueError: no walk"),
        (maze(grid="S.x/..G"), f"{NO_MAZE}: it holds 'x'"),
    ],
)
def test_a_puzzle_that_is_none_is_an_error_with_the_reason(puzzle: Any, why: str) -> None:
    verdict = judged(puzzle, "R")
    assert verdict.outcome is Outcome.ERROR
    assert verdict.why.startswith(why)


@pytest.mark.parametrize(
    ("family", "instance"),
    [
        ("twentyfour", {"numbers": [1, 1]}),
        ("sudoku", {"grid": "11../..../..../...."}),
        ("arithmetic", {"chain": "3+", "clock": True}),
    ],
)
def test_an_instance_that_its_family_cannot_solve_is_an_error(
    family: str, instance: dict[str, Any]
) -> None:
    verdict = judged({"family": family, "instance": instance}, "R")
    assert verdict.outcome is Outcome.ERROR
    assert verdict.why.startswith(f"puzzle.instance is no {family} instance")


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=40)
def test_a_damaged_instance_never_raises(name: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(EXAMPLES[name])))
    instance = EXAMPLES[name] | {field: data.draw(JSON_VALUES)}
    assert judged({"family": name, "instance": instance}, "R").outcome in set(Outcome)

"""Properties of problem sets: reproducible, balanced, disjoint, and judged without our own bugs."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks import problems
from seed.reference.tasks.problems import (
    distinct_problems,
    is_held_out,
    problem_set,
    qualified_identity,
    training_problem,
    verify,
)
from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.datatypes import Outcome, Problem
from seed.spec.errors import Reason, SeedError

NAMES = list(FAMILIES)
EASY = {name: [1, 2] for name in FAMILIES} | {"arithmetic": [2, 3], "twentyfour": [2]}


def identity_of(problem: Problem) -> str:
    return qualified_identity(problem.family, problem.instance)


@given(seed=st.integers(0, 2**32 - 1), held_out=st.booleans())
@settings(max_examples=10)
def test_the_same_seed_gives_the_same_problems_and_a_smaller_set_begins_a_larger_one(
    seed: int, held_out: bool
) -> None:
    large = problem_set(NAMES, EASY, 24, seed, held_out)
    assert problem_set(NAMES, EASY, 24, seed, held_out) == large
    assert problem_set(NAMES, EASY, 10, seed, held_out) == large[:10]


@pytest.mark.parametrize("held_out", [False, True])
def test_different_seeds_give_different_problems(held_out: bool) -> None:
    assert problem_set(NAMES, EASY, 12, 1, held_out) != problem_set(NAMES, EASY, 12, 2, held_out)


def test_a_training_set_is_the_beginning_of_the_training_stream() -> None:
    stream = [training_problem(NAMES, EASY, index, seed=5) for index in range(30)]
    assert problem_set(NAMES, EASY, 30, 5, held_out=False) == stream


def test_training_and_held_out_problems_are_disjoint_whatever_the_seeds() -> None:
    training = [
        one for seed in range(3) for one in problem_set(NAMES, EASY, 200, seed, held_out=False)
    ]
    held_out = [
        one for seed in range(3) for one in problem_set(NAMES, EASY, 80, seed, held_out=True)
    ]
    assert not {identity_of(one) for one in training} & {identity_of(one) for one in held_out}
    assert not {one.prompt for one in training} & {one.prompt for one in held_out}


def test_the_split_of_a_problem_is_the_hash_of_its_identity() -> None:
    for held_out in (False, True):
        assert all(
            is_held_out(identity_of(one)) == held_out
            for one in problem_set(NAMES, EASY, 60, 0, held_out)
        )


def test_the_split_never_moves() -> None:
    """A changed hash would let old checkpoints be evaluated on problems they were trained on."""
    assert [number for number in range(60) if is_held_out(f"arithmetic:{number}")] == [3, 30]


def test_about_one_identity_in_eight_is_held_out() -> None:
    share = sum(is_held_out(f"maze:{number}") for number in range(8000)) / 8000
    assert abs(share - 1 / 8) < 0.015  # four standard deviations


def test_held_out_problems_are_pairwise_distinct() -> None:
    drawn = problem_set(NAMES, EASY, 120, seed=3, held_out=True)
    assert len({one.id for one in drawn}) == len({one.prompt for one in drawn}) == 120


@pytest.mark.parametrize("held_out", [False, True])
def test_families_and_their_difficulties_take_turns(held_out: bool) -> None:
    drawn = problem_set(NAMES, EASY, 12 * len(NAMES), seed=1, held_out=held_out)
    assert [one.family for one in drawn] == NAMES * 12
    counts = Counter((one.family, one.difficulty) for one in drawn)
    assert counts == {
        (name, level): 12 // len(levels) for name, levels in EASY.items() for level in levels
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_every_cheap_level_has_training_and_held_out_problems(name: str) -> None:
    for level in FAMILIES[name].LEVELS[:4]:
        for held_out in (False, True):
            assert (
                problem_set([name], {name: [level]}, 2, seed=0, held_out=held_out)[1].difficulty
                == level
            )


def test_a_problem_is_named_after_its_prompt_and_holds_plain_json() -> None:
    for one in problem_set(NAMES, EASY, 12, seed=2, held_out=False):
        family, difficulty, digits = one.id.split("/")
        assert (family, int(difficulty)) == (one.family, one.difficulty)
        assert len(digits) == 12
        assert set(digits) <= set("0123456789abcdef")
        assert json.loads(json.dumps(one.instance)) == one.instance
        assert one.prompt == FAMILIES[family].prompt(one.instance)


def test_the_demonstration_of_every_problem_is_judged_correct_and_an_empty_response_wrong() -> None:
    for one in problem_set(NAMES, EASY, 40, seed=9, held_out=True):
        assert verify(one, one.demonstration).outcome is Outcome.CORRECT
        assert verify(one, "").outcome is Outcome.WRONG


def test_a_held_out_set_that_cannot_be_filled_is_an_error_that_counts_the_problems() -> None:
    with pytest.raises(SeedError) as error:
        problem_set(["arithmetic"], {"arithmetic": [1]}, 50, seed=0, held_out=True)
    assert error.value.reason is Reason.ILLEGAL_VALUE
    assert (
        error.value.line == "arithmetic level 1: wanted 50 distinct held-out problems, found only 5"
    )


@pytest.mark.parametrize(
    ("families", "difficulties", "reason", "named"),
    [
        (["chess"], {"chess": [1]}, Reason.UNKNOWN_NAME, "chess"),
        (["maze"], {"maze": [7]}, Reason.ILLEGAL_VALUE, "1 to 6"),
        (["maze"], {"maze": [0]}, Reason.ILLEGAL_VALUE, "1 to 6"),
        (["maze"], {"maze": []}, Reason.ILLEGAL_VALUE, "difficulty"),
        (["maze"], {}, Reason.ILLEGAL_VALUE, "difficulty"),
        ([], {}, Reason.ILLEGAL_VALUE, "family"),
    ],
)
def test_an_impossible_request_is_an_error_with_a_reason(
    families: list[str], difficulties: dict[str, list[int]], reason: Reason, named: str
) -> None:
    with pytest.raises(SeedError) as error:
        training_problem(families, difficulties, 0, seed=0)
    assert error.value.reason is reason
    assert named in error.value.line


def test_a_level_without_any_problem_of_a_split_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(problems, "is_held_out", lambda identity: False)
    with pytest.raises(SeedError, match="held-out"):
        problem_set(["maze"], {"maze": [1]}, 1, seed=0, held_out=True)


def test_a_failing_verifier_is_an_error_and_never_a_wrong_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(instance: Mapping[str, Any], response: str) -> None:
        raise RuntimeError("out of ink")

    problem = problem_set(["maze"], {"maze": [1]}, 1, seed=0, held_out=False)[0]
    monkeypatch.setattr(FAMILIES["maze"], "verify", broken)
    verdict = verify(problem, problem.demonstration)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.why == "RuntimeError: out of ink"


def test_a_damaged_instance_and_an_unknown_family_are_errors_too() -> None:
    problem = problem_set(["sudoku"], {"sudoku": [1]}, 1, seed=0, held_out=False)[0]
    assert verify(replace(problem, instance={}), "1").outcome is Outcome.ERROR
    assert verify(replace(problem, family="chess"), "1").outcome is Outcome.ERROR


@pytest.mark.parametrize("held_out", [False, True])
def test_distinct_problems_are_distinct_and_a_larger_set_begins_with_the_smaller_one(
    held_out: bool,
) -> None:
    many = list(distinct_problems("twentyfour", 1, 40, 5, held_out))
    assert len({problem.id for problem in many}) == 40
    assert list(distinct_problems("twentyfour", 1, 7, 5, held_out)) == many[:7]
    for problem in many:
        assert is_held_out(qualified_identity(problem.family, problem.instance)) is held_out


def test_distinct_held_out_problems_are_those_of_the_problem_set() -> None:
    assert list(distinct_problems("maze", 2, 9, 4, True)) == problem_set(
        ["maze"], {"maze": [2]}, 9, 4, held_out=True
    )


def test_more_distinct_problems_than_a_level_has_are_an_error() -> None:
    with pytest.raises(
        SeedError,
        match=r"arithmetic level 1: wanted 1000 distinct training problems, found only \d+",
    ):
        list(distinct_problems("arithmetic", 1, 1000, 1, held_out=False))

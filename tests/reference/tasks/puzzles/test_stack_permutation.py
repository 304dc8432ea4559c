"""Laws of stack permutations: operations are replayed, and ``X`` is right exactly if exhaustion
finds no operations.
"""

from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import stack_permutation
from seed.spec.datatypes import Outcome

PUZZLE = {"pushed": "3142", "wanted": "1324"}
IMPOSSIBLE = {"pushed": "123", "wanted": "312"}


def accepted(instance: dict[str, Any], response: str) -> bool:
    return stack_permutation.verify(instance, response).outcome is Outcome.CORRECT


def output_of(pushed: str, operations: str) -> str | None:
    """Follow the definition with string slices; None if an operation cannot be done or an item is
    left.
    """
    output = stack = ""
    for operation in operations:
        if operation == "+" and pushed:
            stack, pushed = pushed[0] + stack, pushed[1:]
        elif operation == "-" and stack:
            output, stack = output + stack[0], stack[1:]
        else:
            return None
    return None if pushed or stack else output


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_of_all_short_texts_exactly_those_that_give_the_output_are_accepted(count: int) -> None:
    pushed = "3142"[:count]
    texts = [
        "".join(text) for length in range(2 * count + 2) for text in product("+-", repeat=length)
    ]
    outputs = {text: output_of(pushed, text) for text in texts}
    for wanted in map("".join, permutations(pushed)):
        instance = {"pushed": pushed, "wanted": wanted}
        assert [text for text in texts if accepted(instance, text)] == [
            text for text in texts if outputs[text] == wanted
        ]
        assert accepted(instance, "X") == (wanted not in outputs.values())


@pytest.mark.parametrize("count", [5, 6, 7])
def test_an_output_is_called_impossible_exactly_if_no_sequence_of_operations_gives_it(
    count: int,
) -> None:
    pushed = "0123456"[:count]
    # Which of the 2n operations are pushes decides everything, so this is every sequence that moves
    # every item.
    choices = combinations(range(2 * count), count)
    sequences = [
        "".join("+" if place in pushes else "-" for place in range(2 * count)) for pushes in choices
    ]
    possible = {output_of(pushed, sequence) for sequence in sequences} - {None}
    for wanted in map("".join, permutations(pushed)):
        instance = {"pushed": pushed, "wanted": wanted}
        assert accepted(instance, "X") == (wanted not in possible)
        assert (stack_permutation.answer(instance) == "X") == (wanted not in possible)
        assert accepted(instance, stack_permutation.solve(instance))


@given(seed=st.integers(0, 10**6), level=st.sampled_from(stack_permutation.LEVELS), data=st.data())
@settings(max_examples=80)
def test_notes_are_never_judged_and_no_operation_can_be_spared(
    seed: int, level: int, data: st.DataObject
) -> None:
    instance = stack_permutation.draw(np.random.default_rng(seed), level)
    answer = stack_permutation.answer(instance)
    notes = data.draw(
        st.lists(st.sampled_from(["", "0", "73"]), min_size=len(answer), max_size=len(answer))
    )
    assert accepted(
        instance, "".join(note + operation for note, operation in zip(notes, answer, strict=True))
    )
    place = data.draw(st.integers(0, len(answer) - 1))
    assert not accepted(instance, answer[:place] + answer[place + 1 :])
    assert not accepted(instance, answer + "+-")
    assert not accepted(instance, "+-" + answer)


@pytest.mark.parametrize("level", stack_permutation.LEVELS)
def test_both_kinds_are_drawn_the_impossible_one_less_often(level: int) -> None:
    random = np.random.default_rng(level)
    drawn = [stack_permutation.draw(random, level) for _ in range(300)]
    assert all(len(one["pushed"]) == len(set(one["pushed"])) == level + 5 for one in drawn)
    assert all(sorted(one["pushed"]) == sorted(one["wanted"]) for one in drawn)
    assert (
        45 < sum(stack_permutation.answer(one) == "X" for one in drawn) < 105
    )  # four deviations around 75


@given(seed=st.integers(0, 10**6), level=st.sampled_from(stack_permutation.LEVELS))
@settings(max_examples=80)
def test_the_note_of_an_impossible_output_proves_it(seed: int, level: int) -> None:
    random = np.random.default_rng(seed)
    instance = stack_permutation.draw(random, level)
    while stack_permutation.answer(instance) != "X":
        instance = stack_permutation.draw(random, level)
    c, a, b = list(stack_permutation.solve(instance).removesuffix("X"))
    pushed, wanted = instance["pushed"], instance["wanted"]
    assert pushed.index(a) < pushed.index(b) < pushed.index(c)
    assert wanted.index(c) < wanted.index(a) < wanted.index(b)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ("", "only 0 of 4"),
        ("++--++-", "only 3 of 4"),
        ("++--++--+", "no item is left"),
        ("++--++---", "empty stack"),
        ("-++--++-", "empty stack"),
        ("+-+-+-+-", "the output is 3142"),
        ("++++----", "the output is 2413"),
        ("X", "can be had"),
        ("132X", "can be had"),
        ("++--++--X", "neither"),
        ("X++--++--", "neither"),
        ("XX", "neither"),
        ("x", "neither"),
        ("++ --++--", "neither"),
        ("++--++--\n", "neither"),
        ("Push(3)", "neither"),
        ("++--++--=", "neither"),
        ("++--++\u2212\u2212", "ASCII"),
    ],
)
def test_a_broken_rule_is_refused_and_named(response: str, why: str) -> None:
    verdict = stack_permutation.verify(PUZZLE, response)
    assert verdict.outcome is Outcome.WRONG
    assert why in verdict.why


@pytest.mark.parametrize(
    "response", ["", "XX", "X+-", "+X", "x", "X ", "+-+-+-", "+++---", "+++--", "impossible"]
)
def test_an_impossible_output_is_answered_by_one_x_and_nothing_else(response: str) -> None:
    assert (
        accepted(IMPOSSIBLE, "X") and accepted(IMPOSSIBLE, "312X") and accepted(IMPOSSIBLE, "1X9")
    )
    assert not accepted(IMPOSSIBLE, response)


def test_demonstrations_carry_their_notes() -> None:
    assert stack_permutation.solve(PUZZLE) == "+3+1-1-3+4+2-2-4"
    assert stack_permutation.answer(PUZZLE) == "++--++--"
    assert stack_permutation.solve(IMPOSSIBLE) == "312X"


def test_renaming_the_items_changes_the_prompt_and_not_the_problem() -> None:
    renamed = {"pushed": "0987", "wanted": "9078"}
    assert stack_permutation.prompt(renamed) != stack_permutation.prompt(PUZZLE) == "P3142>1324="
    assert stack_permutation.identity(renamed) == stack_permutation.identity(PUZZLE) == "1032"
    assert stack_permutation.answer(renamed) == stack_permutation.answer(PUZZLE)

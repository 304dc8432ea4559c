"""Properties of stack permutations: operations are replayed; ``X`` is right if there are none."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import stack_permutation
from tests.support.puzzles import accepted, wrong_because, wrong_responses

PUZZLE = {"pushed": "3142", "wanted": "1324"}
IMPOSSIBLE = {"pushed": "123", "wanted": "312"}


def output_of(pushed: str, operations: str) -> str | None:
    """Follow the definition with string slices.

    None if an operation cannot be done or an item remains.
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
        assert [text for text in texts if accepted(stack_permutation, instance, text)] == [
            text for text in texts if outputs[text] == wanted
        ]
        assert accepted(stack_permutation, instance, "X") == (wanted not in outputs.values())


@pytest.mark.parametrize("count", [5, 6, 7])
def test_an_output_is_called_impossible_exactly_if_no_sequence_of_operations_gives_it(
    count: int,
) -> None:
    pushed = "0123456"[:count]
    # Which of the 2n operations are pushes decides everything, so this is every sequence that moves
    # every item.
    choices = combinations(range(2 * count), count)
    sequences = [
        "".join("+" if index in pushes else "-" for index in range(2 * count)) for pushes in choices
    ]
    possible = {output_of(pushed, sequence) for sequence in sequences} - {None}
    for wanted in map("".join, permutations(pushed)):
        instance = {"pushed": pushed, "wanted": wanted}
        assert accepted(stack_permutation, instance, "X") == (wanted not in possible)
        assert (stack_permutation.answer(instance) == "X") == (wanted not in possible)
        assert accepted(stack_permutation, instance, stack_permutation.solve(instance))


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
        stack_permutation,
        instance,
        "".join(note + operation for note, operation in zip(notes, answer, strict=True)),
    )
    index = data.draw(st.integers(0, len(answer) - 1))
    assert not accepted(stack_permutation, instance, answer[:index] + answer[index + 1 :])
    assert not accepted(stack_permutation, instance, answer + "+-")
    assert not accepted(stack_permutation, instance, "+-" + answer)


@pytest.mark.parametrize("level", stack_permutation.LEVELS)
def test_both_kinds_are_drawn_the_impossible_one_less_often(level: int) -> None:
    random = np.random.default_rng(level)
    drawn = [stack_permutation.draw(random, level) for _ in range(300)]
    assert all(len(one["pushed"]) == len(set(one["pushed"])) == level + 5 for one in drawn)
    assert all(sorted(one["pushed"]) == sorted(one["wanted"]) for one in drawn)
    impossible = sum(stack_permutation.answer(one) == "X" for one in drawn)
    assert 45 < impossible < 105  # four standard deviations around 75


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


@wrong_responses(
    ("only 0 of 4", ""),
    ("only 3 of 4", "++--++-"),
    ("no item is left", "++--++--+"),
    ("empty stack", "++--++---", "-++--++-"),
    ("the output is 3142", "+-+-+-+-"),
    ("the output is 2413", "++++----"),
    ("can be had", "X", "132X"),
    ("neither", "++--++--X", "X++--++--", "XX", "x", "++ --++--", "++--++--\n", "Push(3)"),
    ("neither", "++--++--="),
    ("ASCII", "++--++\u2212\u2212"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(stack_permutation, PUZZLE, response, why)


@pytest.mark.parametrize(
    "response", ["", "XX", "X+-", "+X", "x", "X ", "+-+-+-", "+++---", "+++--", "impossible"]
)
def test_an_impossible_output_is_answered_by_one_x_and_nothing_else(response: str) -> None:
    for right in ("X", "312X", "1X9"):
        assert accepted(stack_permutation, IMPOSSIBLE, right)
    assert not accepted(stack_permutation, IMPOSSIBLE, response)


def test_demonstrations_carry_their_notes() -> None:
    assert stack_permutation.solve(PUZZLE) == "+3+1-1-3+4+2-2-4"
    assert stack_permutation.answer(PUZZLE) == "++--++--"
    assert stack_permutation.solve(IMPOSSIBLE) == "312X"


def test_renaming_the_items_changes_the_prompt_and_not_the_problem() -> None:
    renamed = {"pushed": "0987", "wanted": "9078"}
    assert stack_permutation.prompt(renamed) != stack_permutation.prompt(PUZZLE) == "P3142>1324="
    assert stack_permutation.identity(renamed) == stack_permutation.identity(PUZZLE) == "1032"
    assert stack_permutation.answer(renamed) == stack_permutation.answer(PUZZLE)

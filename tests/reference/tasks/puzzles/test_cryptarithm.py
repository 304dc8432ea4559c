"""Properties of cryptarithms: exactly the digits that keep the rules are accepted."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import cryptarithm
from tests.support.puzzles import accepted, wrong_because, wrong_responses

PUZZLE = {"sum": "AB+BA=CAC"}
SEND_MORE_MONEY = {"sum": "ABCD+EFGB=EFCBH"}


def solutions(letters: str) -> set[str]:
    """Try every assignment of digits to the letters, sharing no code with the verifier."""
    names = sorted(set(letters) - set("+="))
    fitting = set()
    for digits in permutations("0123456789", len(names)):
        written = letters.translate(str.maketrans("".join(names), "".join(digits)))
        left, right = written.split("=")
        numbers = [*left.split("+"), right]
        if not any(number.startswith("0") for number in numbers) and sum(
            map(int, numbers[:-1])
        ) == int(right):
            fitting.add(written)
    return fitting


@pytest.mark.parametrize(
    ("letters", "digits", "count"),
    [
        ("A+B=C", "0123456789", 32),
        ("A+A+A=BA", "0159", 1),
        ("AB+A=CD", "012789", 2),
        ("AB+CB=DA", "01235", 1),
        ("AB+BA=CAC", "0129", 1),
        ("AA+B=CC", "01289", 0),
    ],
)
def test_of_all_digits_laid_over_a_small_sum_exactly_the_solutions_are_accepted(
    letters: str, digits: str, count: int
) -> None:
    shape = "".join("{}" if letter.isalpha() else letter for letter in letters)
    written = {shape.format(*chosen) for chosen in product(digits, repeat=shape.count("{}"))}
    expected = solutions(letters) & written
    assert len(expected) == count
    assert {text for text in written if accepted(cryptarithm, {"sum": letters}, text)} == expected


@pytest.mark.parametrize("letters", ["AB+C=AD", "AB+CA=DE", "AA+BB=CC", "AAB+BA=CAD"])
def test_every_solution_is_accepted_where_there_are_several(letters: str) -> None:
    every = solutions(letters)
    assert len(every) > 1
    assert all(accepted(cryptarithm, {"sum": letters}, written) for written in every)
    assert cryptarithm.answer({"sum": letters}) in every


@given(seed=st.integers(0, 10**6), level=st.sampled_from(cryptarithm.LEVELS))
@settings(max_examples=40)
def test_puzzles_have_the_words_and_letters_of_their_level_and_notes_are_the_digits_of_the_sum(
    seed: int, level: int
) -> None:
    instance = cryptarithm.draw(np.random.default_rng(seed), level)
    first, second, letters = cryptarithm.LENGTHS_AND_LETTERS[level]
    assert [len(word) for word in instance["sum"].split("=")[0].split("+")] == [first, second]
    assert cryptarithm.work(instance) == len(set(instance["sum"]) - set("+=")) == letters
    notes, _, digits = cryptarithm.solve(instance).partition(":")
    assert instance["sum"].translate(str.maketrans(notes[::2], notes[1::2])) == digits
    assert len(notes) == 2 * letters


@given(seed=st.integers(0, 10**6), level=st.sampled_from([1, 2, 3]), data=st.data())
@settings(max_examples=60)
def test_changing_one_digit_of_a_solution_breaks_it(
    seed: int, level: int, data: st.DataObject
) -> None:
    instance = cryptarithm.draw(np.random.default_rng(seed), level)
    solution = cryptarithm.answer(instance)
    index = data.draw(
        st.sampled_from([index for index, character in enumerate(solution) if character.isdigit()])
    )
    digit = data.draw(st.sampled_from("0123456789".replace(solution[index], "")))
    assert not accepted(cryptarithm, instance, solution[:index] + digit + solution[index + 1 :])


@wrong_responses(
    ("two digits", "29+92=120", "29+82=111"),
    ("behind two letters", "22+22=020", "11+11=212"),
    ("begins with 0", "02+20=101"),
    ("the sum of the addends is 121, not 191", "92+29=191"),
    ("as many digits", "29+92=0121", "029+92=121", "29+92+0=121"),
    ("not a sum", "29+92", "121=29+92", "29+92=121=121", "29+92=121 ", "29+92=121\n"),
    ("not a sum", "29 + 92 = 121", "29+92=121;", "-29+92=121", "A=2,B=9,C=1", "C1B9A2"),
    ("not a sum", "AB+BA=CAC", "29+92=121:"),
    ("not 191", "29+92=121:92+29=191"),
    ("ASCII", "29+92=1\u0662\u0661"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(cryptarithm, PUZZLE, response, why)


def test_an_addend_may_not_begin_with_0_either() -> None:
    assert wrong_because(cryptarithm, {"sum": "AB+BA=CC"}, "10+01=22", "begins with 0")


@pytest.mark.parametrize("notes", ["", "C1B9A2", "C7B7A7", "C1:29+92=120", "anything at all"])
def test_notes_before_the_last_colon_are_never_judged(notes: str) -> None:
    assert accepted(cryptarithm, PUZZLE, f"{notes}:29+92=121")


def test_the_classic_is_solved() -> None:
    assert cryptarithm.answer(SEND_MORE_MONEY) == "9567+1085=10652"
    assert cryptarithm.solve(PUZZLE) == "C1B9A2:29+92=121"
    assert cryptarithm.prompt(PUZZLE) == "YAB+BA=CAC="


def test_renaming_letters_and_swapping_addends_changes_the_prompt_and_not_the_problem() -> None:
    same = [
        {"sum": letters} for letters in ("ABC+DB=AEF", "JIH+GI=JFE", "GI+JIH=JFE", "DB+ABC=AEF")
    ]
    assert len({cryptarithm.prompt(one) for one in same}) == 4
    assert len({cryptarithm.identity(one) for one in same}) == 1
    assert cryptarithm.identity({"sum": "ABC+DB=AEB"}) != cryptarithm.identity(same[0])


@pytest.mark.parametrize(
    "letters", ["A+B=CDE", "AA+BB=AA", "AB+AB=AC", "ABC+A=BC", "AB+A=BA", "AA+B=CC"]
)
def test_a_sum_without_a_solution_is_reported(letters: str) -> None:
    assert not solutions(letters)
    with pytest.raises(ValueError, match="no digits solve"):
        cryptarithm.answer({"sum": letters})

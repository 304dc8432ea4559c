"""Properties of equivalence: exact labels, near misses, both ways of answering judged alike."""

from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.problems import is_held_out, problem_set, qualified_identity
from seed.reference.tasks.puzzles import equivalence
from tests.support.puzzles import accepted

PAIR = {"reference": "16", "answer": "2*8"}
MISS = {"reference": "18", "answer": "2*8"}


def pairs(level: int, count: int = 300) -> list[dict[str, Any]]:
    random = np.random.default_rng(level)
    return [equivalence.draw(random, level) for _ in range(count)]


def independent_value(text: str) -> Fraction:
    """The value by Python's own parser, with every number made a Fraction.

    Only for texts that this file or the family wrote.
    """
    whole = "".join(
        f"Fraction('{token}')" if token[0].isdigit() else token
        for token in tokens(text.replace("^", "**"))
    )
    return Fraction(eval(whole, {"Fraction": Fraction}))


def tokens(text: str) -> list[str]:
    out: list[str] = []
    for character in text:
        number = character.isdigit() or character == "."
        if out and number and (out[-1][0].isdigit()):
            out[-1] += character
        else:
            out.append(character)
    return out


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        *(("2*8", "16", True), ("3/6", "1/2", True), ("0.5", "1/2", True), ("2^4", "16", True)),
        *(("2^4", "4^2", True), ("16.0", "9+7", True), ("2*8-1", "3*5", True)),
        *(("2^4", "8", False), ("2^3", "9", False), ("3/6", "1/3", False)),
        *(("0.3", "1/3", False), ("1.05", "1.5", False), ("61", "16", False)),
    ],
)
def test_the_label_is_exact_equality_of_values(left: str, right: str, equal: bool) -> None:
    assert equivalence.answer({"reference": left, "answer": right}) == ("Y" if equal else "N")
    assert equivalence.answer({"reference": right, "answer": left}) == ("Y" if equal else "N")


@pytest.mark.parametrize("level", equivalence.LEVELS)
def test_labels_agree_with_pythons_own_arithmetic(level: int) -> None:
    for pair in pairs(level):
        equal = independent_value(pair["reference"]) == independent_value(pair["answer"])
        assert equivalence.answer(pair) == ("Y" if equal else "N")


@pytest.mark.parametrize("level", equivalence.LEVELS)
def test_half_of_the_pairs_of_every_form_are_equal(level: int) -> None:
    drawn = pairs(level, 1000)
    by_form = Counter((equivalence.form(pair), equivalence.answer(pair)) for pair in drawn)
    assert {name for name, _ in by_form} == set(equivalence.FORMS[level])
    for name in equivalence.FORMS[level]:
        share = by_form[name, "Y"] / (by_form[name, "Y"] + by_form[name, "N"])
        deviation = 0.5 / (1000 / len(equivalence.FORMS[level])) ** 0.5
        assert abs(share - 0.5) < 4 * deviation


@pytest.mark.parametrize("level", equivalence.LEVELS)
def test_no_side_of_a_pair_repeats_the_other_and_a_miss_is_one_of_the_nearest_values(
    level: int,
) -> None:
    values = {
        equivalence.value_of(text)
        for name in equivalence.FORMS[level]
        for text in equivalence.written(name)
    }
    for pair in pairs(level):
        left, right = sorted(
            (equivalence.value_of(pair["reference"]), equivalence.value_of(pair["answer"]))
        )
        assert pair["reference"] != pair["answer"]
        assert (left.denominator == 1) == (right.denominator == 1)
        between = [
            value
            for value in values
            if left < value <= right and (value.denominator == 1) == (left.denominator == 1)
        ]
        assert len(between) <= equivalence.NEAR


@pytest.mark.parametrize("response", ["Y", "=Y", "#16?16=Y", "#wrong work=Y", "N=Y", "=N=Y"])
def test_only_the_last_verdict_is_judged(response: str) -> None:
    assert accepted(equivalence, PAIR, response)
    assert not accepted(equivalence, MISS, response)


@pytest.mark.parametrize(
    "response",
    ["", "=", "YES", "y", " Y", "Y ", "Y\n", "=Y=", "YN", "#16?16=", "\u0059\u0301", "Υ"],
)
def test_what_is_neither_letter_is_no_verdict_for_either_label(response: str) -> None:
    assert not accepted(equivalence, PAIR, response)
    assert not accepted(equivalence, MISS, response)


def test_worked_values_stand_before_the_verdict() -> None:
    assert equivalence.solve(PAIR) == "#16?16=Y"
    assert equivalence.solve({"reference": "3/8", "answer": "12/32"}) == "#3/8?3/8=Y"
    assert equivalence.solve({"reference": "8*8-8", "answer": "6*9+2"}) == "#64 56?54 56=Y"


def test_a_pair_turned_around_or_with_factors_and_terms_swapped_is_the_same_problem() -> None:
    def name(reference: str, answer: str) -> str:
        return equivalence.identity({"reference": reference, "answer": answer})

    assert name("16", "2*8") == name("2*8", "16") == name("8*2", "16")
    assert name("9+7", "16") == name("7+9", "16")
    assert name("2*8+1", "17") == name("8*2+1", "17")
    pairs = ("2*8", "16"), ("2*8", "18"), ("2^8", "16"), ("8/2", "4"), ("2/8", "4")
    assert len({name(*pair) for pair in pairs}) == 5


@pytest.mark.parametrize("level", equivalence.LEVELS)
def test_a_level_has_enough_held_out_pairs_and_none_of_them_is_ever_trained_on(level: int) -> None:
    held_out = problem_set(("equivalence",), {"equivalence": (level,)}, 160, 0, held_out=True)
    trained = problem_set(("equivalence",), {"equivalence": (level,)}, 500, 1, held_out=False)
    names = {qualified_identity("equivalence", problem.instance) for problem in held_out}
    assert all(is_held_out(name) for name in names)
    assert not names & {qualified_identity("equivalence", problem.instance) for problem in trained}


@given(text=st.text(alphabet="0123456789+-*/^.()eE_ ", max_size=14) | st.text(max_size=6))
@settings(max_examples=100)
def test_a_text_has_its_exact_value_or_is_an_error(text: str) -> None:
    try:
        value = equivalence.value_of(text)
    except ValueError:
        return
    assert value == independent_value(text)


OUTSIDE = ("9^99", "9^9^9", "1/0", "1/0^2", "2**8", "-1", "", "1e9", "0x10", "1_0", "9" * 50)


@pytest.mark.parametrize("text", [*OUTSIDE, "\u0663", "1.", ".5"])
def test_a_text_outside_the_grammar_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|has an exponent|divides by zero"):
        equivalence.value_of(text)

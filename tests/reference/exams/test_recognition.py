"""Properties of recognition: texts of our families are solved again, others are left alone."""

import pytest

from seed.reference.exams.candidates import FIRST
from seed.reference.exams.recognition import recognised
from seed.reference.exams.structures import COMPOSED, INVERTED, PLAIN
from tests.reference.exams.test_candidates import first


@pytest.mark.parametrize(
    ("family", "structure"),
    [
        ("power-tower", PLAIN),
        ("centre-distance", PLAIN),
        ("telescoping-sum", INVERTED),
        ("no-long-runs", INVERTED),
        ("obtuse-triangles", COMPOSED),
        ("bracelets", FIRST),
    ],
)
def test_a_built_text_is_solved_again(family: str, structure: str) -> None:
    one = first(family, structure)
    found = recognised(one.text.replace(". ", ".\n\n"))
    assert found is not None
    assert (found.exact, found.second) == (one.answer, one.answer)
    assert found.key == one.problem.key()
    assert family in found.families


def test_a_text_with_another_condition_is_none_of_ours() -> None:
    text = first("no-long-runs").text
    assert recognised(text.replace("consecutive", "even consecutive")) is None
    assert recognised("What is $1 + 1$?") is None
    assert recognised("x" * 10_000) is None


def test_numbers_out_of_range_are_not_solved() -> None:
    text = "Find the number of subsets of $\\{1, 2, \\ldots, 900\\}$, the empty set included, that"
    found = recognised(f"{text} do not contain $3$ consecutive integers.")
    assert found is not None and found.exact is None and "outside" in found.fault


def test_an_inverted_text_whose_value_nothing_has_is_none_of_ours() -> None:
    text = first("no-long-runs", INVERTED).text
    target = text.rpartition("is equal to $")[2].partition("$")[0]
    assert recognised(text.replace(target, str(int(target) + 1))) is None


QUESTIONS = [
    (
        "Choose a subset of integers from 1 to 9 such that no four consecutive integers are in the"
        " chosen set (you can choose an empty set). How many different sets are there?",
        401,
    ),
    (
        "A $12\\times 18\\times 30$ rectangular solid is made by gluing together $1\\times 1\\times"
        " 1$ cubes. An internal diagonal of this solid passes through the interiors of how many of"
        " the $1\\times 1\\times 1$ cubes?",
        12 + 18 + 30 - 6 - 6 - 6 + 6,
    ),
]


@pytest.mark.parametrize(("text", "answer"), QUESTIONS)
def test_some_questions_in_other_words_are_solved(text: str, answer: int) -> None:
    found = recognised(text)
    assert found is not None and found.exact == found.second == answer

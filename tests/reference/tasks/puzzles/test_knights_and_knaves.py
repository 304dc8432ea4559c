"""Properties of knights and knaves: what statements mean, and that one assignment is correct."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import knights_and_knaves
from tests.support.puzzles import accepted, instances, wrong_because

THREE: dict[str, Any] = {"statements": "!B&C/!B&!C/A^B"}


def is_true(statement: str, knights: set[str]) -> bool:
    """Say what a statement means, from the sets of those who are knights."""
    if statement.startswith("#"):
        return len(knights) == int(statement[1])
    for sign in "&|~^":
        left, joint, right = statement.partition(sign)
        if joint:
            first, second = is_true(left, knights), is_true(right, knights)
            return {
                "&": first and second,
                "|": first or second,
                "~": first is second,
                "^": first is not second,
            }[sign]
    return statement[1] not in knights if statement.startswith("!") else statement in knights


def fitting(text: str) -> list[str]:
    """List the assignments under which exactly the statements of the knights are true."""
    statements = list(zip("ABCDEF", text.split("/"), strict=False))
    choices = product((False, True), repeat=len(statements))
    worlds = [
        {name for (name, _), chosen in zip(statements, choice, strict=True) if chosen}
        for choice in choices
    ]
    fit = [
        knights
        for knights in worlds
        if all((name in knights) == is_true(statement, knights) for name, statement in statements)
    ]
    return ["".join("K" if name in knights else "N" for name, _ in statements) for knights in fit]


@pytest.mark.parametrize("level", knights_and_knaves.LEVELS)
def test_of_all_words_over_both_roles_exactly_the_only_assignment_that_fits_is_accepted(
    level: int,
) -> None:
    for instance in instances("knights_and_knaves", level, 10):
        count = level + 2
        assert len(instance["statements"].split("/")) == count
        words = [
            "".join(word) for length in range(count + 2) for word in product("KN", repeat=length)
        ]
        right = [word for word in words if accepted(knights_and_knaves, instance, word)]
        assert right == fitting(instance["statements"])
        assert len(right) == 1


@given(
    statements=st.lists(
        st.from_regex(r"\A(!?[ABC]|!?[ABC][&|]!?[ABC]|[ABC][~^][ABC]|#[0-3])\Z"),
        min_size=3,
        max_size=3,
    )
)
@settings(max_examples=60)
def test_of_any_statements_exactly_the_assignments_that_fit_are_accepted(
    statements: list[str],
) -> None:
    text = "/".join(statements)
    words = ["".join(word) for word in product("KN", repeat=3)]
    right = [word for word in words if accepted(knights_and_knaves, {"statements": text}, word)]
    assert right == sorted(fitting(text))


MUTATIONS = {
    "the first role exchanged": ("NNK", "contradicts"),
    "the second role exchanged": ("KKK", "contradicts"),
    "the third role exchanged": ("KNN", "contradicts"),
    "all roles exchanged": ("NKN", "contradicts"),
    "a role is missing": ("KN", "3 letters"),
    "a role too many": ("KNKK", "3 letters"),
    "no roles": ("", "3 letters"),
    "small letters": ("knk", "3 letters"),
    "blanks": ("K N K", "3 letters"),
    "names": ("A=K,B=N,C=K", "3 letters"),
    "a trailing blank": ("KNK ", "3 letters"),
    "a line break": ("KNK\n", "3 letters"),
    "trailing junk": ("KNK.", "3 letters"),
    "both roles for one": ("KNKN", "3 letters"),
    "two assignments, the right one first": ("KNK NNK", "3 letters"),
    "two assignments, the right one last": ("NNK KNK", "3 letters"),
    "the right one before the last equals sign": ("KNK=KKK", "contradicts"),
    "nothing behind the last equals sign": ("KNK=", "3 letters"),
    "an unknown role": ("KNX", "3 letters"),
}


@pytest.mark.parametrize(("response", "why"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert accepted(knights_and_knaves, THREE, "KNK")
    assert wrong_because(knights_and_knaves, THREE, response, why)


@given(reasoning=st.text(alphabet="KN123 =", max_size=12))
@settings(max_examples=50)
def test_what_precedes_the_last_equals_sign_is_never_judged(reasoning: str) -> None:
    assert accepted(knights_and_knaves, THREE, f"{reasoning}=KNK")
    assert not accepted(knights_and_knaves, THREE, f"{reasoning}=KNN")


@pytest.mark.parametrize("level", [1, 2])
def test_the_demonstration_refutes_every_earlier_assignment_by_the_first_statement_against_it(
    level: int,
) -> None:
    for instance in instances("knights_and_knaves", level, 20):
        *refuted, last = knights_and_knaves.solve(instance).split(" ")
        statements = instance["statements"].split("/")
        words = ["".join(word) for word in product("KN", repeat=len(statements))]
        assert knights_and_knaves.work(instance) == len(refuted) + 1
        for word, note in zip(words, refuted, strict=False):
            knights = {name for name, role in zip("ABCDEF", word, strict=False) if role == "K"}
            first = next(
                number
                for number, (statement, role) in enumerate(zip(statements, word, strict=True), 1)
                if is_true(statement, knights) != (role == "K")
            )
            assert note == f"{word}{first}"
        assert last == f"{words[len(refuted)]}={words[len(refuted)]}"


@given(seed=st.integers(0, 10**6), level=st.sampled_from([1, 2, 3]), data=st.data())
@settings(max_examples=40)
def test_renaming_the_inhabitants_leaves_the_identity_and_nothing_else_does(
    seed: int, level: int, data: st.DataObject
) -> None:
    instance = knights_and_knaves.draw(np.random.default_rng(seed), level)
    statements = instance["statements"].split("/")
    order = data.draw(st.permutations(range(len(statements))))
    names = str.maketrans("".join("ABCDEF"[old] for old in order), "ABCDEF"[: len(order)])
    renamed = {"statements": "/".join(statements[old].translate(names) for old in order)}
    assert knights_and_knaves.identity(renamed) == knights_and_knaves.identity(instance)
    assert fitting(renamed["statements"]) == [
        "".join(fitting("/".join(statements))[0][old] for old in order)
    ]


def test_problems_that_differ_by_more_than_names_have_identities_of_their_own() -> None:
    changed = [
        THREE["statements"].replace(old, new, 1)
        for old, new in (("^", "~"), ("!", ""), ("&", "|"), ("A^B", "#1"))
    ]
    names = {
        knights_and_knaves.identity({"statements": text})
        for text in [THREE["statements"], *changed]
    }
    assert len(names) == 5


def test_the_example_of_the_module() -> None:
    assert knights_and_knaves.prompt(THREE) == "F!B&C/!B&!C/A^B="
    assert knights_and_knaves.solve(THREE) == "KKK1 KKN1 KNK=KNK"


def test_statements_that_nothing_fits_are_reported() -> None:
    with pytest.raises(ValueError, match="no assignment fits"):
        knights_and_knaves.solve({"statements": "!A/A"})

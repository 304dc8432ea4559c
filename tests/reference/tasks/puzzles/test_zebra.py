"""Properties of the zebra puzzles: what clues mean, and that one table and no other is accepted."""

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import zebra
from tests.support.puzzles import accepted, instances, wrong_because

STREET: dict[str, Any] = {"rows": "abc/def", "clues": "a~f d<a b~2 c#d"}


def agrees(clue: str, table: str) -> bool:
    """Say what a clue means, from the columns of the written table."""
    column = {value: house for row in table.split("/") for house, value in enumerate(row, start=1)}
    left, right = column[clue[0]], column.get(clue[2]) or int(clue[2])
    return {
        "~": left == right,
        "#": left != right,
        "<": right in range(left + 1, 9),
        "^": right == left + 1,
        "|": right in (left - 1, left + 1),
    }[clue[1]]


def tables(instance: dict[str, Any]) -> list[str]:
    """List all tables whose rows are reorderings of the rows given."""
    rows = [["".join(order) for order in permutations(row)] for row in instance["rows"].split("/")]
    return ["/".join(table) for table in product(*rows)]


def agreeing(instance: dict[str, Any], without: str = "") -> list[str]:
    clues = [clue for clue in instance["clues"].split(" ") if clue != without]
    return [table for table in tables(instance) if all(agrees(clue, table) for clue in clues)]


@pytest.mark.parametrize(("level", "count"), [(1, 40), (2, 20), (3, 1)])
def test_of_all_tables_exactly_the_only_one_that_agrees_with_the_clues_is_accepted(
    level: int, count: int
) -> None:
    for instance in instances("zebra", level, count):
        right = [table for table in tables(instance) if accepted(zebra, instance, table)]
        assert right == agreeing(instance)
        assert right == [zebra.solve(instance)]


@pytest.mark.parametrize(("level", "count"), [(1, 30), (2, 10)])
def test_no_clue_can_be_left_out(level: int, count: int) -> None:
    for instance in instances("zebra", level, count):
        for clue in instance["clues"].split(" "):
            assert len(agreeing(instance, without=clue)) > 1


CLUES = st.from_regex(r"\A([a-f][<^|][a-f]|[abc][~#]([def]|[123])|[def][~#]([abc]|[123]))\Z")


@given(clues=st.lists(CLUES.filter(lambda clue: clue[0] != clue[2]), min_size=1, max_size=4))
@settings(max_examples=60)
def test_of_any_clues_exactly_the_tables_that_agree_are_accepted(clues: list[str]) -> None:
    instance = {"rows": "abc/def", "clues": " ".join(clues)}
    right = agreeing(instance)
    assert [table for table in tables(instance) if accepted(zebra, instance, table)] == right
    if right:
        assert zebra.solve(instance) in right
    else:
        with pytest.raises(ValueError, match="no table agrees"):
            zebra.solve(instance)


@pytest.mark.parametrize("level", zebra.LEVELS)
def test_puzzles_have_the_houses_and_attributes_of_their_level_and_all_kinds_of_clues(
    level: int,
) -> None:
    drawn = instances("zebra", level, 20)
    houses, attributes = zebra.HOUSES_AND_ATTRIBUTES[level]
    for instance in drawn:
        assert [len(row) for row in instance["rows"].split("/")] == [houses] * attributes
        assert all(agrees(clue, zebra.solve(instance)) for clue in instance["clues"].split(" "))
    assert {clue[1] for instance in drawn for clue in instance["clues"].split(" ")} == set("~#<^|")


MUTATIONS = {
    "a clue about the same house is broken": ("cba/fde", "the clue a~f"),
    "a clue about a number is broken": ("bac/dfe", "the clue b~2"),
    "a clue about the left is broken": ("abc/fde", "the clue d<a"),
    "a clue about different houses is broken": ("cba/def", "the clue c#d"),
    "the order of the prompt": ("abc/def", "contradicts"),
    "mirrored": ("abc/fde", "contradicts"),
    "rows exchanged": ("edf/cba", "row 1"),
    "columns instead of rows": ("ce/bd/af", "2 rows"),
    "a value twice": ("cbb/edf", "row 1"),
    "a value in the other row": ("cbd/eaf", "row 1"),
    "a house is missing": ("cba/ed", "row 2"),
    "a house too many": ("cba/edff", "row 2"),
    "a row is missing": ("cba", "2 rows"),
    "a row too many": ("cba/edf/edf", "2 rows"),
    "an empty row": ("cba/edf/", "2 rows"),
    "nothing": ("", "2 rows"),
    "capital letters": ("CBA/EDF", "row 1"),
    "blanks": ("c b a/e d f", "row 1"),
    "a trailing blank": ("cba/edf ", "row 2"),
    "a line break": ("cba/edf\n", "row 2"),
    "trailing junk": ("cba/edf.", "row 2"),
    "two tables": ("cba/edf cba/edf", "2 rows"),
    "two tables, one wrong": ("cba/edf/abc/def", "2 rows"),
    "an equals sign": ("=cba/edf", "row 1"),
}


@pytest.mark.parametrize(("response", "why"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert accepted(zebra, STREET, "cba/edf")
    assert wrong_because(zebra, STREET, response, why)


@given(seed=st.integers(0, 10**6), level=st.sampled_from([1, 2, 3]), data=st.data())
@settings(max_examples=40)
def test_renaming_values_and_attributes_and_reordering_clues_leaves_the_identity(
    seed: int, level: int, data: st.DataObject
) -> None:
    instance = zebra.draw(np.random.default_rng(seed), level)
    rows = instance["rows"].split("/")
    mixed = ["".join(data.draw(st.permutations(row))) for row in data.draw(st.permutations(rows))]
    names = str.maketrans("".join(mixed), "".join(rows))
    clues = data.draw(st.permutations(instance["clues"].translate(names).split(" ")))
    turned = [clue[::-1] if clue[1] in "~#|" and clue[2].isalpha() else clue for clue in clues]
    renamed = {"rows": instance["rows"], "clues": " ".join(turned)}
    assert zebra.identity(renamed) == zebra.identity(instance)
    assert accepted(zebra, renamed, zebra.solve(renamed))


def test_two_puzzles_share_their_identity_exactly_if_a_renaming_makes_their_clues_equal() -> None:
    renamings = [
        str.maketrans("abcdef", first + second) for first, second in both_orders("abc", "def")
    ]

    def smallest(clues: str) -> list[str]:
        """The clues under the best of all 72 renamings, each in the better of its two spellings."""
        renamed = [clues.translate(names).split(" ") for names in renamings]
        symmetric = [
            [min(c, c[::-1]) if c[1] in "~#|" and c[2].isalpha() else c for c in clues]
            for clues in renamed
        ]
        return min(map(sorted, symmetric))

    drawn = instances("zebra", 1, 400)
    pairs = {(zebra.identity(one), " ".join(smallest(one["clues"]))) for one in drawn}
    names, renamed = zip(*pairs, strict=True)
    assert len(set(names)) == len(set(renamed)) == len(pairs) < len({one["clues"] for one in drawn})


def both_orders(first: str, second: str) -> list[tuple[str, str]]:
    straight = [("".join(a), "".join(b)) for a in permutations(first) for b in permutations(second)]
    return straight + [(b, a) for a, b in straight]


def test_the_example_of_the_module() -> None:
    assert zebra.prompt(STREET) == "Zabc/def a~f d<a b~2 c#d="
    assert zebra.solve(STREET) == "cba/edf"
    assert agreeing(STREET) == ["cba/edf"]

"""Properties of skyscrapers: which cities are accepted, and what the search completes."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import skyscraper
from tests.support.puzzles import accepted, instances, wrong_because, wrong_responses

EXAMPLE = {
    "grid": "3.../.4.1/1..3/...2",
    "clues": {"row": ["20", "20", "32", "00"], "column": ["01", "22", "30", "00"]},
}
NO_CLUES = {"grid": ".../.../...", "clues": {"row": ["00"] * 3, "column": ["00"] * 3}}
ANY_CITY = ["/".join(rows) for rows in product(map("".join, product("123", repeat=3)), repeat=3)]


def is_latin(rows: list[str]) -> bool:
    return all(set(line) == set("123") for line in [*rows, *zip(*rows, strict=True)])


LATIN = [city for city in ANY_CITY if is_latin(city.split("/"))]


def seen(towers: str) -> int:
    """Towers that no earlier one hides, each looked at by itself."""
    return sum(
        all(before < tower for before in towers[:index]) for index, tower in enumerate(towers)
    )


def obeys(city: str, instance: dict[str, Any]) -> bool:
    """Rules, clues and givens by comprehension, sharing no code with the verifier."""
    rows = city.split("/")
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    clues = instance["clues"]["row"] + instance["clues"]["column"]
    once = all(len(set(line)) == len(rows) for line in rows + columns)
    kept = all(given in (".", height) for given, height in zip(instance["grid"], city, strict=True))
    ends = [(clue, [line, line[::-1]]) for clue, line in zip(clues, rows + columns, strict=True)]
    return (
        once
        and kept
        and all(int(clue[end]) in (0, seen(lines[end])) for clue, lines in ends for end in (0, 1))
    )


CLUES = st.lists(st.text("000123", min_size=2, max_size=2), min_size=3, max_size=3)


def test_the_example_of_the_documentation_is_a_problem_with_its_answers() -> None:
    assert skyscraper.prompt(EXAMPLE) == "H+0230+/23...0/2.4.10/31..32/0...20/+1200+="
    assert skyscraper.solve(EXAMPLE) == "3124/2431/1243/4312"
    assert skyscraper.answer(EXAMPLE) == "1242324431"


def test_of_all_19683_fillings_without_clues_exactly_the_12_latin_squares_are_accepted() -> None:
    assert [city for city in ANY_CITY if accepted(skyscraper, NO_CLUES, city)] == LATIN
    assert len(LATIN) == 12


@given(rows=CLUES, columns=CLUES, cells=st.text("......123", min_size=9, max_size=9))
@settings(max_examples=100)
def test_a_city_is_accepted_and_found_exactly_if_it_obeys_every_clue(
    rows: list[str], columns: list[str], cells: str
) -> None:
    grid = "/".join(cells[first : first + 3] for first in (0, 3, 6))
    instance = {"grid": grid, "clues": {"row": rows, "column": columns}}
    right = [city for city in LATIN if obeys(city, instance)]
    assert [city for city in LATIN if accepted(skyscraper, instance, city)] == right
    if right:
        assert skyscraper.solve(instance) in right
    else:
        with pytest.raises(ValueError, match="no city"):
            skyscraper.solve(instance)


def test_of_all_fillings_of_the_unknown_heights_exactly_those_by_the_rules_are_accepted() -> None:
    for instance in instances("skyscraper", 1, 4):
        for heights in product("1234", repeat=6):
            answers = iter(heights)
            city = "".join(next(answers) if cell == "." else cell for cell in instance["grid"])
            assert accepted(skyscraper, instance, "".join(heights)) == obeys(city, instance)


@wrong_responses(
    ("a height repeats in row 2", "3124/2411/1243/4332"),
    ("a height repeats in column 1", "3124/2431/1243/3412"),
    ("given", "3412/2341/1234/4123", "3142/2431/1324/4213", "3421/2143/1234/4312"),
    ("a height repeats in column 2", "3214/2431/1243/4312"),
    ("not one of 1234", "3124/2431/1243/431.", "3124/2431/1243/4315", "3124/2431/1243/4310"),
    ("not 4 rows", "3124/2431/1243", "3124/2431/1243/4312/4312"),
    ("not 4 rows", "+0230+/231240/224310/312432/043120/+1200+", "124232443", "12423244311"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(skyscraper, EXAMPLE, response, why)


@pytest.mark.parametrize(
    ("line", "end", "why"),
    [
        ("row", 0, "from the first end of row 1"),
        ("row", 1, "from the last end of row 1"),
        ("column", 0, "from the first end of column 1"),
        ("column", 1, "from the last end of column 1"),
    ],
)
def test_every_end_of_a_line_has_its_own_clue(line: str, end: int, why: str) -> None:
    city = "123/231/312"  # row 1 and column 1: three towers from the first end, one from the last
    for clue, fits in (("1", end == 1), ("2", False), ("3", end == 0)):
        clues = {"row": ["00"] * 3, "column": ["00"] * 3}
        clues[line][0] = clue + "0" if end == 0 else "0" + clue
        instance = {"grid": NO_CLUES["grid"], "clues": clues}
        assert accepted(skyscraper, instance, city) == fits
        assert fits or why in skyscraper.verify(instance, city).why


@pytest.mark.parametrize("level", skyscraper.LEVELS)
def test_puzzles_have_the_unknown_heights_and_clues_of_their_level(level: int) -> None:
    size, unknown, clues = skyscraper.LEVEL[level]
    for instance in instances("skyscraper", level, 10):
        assert [len(row) for row in instance["grid"].split("/")] == [size] * size
        assert instance["grid"].count(".") == skyscraper.work(instance) == unknown
        written = "".join(instance["clues"]["row"] + instance["clues"]["column"])
        assert len(written) - written.count("0") == clues
        assert obeys(skyscraper.solve(instance), instance)

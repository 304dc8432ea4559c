"""Laws that hold for every family whose answer is a whole grid: no shape but the right one, no
character too many.
"""

from typing import Any

import pytest

from seed.reference.tasks.puzzles import FAMILIES
from tests.reference.tasks.puzzles.test_families import accepted, instances

GRIDS = ("binario", "campsite", "hitori", "light_up", "skyscraper", "star_battle")
FAMILY_LEVELS = [(name, level) for name in GRIDS for level in (1, FAMILIES[name].LEVELS[-1])]
DISTINCT_ENOUGH = 300
"""One in eight is held out, so a set of a few dozen held-out problems can always be drawn."""


def example(name: str, level: int) -> tuple[dict[str, Any], str]:
    instance = instances(name, level, 1)[0]
    return instance, FAMILIES[name].solve(instance)


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_a_grid_of_another_shape_is_refused(name: str, level: int) -> None:
    instance, grid = example(name, level)
    rows = grid.split("/")
    narrower = [row[:-1] for row in rows]
    wider = [row + row[-1] for row in rows]
    ragged = [rows[0] + rows[1][0], rows[1][1:], *rows[2:]]
    for changed in (
        rows[1:],
        rows[:-1],
        [*rows, rows[-1]],
        [*rows, ""],
        ["", *rows],
        narrower,
        wider,
        ragged,
        rows + rows,
    ):
        assert not accepted(FAMILIES[name], instance, "/".join(changed))


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_no_character_may_be_left_out_or_put_in_anywhere(name: str, level: int) -> None:
    instance, grid = example(name, level)
    for place in range(len(grid) + 1):
        assert not accepted(
            FAMILIES[name],
            instance,
            grid[:place] + grid[place + 1 :] if place < len(grid) else grid + "=",
        )
        for extra in ("/", " ", "\n", ".", "1", "#"):
            assert not accepted(FAMILIES[name], instance, grid[:place] + extra + grid[place:])


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_a_cell_never_holds_what_no_answer_writes(name: str, level: int) -> None:
    instance, grid = example(name, level)
    for place, character in enumerate(grid):
        for other in set(" /\nx~\u0661\x00") - {character}:
            assert not accepted(FAMILIES[name], instance, grid[:place] + other + grid[place + 1 :])


@pytest.mark.parametrize("name", GRIDS)
def test_the_prompt_itself_is_no_answer(name: str) -> None:
    for level in FAMILIES[name].LEVELS:
        for instance in instances(name, level, 5):
            assert not accepted(FAMILIES[name], instance, instance["grid"])
            assert not accepted(FAMILIES[name], instance, FAMILIES[name].prompt(instance))


@pytest.mark.parametrize("name", GRIDS)
def test_the_easiest_level_has_problems_enough_to_hold_some_out(name: str) -> None:
    drawn = {
        FAMILIES[name].identity(instance) for instance in instances(name, 1, 2 * DISTINCT_ENOUGH)
    }
    assert len(drawn) > DISTINCT_ENOUGH


@pytest.mark.parametrize("name", GRIDS)
def test_the_identity_holds_all_that_the_prompt_shows_but_the_names_of_the_numbers_of_hitori(
    name: str,
) -> None:
    family = FAMILIES[name]
    for instance in instances(name, 1):
        renamed = family.prompt(instance)[0] + family.identity(instance) + "="
        assert renamed == family.prompt(
            {**instance, "grid": family.identity(instance)} if name == "hitori" else instance
        )

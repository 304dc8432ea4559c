"""Properties of every puzzle family, and of those whose answer is a whole grid."""

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import FAMILIES, maze
from seed.spec.puzzle import MAX_RESPONSE_CHARACTERS
from tests.support.puzzles import accepted, instances

FAMILY_LEVELS = [(name, level) for name, family in FAMILIES.items() for level in family.LEVELS]
WORK_SAMPLES = 30
# A limit on one verdict that only an algorithmic blow-up can exceed, however busy the machine.
PATIENCE_IN_SECONDS = 0.5
EXAMPLES = {name: family.draw(np.random.default_rng(0), 1) for name, family in FAMILIES.items()}
GRIDS = ("binario", "campsite", "hitori", "light_up", "skyscraper", "star_battle")
GRID_LEVELS = [(name, level) for name in GRIDS for level in (1, FAMILIES[name].LEVELS[-1])]
# One in eight is held out, so a set of a few dozen held-out problems can always be drawn.
DISTINCT_ENOUGH = 300


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_the_demonstration_of_every_instance_is_accepted(name: str, level: int) -> None:
    family = FAMILIES[name]
    for instance in instances(name, level):
        assert accepted(family, instance, family.solve(instance))


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=25)
def test_equal_random_states_draw_equal_instances(name: str, data: st.DataObject) -> None:
    seed, level = (
        data.draw(st.integers(0, 2**32)),
        data.draw(st.sampled_from(FAMILIES[name].LEVELS)),
    )
    first, second = (FAMILIES[name].draw(np.random.default_rng(seed), level) for _ in range(2))
    assert first == second
    assert FAMILIES[name].solve(first) == FAMILIES[name].solve(second)


def test_every_familys_prompts_begin_with_letters_of_its_own_and_end_with_an_equals_sign() -> None:
    owners: dict[str, str] = {}
    for name, level in FAMILY_LEVELS:
        for instance in instances(name, level, 5):
            prompt = FAMILIES[name].prompt(instance)
            assert prompt[0].isalpha()
            assert owners.setdefault(prompt[0], name) == name
            assert prompt.endswith("=")


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_no_text_of_a_family_holds_a_character_that_it_does_not_declare(
    name: str, level: int
) -> None:
    family = FAMILIES[name]
    for one in instances(name, level, 20):
        assert set(family.prompt(one) + family.solve(one) + family.answer(one)) <= set(
            family.CHARACTERS
        )


@pytest.mark.parametrize("name", FAMILIES)
def test_higher_levels_need_more_work(name: str) -> None:
    family = FAMILIES[name]
    works = [
        np.mean([family.work(one) for one in instances(name, level, WORK_SAMPLES)])
        for level in family.LEVELS
    ]
    assert works == sorted(set(works))


HOSTILE = {
    "empty": "",
    "megabytes of digits": "=" + "9" * 3_000_000,
    "megabytes of moves": "UD" * 2_000_000,
    "just below the limit": "=" + "9" * 4000,
    "tower of powers": "9**9**9",
    "tower of powers after an equals sign": "=9**9**9",
    "deep parentheses": "(" * 100_000 + "3*8" + ")" * 100_000,
    "parentheses below the limit": "(" * 2000 + "3*8" + ")" * 2000,
    "unmatched parentheses": "(" * 4000,
    "spaces": " " * 4000,
    "unicode digits": "=\u0661\u0662",
    "superscript digits": "\u00b2\u00b3",
    "lone surrogate": "\ud800",
    "null character": "\x00",
    "line breaks": "\n" * 100,
    "slashes": "/" * 4000,
    "code": "__import__('os').system('true')",
    "nan": "=nan",
    "infinity": "=1e999",
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("response", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_responses_are_wrong_and_quickly_so(name: str, response: str) -> None:
    started = perf_counter()
    assert not accepted(FAMILIES[name], EXAMPLES[name], response)
    assert perf_counter() - started < PATIENCE_IN_SECONDS


@pytest.mark.parametrize("name", FAMILIES)
def test_p25_a_verifier_returns_the_same_outside_the_main_thread(name: str) -> None:
    family, instance = FAMILIES[name], EXAMPLES[name]
    responses = [family.solve(instance), *HOSTILE.values()]
    with ThreadPoolExecutor(1) as thread:
        elsewhere = list(thread.map(lambda response: family.verify(instance, response), responses))
    assert elsewhere == [family.verify(instance, response) for response in responses]


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_the_bare_answer_is_accepted_and_never_longer_than_the_demonstration(
    name: str, level: int
) -> None:
    family = FAMILIES[name]
    for instance in instances(name, level):
        assert accepted(family, instance, family.answer(instance))
        assert len(family.answer(instance)) <= len(family.solve(instance))


@pytest.mark.parametrize("name", FAMILIES)
@given(
    response=st.text(alphabet="0123456789+-*/()=. #UDLRS\u0663", max_size=12) | st.text(max_size=12)
)
@settings(max_examples=150)
def test_no_text_makes_a_verifier_fail(name: str, response: str) -> None:
    accepted(FAMILIES[name], EXAMPLES[name], response)


def test_only_responses_up_to_the_length_limit_are_read() -> None:
    instance = {"grid": "S.#/..#/#.G"}
    detour = "DU" * (MAX_RESPONSE_CHARACTERS // 2 - 2)
    assert accepted(maze, instance, detour + "DRDR")
    assert not accepted(maze, instance, "DU" + detour + "DRDR")


def example(name: str, level: int) -> tuple[dict[str, Any], str]:
    instance = instances(name, level, 1)[0]
    return instance, FAMILIES[name].solve(instance)


@pytest.mark.parametrize(("name", "level"), GRID_LEVELS)
def test_a_grid_of_another_shape_is_wrong(name: str, level: int) -> None:
    instance, grid = example(name, level)
    rows = grid.split("/")
    narrower = [row[:-1] for row in rows]
    wider = [row + row[-1] for row in rows]
    ragged = [rows[0] + rows[1][0], rows[1][1:], *rows[2:]]
    longer = [*rows, rows[-1]], [*rows, ""], ["", *rows], rows + rows
    for changed in (rows[1:], rows[:-1], *longer, narrower, wider, ragged):
        assert not accepted(FAMILIES[name], instance, "/".join(changed))


@pytest.mark.parametrize(("name", "level"), GRID_LEVELS)
def test_no_character_may_be_left_out_or_put_in_anywhere(name: str, level: int) -> None:
    instance, grid = example(name, level)
    for index in range(len(grid) + 1):
        assert not accepted(
            FAMILIES[name],
            instance,
            grid[:index] + grid[index + 1 :] if index < len(grid) else grid + "=",
        )
        for extra in ("/", " ", "\n", ".", "1", "#"):
            assert not accepted(FAMILIES[name], instance, grid[:index] + extra + grid[index:])


@pytest.mark.parametrize(("name", "level"), GRID_LEVELS)
def test_a_cell_never_holds_what_no_answer_writes(name: str, level: int) -> None:
    instance, grid = example(name, level)
    for index, character in enumerate(grid):
        for foreign in set(" /\nx~\u0661\x00") - {character}:
            assert not accepted(
                FAMILIES[name], instance, grid[:index] + foreign + grid[index + 1 :]
            )


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

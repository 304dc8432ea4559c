"""Properties of car painting: an order is correct if it is legal and none has fewer changes."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import car_painting
from tests.support.puzzles import accepted, wrong_because, wrong_responses

PUZZLE = {"reach": 1, "colours": "ABAB"}


def changes(queue: str, order: tuple[int, ...]) -> int:
    painted = [queue[car - 1] for car in order]
    return sum(painted[index] != painted[index + 1] for index in range(len(painted) - 1))


def legal_orders(cars: int, reach: int) -> list[tuple[int, ...]]:
    numbers = range(1, cars + 1)
    return [
        order
        for order in permutations(numbers)
        if all(abs(car - position) <= reach for position, car in enumerate(order, 1))
    ]


@pytest.mark.parametrize("reach", [0, 1, 2, 3])
@pytest.mark.parametrize("queue", ["AB", "ABAB", "ABCAB", "AABBA", "ABABA", "CCCCC"])
def test_of_all_orders_exactly_the_legal_ones_with_the_fewest_changes_are_accepted(
    queue: str, reach: int
) -> None:
    legal = legal_orders(len(queue), reach)
    fewest = min(changes(queue, order) for order in legal)
    instance = {"reach": reach, "colours": queue}
    for order in permutations(range(1, len(queue) + 1)):
        best = order in legal and changes(queue, order) == fewest
        assert accepted(car_painting, instance, " ".join(map(str, order))) == best


@pytest.mark.parametrize(("cars", "colours", "reach"), [(5, 3, 1), (6, 3, 2), (7, 2, 2), (7, 2, 3)])
def test_the_search_finds_the_fewest_changes_that_exhaustion_finds(
    cars: int, colours: int, reach: int
) -> None:
    legal = legal_orders(cars, reach)
    for queue in map("".join, product("ABC"[:colours], repeat=cars)):
        if queue[0] == "A":  # other queues are these with other names of the colours
            fewest = min(changes(queue, order) for order in legal)
            order = tuple(
                map(int, car_painting.answer({"reach": reach, "colours": queue}).split(" "))
            )
            assert order in legal
            assert changes(queue, order) == fewest


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30)
def test_no_sampled_legal_order_is_ever_better_than_the_demonstration(seed: int) -> None:
    random = np.random.default_rng(seed)
    instance = car_painting.draw(random, 5)
    queue, reach = instance["colours"], instance["reach"]
    fewest = changes(queue, tuple(map(int, car_painting.answer(instance).split(" "))))
    order = list(range(1, len(queue) + 1))
    # A random walk: neighbours swap if both stay in reach.
    for index in random.integers(len(queue) - 1, size=200).tolist():
        if abs(order[index] - index - 2) <= reach and abs(order[index + 1] - index - 1) <= reach:
            order[index], order[index + 1] = order[index + 1], order[index]
            assert changes(queue, tuple(order)) >= fewest
    assert accepted(car_painting, instance, " ".join(map(str, order))) == (
        changes(queue, tuple(order)) == fewest
    )


@given(seed=st.integers(0, 10**6), level=st.sampled_from(car_painting.LEVELS))
@settings(max_examples=60)
def test_the_queue_as_it_stands_is_never_the_answer_and_notes_show_the_new_colours(
    seed: int, level: int
) -> None:
    instance = car_painting.draw(np.random.default_rng(seed), level)
    cars, colours, reach = car_painting.CARS_COLOURS_AND_REACH[level]
    assert (len(instance["colours"]), instance["reach"]) == (cars, reach)
    assert set(instance["colours"]) <= set("ABCD"[:colours])
    assert not accepted(car_painting, instance, " ".join(map(str, range(1, cars + 1))))
    notes, _, order = car_painting.solve(instance).partition(":")
    assert notes == "".join(instance["colours"][int(car) - 1] for car in order.split(" "))


@wrong_responses(
    ("3 changes of colour, and 1 are enough", "1 2 3 4"),
    ("2 changes of colour, and 1 are enough", "2 1 3 4"),
    ("car 2 stands at place 4, more than 1", "1 3 4 2"),
    ("car 3 stands at place 1, more than 1", "3 1 2 4"),
    ("every car", "1 3 2", "1 3 2 4 4", "1 3 3 4", "1 3 2 4 5", "1 1 2 2"),
    ("not car numbers", "0 2 1 3", "1 3 2 -1", "1 3 2 04", "1 3 2 +4", "1 3 2 4.0", "1 3 2 100"),
    ("not car numbers", "1 3 2 4 ", " 1 3 2 4", "1  3 2 4", "1, 3, 2, 4", "[1 3 2 4]", "1 3 2 4\n"),
    ("not car numbers", "1324", "AABB", "1 3 2 4:"),
    ("3 changes", "1 3 2 4:1 2 3 4"),
    ("ASCII", "1 3 2 \u0664"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(car_painting, PUZZLE, response, why)


@pytest.mark.parametrize("notes", ["", "AABB", "BBBB", "1 2 3 4", "4:3", "anything at all"])
def test_notes_before_the_last_colon_are_never_judged(notes: str) -> None:
    assert accepted(car_painting, PUZZLE, f"{notes}:1 3 2 4")


def test_every_best_order_is_accepted_not_only_the_demonstration() -> None:
    instance = {"reach": 2, "colours": "AABBA"}
    assert car_painting.solve(instance) == "AAABB:1 2 5 3 4"
    assert all(
        accepted(car_painting, instance, order)
        for order in ("1 2 5 3 4", "2 1 5 3 4", "1 2 5 4 3", "2 1 5 4 3")
    )


def test_an_optimum_that_another_generator_stored_too_high_is_not_trusted() -> None:
    """Enigmata stores 6 changes for this queue of its sample."""
    queue = "CCCBCCCCCDDDCDCCCCCADDDB"
    better = (4, 1, 2, 3, 5, 6, 7, 8, 9, 13, 15, 16, 10, 11, 12, 14, 21, 22, 23, 17, 18, 19, 20, 24)
    stored = (4, 2, 1, 7, 6, 5, 3, 9, 8, 11, 10, 14, 12, 13, 19, 15, 16, 17, 18, 21, 23, 22, 24, 20)
    assert all(
        abs(car - position) <= 4
        for order in (better, stored)
        for position, car in enumerate(order, 1)
    )
    assert (changes(queue, better), changes(queue, stored)) == (5, 6)
    assert accepted(car_painting, {"reach": 4, "colours": queue}, " ".join(map(str, better)))
    assert not accepted(car_painting, {"reach": 4, "colours": queue}, " ".join(map(str, stored)))


def test_renaming_the_colours_changes_the_prompt_and_not_the_problem() -> None:
    renamed = {"reach": 1, "colours": "DADA"}
    assert car_painting.prompt(renamed) != car_painting.prompt(PUZZLE) == "V1ABAB="
    assert (
        car_painting.identity(renamed)
        == car_painting.identity(PUZZLE)
        != car_painting.identity({**PUZZLE, "reach": 2})
    )
    assert car_painting.solve(PUZZLE) == "AABB:1 3 2 4"

"""Car painting: reorder a queue of cars, none of them far, so that the paint is changed as seldom
as possible.

==========  =============================================================================================
prompt      ``V1ABAB=``: how many places a car may move, then the colours of the cars in the queue.
response    ``AABB:1 3 2 4``: the colours in the new order as a note, ``:``, then the numbers of the cars in the new order.
            Cars are numbered from 1 by their place in the queue. Only what follows the last ``:``
            is judged.
bare        ``1 3 2 4``: the new order alone is a correct response too.
difficulty  Levels 1..5: 8, 10, 12, 16, 20 cars of 3, 3, 3, 4, 4 colours that move 1, 2, 2, 3, 3
places.
==========  =============================================================================================

A change is a pair of neighbours of different colours. Every legal order with the fewest changes is
accepted; the verifier finds the fewest by exact search. The queue as it stands never has the
fewest.

The search may keep the cars of each colour in their order: where car j stands before a car i < j of
its colour, the two may change places. For i - k < j - k <= place of j < place of i <= i + k < j +
k, where k is how far a car may move, so both stay in reach of their own places, and the line looks
the same.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

CARS_COLOURS_AND_REACH = {1: (8, 3, 1), 2: (10, 3, 2), 3: (12, 3, 2), 4: (16, 4, 3), 5: (20, 4, 3)}
LEVELS = range(1, len(CARS_COLOURS_AND_REACH) + 1)
CHARACTERS = "0123456789 =:ABCDEFGHIV"
RULES = (
    "Reorder a queue of cars. After the letter V stands how many places each car may move at most,"
    " forwards or backwards, then the colours of the cars in the queue, one letter each. Cars are"
    " numbered from 1 in this order. Find an order in which neighbours have different colours as"
    " seldom as possible. Write the numbers of the cars in the new order, separated by spaces, such"
    " as 1 3 2 4 for 1ABAB. You may write notes and a colon before it: only what follows the last"
    " colon is read. Every legal order with the fewest changes of colour is accepted."
)
COLOURS = (  # at most four are drawn; Enigmata has queues of up to nine colours and 38 cars
    "ABCDEFGHI"
)
NUMBER = re.compile(r"[1-9][0-9]?")


class Line(NamedTuple):
    """The best way found to a state of the search: its changes of colour, then the numbers of its
    cars in order.
    """

    changes: int
    cars: tuple[int, ...]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw colours uniformly until another order is better than the queue as it stands.

    Args:
        random: The only source of randomness.
        difficulty: A member of ``LEVELS``.

    Returns:
        ``{"reach": 1, "colours": "ABAB"}``.
    """
    cars, colours, reach = CARS_COLOURS_AND_REACH[difficulty]
    while True:
        queue = "".join(COLOURS[colour] for colour in random.integers(colours, size=cars))
        if _best_line(queue, reach).changes < _changes(queue):
            return {"reach": reach, "colours": queue}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: the reach and the queue with its colours renamed in the order in which they
    appear.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The reach and the renamed colours.
    """
    queue = instance["colours"]
    appearing = "".join(dict.fromkeys(queue))
    return (
        f"{instance['reach']}{queue.translate(str.maketrans(appearing, COLOURS[: len(appearing)]))}"
    )


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``V1ABAB=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"V{instance['reach']}{instance['colours']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Write the colours in the order of ``answer``, then the order.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.
    """
    cars = _best_line(instance["colours"], instance["reach"]).cars
    return f"{_painted(instance['colours'], cars)}:{answer(instance)}"


def answer(instance: Mapping[str, Any]) -> str:
    """Find the order with the fewest changes; among equals, the one whose car numbers come first.

    Args:
        instance: What ``draw`` returned.

    Returns:
        A correct response without notes.
    """
    return " ".join(map(str, _best_line(instance["colours"], instance["reach"]).cars))


def work(instance: Mapping[str, Any]) -> int:
    """Count the cars to place.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number.
    """
    return len(instance["colours"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Check the order after the last colon and count its changes of colour.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if every car is there once, none has moved too far, and no legal order
        has fewer changes.
    """
    order = response.rpartition(":")[2]
    fault = unreadable(response) or _fault(instance["colours"], instance["reach"], order.split(" "))
    return judge(fault, order, "no legal order has fewer changes of colour")


def _fault(queue: str, reach: int, words: Sequence[str]) -> str:
    if not all(NUMBER.fullmatch(word) for word in words):
        return "the answer is not car numbers from 1 on, separated by single spaces"
    cars = list(map(int, words))
    if sorted(cars) != list(range(1, len(queue) + 1)):
        return f"the answer does not hold every car from 1 to {len(queue)} once"
    for place, car in enumerate(cars, start=1):
        if abs(place - car) > reach:
            return f"car {car} stands at place {place}, more than {reach} from its own"
    changes, fewest = _changes(_painted(queue, cars)), _best_line(queue, reach).changes
    return (
        ""
        if changes == fewest
        else f"the order has {changes} changes of colour, and {fewest} are enough"
    )


def _painted(queue: str, cars: Sequence[int]) -> str:
    return "".join(queue[car - 1] for car in cars)


def _changes(painted: str) -> int:
    return sum(here != there for here, there in pairwise(painted))


def _best_line(queue: str, reach: int) -> Line:
    """Find the order with the fewest changes by dynamic programming over the places.

    A state is how many cars of each colour stand in line, and the colour of the last: what can
    follow, and at what cost, depends on nothing else.
    """
    waiting = [
        [car for car, colour in enumerate(queue, start=1) if colour == wanted]
        for wanted in COLOURS
        if wanted in queue
    ]
    states: dict[tuple[tuple[int, ...], int], Line] = {((0,) * len(waiting), -1): Line(0, ())}
    for place in range(1, len(queue) + 1):
        following: dict[tuple[tuple[int, ...], int], Line] = {}
        for (used, last), line in states.items():
            for colour, cars in enumerate(waiting):
                if used[colour] == len(cars) or abs(cars[used[colour]] - place) > reach:
                    continue
                state = (*used[:colour], used[colour] + 1, *used[colour + 1 :]), colour
                longer = Line(
                    line.changes + (last not in (-1, colour)), (*line.cars, cars[used[colour]])
                )
                following[state] = min(longer, following.get(state, longer))
        states = following
    return min(states.values())

"""Car painting: reorder a queue of cars, none of them far, for the fewest changes of paint.

- Instance: ``{"reach": 1, "colours": "ABAB"}``: how many positions a car may move, and the colours
  of the cars in the queue.
- Prompt: ``V1ABAB=``: the reach, then the colours.
- Response: ``AABB:1 3 2 4``: the colours in the new order as a note, ``:``, then the numbers of the
  cars in the new order. Cars are numbered from 1 in the order of the queue. Only what follows the
  last ``:`` is judged.
- Bare answer: ``1 3 2 4``: the new order alone.
- Levels 1..5: 8, 10, 12, 16, 20 cars of 3, 3, 3, 4, 4 colours that move 1, 2, 2, 3, 3 positions.

A change is a pair of neighbours of different colours. Every legal order with the fewest changes is
accepted; the verifier finds the fewest by exact search. The queue as it stands never has the
fewest.

The search may keep the cars of each colour in their order. Let cars i < j of one colour stand at
positions p_j < p_i, and let k be the reach. Then i - k < j - k <= p_j < p_i <= i + k < j + k, so
the two may swap: both stay in reach, and the line of colours is the same.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from seed.reference.tasks.puzzles.solvers.renaming import renamed_by_appearance
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
# At most four are drawn; Enigmata has queues of up to nine colours and 38 cars.
COLOURS = "ABCDEFGHI"
NUMBER = re.compile(r"[1-9][0-9]?")
State = tuple[tuple[int, ...], int]


class Line(NamedTuple):
    """The best order that reaches a search state: its changes of colour, then its car numbers."""

    changes: int
    cars: tuple[int, ...]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw colours uniformly until another order is better than the queue as it stands."""
    cars, colours, reach = CARS_COLOURS_AND_REACH[difficulty]
    while True:
        queue = "".join(COLOURS[colour] for colour in random.integers(colours, size=cars))
        if _best_line(queue, reach).changes < _changes(queue):
            return {"reach": reach, "colours": queue}


def identity(instance: Mapping[str, Any]) -> str:
    """The reach and the queue, its colours renamed in the order in which they appear."""
    return f"{instance['reach']}{renamed_by_appearance(instance['colours'], COLOURS)}"


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``V1ABAB=``."""
    return f"V{instance['reach']}{instance['colours']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The colours in the order of ``answer``, then the order."""
    cars = _best_line(instance["colours"], instance["reach"]).cars
    return f"{_painted(instance['colours'], cars)}:{answer(instance)}"


def answer(instance: Mapping[str, Any]) -> str:
    """The order with the fewest changes; among equals, the one whose car numbers come first."""
    return " ".join(map(str, _best_line(instance["colours"], instance["reach"]).cars))


def work(instance: Mapping[str, Any]) -> int:
    """The number of cars."""
    return len(instance["colours"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the order is legal and no legal order has fewer changes."""
    order = response.rpartition(":")[2]
    fault = unreadable(response) or _fault(instance["colours"], instance["reach"], order.split(" "))
    return judge(fault, order, "no legal order has fewer changes of colour")


def _fault(queue: str, reach: int, words: Sequence[str]) -> str:
    if not all(NUMBER.fullmatch(word) for word in words):
        return "the answer is not car numbers from 1 on, separated by single spaces"
    cars = list(map(int, words))
    if sorted(cars) != list(range(1, len(queue) + 1)):
        return f"the answer does not hold every car from 1 to {len(queue)} once"
    for position, car in enumerate(cars, start=1):
        if abs(position - car) > reach:
            return f"car {car} stands at place {position}, more than {reach} from its own"
    changes, fewest = _changes(_painted(queue, cars)), _best_line(queue, reach).changes
    if changes != fewest:
        return f"the order has {changes} changes of colour, and {fewest} are enough"
    return ""


def _painted(queue: str, cars: Sequence[int]) -> str:
    return "".join(queue[car - 1] for car in cars)


def _changes(painted: str) -> int:
    return sum(colour != following for colour, following in pairwise(painted))


def _best_line(queue: str, reach: int) -> Line:
    """Find the order with the fewest changes by dynamic programming over the positions.

    A state is how many cars of each colour stand in line, and the colour of the last: what can
    follow, and at what cost, depends on nothing else.
    """
    cars_by_colour = [
        [car for car, painted in enumerate(queue, start=1) if painted == colour]
        for colour in COLOURS
        if colour in queue
    ]
    states: dict[State, Line] = {((0,) * len(cars_by_colour), -1): Line(0, ())}
    for position in range(1, len(queue) + 1):
        following: dict[State, Line] = {}
        for (used, last), line in states.items():
            for colour, cars in enumerate(cars_by_colour):
                if used[colour] == len(cars) or abs(cars[used[colour]] - position) > reach:
                    continue
                state = (*used[:colour], used[colour] + 1, *used[colour + 1 :]), colour
                changes = line.changes + (last not in (-1, colour))
                longer = Line(changes, (*line.cars, cars[used[colour]]))
                following[state] = min(longer, following.get(state, longer))
        states = following
    return min(states.values())

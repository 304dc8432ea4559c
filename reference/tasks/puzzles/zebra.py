"""Zebra puzzles: who lives where, from clues.

- Instance: ``{"rows": "abc/def", "clues": "a~f d<a b~2 c#d"}``: one row of values for each
  attribute, separated by ``/``, in a fixed order that implies nothing; and the clues. Houses stand
  in a row and are numbered from 1, left to right.
- Prompt: ``Zabc/def a~f d<a b~2 c#d=``: rows and clues.
- Response: ``cba/edf``: the same rows, each in the order of the houses.
- Levels 1..5: 3 houses with 2 attributes, 3 with 3, 4 with 3, 4 with 4, 5 with 4.

Each value of an attribute belongs to one house. ``a~d``: in the same house; ``a#d``: not in the
same house; ``a<d``: a lives somewhere to the left of d; ``a^d``: directly to the left; ``a|d``:
next to each other. After ``~`` and ``#`` there may be the number of a house instead of a value. No
clue can be left out: without any of them the table would not be unique, which the generator proves
by exhaustive search.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.backtracking import bits
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

HOUSES_AND_ATTRIBUTES = {1: (3, 2), 2: (3, 3), 3: (4, 3), 4: (4, 4), 5: (5, 4)}
LEVELS = range(1, len(HOUSES_AND_ATTRIBUTES) + 1)
VALUES = "abcdefghijklmnopqrst"
CHARACTERS = VALUES + "12345~#<^|/ =Z"
RULES = (
    "Houses stand in a row, numbered from 1 on the left. For every attribute each house has another"
    " value. The rows before the first blank, separated by /, name the values of each attribute;"
    " the clues follow. a~d: a and d are in the same house; a#d: in different houses; a<d: a is"
    " somewhere to the left of d; a^d: a is directly to the left of d; a|d: they are in"
    " neighbouring houses. After ~ and # a digit stands for a house: a~2 puts a into house 2, a#2"
    " keeps it out. Write the rows again, attributes in the same order, each row with its values in"
    " the order of the houses, and nothing else."
)
RELATIONS: Mapping[str, Callable[[int, int], bool]] = {
    "~": lambda left, right: left == right,
    "#": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "^": lambda left, right: right - left == 1,
    "|": lambda left, right: abs(right - left) == 1,
}
WITH_NUMBERS = "~#"
Order = tuple[int, ...]
Table = tuple[str, ...]
Across = tuple[int, int, str, int, int]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a table, refute every rival with a random true clue, and drop the clues not needed."""
    houses, attributes = HOUSES_AND_ATTRIBUTES[difficulty]
    rows = [VALUES[first : first + houses] for first in range(0, houses * attributes, houses)]
    table = tuple("".join(row[index] for index in random.permutation(houses)) for row in rows)
    true = _true_clues(table)
    shuffled = [true[index] for index in random.permutation(len(true))]
    clues: list[str] = []
    while rival := _rival(rows, clues, table):
        clues.append(next(clue for clue in shuffled if not _holds(clue, rival)))
    for clue in list(clues):
        fewer = [kept for kept in clues if kept != clue]
        clues = clues if _rival(rows, fewer, table) else fewer
    return {"rows": "/".join(rows), "clues": " ".join(clues)}


def identity(instance: Mapping[str, Any]) -> str:
    """The clues, sorted, every value named by its position in the table.

    The table follows from the clues, so two problems have the same name exactly if the values of
    each attribute and the attributes themselves can be renamed so that they have the same clues. Of
    the orders of the attributes, the one whose clues come first. A mirrored street is another
    problem.
    """
    rows, clues = instance["rows"].split("/"), instance["clues"].split(" ")
    table, houses = _table(instance), len(rows[0])

    def named(order: tuple[str, ...]) -> str:
        names = str.maketrans("".join(order), VALUES[: len(order) * houses])
        return " ".join(sorted(_in_order(clue.translate(names)) for clue in clues))

    return f"{houses}x{len(rows)} {min(named(order) for order in permutations(table))}"


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``Zabc/def a~f d<a b~2 c#d=``."""
    return f"Z{instance['rows']} {instance['clues']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The only table, by exhaustive search."""
    return "/".join(_table(instance))


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of cells of the table: houses times attributes."""
    return len(instance["rows"].replace("/", ""))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if every row reorders its attribute's values and every clue holds."""
    rows, clues = instance["rows"].split("/"), instance["clues"].split(" ")
    fault = unreadable(response) or _fault(rows, clues, response.split("/"))
    return judge(fault, response, "the table agrees with every clue")


def _fault(rows: list[str], clues: list[str], table: list[str]) -> str:
    if len(table) != len(rows):
        return f"the answer is not {len(rows)} rows"
    for number, (values, row) in enumerate(zip(rows, table, strict=True), start=1):
        if sorted(values) != sorted(row):
            return f"row {number} does not hold each of {values} once"
    broken = next((clue for clue in clues if not _holds(clue, table)), "")
    return f"the table contradicts the clue {broken}" if broken else ""


def _holds(clue: str, table: Sequence[str]) -> bool:
    left, relation, right = tuple(clue)
    house = {value: number for row in table for number, value in enumerate(row, start=1)}
    return RELATIONS[relation](house[left], int(right) if right.isdigit() else house[right])


def _true_clues(table: Table) -> list[str]:
    """List all clues that hold; ``~`` and ``#`` join values of two attributes, the rest any."""
    values = sorted("".join(table))
    row_of = {value: number for number, row in enumerate(table) for value in row}
    houses = range(1, len(table[0]) + 1)
    numbered = [
        f"{value}{sign}{house}" for value, sign, house in product(values, WITH_NUMBERS, houses)
    ]
    joined = [
        left + sign + right
        for left, right, sign in product(values, values, RELATIONS)
        if left != right and (sign not in WITH_NUMBERS or row_of[left] != row_of[right])
    ]
    # Of two ways to write the same clue, such as a~d and d~a, only the alphabetical one is kept.
    return [clue for clue in numbered + joined if clue == _in_order(clue) and _holds(clue, table)]


def _in_order(clue: str) -> str:
    left, relation, right = tuple(clue)
    symmetric = relation in "~#|" and right.isalpha()
    return min(clue, right + relation + left) if symmetric else clue


# Exhaustive search. For each attribute there is a set of possible orders of its values, as bits:
# bit k stands for the k-th permutation. A clue about one attribute removes orders once and for all;
# a clue about two attributes removes, for each order of one, some orders of the other.


def _rival(rows: list[str], clues: list[str], table: Table) -> Table | None:
    """Find another table that agrees with all clues: there is none if they fix the table."""
    return next((rival for rival in _tables(rows, clues) if rival != table), None)


def _table(instance: Mapping[str, Any]) -> Table:
    rows, clues = instance["rows"].split("/"), instance["clues"].split(" ")
    table = next(_tables(rows, clues), None)
    if table is None:
        raise ValueError(f"no table agrees with {instance['clues']}")
    return table


def _tables(rows: list[str], clues: list[str]) -> Iterator[Table]:
    """Yield every table that agrees with all clues."""
    houses = len(rows[0])
    positions = {
        value: (number, index) for number, row in enumerate(rows) for index, value in enumerate(row)
    }
    orders = [(1 << len(_permutations(houses))) - 1] * len(rows)
    across: list[Across] = []
    for left, relation, right in map(tuple, clues):
        row, index = positions[left]
        if right.isdigit():
            orders[row] &= _related_to_house(houses, index, relation, int(right) - 1)
        elif positions[right][0] == row:
            orders[row] &= _related_within(houses, index, relation, positions[right][1])
        else:
            across.append((row, index, relation, *positions[right]))
    for chosen in _choices(houses, orders, across, {}):
        yield tuple(
            "".join(row[index] for index in chosen[number]) for number, row in enumerate(rows)
        )


def _choices(
    houses: int, orders: list[int], across: list[Across], chosen: dict[int, Order]
) -> Iterator[dict[int, Order]]:
    """Choose an order for the attribute with the fewest, narrow the others by its clues, and go on.

    Args:
        houses: Number of houses.
        orders: For each attribute the orders that are possible, as bits.
        across: Clues about two attributes: attribute and index of the left value, relation,
            attribute and index of the right value.
        chosen: Orders chosen so far, by attribute.

    Yields:
        An order for every attribute.
    """
    if not all(orders):
        return
    if len(chosen) == len(orders):
        yield dict(chosen)
        return
    undecided = set(range(len(orders))) - set(chosen)
    row = min(undecided, key=lambda number: (orders[number].bit_count(), number))
    for number, order in enumerate(_permutations(houses)):
        if orders[row] >> number & 1:
            narrowed = list(orders)
            for left, left_index, relation, right, right_index in across:
                if left == row and right not in chosen:
                    narrowed[right] &= _related_from_house(
                        houses, order.index(left_index), relation, right_index
                    )
                elif right == row and left not in chosen:
                    narrowed[left] &= _related_to_house(
                        houses, left_index, relation, order.index(right_index)
                    )
            yield from _choices(houses, narrowed, across, {**chosen, row: order})


@cache  # one entry for every number of houses
def _permutations(houses: int) -> list[Order]:
    """List all orders: the value at index 0 of an order is the one in the first house."""
    return list(permutations(range(houses)))


@cache  # a few hundred entries for each number of houses: values, relations, houses
def _related_to_house(houses: int, value: int, relation: str, house: int) -> int:
    """The orders in which the house of ``value`` has the relation to ``house``, as bits."""
    return _orders(houses, lambda order: RELATIONS[relation](order.index(value), house))


@cache  # likewise
def _related_from_house(houses: int, house: int, relation: str, value: int) -> int:
    """The orders in which ``house`` has the relation to the house of ``value``, as bits."""
    return _orders(houses, lambda order: RELATIONS[relation](house, order.index(value)))


@cache  # likewise
def _related_within(houses: int, left: int, relation: str, right: int) -> int:
    """The orders in which the house of ``left`` has the relation to that of ``right``, as bits."""
    return _orders(houses, lambda order: RELATIONS[relation](order.index(left), order.index(right)))


def _orders(houses: int, holds: Callable[[Order], bool]) -> int:
    return bits(number for number, order in enumerate(_permutations(houses)) if holds(order))

"""Exact search for grid puzzles: narrow what is possible, split what remains, backtrack on failure.

- ``first``: the search itself, over states that the caller narrows and splits.
- ``mark``: which cells to mark, if sets of cells say how many of them are to be marked.
- ``cross``: which words to write into the rows of a square so that its columns are words too.

Sets are the bits of an integer, so that narrowing a whole set is one operation. A search that needs
more than ``MAX_STEPS`` states is given up; ``draw_solvable`` draws another puzzle then, so every
puzzle drawn is solved quickly.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from seed.reference.tasks.puzzles.solvers.filling import BLANK

MAX_STEPS = 250
"""States searched before a search is given up: 0.2 s at most on an idle core.

Of 400 puzzles of every family at its highest level none needed more than 61, so giving up is for
the rare hard puzzle and for instances written by hand.
"""

State = TypeVar("State")


class OutOfSteps(ValueError):
    """The search was given up: it is unknown whether an answer exists."""


class Count(NamedTuple):
    """Of the cells in a set, at least ``least`` and at most ``most`` are to be marked."""

    cells: int
    least: int
    most: int


class Marks(NamedTuple):
    """Cells decided so far; a cell in neither set is open."""

    marked: int
    unmarked: int


def first(
    start: State, narrow: Callable[[State], State | None], split: Callable[[State], Sequence[State]]
) -> State | None:
    """Search depth first.

    Args:
        start: Everything that is possible.
        narrow: Removes what cannot be; None if nothing is possible.
        split: Alternatives that together hold every solution of a narrowed state, the most
            promising first; none if the state is itself a solution.

    Returns:
        The first solution, narrowed, or None if there is none.

    Raises:
        OutOfSteps: After ``MAX_STEPS`` states.
    """
    stack = [start]
    for _ in range(MAX_STEPS):
        if not stack:
            return None
        state = narrow(stack.pop())
        if state is None:
            continue
        alternatives = split(state)
        if not alternatives:
            return state
        stack.extend(reversed(alternatives))
    raise OutOfSteps(f"no answer within {MAX_STEPS} steps")


def draw_solvable(
    draw: Callable[[], dict[str, Any]], solve: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    """Draw instances until one is solved before the search is given up.

    Args:
        draw: Draws an instance that has an answer; it may raise ``OutOfSteps`` as well.
        solve: The family's own ``solve``.

    Returns:
        The first such instance.
    """
    while True:
        try:
            instance = draw()
            solve(instance)
        except OutOfSteps:
            continue
        return instance


def mark(counts: Sequence[Count], allowed: Callable[[Marks], bool] = lambda _: True) -> int | None:
    """Find cells to mark so that every count holds.

    Args:
        counts: The counts. Cells in none of them stay unmarked.
        allowed: A further rule, checked whenever the counts force nothing more. It may return False
            only if no way to decide the open cells obeys the rule, and True only if leaving all of
            them unmarked obeys it.

    Returns:
        The marked cells, or None if there is no way.

    Raises:
        OutOfSteps: The search was given up.
    """

    def narrow(marks: Marks) -> Marks | None:
        narrowed = _counted(counts, marks)
        return narrowed if narrowed is not None and allowed(narrowed) else None

    solution = first(Marks(0, 0), narrow, lambda marks: _either_way(counts, marks))
    return None if solution is None else solution.marked


def cross(
    words: tuple[str, ...],
    rows: Sequence[int],
    columns: Sequence[int],
    order: Callable[[], Sequence[int]] | None = None,
    distinct: bool = True,
) -> list[str] | None:
    """Write a word into every row of a square so that its columns are words too.

    Args:
        words: Distinct words, as long as the square is wide.
        rows: For every row the words that fit it: bit ``number`` stands for ``words[number]``.
        columns: The same for every column.
        order: Called at each split: the numbers of all words, in the order in which to try them; by
            default their own order.
        distinct: Whether the rows must differ from each other, and the columns too.

    Returns:
        The word of each row, or None if there is no way.

    Raises:
        OutOfSteps: The search was given up.
    """

    def split(lines: tuple[int, ...]) -> list[tuple[int, ...]]:
        undecided = [number for number, choices in enumerate(lines) if choices.bit_count() > 1]
        if not undecided:
            return []
        line = min(undecided, key=lambda number: lines[number].bit_count())
        trials = order() if order else range(len(words))
        return [
            (*lines[:line], 1 << word, *lines[line + 1 :])
            for word in trials
            if lines[line] >> word & 1
        ]

    def narrow(lines: tuple[int, ...]) -> tuple[int, ...] | None:
        return _crossed(lines, holding(words), distinct)

    solution = first((*rows, *columns), narrow, split)
    if solution is None:
        return None
    return [words[choice.bit_length() - 1] for choice in solution[: len(rows)]]


@cache
def holding(words: tuple[str, ...]) -> list[dict[str, int]]:
    """For each index in words of one length and each character, the words that hold it there."""
    symbols = sorted(set("".join(words)))
    return [
        {
            symbol: bits(number for number, word in enumerate(words) if word[index] == symbol)
            for symbol in symbols
        }
        for index in range(len(words[0]))
    ]


def fitting(words: tuple[str, ...], pattern: Iterable[str]) -> int:
    """The set of words that fit a pattern of their length; ``BLANK`` in it fits any character."""
    fit = bits(range(len(words)))
    for held, symbol in zip(holding(words), pattern, strict=True):
        fit &= fit if symbol == BLANK else held.get(symbol, 0)
    return fit


def bits(numbers: Iterable[int]) -> int:
    """Write a set of numbers >= 0 as the integer in which these bits are one."""
    number_set = 0
    for number in numbers:
        number_set |= 1 << number
    return number_set


def numbers_of(number_set: int) -> list[int]:
    """The numbers in a set that ``bits`` wrote, ascending."""
    return [number for number in range(number_set.bit_length()) if number_set >> number & 1]


def _counted(counts: Sequence[Count], marks: Marks) -> Marks | None:
    """Mark and unmark what the counts force, until they force nothing more.

    None if a count cannot hold.
    """
    marked, unmarked = marks
    before = None
    while before != (marked, unmarked):
        before = (marked, unmarked)
        for cells, least, most in counts:
            undecided = cells & ~(marked | unmarked)
            have = (cells & marked).bit_count()
            if have > most or have + undecided.bit_count() < least:
                return None
            if have == most:
                unmarked |= undecided
            elif have + undecided.bit_count() == least:
                marked |= undecided
    return Marks(marked, unmarked)


def _either_way(counts: Sequence[Count], marks: Marks) -> list[Marks]:
    """Mark or unmark one cell of the count that has the fewest choices.

    Nothing if every count can do without more marks.
    """
    decided = marks.marked | marks.unmarked
    wanting = [
        cells & ~decided for cells, least, _ in counts if (cells & marks.marked).bit_count() < least
    ]
    if not wanting:
        return []
    fewest = min(wanting, key=int.bit_count)
    cell = fewest & -fewest  # the lowest bit
    return [Marks(marks.marked | cell, marks.unmarked), Marks(marks.marked, marks.unmarked | cell)]


def _crossed(
    lines: tuple[int, ...], held: Sequence[Mapping[str, int]], distinct: bool
) -> tuple[int, ...] | None:
    """Remove words that no crossing word agrees with, until nothing changes.

    With ``distinct``, also words that another line of the same direction has taken.
    """
    narrowed, size = list(lines), len(lines) // 2
    before: list[int] = []
    while before != narrowed:
        before = narrowed[:]
        if distinct:
            _take_once(narrowed, range(size))
            _take_once(narrowed, range(size, 2 * size))
        for row in range(size):
            for column in range(size):
                # Words with this symbol where row and column cross: in the row, in the column.
                for symbol, in_row in held[column].items():
                    in_column = held[row][symbol]
                    if not narrowed[row] & in_row:
                        narrowed[size + column] &= ~in_column
                    elif not narrowed[size + column] & in_column:
                        narrowed[row] &= ~in_row
        if not all(narrowed):
            return None
    return tuple(narrowed)


def _take_once(lines: list[int], direction: range) -> None:
    """Where one word is left for a line, remove it from the other lines of that direction."""
    for taker in direction:
        if lines[taker].bit_count() == 1:
            for line in direction:
                if line != taker:
                    lines[line] &= ~lines[taker]

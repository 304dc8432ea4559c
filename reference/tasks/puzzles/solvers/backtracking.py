"""Exact search for grid puzzles: narrow what is still possible, split it where that decides
nothing, step back if it fails.

==============  =========================================================================================
``first``       the search itself, over states that the caller narrows and splits
``mark``        which cells to mark, if sets of cells say how many of them are to be marked
``cross``       which words to write into the rows of a square so that its columns are words too
==============  =========================================================================================

Sets are the bits of an integer, so that narrowing a whole set is one operation. A search that needs
more than ``MAX_STEPS`` states is given up; whoever draws a puzzle draws another one then, so every
puzzle drawn is solved quickly.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from seed.reference.tasks.puzzles.solvers.filling import BLANK

MAX_STEPS = 250
"""States looked at before a search is given up: 0.2 s at most on an idle core. Of 400 puzzles of
every family at its highest level none needed more than 61, so giving up is there for the rare hard
one and for instances written by hand.
"""

State = TypeVar("State")


class OutOfSteps(ValueError):
    """The search was given up: it says neither that an answer exists nor that there is none."""


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
        narrow: Takes away what cannot be; None if nothing is left.
        split: Parts that together hold every solution of a narrowed state, the most promising
            first; none if the state is itself a solution.

    Returns:
        The first solution, narrowed, or None if there is none.

    Raises:
        OutOfSteps: After ``MAX_STEPS`` states.
    """
    waiting = [start]
    for _ in range(MAX_STEPS):
        if not waiting:
            return None
        state = narrow(waiting.pop())
        if state is None:
            continue
        parts = split(state)
        if not parts:
            return state
        waiting.extend(reversed(parts))
    raise OutOfSteps(f"no answer within {MAX_STEPS} steps")


def draw_solvable(
    make: Callable[[], dict[str, Any]], solve: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    """Make instances until one is solved before the search is given up.

    Args:
        make: Makes an instance that has an answer, or gives up as well.
        solve: The family's own ``solve``.

    Returns:
        The first such instance.
    """
    while True:
        try:
            instance = make()
            solve(instance)
        except OutOfSteps:
            continue
        return instance


def mark(counts: Sequence[Count], allowed: Callable[[Marks], bool] = lambda _: True) -> int | None:
    """Find cells to mark so that every count holds.

    Args:
        counts: The counts. Cells in none of them stay unmarked.
        allowed: A further rule, asked whenever counting decides nothing more. It may say no only if
            no way to decide the open cells obeys it, and yes only if leaving all of them unmarked
            obeys it.

    Returns:
        The marked cells, or None if there is no way.

    Raises:
        OutOfSteps: The search was given up.
    """

    def narrow(marks: Marks) -> Marks | None:
        narrowed = _counted(counts, marks)
        return narrowed if narrowed is not None and allowed(narrowed) else None

    found = first(Marks(0, 0), narrow, lambda marks: _either_way(counts, marks))
    return None if found is None else found.marked


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
        order: Says at each split which words to try first, as numbers of all words; by default in
            their own order.
        distinct: No row and no column twice.

    Returns:
        The word of each row, or None if there is no way.

    Raises:
        OutOfSteps: The search was given up.
    """

    def split(lines: tuple[int, ...]) -> list[tuple[int, ...]]:
        undecided = [place for place, fitting in enumerate(lines) if fitting.bit_count() > 1]
        if not undecided:
            return []
        place = min(undecided, key=lambda place: lines[place].bit_count())
        trials = order() if order else range(len(words))
        return [
            (*lines[:place], 1 << word, *lines[place + 1 :])
            for word in trials
            if lines[place] >> word & 1
        ]

    found = first((*rows, *columns), lambda lines: _crossed(lines, holding(words), distinct), split)
    return (
        None
        if found is None
        else [words[fitting.bit_length() - 1] for fitting in found[: len(rows)]]
    )


@cache
def holding(words: tuple[str, ...]) -> list[dict[str, int]]:
    """Index words by their characters.

    Args:
        words: Words of one length.

    Returns:
        For each place in a word and each character, the set of words that hold it there.
    """
    symbols = sorted(set("".join(words)))
    return [
        {
            symbol: bits(number for number, word in enumerate(words) if word[place] == symbol)
            for symbol in symbols
        }
        for place in range(len(words[0]))
    ]


def fitting(words: tuple[str, ...], pattern: Iterable[str]) -> int:
    """Find the words that fill a pattern.

    Args:
        words: Words of one length.
        pattern: As many characters, ``BLANK`` where any will do.

    Returns:
        The set of the words that fit.
    """
    fit = bits(range(len(words)))
    for held, symbol in zip(holding(words), pattern, strict=True):
        fit &= fit if symbol == BLANK else held.get(symbol, 0)
    return fit


def bits(numbers: Iterable[int]) -> int:
    """Write a set of numbers as an integer.

    Args:
        numbers: Numbers >= 0.

    Returns:
        The integer whose bits with these numbers are one.
    """
    whole = 0
    for number in numbers:
        whole |= 1 << number
    return whole


def numbers_of(whole: int) -> list[int]:
    """Read the set that an integer stands for.

    Args:
        whole: What ``bits`` returned.

    Returns:
        The numbers, ascending.
    """
    return [number for number in range(whole.bit_length()) if whole >> number & 1]


def _counted(counts: Sequence[Count], marks: Marks) -> Marks | None:
    """Mark and unmark what the counts force, until they force nothing more; None if a count cannot
    hold.
    """
    marked, unmarked = marks
    before = None
    while before != (marked, unmarked):
        before = (marked, unmarked)
        for cells, least, most in counts:
            missing = cells & ~(marked | unmarked)
            have = (cells & marked).bit_count()
            if have > most or have + missing.bit_count() < least:
                return None
            if have == most:
                unmarked |= missing
            elif have + missing.bit_count() == least:
                marked |= missing
    return Marks(marked, unmarked)


def _either_way(counts: Sequence[Count], marks: Marks) -> list[Marks]:
    """Mark or unmark one cell of the count that has least choice; nothing if every count can do
    without more marks.
    """
    decided = marks.marked | marks.unmarked
    wanting = [
        cells & ~decided for cells, least, _ in counts if (cells & marks.marked).bit_count() < least
    ]
    if not wanting:
        return []
    missing = min(wanting, key=int.bit_count)
    cell = missing & -missing  # the lowest bit
    return [Marks(marks.marked | cell, marks.unmarked), Marks(marks.marked, marks.unmarked | cell)]


def _crossed(
    lines: tuple[int, ...], held: Sequence[Mapping[str, int]], distinct: bool
) -> tuple[int, ...] | None:
    """Take away words that no crossing word agrees with, and words that a distinct line has taken,
    until nothing changes.
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
                for symbol, here in held[column].items():
                    there = held[row][symbol]
                    if not narrowed[row] & here:
                        narrowed[size + column] &= ~there
                    elif not narrowed[size + column] & there:
                        narrowed[row] &= ~here
        if not all(narrowed):
            return None
    return tuple(narrowed)


def _take_once(lines: list[int], places: range) -> None:
    """Where one word is left for a line, take it away from the other lines in the same
    direction.
    """
    for taker in places:
        if lines[taker].bit_count() == 1:
            for other in places:
                if other != taker:
                    lines[other] &= ~lines[taker]

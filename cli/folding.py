"""Text folded to the width of the terminal."""

from shutil import get_terminal_size
from textwrap import wrap

LABEL_WIDTH = 12
"""Columns of the label before a folded text."""
NARROWEST = 60
"""Columns below which lines are not made shorter."""


def width() -> int:
    """Columns of the terminal, 80 where there is none."""
    return max(get_terminal_size((80, 24)).columns, NARROWEST)


def hanging(text: str, first: str, indent: int) -> list[str]:
    """A text as lines of the terminal's width, the first after ``first``, the others indented."""
    lines = wrap(
        text,
        width(),
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]


def folded(line: str, column: int) -> list[str]:
    """A line whose text begins at a column, folded there if it is too long for the terminal."""
    if len(line) <= width():
        return [line]
    return hanging(line[column:], line[:column], column)

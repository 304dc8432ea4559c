"""Numbers and tables as text, for the terminal and for the reports."""

from collections.abc import Iterable, Mapping, Sequence

TEXT_WIDTH = 100
"""Columns of a line of foreign text."""


def percent(share: float) -> str:
    """``43.1 %``."""
    return f"{100 * share:.1f} %"


def interval(score: Mapping[str, float]) -> str:
    """The 95 % interval of a share in percent: ``[38.0, 48.4]``."""
    return f"[{100 * score['ci_low']:.1f}, {100 * score['ci_high']:.1f}]"


def score_text(score: Mapping[str, float]) -> str:
    """``43.1 % [38.0, 48.4]``."""
    return f"{percent(score['accuracy'])} {interval(score)}"


def signed(value: float, decimals: int) -> str:
    """A number with its sign; zero after rounding is +0, never -0."""
    return f"{round(value, decimals) + 0.0:+.{decimals}f}"


def aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Rows as lines of text: the first ``left`` columns flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def ruled(rows: Sequence[Sequence[str]], left: int) -> str:
    """The same as one text, with a rule below the first row."""
    head, *lines = aligned(rows, left)
    return "\n".join([head, "-" * max(map(len, (head, *lines))), *lines])


def printable(text: str, width: int = TEXT_WIDTH) -> str:
    """Foreign text as one line that cannot control the terminal, cut to a width."""
    line = "".join(character if character.isprintable() else "?" for character in text)
    return line if len(line) <= width else line[: width - 1] + "…"


def name_width(names: Iterable[str]) -> int:
    """Width of a column of names: the longest and a blank, at least 14 and at most 32."""
    return min(max(14, 1 + max(map(len, names))), 32)

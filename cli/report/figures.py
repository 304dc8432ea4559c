"""A plot as HTML: its picture with a heading above and a caption below."""

from collections.abc import Sequence
from html import escape

from seed.cli.report.plots import Plot

NO_BREAK = "\N{NO-BREAK SPACE}"


def in_columns(pictures: Sequence[Plot]) -> str:
    """Plots in two columns; wide ones span both."""
    return f'<div class="plots">{chr(10).join(map(figure, pictures))}</div>'


def figure(plot: Plot) -> str:
    """One of them."""
    wide = " class=wide" if plot.wide else ""
    caption = escape(plot.caption.replace(" %", NO_BREAK + "%"))
    return f"<figure{wide}><h3>{escape(plot.title)}</h3>{plot.svg}<figcaption>{caption}</figcaption></figure>"

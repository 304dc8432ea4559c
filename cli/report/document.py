"""A page as HTML: one document without network, its tables, cards and figures."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from seed.cli.report.drawing import Plot
from seed.cli.report.stylesheet import STYLESHEET

NO_BREAK = "\N{NO-BREAK SPACE}"


def document(title: str, body: str, refresh: int | None = None, script: str = "") -> str:
    """A whole HTML document. The content policy forbids everything from outside.

    It also forbids scripts, but for the one of this page, which it names by its digest.

    Args:
        title: Plain text.
        body: HTML.
        refresh: Seconds after which a browser loads the page again; None for a page that stays.
        script: JavaScript that runs when the page is loaded; empty for none.
    """
    again = f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh else ""
    policy, inside = "default-src 'none'; style-src 'unsafe-inline'", ""
    if script:
        name = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy, inside = f"{policy}; script-src 'sha256-{name}'", f"<script>{script}</script>\n"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{again}<title>{escape(title)}</title>\n<style>{STYLESHEET}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{inside}</body>\n</html>\n"
    )


def heading(title: str, summary: str, cards: Sequence[str]) -> str:
    """The top of a page; ``summary`` and ``cards`` are HTML."""
    return f'<h1>{title}</h1><p>{summary}</p><div class="cards">{"".join(cards)}</div>'


def card(figure: str, label: str, kind: str = "") -> str:
    """A large figure with a label below; both are HTML."""
    return f'<div class="card {kind}"><b>{figure}</b><span class="soft">{label}</span></div>'


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    text_columns: int = 1,
    kind: str = "",
) -> str:
    """A table of HTML cells, in a box of its own that scrolls where the window is too narrow.

    Args:
        caption: What the table shows, as plain text; a screen reader reads it, the page does not
            show it.
        head: Headings of the columns.
        rows: As long as ``head``; the first cell is the heading of its row.
        text_columns: So many columns hold text; those behind them hold numbers, flush right.
        kind: Class of the table.
    """

    def cells(row: Sequence[str], tags: Sequence[str]) -> str:
        classes = ("" if column < text_columns else " class=n" for column in range(len(row)))
        cells = zip(tags, classes, row, strict=True)
        return "".join(f"<{tag}{of}>{cell}</{tag.split()[0]}>" for tag, of, cell in cells)

    columns = ["th scope=col"] * len(head)
    row_tags = ["th scope=row", *["td"] * (len(head) - 1)]
    body = "".join(f"<tr>{cells(row, row_tags)}</tr>" for row in rows)
    kind = f" class={kind}" if kind else ""
    text = escape(caption)
    return scrolling(
        f"<table{kind}><caption><span class=hidden>{text}</span></caption>"
        f"<thead><tr>{cells(head, columns)}</tr></thead><tbody>{body}</tbody></table>",
        caption,
    )


def scrolling(content: str, label: str) -> str:
    """HTML in a box that scrolls sideways, by keyboard as well."""
    return f'<div class=scroll tabindex=0 role=region aria-label="{escape(label)}">{content}</div>'


def escaped(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Cells of plain text as HTML."""
    return [[escape(cell) for cell in row] for row in rows]


def details(summary: str, text: str) -> str:
    """Plain text that unfolds below its summary."""
    return f"<details><summary>{summary}</summary><pre>{escape(text)}</pre></details>"


def in_columns(plots: Sequence[Plot]) -> str:
    """Plots in two columns; wide ones span both."""
    return f'<div class="plots">{chr(10).join(map(figure, plots))}</div>'


def figure(plot: Plot) -> str:
    """A picture with its heading above and its caption below; a wide one scrolls if it must."""
    wide = " class=wide" if plot.wide else ""
    picture = scrolling(plot.svg, plot.title) if plot.wide else plot.svg
    caption = escape(plot.caption.replace(" %", NO_BREAK + "%"))
    return (
        f"<figure{wide}><h3>{escape(plot.title)}</h3>{picture}"
        f"<figcaption>{caption}</figcaption></figure>"
    )

"""A page as HTML: one document without network or script, its tables, cards and figures."""

from collections.abc import Sequence
from html import escape

from seed.cli.report.drawing import Plot

NO_BREAK = "\N{NO-BREAK SPACE}"

STYLESHEET = """
:root { --ink: #222; --soft: #5f6368; --line: #e3e3e3; --correct: #00664b; --wrong: #a84600; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.2rem 1.5rem 4rem; max-width: 70rem; background: #fff;
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
  "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; } p { margin: .3rem 0 .8rem; max-width: 46rem; }
.soft, figcaption { color: var(--soft); }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.card { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1.1rem;
  flex: 1 1 9rem; }
.card b { display: block; font-size: 1.45rem; line-height: 1.3; white-space: nowrap; }
.card span { font-size: .85rem; }
.card.big { flex-grow: 3; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: .85rem; color: var(--soft); } td.n, th.n { text-align: right; }
.plots { display: grid; grid-template-columns: 1fr 1fr; grid-auto-flow: dense; gap: 2rem; }
figure { margin: 0; break-inside: avoid; } figure.wide { grid-column: 1 / -1; }
figcaption { font-size: .85rem; line-height: 1.4; }
svg { width: 100%; height: auto; display: block; } svg text { font-family: inherit !important; }
code, pre { font: .85rem/1.45 ui-monospace, "Cascadia Mono", Menlo, "Liberation Mono",
  monospace; }
code { overflow-wrap: anywhere; white-space: pre-wrap; } .samples td { break-inside: avoid; }
.samples { table-layout: fixed; margin-bottom: 1.4rem; } .samples th:nth-child(3) { width: 34%; }
.samples th:last-child { width: 5rem; } table + h3 { margin-top: 1.6rem; }
.correct { color: var(--correct); } .wrong { color: var(--wrong); } .outcome { font-weight: 600; }
.grid { width: auto; margin-top: .35rem; font: .75rem/1 ui-monospace, Menlo, monospace; }
.grid td { width: 1.35rem; height: 1.35rem; padding: 0; text-align: center;
  vertical-align: middle;
  border: 1px solid #bbb; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.grid .wall { background: #555; color: #555; } .grid .free { color: transparent; }
.grid .start { background: #cfe6f5; }
.grid .goal { background: #fbe3b0; }
details { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1.1rem; }
summary { cursor: pointer; font-weight: 600; } pre { margin: .6rem 0 0; white-space: pre-wrap; }
@media (max-width: 52rem) { .plots { grid-template-columns: 1fr; } }
@media print { html { font-size: 11px; } body { padding: 0; max-width: none; }
  .plots { grid-template-columns: 1fr 1fr; gap: 1rem; } h2 { break-after: avoid; } }
"""


def document(title: str, body: str) -> str:
    """A whole HTML document. The content policy forbids scripts and everything from outside."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLESHEET}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def heading(title: str, summary: str, cards: Sequence[str]) -> str:
    """The top of a page; ``summary`` and ``cards`` are HTML."""
    return f'<h1>{title}</h1><p>{summary}</p><div class="cards">{"".join(cards)}</div>'


def card(figure: str, label: str, kind: str = "") -> str:
    """A large figure with a label below; both are HTML."""
    return f'<div class="card {kind}"><b>{figure}</b><span class="soft">{label}</span></div>'


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1, kind: str = ""
) -> str:
    """A table of HTML cells.

    Args:
        head: Headings of the columns.
        rows: As long as ``head``.
        text_columns: So many columns hold text; those behind them hold numbers, flush right.
        kind: Class of the table.
    """

    def row(tag: str, cells: Sequence[str]) -> str:
        texts = (f"<{tag}>{cell}</{tag}>" for cell in cells[:text_columns])
        numbers = (f"<{tag} class=n>{cell}</{tag}>" for cell in cells[text_columns:])
        return f"<tr>{''.join(texts)}{''.join(numbers)}</tr>"

    kind = f" class={kind}" if kind else ""
    return f"<table{kind}>{row('th', head)}{''.join(row('td', cells) for cells in rows)}</table>"


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
    """A picture with its heading above and its caption below."""
    wide = " class=wide" if plot.wide else ""
    caption = escape(plot.caption.replace(" %", NO_BREAK + "%"))
    return (
        f"<figure{wide}><h3>{escape(plot.title)}</h3>{plot.svg}"
        f"<figcaption>{caption}</figcaption></figure>"
    )

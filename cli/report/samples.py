"""Tables of sampled responses: prompt, response, verdict and reward; puzzles drawn as grids."""

from html import escape

from seed.cli.report.document import table
from seed.cli.report.record import Line, Record, first_middle_last

# fmt: off
GRID_FAMILIES = (
    "binario", "campsite", "hitori", "kakurasu", "light_up", "magic_square", "maze",
    "minesweeper", "skyscraper", "sliding", "star_battle", "sudoku", "twiddle",
)
# fmt: on
"""Families whose prompts or answers are rows of cells; all others are shown as text only."""
CELLS = {"#": "wall", "S": "start", "G": "goal", ".": "free"}
MARKS = {"correct": ("correct", "✓"), "wrong": ("wrong", "✗"), "unjudged": ("soft", "–")}
SHOWN_CHARACTERS = 1000
"""Longer responses are cut in the report; rollouts/ holds all tokens."""


SHOWN_COLUMN = 200
"""Longer values of columns are cut in the report; samples.jsonl holds all of them."""


def sample_section(record: Record) -> str:
    """Responses of the first, a middle and the last RL step that wrote some out."""
    by_step: dict[int, list[Line]] = {}
    for line in record.samples:
        by_step.setdefault(line["step"], []).append(line)
    if not by_step:
        return ""
    rl_step = {line["step"]: line["phase_step"] for line in record.metrics}
    head = ("prompt", "response", "outcome and why", "reward")
    tables = []
    for step in first_middle_last(sorted(by_step)):
        title = f"RL step {rl_step.get(step, '?')}"
        rows = list(map(sample_cells, by_step[step]))
        html = table(title, head, rows, text_columns=3, kind="samples")
        tables.append(f"<h3>{title}</h3>{html}")
    note = (
        "The first response to a few problems of the first, a middle and the last RL step, as the"
        " policy sampled it then."
    )
    return "\n".join([f'<h2>Sampled responses</h2><p class="soft">{note}</p>', *tables])


def sample_cells(line: Line) -> list[str]:
    """One response with its verdict as HTML cells."""
    prompt, response = line["prompt"], line["response"]
    has_grid = line["problem"].split("/")[0] in GRID_FAMILIES
    kind, mark = MARKS[line["outcome"]]
    outcome = f'<span class="outcome {kind}">{mark} {escape(line["outcome"])}</span>'
    truncated = " Cut off at the token limit." if line["finish"] == "length" else ""
    return [
        f"<code>{escape(prompt)}</code>{prompt_grid(prompt) if has_grid else ''}",
        f"{response_html(response)}{answer_grid(response) if has_grid else ''}",
        f"{outcome} <span class=soft>{escape(line['why'])}.{truncated}</span>{details(line)}",
        f"{line['reward']:.2f}".replace("-", "−"),
    ]


def details(line: Line) -> str:
    """The extracted answer, scores of reward functions and their columns, where there are any."""
    found = {"extracted": line["extracted"]} if line.get("extracted") else {}
    named = {**found, **line.get("scores", {}), **line.get("columns", {})}
    texts = (f"{escape(name)} = {escape(shortened(value))}" for name, value in named.items())
    return "".join(f"<br><span class=soft>{text}</span>" for text in texts)


def shortened(value: object) -> str:
    """A value of a column as text of bounded length."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= SHOWN_COLUMN else f"{text[:SHOWN_COLUMN]}…"


def prompt_grid(prompt: str) -> str:
    """The grid of a prompt, which stands between the family's letter and ``=``."""
    return grid(prompt[1:].rstrip("="))


def answer_grid(response: str) -> str:
    """The grid of a response, which stands before a ``=`` if there is one."""
    return grid(response.partition("=")[0])


def response_html(response: str) -> str:
    """A response as code, its end left out if it is long."""
    if not response:
        return "<span class=soft>empty</span>"
    rest = len(response) - SHOWN_CHARACTERS
    more = f" <span class=soft>and {rest} characters more</span>" if rest > 0 else ""
    return f"<code>{escape(response[:SHOWN_CHARACTERS])}</code>{more}"


def grid(text: str) -> str:
    """A small table, empty if the rows are not of one length.

    Rows are split at ``/``, cells at blanks if there are any.
    """
    rows = [row.split(" ") if " " in text else list(row) for row in text.split("/")]
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return ""
    body = ""
    for row in rows:
        cells = (f"<td class={CELLS.get(cell, 'mark')}>{escape(cell)}</td>" for cell in row)
        body += f"<tr>{''.join(cells)}</tr>"
    label = escape(f"grid: {text.replace('/', ' / ')}")
    return f'<table class=grid role=img aria-label="{label}">{body}</table>'

"""The page on which a person decides about rows that were put aside.

One file without network. A small script collects the decisions and gives them as a file of JSON
lines for ``seed data filter --decisions``.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from seed.cli.report.document import card, document, heading

SCRIPT = """
"use strict";
const items = [...document.querySelectorAll(".decide")];
const text = document.getElementById("decisions");
const done = document.getElementById("done");
function collect() {
  const lines = [];
  for (const item of items) {
    const decision = item.elements.decision.value, line = {id: item.dataset.id, decision};
    const reference = item.elements.reference.value.trim();
    if (decision === "replace") line.reference = reference;
    if (decision && (decision !== "replace" || reference)) lines.push(JSON.stringify(line));
  }
  text.value = lines.map(line => line + "\\n").join("");
  done.textContent = `${lines.length} of ${items.length} decided`;
}
for (const item of items) item.addEventListener("submit", event => event.preventDefault());
document.addEventListener("input", collect);
document.getElementById("copy").addEventListener("click", () => {
  text.select();
  document.execCommand("copy");
});
collect();
"""

HOW = (
    "Decide for each problem whether its reference is right. Save the lines at the end as"
    " <code>decisions.jsonl</code> and run the same command with"
    " <code>--decisions decisions.jsonl</code> and another <code>--out</code>."
)


def review_page(lines: Iterable[Mapping[str, Any]]) -> str:
    """The whole page.

    Args:
        lines: Of the file of rows that were put aside.
    """
    items = [item(line) for line in lines]
    cards = [card(str(len(items)), "problems to decide"), card('<span id="done"></span>', "here")]
    body = heading("Suspect references", HOW, cards)
    end = (
        '<h2>Decisions</h2><p><button id="copy" type="button">Copy</button></p>'
        '<textarea id="decisions" rows="12" cols="90" readonly aria-label="Decisions"></textarea>'
    )
    return document("Suspect references", "\n".join([body, *items, end]), script=SCRIPT)


def item(line: Mapping[str, Any]) -> str:
    """One problem: statement, reference, answers of models, and three choices."""
    details = line["details"]
    name = escape(line["id"], quote=True)
    answers = ", ".join(
        f"<code>{escape(answer)}</code> × {count}"
        for answer, count in details["wrong_answers"].items()
    )
    tokens = f"; median tokens {details['median_tokens']:g}" if "median_tokens" in details else ""
    facts = (
        f"<p>Reference: <code>{escape(str(line.get('reference', '')))}</code>. Answers:"
        f" {details['correct']} right, {details['wrong']} wrong{tokens}."
        f" Wrong ones: {answers or '–'}</p>"
    )
    return (
        f"<h2>{name}</h2><p class=soft>{escape(line['file'])} line {line['line']},"
        f" {escape(line['rule'])}: {escape(line['reason'])}</p>"
        f"<pre>{escape(str(line.get('statement', '')))}</pre>{facts}"
        f'<form class=decide data-id="{name}">{choices(details["wrong_answers"])}</form>'
    )


def choices(wrong: Mapping[str, int] | Sequence[str]) -> str:
    """Keep, drop, or replace by another reference; the most frequent answer is suggested."""
    suggested = escape(next(iter(wrong), ""), quote=True)
    buttons = "".join(
        f'<label><input type="radio" name="decision" value="{value}"> {text}</label> '
        for value, text in (
            ("keep", "keep: the reference is right"),
            ("drop", "drop the problem"),
            ("replace", "replace the reference by"),
        )
    )
    return f'{buttons}<input name="reference" value="{suggested}" aria-label="New reference">'

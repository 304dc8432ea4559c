"""Lists of problems on a page: a bar of filters, and a line for each that unfolds."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from seed.cli.report.document import scrolling
from seed.cli.report.formulas import statement_html

DELIMITER = re.compile(r"\$|\\[()\[\]]")
START = 160
"""Characters of a statement in its line."""

SCRIPT = """
"use strict";
const bar = document.querySelector(".filters");
const problems = [...document.querySelectorAll(".problem")];
const shown = document.getElementById("shown");
function filter() {
  const words = bar.elements.words.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const selects = [...bar.querySelectorAll("select")].filter(select => select.value);
  let count = 0;
  for (const problem of problems) {
    const text = problem.textContent.toLowerCase();
    const wanted = words.every(word => text.includes(word)) && selects.every(
      select => problem.dataset[select.name].split("|").includes(select.value));
    problem.hidden = !wanted;
    count += wanted;
  }
  shown.textContent = `${count} of ${problems.length} problems`;
}
if (bar) {
  bar.hidden = false;
  bar.addEventListener("input", filter);
  bar.addEventListener("submit", event => event.preventDefault());
  filter();
}
"""


def filter_bar(choices: Mapping[str, Sequence[str]]) -> str:
    """A search field and a choice for each label; hidden where scripts do not run.

    Args:
        choices: Name of a ``data-`` attribute -> its values.
    """
    selects = "".join(
        f"<label>{escape(name.capitalize())}<select name={escape(name)}><option value=''>all"
        f"</option>{''.join(f'<option>{escape(value)}</option>' for value in values)}</select>"
        "</label>"
        for name, values in choices.items()
    )
    return (
        "<form class=filters hidden><label>Words<input name=words type=search></label>"
        f"{selects}<span id=shown class=soft role=status></span></form>"
    )


def entry(head: str, text: str, body: str, data: Mapping[str, str]) -> str:
    """A problem: its line, and below it statement and ``body`` (HTML).

    Args:
        head: HTML of the line before the statement's first words.
        text: The statement.
        body: HTML.
        data: What the filters look at; several values are divided by ``|``.
    """
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    start = " ".join(DELIMITER.sub("", text).split())[:START]
    statement = scrolling(f"<p>{statement_html(text)}</p>", "Statement")
    return (
        f"<details class=problem{attributes}><summary>{head}"
        f"<span class=text>{escape(start)}</span></summary>{statement}{body}</details>"
    )


def definitions(pairs: Mapping[str, str]) -> str:
    """A list of terms with what they are (HTML)."""
    inside = "".join(f"<dt>{escape(term)}</dt><dd>{text}</dd>" for term, text in pairs.items())
    return f"<dl>{inside}</dl>"

"""``audit.html``: what was found in sets of problems, rule by rule and problem by problem."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from seed.cli.formatting import percent
from seed.cli.report.colours import WRONG
from seed.cli.report.document import card, details, document, figure, heading, table
from seed.cli.report.drawing import WIDE, Plot, label_axes
from seed.cli.report.exam_list import SCRIPT, definitions, entry, filter_bar
from seed.reference.exams.answer_rules import integer_of
from seed.reference.exams.audit import RULES, AuditedRow, AuditedSet, is_confirmed, total_counts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 1000
"""Problems with findings that the page lists; ``audit.json`` has them all."""


def exam_audit_page(sets: Sequence[AuditedSet], against: Sequence[str]) -> str:
    """The whole page.

    Args:
        sets: What was found in each set.
        against: Names of the sets that they were compared with.
    """
    sections = (top(sets, against), set_section(sets), rule_section(sets), finding_section(sets))
    names = ", ".join(one.problems.name for one in sets)
    return document(f"Audit of {names}", "\n".join(filter(None, sections)), script=SCRIPT)


def top(sets: Sequence[AuditedSet], against: Sequence[str]) -> str:
    """The figures of all sets together."""
    rows = sum(len(one.rows) for one in sets)
    flagged = sum(len(one.flagged) for one in sets)
    solved = sum(len(one.solved) for one in sets)
    confirmed = sum(is_confirmed(row) for one in sets for row in one.rows)
    names = ", ".join(one.problems.name for one in sets)
    compared = f" Compared with {escape(', '.join(against))}." if against else ""
    summary = (
        f"<b>{escape(names)}</b>.{compared} A finding is a reason to look, not a verdict: a person"
        " decides."
    )
    cards = (
        card(str(rows), "problems"),
        card(str(flagged), "with a finding"),
        card(
            f"{confirmed} of {solved}",
            "answers confirmed by two solvers, of those that a family of ours fits",
        ),
        card(str(len(total_counts(sets))), f"of {len(RULES)} rules found something"),
    )
    return heading("Audit", summary, cards)


def set_section(sets: Sequence[AuditedSet]) -> str:
    """A line for each set."""
    rows = []
    for one in sets:
        answer, share = one.guess
        integers = sum(integer_of(row.row.answer) is not None for row in one.rows)
        confirmed = sum(map(is_confirmed, one.rows))
        rows.append(
            [
                escape(one.problems.name),
                str(len(one.rows)),
                str(integers),
                str(len(one.flagged)),
                f"{confirmed} of {len(one.solved)}",
                f"{escape(answer[:24])} ({percent(share)})",
                str(sum(one.problems.left_out.values())),
            ]
        )
    head = ("set", "problems", "integer answers", "with a finding", "confirmed", "best guess")
    note = (
        "Confirmed: a family of ours fits the text, and its two solvers find the reference answer."
        " Best guess: the most common answer, and how often it is right. Left out: rows of other"
        " domains."
    )
    body = table("Sets", (*head, "left out"), rows)
    return f"<h2>Sets</h2>{body}<p class=soft>{note}</p>"


def rule_section(sets: Sequence[AuditedSet]) -> str:
    """How many problems of each set break each rule."""
    counts = total_counts(sets)
    if not counts:
        return "<h2>Rules</h2><p>No rule found anything.</p>"
    rows = [
        [
            f"<code>{rule}</code>",
            escape(RULES[rule]),
            *(str(one.counts.get(rule, 0)) for one in sets),
        ]
        for rule in counts
    ]
    head = ("rule", "it says that", *(escape(one.problems.name) for one in sets))
    body = table("Findings by rule", head, rows, text_columns=2)
    silent = [rule for rule in RULES if rule not in counts]
    rest = f"<p class=soft>Nothing found by: {escape(', '.join(silent))}.</p>" if silent else ""
    return f"<h2>Rules</h2>{figure(rule_plot(counts))}{body}{rest}"


def rule_plot(counts: dict[str, int]) -> Plot:
    """Problems that break each rule, over all sets."""

    def paint(canvas: "Figure") -> None:
        axes = canvas.subplots()
        axes.barh(list(counts), list(counts.values()), color=WRONG, height=0.7)
        label_axes(axes, "problems", "", legend=False)
        axes.grid(axis="y", visible=False)
        axes.invert_yaxis()

    words = ", ".join(f"{rule} {count}" for rule, count in counts.items())
    size = (WIDE[0], 0.9 + 0.28 * len(counts))
    return Plot(
        "rules", "Findings", "Problems that break a rule, over all sets.", paint, size, words=words
    )


def finding_section(sets: Sequence[AuditedSet]) -> str:
    """Every problem with a finding, below a bar of filters."""
    pairs = [(one, row) for one in sets for row in one.flagged]
    if not pairs:
        return ""
    choices = {"rule": list(total_counts(sets)), "set": [one.problems.name for one in sets]}
    body = "\n".join(row_html(one.problems.name, row) for one, row in pairs[:SHOWN])
    rest = len(pairs) - SHOWN
    note = f"<p class=soft>{rest} more are in audit.json.</p>" if rest > 0 else ""
    return f"<h2>Problems with findings</h2>{note}{filter_bar(choices)}{body}"


def row_html(name: str, row: AuditedRow) -> str:
    """A problem with its findings."""
    rules = [one.rule for one in row.findings]
    marks = escape(", ".join(dict.fromkeys(rules)))
    place = escape(f"{name}/{row.row.id}"[:70])
    head = f"<span class='outcome wrong'>{marks}</span><span>{place}</span>"
    terms = {one.rule: f"{escape(RULES[one.rule])}: {escape(one.detail)}" for one in row.findings}
    terms["reference answer"] = f"<b>{escape(row.row.answer[:300])}</b>"
    if row.solved:
        families = " -> ".join(row.solved.families)
        terms["solvers"] = escape(f"{row.solved.exact}, {row.solved.second} ({families})")
    if row.closest[0]:
        terms["closest known"] = f"{escape(row.closest[0])}, {percent(row.closest[1])}"
    body = definitions(terms) + details("Source", row.row.text)
    return entry(head, row.row.text, body, {"rule": "|".join(rules), "set": name})

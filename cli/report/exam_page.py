"""``exam.html``: a built set with answers, certificates, and what was rejected on the way.

One file that works without network. Answers are folded, so that the page can be solved from.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from seed.cli.formatting import percent
from seed.cli.report.document import card, details, document, escaped, heading, in_columns, table
from seed.cli.report.exam_list import SCRIPT, definitions, entry, filter_bar
from seed.cli.report.exam_plots import answer_plot, area_plot
from seed.cli.report.formulas import has_mathml, statement_html
from seed.reference.evaluation.intervals import clustered_interval
from seed.reference.exams.catalogue import FAMILIES
from seed.reference.exams.exam_files import Exam
from seed.reference.exams.family import AREAS

Line = Mapping[str, Any]


def exam_page(exam: Exam) -> str:
    """The whole page."""
    seed = exam.record["seed"]
    sections = (
        top(exam),
        in_columns([area_plot(by_area(exam.problems)), answer_plot(answers(exam.problems))]),
        problem_section(exam),
        difficulty_section(exam),
        family_section(exam),
        rejected_section(exam.record),
        known_section(exam.record),
    )
    title = f"Exam of seed {seed}"
    return document(title, "\n".join(filter(None, sections)), script=SCRIPT)


def answers(problems: Sequence[Line]) -> list[int]:
    """The answers as numbers."""
    return [int(line["reference"]) for line in problems]


def by_area(problems: Sequence[Line]) -> dict[str, dict[str, int]]:
    """Area -> structure -> problems."""
    return {
        area: dict(Counter(one["structure"] for one in problems if one["area"] == area))
        for area in AREAS
    }


def top(exam: Exam) -> str:
    """What the set is, and its figures."""
    record = exam.record
    count, families = record["count"], len(record["counts"]["family"])
    agree = sum(one["exact"]["answer"] == one["second"]["answer"] for one in exam.certificates)
    unique = sum(one["uniqueness"] is not None for one in exam.certificates)
    overlap = percent(record["largest_overlap"]) if record["against"] else "–"
    cards = (
        card(str(count), f"problems of {families} families"),
        card(f"{agree} of {count}", "answers found by two independent solvers"),
        card(f"{agree} of {count}", "with a perturbed copy whose answer differs"),
        card(str(unique), "ask for the one object that fits: proven by count"),
        card(overlap, f"largest overlap with {len(record['against'])} known sets"),
    )
    rewritten = record["rewritten"]
    told = f" {rewritten} of them tell a scenario that a language model wrote." if rewritten else ""
    drawn = "" if has_mathml() else " Formulas are shown as LaTeX: latex2mathml is not installed."
    others = ", the known sets below" if record["against"] else ""
    others += ", the evaluations below" if record["policies"] else ""
    summary = (
        f"Built by <code>seed bench build --seed {record['seed']} --count {count}</code>, version"
        f" {escape(str(record['version']))}{others}; equal arguments make equal files.{told}{drawn}"
        " Levels are the authors' judgement, not measured."
    )
    return heading(f"Exam of seed {record['seed']}", summary, cards)


def problem_section(exam: Exam) -> str:
    """Every problem below a bar of filters."""
    choices = {
        "area": list(AREAS),
        "structure": sorted({line["structure"] for line in exam.problems}),
        "level": sorted({str(line["level"]) for line in exam.problems}),
        "family": sorted({line["family"] for line in exam.problems}),
    }
    pairs = zip(exam.problems, exam.certificates, strict=True)
    body = "\n".join(problem_html(n, *pair) for n, pair in enumerate(pairs, start=1))
    return f"<h2>Problems</h2>{filter_bar(choices)}{body}"


def problem_html(number: int, line: Line, certificate: Line) -> str:
    """One problem: statement, then answer and certificate behind a click."""
    head = f"<b>{number}</b><span>{escape(line['area'])}, level {line['level']}</span>"
    inside = (
        f"<p>Answer <b>{escape(line['reference'])}</b></p>"
        f"{definitions(certificate_terms(line, certificate))}"
    )
    body = (
        f"<details><summary>Answer and certificate</summary>{inside}</details>"
        f"{details('LaTeX', line['problem'])}"
    )
    data = {name: str(line[name]) for name in ("area", "structure", "level", "family")}
    return entry(head, line["problem"], body, data)


def certificate_terms(line: Line, certificate: Line) -> dict[str, str]:
    """Term -> HTML."""
    change, unique = certificate["perturbation"], certificate["uniqueness"]
    terms = {
        solver: f"{certificate[name]['answer']} &nbsp;<span class=soft>by"
        f" {escape(certificate[name]['method'])}</span>"
        for name, solver in (("exact", "first solver"), ("second", "second solver"))
    }
    terms["perturbed copy"] = (
        f"{escape(change['parameter'])} of {escape(change['family'])} is {change['to']} instead of"
        f" {change['from']}: the answer is {change['answer']}"
    )
    terms["its statement"] = statement_html(change["problem"])
    if unique:
        terms["uniqueness"] = f"{unique['count']}: {escape(unique['asked'])}"
    if overlap := certificate["overlap"]:
        terms["closest known"] = f"{escape(overlap['closest'])}, {percent(overlap['share'])}"
    for rate in certificate["solve_rates"]:
        terms[f"solved by {rate['policy']}"] = rate_text(rate)
    parts = map(part_text, line["provenance"]["parts"])
    terms["made of"] = escape(f"{line['structure']}: {', then '.join(parts)}")
    if rewriting := line["provenance"]["rewriting"]:
        used = "is used" if rewriting["used"] else f"is not used: {rewriting['failed_check']}"
        terms["rewriting"] = escape(f"the text of {rewriting['model']} {used}")
    terms["checks"] = escape("; ".join(certificate["checks"]))
    terms["id"] = f"<code>{escape(line['id'])}</code>"
    return terms


def part_text(part: Line) -> str:
    """``floor-sum (n = 276, a = 61)``."""
    numbers = ", ".join(f"{name} = {value}" for name, value in part["parameters"].items())
    return f"{part['family']} ({numbers})"


def rate_text(rate: Line) -> str:
    """``3 of 8 (37.5 %) [13.7, 69.4]``."""
    bounds = f"[{100 * rate['low']:.1f}, {100 * rate['high']:.1f}]"
    return f"{rate['correct']} of {rate['judged']} ({percent(rate['rate'])}) {bounds}"


def difficulty_section(exam: Exam) -> str:
    """Mean solve rate of each policy by area and level, where evaluations are given."""
    rows = [
        row
        for policy in dict.fromkeys(exam.record["policies"])
        for row in difficulty_rows(policy, rates_of(exam, policy))
    ]
    if not rows:
        return ""
    head = ("policy", "problems", "answered", "mean solve rate", "95 %")
    return f"<h2>Difficulty</h2>{table('Solve rates', head, escaped(rows), text_columns=2)}"


def rates_of(exam: Exam, policy: str) -> list[tuple[Line, Line]]:
    """Each problem that a policy answered, with its solve rate."""
    return [
        (line, rate)
        for line, certificate in zip(exam.problems, exam.certificates, strict=True)
        for rate in certificate["solve_rates"]
        if rate["policy"] == policy
    ]


def difficulty_rows(policy: str, rates: Sequence[tuple[Line, Line]]) -> list[list[str]]:
    """All problems, then those of each area and of each level."""
    groups = {"all": rates}
    groups |= {area: [one for one in rates if one[0]["area"] == area] for area in AREAS}
    groups |= {f"level {k}": [one for one in rates if one[0]["level"] == k] for k in (1, 2, 3)}
    rows = []
    for name, members in groups.items():
        if members:
            shares = [rate["rate"] for _, rate in members]
            low, high = clustered_interval(shares, max(rate["judged"] for _, rate in members))
            mean = percent(sum(shares) / len(shares))
            bounds = f"[{100 * low:.1f}, {100 * high:.1f}]"
            rows.append([policy, name, str(len(shares)), mean, bounds])
    return rows


def family_section(exam: Exam) -> str:
    """Families with their solvers and how many problems they have."""
    counts = exam.record["counts"]["family"]
    rows = [
        [family.name, family.area, *family.methods, str(family.level), str(counts.get(name, 0))]
        for name, family in FAMILIES.items()
    ]
    head = ("family", "area", "first solver", "second solver", "level", "problems")
    return f"<h2>Families</h2>{table('Families', head, escaped(rows), text_columns=4)}"


def rejected_section(record: Line) -> str:
    """Which rules rejected how many candidates."""
    if not record["rejected"]:
        return ""
    rows = [[rule, str(count)] for rule, count in record["rejected"].items()]
    note = "Candidates that were drawn and thrown away before these problems were found."
    body = table("Rejected candidates", ("rule", "candidates"), escaped(rows))
    return f"<h2>Rejected candidates</h2><p class=soft>{note}</p>{body}"


def known_section(record: Line) -> str:
    """Sets that every problem was compared with."""
    if not record["against"]:
        return ""
    rows = [[one["name"], one["sha256"][:16], str(one["problems"])] for one in record["against"]]
    head = ("known set", "sha256", "problems")
    return f"<h2>Compared with</h2>{table('Known sets', head, escaped(rows), text_columns=2)}"

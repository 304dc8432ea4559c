"""The page of a cleaning report: what was read, kept and dropped, by rule, with samples."""

from collections.abc import Mapping
from html import escape
from typing import Any

from seed.cli.report.document import card, details, document, heading, table

TITLES = {
    "import": "Imported problems",
    "clean": "Cleaned problems",
    "dedup": "Problems without duplicates",
    "decontaminate": "Problems without overlap",
    "filter": "Problems filtered by answers of models",
    "mcq-to-short": "Multiple choice to short answers",
    "to-integer": "Answers as integers",
}

Report = Mapping[str, Any]


def cleaning_page(report: Report) -> str:
    """The whole page of a report as ``reference.cleaning.pipeline.report_of`` makes it."""
    counts = report["counts"]
    title = str(TITLES.get(report["command"], report["command"]))
    cards = [
        card(f"{counts[name]:,}", label, kind)
        for name, label, kind in (
            ("rows", "rows read", ""),
            ("kept", "kept", "correct"),
            ("changed", "changed by a rule", ""),
            ("dropped", "dropped", "wrong"),
            ("put_aside", "wait for a decision", ""),
        )
        if counts[name] or name in ("rows", "kept", "dropped")
    ]
    names = ", ".join(f"<b>{escape(one['file'])}</b>" for one in report["inputs"])
    summary = f"<code>seed data {escape(report['command'])}</code> on {names}."
    sections = (
        heading(title, summary, cards),
        rule_section(report["rules"], counts["rows"]),
        sample_section(report["rules"]),
        more_section(report),
        details("Files and settings", facts(report)),
    )
    return document(title, "\n".join(filter(None, sections)))


def rule_section(rules: Mapping[str, Any], rows: int) -> str:
    """Every rule that was applied, in order, also those that found nothing."""
    cells = [
        [
            escape(name),
            str(of["changed"]),
            str(of["dropped"]),
            str(of["put_aside"]),
            share(of, rows),
        ]
        for name, of in rules.items()
    ]
    head = ("rule", "changed", "dropped", "put aside", "share of all rows")
    return f"<h2>Rules</h2>{table('Rules and counts', head, cells)}"


def share(of: Mapping[str, Any], rows: int) -> str:
    """Rows that a rule decided on, in percent."""
    count = of["changed"] + of["dropped"] + of["put_aside"]
    return f"{100 * count / rows:.2f} %" if rows else "–"


def sample_section(rules: Mapping[str, Any]) -> str:
    """The first rows of each rule with its reason."""
    parts = []
    for name, of in rules.items():
        for one in of["samples"]:
            where = f"{one['file']} line {one['line']}"
            head = f"<b>{escape(name)}</b> {escape(where)}: {escape(one['reason'])}"
            text = f"{one['statement']}\n\nreference: {one['reference'] or '(none)'}"
            parts.append(details(head, text))
    return f"<h2>First rows of each rule</h2>{''.join(parts)}" if parts else ""


def more_section(report: Report) -> str:
    """Further counts of a command, such as clusters or hits."""
    figures = report.get("figures") or {}
    rows = [[escape(name.replace("_", " ")), escape(str(value))] for name, value in figures.items()]
    return f"<h2>Further counts</h2>{table('Counts', ('what', 'number'), rows)}" if rows else ""


def facts(report: Report) -> str:
    """Digests of the inputs, version and thresholds as text."""
    lines = [f"seed {report['version']}", ""]
    lines += [
        f"{one['file']}  {one['bytes']} bytes  sha256 {one['sha256']}" for one in report["inputs"]
    ]
    lines += ["", *flat(report["settings"])]
    return "\n".join(lines)


def flat(settings: Mapping[str, Any], above: str = "") -> list[str]:
    """Settings as ``rule.key = value``."""
    lines = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            lines += flat(value, f"{above}{name}.")
        else:
            lines.append(f"{above}{name} = {value}")
    return lines

"""``seed audit``: compare the verifiers with labels of people."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.formatting import name_width, printable
from seed.cli.judging import judging_bar, judging_options, rate_text, rule_and_pool, with_overall
from seed.cli.options import PATH
from seed.cli.user_errors import Command

if TYPE_CHECKING:
    from seed.reference.verifiers.files.audit import Audit
    from seed.reference.verifiers.files.tally import Rate

SHOWN_FINDINGS = 5
"""Lines of each kind of finding that are printed; ``--out`` has them all."""


@click.command(cls=Command)
@click.argument("file", type=PATH)
@click.option("--out", type=PATH, help="New file for every false verdict and every error.")
@judging_options
def audit(file: Path, out: Path | None, **judging: Any) -> None:
    """Count false verdicts: FILE is as for verify, and every line has label, correct or wrong."""
    from seed.reference.verifiers.files.audit import audit_file
    from seed.reference.verifiers.files.publish import check_free, publish

    rule, pool = rule_and_pool(**judging)
    if out is not None:
        check_free(out)
    with judging_bar(file, "audit") as count, pool:
        audited = audit_file(file, rule, pool, count)
    if out is not None:
        publish(out, (json.dumps(line) for _, line in audited.findings))
    click.echo(audit_table(audited, rule.counted_by))
    click.echo(finding_list(audited), nl=False)


def audit_table(audited: "Audit", counted_by: str) -> str:
    """False positives and false negatives by domain or another field."""
    width = name_width([counted_by, *audited.rows])
    lines = [
        f"{printable(counted_by, width - 1):{width}}{'lines':>9}{'error':>9}"
        f"   {'false positives':42}false negatives"
    ]
    for name, row in with_overall(audited.rows, audited.overall, width):
        positives = false_rate(row.false_positives.rate(), "wrong")
        negatives = false_rate(row.false_negatives.rate(), "correct")
        lines.append(f"{name:{width}}{row.lines:>9}{row.errors:>9}   {positives:42}{negatives}")
    return "\n".join(lines)


def false_rate(rate: "Rate", label: str) -> str:
    """How many of the lines with a label got the other verdict."""
    if not rate.cases:
        return f"none labelled {label} was judged"
    return f"{rate.hits} of {rate.cases} {label}: {rate_text(rate)}"


def finding_list(audited: "Audit") -> str:
    """The first lines of each kind of finding."""
    from seed.reference.verifiers.files.audit import Finding

    text = ""
    for kind in Finding:
        lines = [line for finding, line in audited.findings if finding is kind]
        if lines:
            shown = (f"  {finding_line(line)}\n" for line in lines[:SHOWN_FINDINGS])
            text += f"\n{kind}s\n{''.join(shown)}"
        if len(lines) > SHOWN_FINDINGS:
            text += f"  and {len(lines) - SHOWN_FINDINGS} more; --out FILE writes them all\n"
    return text


def finding_line(line: dict[str, Any]) -> str:
    """Domain, id, extracted answer and reason of one line."""
    answer = f" answer {line['extracted']!r}" if line["extracted"] else ""
    return printable(f"{line['domain'] or '?'} {line['id'] or '(no id)'}:{answer} {line['why']}")

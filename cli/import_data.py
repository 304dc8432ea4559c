"""``seed data import`` and ``seed data stats``."""

import json
from collections.abc import Mapping
from typing import Any

import click

from seed.cli.cleaning import cleaning_options, files_text, plan_of, progress, report_text
from seed.cli.formatting import aligned, printable
from seed.cli.show_data import columns_of
from seed.cli.user_errors import Command

SHOWN_VALUES = 12
WIDTH = 90


@click.command("import", cls=Command)
@cleaning_options("")
def import_data(**options: Any) -> None:
    """Write the problems of FILEs, of any schema, as one JSONL file of ours.

    Ids, domains and other columns such as licence are kept. DOMAIN=FILE gives the rows of a file
    that name none a domain; --columns says which column is which.
    """
    from seed.cli.report.cleaning_page import cleaning_page
    from seed.reference.cleaning.ours import Import
    from seed.reference.cleaning.pipeline import Readable, publish, report_of, run_stages
    from seed.reference.cleaning.settings import Section

    plan = plan_of("import", Section(), options)
    job = plan.job()
    with progress("import", plan) as advanced:
        tally = run_stages(plan, job, [Readable(), Import()], advanced)
    report = report_of(plan, tally)
    publish(job, report, cleaning_page)
    click.echo(report_text(report))
    click.echo(files_text(report, options["out"]))


@click.command("stats", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--columns", multiple=True, metavar="OURS=COLUMN", help="Which column is which.")
@click.option("--json", "as_json", is_flag=True, help="Print all counts as JSON.")
def data_stats(files: tuple[str, ...], columns: tuple[str, ...], as_json: bool) -> None:
    """Count the problems of FILEs by domain, source, licence, level, kind of answer, length."""
    from seed.cli.meter import DELAY_SECONDS, meter
    from seed.reference.cleaning.inventory import inventory_of
    from seed.reference.cleaning.rows import Rows
    from seed.reference.data.schemas import RowRules

    rows = Rows(files, RowRules(columns_of(columns), custom=True))
    with meter("stats", rows.total(), delay=DELAY_SECONDS) as shown:
        found = inventory_of(rows, shown.advance)
    click.echo(json.dumps(found, indent=1) if as_json else inventory_text(found))


def inventory_text(found: Mapping[str, Any]) -> str:
    """Tables of counts, each value with its share."""
    names = ("exact_duplicates", "repeated_ids")
    parts = [f"{found['rows']} rows, {found['usable']} usable"]
    parts += [f"{found[name]} {name.replace('_', ' ')}" for name in names]
    lines = [", ".join(parts)]
    for name, counts in {**found["counts"], "unreadable because": found["unreadable"]}.items():
        if counts and list(counts) != ["(none)"]:
            lines += ["", *count_table(name, counts, found["rows"])]
    if found["characters"]:
        head = list(next(iter(found["characters"].values())))
        table = [["characters", *head]]
        table += [
            [name, *(f"{v:.0f}" for v in of.values())] for name, of in found["characters"].items()
        ]
        lines += ["", *aligned(table, left=1)]
    return "\n".join(lines)


def count_table(name: str, counts: Mapping[str, int], rows: int) -> list[str]:
    """The most frequent values."""
    shown = list(counts.items())[:SHOWN_VALUES]
    table = [[name, "rows", "share"]]
    table += [
        [printable(value, WIDTH), str(count), f"{100 * count / rows:.1f} %"]
        for value, count in shown
    ]
    lines = aligned(table, left=1)
    more = len(counts) - len(shown)
    return [*lines, f"and {more} more"] if more > 0 else lines

"""``seed data clean``: the report's rules on statements and references."""

from typing import Any

import click

from seed.cli.cleaning import (
    cleaning_options,
    files_text,
    plan_of,
    progress,
    report_text,
    settings_of,
)
from seed.cli.user_errors import Command


@click.command("clean", cls=Command)
@cleaning_options("CleanSettings")
def clean_data(**options: Any) -> None:
    """Drop rows of FILEs that break a rule on statement or reference answer.

    Kept rows are written as they are. Dropped ones are written with rule and reason beside OUT.
    Rules and thresholds: --defaults; --set proof.enabled=false.
    """
    from seed.cli.report.cleaning_page import cleaning_page
    from seed.reference.cleaning.clean import Clean
    from seed.reference.cleaning.pipeline import publish, report_of, run_stages
    from seed.reference.cleaning.settings import CleanSettings

    settings = settings_of(CleanSettings, options)
    plan = plan_of("clean", settings, options)
    job = plan.job()
    with progress("clean", plan) as advanced:
        tally = run_stages(plan, job, [Clean(settings)], advanced)
    report = report_of(plan, tally)
    publish(job, report, cleaning_page)
    click.echo(report_text(report))
    click.echo(files_text(report, options["out"]))

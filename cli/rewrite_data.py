"""``seed data mcq-to-short`` and ``seed data to-integer``."""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from seed.reference.cleaning.settings import Section
    from seed.reference.cleaning.stage import Stage


@click.command("mcq-to-short", cls=Command)
@cleaning_options("ChoiceSettings")
def mcq_to_short(**options: Any) -> None:
    """Turn multiple choice into short answers: options go, the answer is the text of the right one.

    Questions that need their options ("which of the following") are dropped, each by a named rule;
    rows without options stay as they are. What a row was is kept in its column original.
    """
    from seed.reference.cleaning.choices import ToShort
    from seed.reference.cleaning.settings import ChoiceSettings

    settings = settings_of(ChoiceSettings, options)
    rewrite("mcq-to-short", settings, ToShort(settings), options)


@click.command("to-integer", cls=Command)
@cleaning_options("IntegerSettings")
def to_integer(**options: Any) -> None:
    """Turn exact answers into integers: the statement then asks for a sum, as AIME does.

    m/n asks for m + n, (a + b sqrt c)/d for a + b + c + d. Integers stay, other answers are dropped
    by a named rule. What a row was is kept in its column original.
    """
    from seed.reference.cleaning.integers import ToInteger
    from seed.reference.cleaning.settings import IntegerSettings

    settings = settings_of(IntegerSettings, options)
    rewrite("to-integer", settings, ToInteger(settings), options)


def rewrite(command: str, settings: "Section", stage: "Stage", options: dict[str, Any]) -> None:
    """One pass of a stage that changes rows."""
    from seed.cli.report.cleaning_page import cleaning_page
    from seed.reference.cleaning.pipeline import Readable, publish, report_of, run_stages

    plan = plan_of(command, settings, options)
    job = plan.job()
    with progress(command, plan) as advanced:
        tally = run_stages(plan, job, [Readable(), stage], advanced)
    report = report_of(plan, tally)
    publish(job, report, cleaning_page)
    click.echo(report_text(report))
    click.echo(files_text(report, options["out"]))

"""``seed data filter``: drop or put aside rows by what models answered."""

from collections.abc import Iterator, Mapping
from pathlib import Path
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
from seed.cli.options import PATH
from seed.cli.user_errors import Command

if TYPE_CHECKING:
    from seed.reference.cleaning.pipeline import Plan


@click.command("filter", cls=Command)
@click.option(
    "--responses",
    type=PATH,
    multiple=True,
    required=True,
    help="Answers of models: a folder of `seed eval`, output of `seed verify`, lines with response"
    " or score. May be given several times.",
)
@click.option("--decisions", type=PATH, help="What a person has decided on the review page.")
@cleaning_options("FilterSettings")
def filter_data(responses: tuple[Path, ...], decisions: Path | None, **options: Any) -> None:
    """Drop rows that are too simple, and put suspect references aside, by N answers per problem.

    Answers are joined with rows by id. Rows that wait for a person are in OUT.review.jsonl, with a
    page to decide on them; --decisions takes the decisions back in. Rules: --defaults.
    """
    from seed.cli.report.cleaning_page import cleaning_page
    from seed.cli.report.review_page import review_page
    from seed.reference.cleaning.model_answers import ModelAnswers, read_decisions
    from seed.reference.cleaning.pipeline import (
        REVIEW,
        REVIEW_PAGE,
        Readable,
        publish,
        report_of,
        run_stages,
    )
    from seed.reference.cleaning.responses import join, read_answers
    from seed.reference.cleaning.settings import FilterSettings
    from seed.reference.verifiers.runner.pool import Pool, default_jobs
    from seed.reference.verifiers.runner.worker import Limits

    settings = settings_of(FilterSettings, options)
    decided = read_decisions(decisions) if decisions else {}
    given = read_answers(responses)
    more = {"answers": digests(responses), "decisions": decided}
    plan = plan_of("filter", settings, options, more)
    with Pool(default_jobs(), Limits()) as pool:
        joined = join(plan.rows, given, pool)
    job = plan.job()
    with progress("filter", plan) as advanced:
        tally = run_stages(
            plan, job, [Readable(), ModelAnswers(joined, settings, decided)], advanced
        )
    report = report_of(plan, tally, {"figures": joined.figures})
    pages = {}
    if not job.is_published and tally.put_aside:
        pages = {REVIEW_PAGE: review_page(waiting(plan, job.path(REVIEW)))}
    publish(job, report, cleaning_page, pages)
    click.echo(report_text(report))
    click.echo("".join(f"\n{name.replace('_', ' ')}: {n}" for name, n in joined.figures.items()))
    click.echo(files_text(report, options["out"]))
    if tally.put_aside:
        click.echo(f"to decide: {job.beside(REVIEW_PAGE)}")


def digests(paths: tuple[Path, ...]) -> list[str]:
    """Digests of the files of answers."""
    from seed.reference.data.located import digest

    files = [
        file
        for path in paths
        for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])
    ]
    return [digest(str(file)) for file in files]


def waiting(plan: "Plan", path: Path) -> Iterator[Mapping[str, Any]]:
    """Lines of the file of rows that were put aside, with statement and reference."""
    import json

    from seed.reference.cleaning.rows import record_of

    rules = {one.name: one.rules for one in plan.rows.inputs}
    with path.open("rb") as file:
        for text in file:
            line = json.loads(text)
            content = json.dumps(line["row"]).encode()
            record = record_of(content, line["file"], rules[line["file"]], 0, line["line"])
            yield line | {"statement": record.statement, "reference": record.reference}

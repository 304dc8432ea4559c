"""``seed data dedup`` and ``seed data decontaminate``."""

import json
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

SKETCHES = "sketches"


@click.command("dedup", cls=Command)
@cleaning_options("DedupSettings")
def deduplicate_data(**options: Any) -> None:
    """Keep one row of each cluster of duplicates, over all FILEs together.

    Exact duplicates have equal words, numbers and signs; near-duplicates equal numbers and word
    3-grams that are mostly the same (MinHash). Thresholds: --defaults.
    """
    from seed.cli.report.cleaning_page import cleaning_page
    from seed.reference.cleaning.duplicates import Dedup, Sketches, clusters_of
    from seed.reference.cleaning.pipeline import Readable, publish, report_of, run_stages
    from seed.reference.cleaning.settings import DedupSettings

    settings = settings_of(DedupSettings, options)
    plan, sketches = plan_of("dedup", settings, options), Sketches(settings)
    job = plan.job()
    with progress("sketch", plan) as advanced:
        job.run(
            0,
            plan.rows,
            (SKETCHES,),
            lambda record, files: files[SKETCHES].write(sketches.of(record)),
            advanced=advanced,
        )
    clusters = clusters_of(job.path(SKETCHES), settings)
    with progress("write", plan) as advanced:
        tally = run_stages(plan, job, [Readable(), Dedup(clusters, settings)], advanced, number=1)
    report = report_of(plan, tally, {"figures": clusters.figures})
    publish(job, report, cleaning_page)
    click.echo(report_text(report))
    click.echo(files_text(report, options["out"]))


@click.command("decontaminate", cls=Command)
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="EVAL",
    help="Evaluation set; may be given several times.",
)
@cleaning_options("OverlapSettings")
def decontaminate_data(against: tuple[str, ...], **options: Any) -> None:
    """Drop rows of FILEs that overlap with evaluation sets, and certify what was compared.

    OUT.certificate.json has the digests of all files, parameters, counts and every hit.
    """
    from seed.cli.report.cleaning_page import cleaning_page
    from seed.reference.cleaning import overlap
    from seed.reference.cleaning.pipeline import DROPPED, Readable, publish, report_of, run_stages
    from seed.reference.cleaning.rows import Rows
    from seed.reference.cleaning.settings import OverlapSettings

    settings = settings_of(OverlapSettings, options)
    evaluation = Rows(against)
    more = {"against": [one.as_json() for one in evaluation.inputs]}
    plan = plan_of("decontaminate", settings, options, more)
    stage = overlap.Overlap(evaluation, settings)
    job = plan.job()
    with progress("decontaminate", plan) as advanced:
        tally = run_stages(plan, job, [Readable(), stage], advanced)
    figures = {"evaluation_problems": len(stage.problems), "evaluation_rows_unread": stage.unread}
    report = report_of(plan, tally, {"figures": figures})
    certified = {}
    if not job.is_published:
        hits = overlap.read_lines(job.path(DROPPED))
        content = overlap.certificate(plan.rows, evaluation, stage, settings, report, hits)
        certified = {overlap.CERTIFICATE: json.dumps(content, indent=1) + "\n"}
    publish(job, report, cleaning_page, certified)
    click.echo(report_text(report))
    click.echo(files_text(report, options["out"]))
    click.echo(f"certificate: {job.beside(overlap.CERTIFICATE)}")

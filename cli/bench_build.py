"""``seed bench build``: a set like BeyondAIME from a seed, with a certificate for every answer."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seed.cli.options import PATH, SEED, FiniteRange
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.exams.build import Built
    from seed.reference.exams.difficulty import Difficulty
    from seed.reference.exams.exam_files import Exam, Told
    from seed.reference.exams.known import KnownProblems
    from seed.reference.exams.rewriting import Rewriter

TOO_EASY = 0.9
KEY = "OPENAI_API_KEY"
MOST = 10_000

against_option = click.option(
    "--against",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="Known problems, JSONL or Parquet; none may overlap with them. Repeatable.",
)
results_option = click.option(
    "--results",
    multiple=True,
    type=PATH,
    metavar="DIR",
    help="Folder of `seed eval` on problems of this kind: solve rates. Repeatable.",
)
too_easy_option = click.option(
    "--too-easy",
    type=FiniteRange(0.0, 1.0),
    default=TOO_EASY,
    show_default=True,
    metavar="SHARE",
    help="Solve rate above which, with 95 % confidence, a problem is too easy.",
)


@click.command("build", cls=Command)
@click.option("--seed", type=SEED, required=True, help="Of the set: equal seeds, equal sets.")
@click.option("--count", type=click.IntRange(1, MOST), default=100, show_default=True)
@click.option("--out", type=PATH, required=True, metavar="DIR", help="New folder.")
@against_option
@results_option
@too_easy_option
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes.  [default: all cores]")
@click.option("--server", default="", metavar="URL", help="A model there rewrites scenarios.")
@click.option("--model", default="", metavar="NAME", help="Model of a server that has several.")
def bench_build(
    seed: int,
    count: int,
    out: Path,
    against: tuple[Path, ...],
    results: tuple[Path, ...],
    too_easy: float,
    jobs: int | None,
    server: str,
    model: str,
) -> None:
    """Build problems of AIME level with integer answers, each solved by two solvers.

    DIR gets problems.jsonl, certificates.jsonl, exam.json and the page exam.html. Equal arguments
    give equal bytes, whatever the number of processes; only a server's texts differ from time to
    time. Its key is read from OPENAI_API_KEY.
    """
    from seed.cli.report.exam_page import exam_page
    from seed.reference.exams.difficulty import Difficulty
    from seed.reference.exams.exam_files import PAGE, exam_of
    from seed.reference.exams.known import KnownProblems
    from seed.reference.exams.problem_sets import read_sets

    check_free_folder(out)
    if model and not server:
        line = f"--model={model} has no effect without --server; legal: both, or neither"
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    rewriter = rewriter_of(server, model) if server else None
    known = read_sets(against)
    difficulty = Difficulty(results)
    problems = KnownProblems.of(known)
    built = built_set(seed, count, problems, difficulty, too_easy, jobs)
    told = told_by(rewriter, built, problems)
    exam = exam_of(seed, built, told, known, difficulty)
    write_folder(out, exam.files() | {PAGE: exam_page(exam)})
    click.echo("\n".join(summary_lines(exam)))
    click.echo(f"{out / PAGE}")


def built_set(
    seed: int,
    count: int,
    known: "KnownProblems",
    difficulty: "Difficulty",
    too_easy: float,
    jobs: int | None,
) -> "Built":
    """The set, with a bar on stderr."""
    from seed.cli.meter import DELAY_SECONDS, meter
    from seed.reference.exams.build import build
    from seed.reference.exams.candidates import Candidate
    from seed.reference.verifiers.runner.pool import default_jobs

    def too_often(found: Candidate) -> bool:
        return difficulty.solved_too_often(found.text, found.id, too_easy)

    processes = min(jobs or default_jobs(), max(1, count // 8))
    with meter("problems", count, delay=DELAY_SECONDS) as shown:
        return build(seed, count, known, too_often, processes, shown.advance)


def rewriter_of(url: str, model: str) -> "Rewriter":
    """The language model behind a server.

    Raises:
        SeedError: ILLEGAL_VALUE, POLICY_FAILED.
    """
    from seed.reference.evaluation.policies import served_model
    from seed.reference.exams.rewriting import Rewriter
    from seed.reference.rewards.chat_client import ChatClient

    if not url.startswith(("http://", "https://")):
        line = f"--server={url} must be an address such as http://127.0.0.1:8000/v1"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    client = ChatClient(url.rstrip("/"), os.environ.get(KEY, ""))
    return Rewriter(client, served_model(client, model))


def told_by(rewriter: "Rewriter | None", built: "Built", known: "KnownProblems") -> "list[Told]":
    """The texts to use: the templates' own, or those of a model that pass the checks.

    Raises:
        SeedError: POLICY_FAILED where the server gives no reply.
    """
    from seed.cli.meter import meter
    from seed.reference.exams.known import is_known
    from seed.reference.rewards.chat_client import NoReply

    if rewriter is None:
        return [(one.text, None) for one in built.candidates]

    def overlaps(text: str) -> bool:
        return is_known(known.texts.closest(text)[1])

    told: list[Told] = []
    with meter("rewritten", len(built.candidates)) as shown:
        for one in built.candidates:
            try:
                told.append(rewriter.rewrite(one.text, one.answer, overlaps))
            except NoReply as failure:
                line = f"--server={rewriter.client.url}: {failure}"
                raise SeedError(Reason.POLICY_FAILED, line) from None
            used = sum(bool(record and record["used"]) for _, record in told)
            shown.advance(1, [f"{used} used"])
    return told


def summary_lines(exam: "Exam") -> list[str]:
    """What was built, as lines of the terminal."""
    record = exam.record
    counts = record["counts"]
    lines = [
        f"{record['count']} problems of {len(counts['family'])} families; both solvers of every"
        " problem agree"
    ]
    lines += [f"  {_listed(counts[name])}" for name in ("area", "structure")]
    levels = sorted(counts["level"].items())
    lines.append(f"  {', '.join(f'{count} of level {level}' for level, count in levels)}")
    if record["rejected"]:
        lines.append(f"  rejected on the way: {_listed(record['rejected'])}")
    if record["against"]:
        names = ", ".join(one["name"] for one in record["against"])
        share = 100 * record["largest_overlap"]
        lines.append(f"  largest overlap with {names}: {share:.0f} % of the 8-grams")
    if record["policies"]:
        rated = sum(bool(one["solve_rates"]) for one in exam.certificates)
        lines.append(f"  with solve rates of {', '.join(record['policies'])}: {rated} problems")
    if any(line["provenance"]["rewriting"] for line in exam.problems):
        lines.append(f"  rewritten scenarios in use: {record['rewritten']}; others failed a check")
    return lines


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def check_free_folder(out: Path) -> None:
    """Refuse a folder that has content, before any work is done.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SeedError(Reason.FILE_EXISTS, f"{out} exists; choose another --out")
    if not out.parent.is_dir():
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: there is no folder {out.parent}")


def write_folder(out: Path, files: dict[str, str]) -> None:
    """Write a folder that appears whole or not at all.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    from seed.spec.atomic_files import temporary_path

    if out.is_dir():
        out.rmdir()  # an empty one was given
    try:
        with temporary_path(out, replace=False) as folder:
            folder.mkdir()
            for name, content in files.items():
                (folder / name).write_text(content, encoding="utf-8")
    except FileExistsError:
        raise SeedError(Reason.FILE_EXISTS, f"{out} exists; choose another --out") from None

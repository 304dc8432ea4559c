"""``seed data show``: what a run would find in files of problems, before it trains on them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seed.cli.formatting import aligned, printable
from seed.cli.options import PATH
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.data.index import Index
    from seed.reference.data.source import FileSettings
    from seed.spec.datatypes import Problem
    from seed.spec.problem_source import ProblemSource
    from seed.spec.tokenizer import Tokenizer

SHOWN_REASONS = 8
SHOWN_LINES = 3
SHOWN_CHARACTERS = 1200
TASK_PROBLEMS = 100
"""Held-out problems that a built-in task is asked for."""

NO_LIMIT = 2**31
"""Longest legal prompt where prompts are only counted."""

WIDTH = 160
"""Columns of a reason."""


@click.command("show", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--evaluation", multiple=True, metavar="FILE", help="Held-out problems; repeatable.")
@click.option(
    "--columns",
    multiple=True,
    metavar="OURS=COLUMN",
    help="Which column is which: problem=question; domain==judge is a constant; repeatable.",
)
@click.option(
    "--held-out-share",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.125,
    show_default=True,
    help="Share that is held out by a hash of the text.",
)
@click.option("--custom", is_flag=True, help="A reward function judges: rows need no reference.")
@click.option("--model", type=PATH, metavar="FOLDER", help="Count tokens as this model does.")
@click.option("--shots", type=click.IntRange(0), default=0, help="Worked examples in front.")
@click.option(
    "--count", "-n", type=click.IntRange(0), default=1, show_default=True, help="Problems shown."
)
def show_data(
    files: tuple[str, ...],
    evaluation: tuple[str, ...],
    columns: tuple[str, ...],
    held_out_share: float,
    custom: bool,
    model: Path | None,
    shots: int,
    count: int,
) -> None:
    """Show what a run finds in FILEs: schema, domains, splits, unusable rows, a problem.

    FILE is JSON Lines (also gzip), a JSON array or Parquet; DOMAIN=FILE gives all rows of a file
    that name none a domain. The name of a built-in text task shows that task.
    """
    from seed.reference.data.open_source import TEXT_TASKS, task_name
    from seed.reference.data.schemas import RowRules
    from seed.reference.data.source import FileSettings

    tasks = [entry for entry in files if task_name(entry)]
    for entry in tasks:
        click.echo(f"{entry}: built-in text task, {TEXT_TASKS[task_name(entry)].about}")
        click.echo("\n".join(task_lines(entry, shots, count)))
    paths = tuple(entry for entry in files if entry not in tasks)
    if not paths:
        return
    rules = RowRules(columns_of(columns), custom=custom)
    settings = FileSettings(
        train=paths,
        evaluation=evaluation,
        rules=rules,
        held_out_share=held_out_share,
        shots=shots,
        max_prompt_tokens=NO_LIMIT,
        must_hold_out=False,
    )
    show_files(settings, count, tokenizer_of(model))


def show_files(settings: "FileSettings", count: int, tokenizer: "Tokenizer | None") -> None:
    """Print the table of files, then splits and problems.

    Raises:
        SeedError: As ``FileSource``; the table is printed before.
    """
    from seed.cli.meter import DELAY_SECONDS, meter
    from seed.reference.data.source import FileSource, read_files

    with meter("rows", None, delay=DELAY_SECONDS) as shown:
        indices = read_files(settings, shown.advance)
    read = [index for index in indices if index is not None]
    click.echo("\n".join(file_table(read)))
    for line in fault_lines(read):
        click.echo(line)
    source = FileSource(settings, tokenizer, indices)
    click.echo()
    known = {note for index in read for entry in index.counts for note in entry.notes()}
    for note in source.notes:
        if note not in known:
            click.echo(note)
    for line in problem_lines(source, count):
        click.echo(line)


def tokenizer_of(model: Path | None) -> "Tokenizer | None":
    """The tokenizer of a model folder, with its chat template.

    Raises:
        SeedError: UNREADABLE_FILE, BACKEND_MISSING.
    """
    from seed.reference.text.language_tokenizer import LanguageTokenizer
    from seed.spec.config_text import TokenizerConfig

    if model is None:
        return None
    return LanguageTokenizer.of(TokenizerConfig.model_validate({"path": str(model)}))


def columns_of(texts: Sequence[str]) -> Mapping[str, str]:
    """``problem=question`` as a mapping.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    from seed.reference.data.readers import OURS

    columns = {}
    for text in texts:
        ours, sign, column = text.partition("=")
        if not sign or ours not in OURS:
            line = f"--columns={text} must be OURS=COLUMN with OURS one of {', '.join(OURS)}"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        columns[ours] = column
    return columns


def file_table(indices: "Sequence[Index]") -> list[str]:
    """A line for each file: rows, usable ones, schema, domains, size, time."""
    rows = [["file", "schema", "domains", "format", "rows", "usable", "MB", "seconds"]]
    for count in (count for index in indices for count in index.counts):
        usable = count.usable.total()
        rows.append(
            [
                printable(str(count.path), WIDTH),
                counted(count.usable),
                counted(count.domains),
                count.kind,
                str(usable + count.unusable.total()),
                str(usable),
                f"{count.size / 1e6:.2f}",
                f"{count.seconds:.1f}",
            ]
        )
    return aligned(rows, left=4)


def fault_lines(indices: "Sequence[Index]") -> Iterator[str]:
    """Unusable rows by reason, the most frequent first, each with its first lines."""
    for count in (count for index in indices for count in index.counts if count.faults):
        yield f"\nunusable rows of {count.path}"
        for reason, number in count.unusable.most_common(SHOWN_REASONS):
            lines = [str(line) for line, why in count.faults if why == reason][:SHOWN_LINES]
            places = f" (line {', '.join(lines)}{', ...' if number > len(lines) else ''})"
            shown = places if lines else ""
            yield f"{number:>7}  {printable(reason, WIDTH)}{shown}"
        if len(count.unusable) > SHOWN_REASONS:
            yield f"{'':9}and {len(count.unusable) - SHOWN_REASONS} other reasons"


def task_lines(entry: str, shots: int, count: int) -> Iterator[str]:
    """A built-in task: number of problems and examples."""
    from seed.reference.data.open_source import open_source
    from seed.spec.config_model import DataConfig

    values = {"train": [entry], "demonstrations": 1, "max_prompt_tokens": 1, "shots": shots}
    data = DataConfig.model_validate(values)
    yield from problem_lines(open_source(data, TASK_PROBLEMS, 1), count)


def problem_lines(source: "ProblemSource", count: int) -> Iterator[str]:
    """The first problems of the training stream, as the policy and the verifier read them."""
    for index in range(count):
        yield ""
        yield from example(source.training(index))


def example(problem: "Problem") -> Iterator[str]:
    """Messages, what the verifier compares with, and the demonstration."""
    yield f"problem {problem.id}, domain {problem.instance['domain']}"
    messages = problem.messages or ({"role": "user", "content": problem.prompt},)
    parts = [(message["role"], message["content"]) for message in messages]
    parts += targets(problem).items()
    parts += [("demonstration", problem.demonstration)] if problem.demonstration else []
    for name, text in parts:
        yield f"  {name}"
        for line in cut(text).splitlines():
            yield f"    {printable(line, SHOWN_CHARACTERS)}"


def targets(problem: "Problem") -> dict[str, str]:
    """What the verifier compares with."""
    names = ("reference", "tests", "puzzle", "format")
    return {name: str(problem.instance[name]) for name in names if name in problem.instance}


def cut(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} ..."


def counted(counts: Counter[str]) -> str:
    """``math 5, code 3``, or ``math`` if it is all."""
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} {number}" for name, number in counts.items()) or "-"

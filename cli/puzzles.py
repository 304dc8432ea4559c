"""``seed puzzles``: list and explain the families, generate problems, read public collections."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.import_puzzles import read_puzzles
from seed.cli.options import PATH, SEED
from seed.cli.show_puzzles import family_table, show_puzzles
from seed.cli.user_errors import Group

if TYPE_CHECKING:
    from seed.spec.datatypes import Problem


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def puzzles(context: click.Context) -> None:
    """List and explain the puzzle families; generate problems; read public collections."""
    if context.invoked_subcommand is None:
        click.echo(family_table())


puzzles.add_command(read_puzzles)
puzzles.add_command(show_puzzles)


@puzzles.command("generate")
@click.argument("family")
@click.option(
    "--level",
    type=int,
    default=1,
    show_default=True,
    help="Difficulty; `seed puzzles` lists the levels.",
)
@click.option(
    "--count", type=click.IntRange(1), default=10, show_default=True, help="Distinct problems."
)
@click.option("--seed", type=SEED, default=1, show_default=True, help="Keys the draws.")
@click.option("--held-out", is_flag=True, help="From the part that training never draws from.")
@click.option(
    "--solved",
    is_flag=True,
    help="With the family's own solution as response, ready for `seed verify`.",
)
@click.option("--out", type=PATH, help="New file.  [default: stdout]")
def generate_puzzles(
    family: str, level: int, count: int, seed: int, held_out: bool, solved: bool, out: Path | None
) -> None:
    """Write problems of FAMILY as JSON lines. Add a response to each for `seed verify`."""
    from seed.cli.meter import DELAY_SECONDS, meter
    from seed.reference.tasks.problems import distinct_problems
    from seed.reference.verifiers.files.publish import check_free, publish

    if out is not None:
        check_free(out)
    lines = []
    with meter(family, count, delay=DELAY_SECONDS) as shown:
        for problem in distinct_problems(family, level, count, seed, held_out):
            lines.append(json.dumps(problem_line(problem, solved)))
            shown.advance()
    if out is None:
        click.echo("\n".join(lines))
    else:
        publish(out, lines)
        click.echo(f"{count} {family} problems of level {level} in {out}", err=True)


def problem_line(problem: "Problem", solved: bool) -> dict[str, Any]:
    """A problem as a line of ``reference.verifiers.files.lines``.

    Args:
        problem: Its ``prompt`` is the compact form; the line's ``problem`` has the rules in English
            before it, as a language model needs them.
        solved: Whether the family's own solution becomes the response.
    """
    from seed.reference.tasks.english import english_prompt

    line: dict[str, Any] = {
        "id": problem.id,
        "domain": "puzzle",
        "problem": english_prompt(problem.family, problem.instance),
        "puzzle": {"family": problem.family, "instance": problem.instance},
        "prompt": problem.prompt,
        "answer": problem.answer,
        "difficulty": problem.difficulty,
    }
    return line | ({"response": problem.demonstration} if solved else {})

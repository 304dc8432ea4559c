"""``seed puzzles``: list the families, write problems that ``seed verify`` reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from seed.cli.progress import REFRESH_SECONDS
from seed.cli.verify import BAR_DELAY_SECONDS
from seed.reference.tasks.problems import distinct_problems
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.files.publish import check_free, publish
from seed.spec.datatypes import Problem


def listing() -> str:
    """One line per family: name, levels, what it is (the first sentence of its module)."""
    width = max(map(len, FAMILIES))
    lines = [f"{'family':{width}}{'levels':>8}   what"]
    for name, family in FAMILIES.items():
        levels = f"{family.LEVELS[0]}-{family.LEVELS[-1]}"
        lines.append(f"{name:{width}}{levels:>8}   {(family.__doc__ or '').partition(chr(10))[0]}")
    return "\n".join(lines)


def generate(
    family: str, level: int, count: int, seed: int, held_out: bool, solved: bool, out: Path | None
) -> None:
    """Write problems as JSON lines, to a new file or to stdout."""
    if out is not None:
        check_free(out)
    lines = [
        json.dumps(problem_line(problem, solved))
        for problem in drawn(family, level, count, seed, held_out)
    ]
    if out is None:
        click.echo("\n".join(lines))
    else:
        publish(out, lines)
        click.echo(f"{count} {family} problems of level {level} in {out}", err=True)


def drawn(family: str, level: int, count: int, seed: int, held_out: bool) -> Iterator[Problem]:
    """Distinct problems under a bar."""
    problems = distinct_problems(family, level, count, seed, held_out)
    with tqdm(
        total=count,
        desc=family,
        mininterval=REFRESH_SECONDS,
        delay=BAR_DELAY_SECONDS,
        dynamic_ncols=True,
    ) as bar:
        for problem in problems:
            bar.update()
            yield problem


def problem_line(problem: Problem, solved: bool) -> dict[str, Any]:
    """A problem as a line of ``reference.verifiers.files.lines``, with the family's own solution as
    the response if wanted.

    ``problem`` is what a language model can be asked: the rules in English, then the compact
    ``prompt``.
    """
    line: dict[str, Any] = {
        "id": problem.id,
        "domain": "puzzle",
        "problem": f"{FAMILIES[problem.family].RULES}\n\n{problem.prompt}",
        "puzzle": {"family": problem.family, "instance": problem.instance},
        "prompt": problem.prompt,
        "answer": problem.answer,
        "difficulty": problem.difficulty,
    }
    return line | ({"response": problem.demonstration} if solved else {})

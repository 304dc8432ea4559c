"""``seed puzzles show``: all families in a line each; the rules of one with worked examples."""

import textwrap
from typing import TYPE_CHECKING

import click

from seed.cli.options import SEED
from seed.cli.user_errors import Command

if TYPE_CHECKING:
    from seed.spec.datatypes import Problem

WIDTH = 80


@click.command("show", cls=Command)
@click.argument("family", required=False)
@click.option("--level", type=int, help="Difficulty.  [default: the easiest]")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Keys the draws.")
@click.option(
    "--count", "-n", type=click.IntRange(1), default=1, show_default=True, help="Examples."
)
def show_puzzles(family: str | None, level: int | None, seed: int, count: int) -> None:
    """Explain FAMILY: its rules, and examples with demonstration and answer. Without: list all."""
    if family is None:
        click.echo(family_table())
        return
    click.echo(explanation(family, level, seed, count))


def family_table() -> str:
    """One line per family: name, levels, what it is (the first line of its module)."""
    from seed.reference.tasks.puzzles import FAMILIES

    width = max(map(len, FAMILIES))
    lines = [f"{'family':{width}}{'levels':>8}   what"]
    for name, family in FAMILIES.items():
        levels = f"{family.LEVELS[0]}-{family.LEVELS[-1]}"
        lines.append(f"{name:{width}}{levels:>8}   {(family.__doc__ or '').partition(chr(10))[0]}")
    return "\n".join(lines)


def explanation(family: str, level: int | None, seed: int, count: int) -> str:
    """Rules and examples of a family as text.

    Raises:
        SeedError: The family or the level does not exist, or has too few problems.
    """
    from seed.reference.tasks.problems import distinct_problems
    from seed.reference.tasks.puzzles import FAMILIES

    easiest = FAMILIES[family].LEVELS[0] if family in FAMILIES else 1
    chosen = easiest if level is None else level
    # An unknown family is refused here.
    problems = list(distinct_problems(family, chosen, count, seed, held_out=False))
    levels, rules = FAMILIES[family].LEVELS, FAMILIES[family].RULES
    title = f"{family}, level {chosen} of {levels[0]} to {levels[-1]}"
    return "\n\n".join([title, textwrap.fill(rules, WIDTH), *map(example, problems)])


def example(problem: "Problem") -> str:
    """A problem, how a demonstration works it out, and the bare answer."""
    rows = {
        "prompt": problem.prompt,
        "demonstration": problem.demonstration,
        "answer": problem.answer,
    }
    return "\n".join(f"  {name:15}{text}" for name, text in rows.items())

"""``seed exercise``: write equations oneself; the properties of the reference judge them."""

from pathlib import Path

import click

from seed.cli.options import PATH
from seed.cli.user_errors import Group


@click.group(cls=Group)
def exercise() -> None:
    """Write the equations yourself; the tests of the reference tell you what is wrong."""


@exercise.command("list")
def list_exercises() -> None:
    """List the exercises in the order in which to do them."""
    click.echo(exercise_table())


def exercise_table() -> str:
    """One line per exercise: name, number of properties, what the function computes."""
    from seed.conformance.exercises.catalogue import EXERCISES

    width = max(len(one.name) for one in EXERCISES)
    lines = [f"{'exercise':{width}}  properties   what"]
    for one in EXERCISES:
        lines.append(f"{one.name:{width}}{len(one.properties):>12}   {one.summary}")
    return "\n".join(lines)


@exercise.command()
@click.argument("name")
@click.option("--to", "file", type=PATH, help="New file.  [default: NAME.py]")
def start(name: str, file: Path | None) -> None:
    """Write a file with the blank function: signature, formula, shapes."""
    from seed.conformance.exercises.blank import blank_file
    from seed.conformance.exercises.catalogue import exercise_named
    from seed.spec.atomic_files import write_atomically
    from seed.spec.errors import Reason, SeedError

    chosen = exercise_named(name)
    target = file or Path(chosen.file)
    try:
        write_atomically(target, blank_file(chosen, str(target)), replace=False)
    except FileExistsError:
        line = f"{target} exists; choose another --to"
        raise SeedError(Reason.FILE_EXISTS, line) from None
    click.echo(
        f"{target}: write {chosen.function}, then: seed exercise check {chosen.name} {target}"
    )


@exercise.command()
@click.argument("name")
@click.argument("file", type=PATH, required=False)
@click.pass_context
def check(context: click.Context, name: str, file: Path | None) -> None:
    """Check the function in FILE, by default NAME.py.

    Shows the first property that does not hold, with the smallest counter-example found. Exit code
    0: all hold; 1: not yet; 2: no such exercise or file.
    """
    from seed.conformance.exercises.catalogue import exercise_named
    from seed.conformance.exercises.student import check_file
    from seed.spec.errors import Reason, SeedError

    chosen = exercise_named(name)
    target = file or Path(chosen.file)
    if not target.is_file():
        line = f"FILE={target}: there is no such file; write it with: seed exercise start {name}"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    passed, text = check_file(chosen, target)
    click.echo(text)
    context.exit(0 if passed else 1)

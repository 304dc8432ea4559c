"""``seed conform`` and ``seed diff``: whether the backends agree, and where they do not."""

from pathlib import Path

import click

from seed.cli.options import PRECISIONS, overrides_argument, recipe_option
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError


@click.command(cls=Command)
@click.option(
    "--full",
    is_flag=True,
    help="All layouts up to 8 ranks in all precisions, not a choice of them.",
)
@click.option(
    "--ranks",
    type=int,
    multiple=True,
    help="Only launches of so many ranks; may be given several times.",
)
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    help="Only this precision.",
)
def conform(full: bool, ranks: tuple[int, ...], precisions: tuple[str, ...]) -> None:
    """Check that the torch backend computes what the reference computes, in every layout.

    Prints largest error and bound of each component, layout and precision; exit code 1 if one does
    not hold.
    """
    from seed.cli.agreement import check_agreement

    if not check_agreement(full, ranks, precisions):
        raise SystemExit(1)


@click.command(cls=Command)
@recipe_option
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@overrides_argument
def diff(recipe: str | None, first: str, second: str, overrides: tuple[str, ...]) -> None:
    """Compare two backends or layouts A and B on one batch; name the first component that differs.

    A and B are reference or scaled, with a layout and settings if wanted:
    scaled:tp=2,ep=2,precision=float32. Exit code 1 if they differ.
    """
    check_no_runs(first, second)
    from seed.cli.agreement import compare_targets
    from seed.spec.config_files import DEFAULT_RECIPE

    if not compare_targets(first, second, recipe or DEFAULT_RECIPE, overrides):
        raise SystemExit(1)


def check_no_runs(first: str, second: str) -> None:
    """Refuse run directories, which another command compares."""
    for name in (first, second):
        if (Path(name) / "config.toml").is_file():
            raise SeedError(
                Reason.UNKNOWN_NAME,
                f"{name} is a run directory, and seed diff compares backends; compare runs with:"
                f" seed report {first} {second}",
            )

"""What the commands of ``seed data`` that write files have in common: options, progress, tables."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seed.cli.formatting import aligned, printable
from seed.cli.options import PATH
from seed.cli.show_data import columns_of

if TYPE_CHECKING:
    from seed.reference.cleaning.pipeline import Plan, Report
    from seed.reference.cleaning.settings import AnySettings, Section

Command = TypeVar("Command", bound=Callable[..., Any])

SHOWN_CHARACTERS = 110
SHOWN_SAMPLES = 1
"""Rows of each rule that are printed; the report has more."""


def cleaning_options(settings: str) -> Callable[[Command], Command]:
    """Options of a command that reads FILEs and writes OUT.

    Args:
        settings: Name of its settings in ``reference.cleaning.settings``; empty for none.
    """

    def decorate(command: Command) -> Command:
        options = (
            click.argument("files", nargs=-1, required=True, metavar="FILE..."),
            click.option("--out", type=PATH, required=True, help="New JSONL file of kept rows."),
            *(_threshold_options(settings) if settings else ()),
            click.option(
                "--columns",
                multiple=True,
                metavar="OURS=COLUMN",
                help="Which column is which, as for `seed data show`.",
            ),
            click.option("--resume", is_flag=True, help="Go on where a kill has ended it."),
        )
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _threshold_options(settings: str) -> Sequence[Callable[[Command], Command]]:
    return (
        click.option(
            "--settings", "settings_file", type=PATH, metavar="TOML", help="File of thresholds."
        ),
        click.option(
            "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="One threshold."
        ),
        click.option(
            "--defaults",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_defaults(settings),
            help="Print all thresholds as TOML and exit.",
        ),
    )


def _print_defaults(settings: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def show(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not context.resilient_parsing:
            from seed.reference.cleaning import settings as all_settings

            click.echo(all_settings.defaults(getattr(all_settings, settings)), nl=False)
            context.exit()

    return show


def settings_of(kind: "type[AnySettings]", options: Mapping[str, Any]) -> "AnySettings":
    """The thresholds that the options name.

    Raises:
        SeedError: Whatever is wrong with them.
    """
    from seed.reference.cleaning.settings import load_settings

    return load_settings(kind, options["settings_file"], options["overrides"])


def plan_of(
    command: str,
    settings: "Section",
    options: Mapping[str, Any],
    more: Mapping[str, Any] | None = None,
) -> "Plan":
    """The plan of a command's options.

    Args:
        command: Name of the verb.
        settings: Its thresholds.
        options: Of ``cleaning_options``.
        more: What else the output depends on.

    Raises:
        SeedError: Whatever is wrong with files or columns.
    """
    from seed.reference.cleaning.pipeline import Plan
    from seed.reference.cleaning.rows import Rows
    from seed.reference.data.schemas import RowRules

    rows = Rows(options["files"], RowRules(columns_of(options["columns"]), custom=True))
    return Plan(command, rows, settings, options["out"], options["resume"], more or {})


@contextlib.contextmanager
def progress(name: str, plan: "Plan") -> Iterator[Callable[[int], None]]:
    """A meter of rows."""
    from seed.cli.meter import DELAY_SECONDS, meter

    with meter(name, plan.rows.total(), delay=DELAY_SECONDS) as shown:
        yield shown.advance


def report_text(report: "Report") -> str:
    """Counts, a line per rule that found something, and one row of each."""
    counts = report["counts"]
    parts = [f"{counts['rows']} rows", f"{counts['kept']} kept"]
    parts += [
        f"{counts[name]} {name.replace('_', ' ')}"
        for name in ("changed", "dropped", "put_aside")
        if counts[name] or name == "dropped"
    ]
    lines = [", ".join(parts)]
    rules = {name: of for name, of in report["rules"].items() if any(_numbers(of))}
    if rules:
        table = [["rule", "changed", "dropped", "aside"]]
        table += [[name, *map(str, _numbers(of))] for name, of in rules.items()]
        lines += ["", *aligned(table, left=1), ""]
    for name, of in rules.items():
        lines += [f"  {name}: {sample_text(one)}" for one in of["samples"][:SHOWN_SAMPLES]]
    return "\n".join(lines)


def sample_text(sample: Mapping[str, Any]) -> str:
    """File, line, reason and the beginning of the statement."""
    where = f"{sample['file']} line {sample['line']}"
    text = f"{where}: {sample['reason']} | {sample['statement']}"
    return printable(text, SHOWN_CHARACTERS)


def _numbers(of: Mapping[str, Any]) -> Sequence[int]:
    return [of["changed"], of["dropped"], of["put_aside"]]


def files_text(report: "Report", out: Path) -> str:
    """Where everything is."""
    stem = out.name.removesuffix(".jsonl")
    endings = ["dropped.jsonl", *(["review.jsonl"] if report["counts"]["put_aside"] else [])]
    names = ", ".join(f"{stem}.{ending}" for ending in [*endings, "report.json", "report.html"])
    return f"\n{out}; beside it {names}"

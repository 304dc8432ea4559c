"""What ``seed verify`` and ``seed audit`` share: options, worker pool, progress bar, tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from seed.cli.formatting import printable
from seed.cli.options import ISOLATIONS, FiniteRange

if TYPE_CHECKING:
    from seed.reference.verifiers.files.file import Listener
    from seed.reference.verifiers.files.lines import Heading, Rule
    from seed.reference.verifiers.files.tally import Rate
    from seed.reference.verifiers.runner.pool import Pool
    from seed.reference.verifiers.verdict import Judgement

AnyRow = TypeVar("AnyRow")

LONGEST_VERDICT = 86400.0
"""Seconds of a day: a longer time limit is none."""

OPTIONS = (
    click.option(
        "--verifier",
        default="",
        metavar="PATH.py:FUNCTION",
        help="Your own verifier, for all lines.",
    ),
    click.option(
        "--line-verifiers",
        is_flag=True,
        help="Lines may name a verifier. It is run: trust the file.",
    ),
    click.option(
        "--time-limit",
        type=FiniteRange(0.0, LONGEST_VERDICT, min_open=True),
        metavar="SECONDS",
        help="Of one verdict, at most a day.  [default: 10; code and judge 300]",
    ),
    click.option(
        "--memory-limit",
        type=click.IntRange(512),
        default=4096,
        show_default=True,
        metavar="MIB",
        help="Of one worker.",
    ),
    click.option(
        "--isolation",
        type=click.Choice(ISOLATIONS),
        default="automatic",
        show_default=True,
        help=(
            "Where programs of code lines run. weak does not protect against attacks; it must be"
            " named."
        ),
    ),
    click.option(
        "--jobs", type=click.IntRange(1, 256), help="Workers at a time.  [default: all cores]"
    ),
    click.option(
        "--by",
        default="domain",
        show_default=True,
        metavar="FIELD",
        help="Count lines by the text of this field, such as task.",
    ),
)


def judging_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options to a command; ``rule_and_pool`` takes their values."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def rule_and_pool(
    verifier: str,
    line_verifiers: bool,
    time_limit: float | None,
    memory_limit: int,
    isolation: str,
    jobs: int | None,
    by: str,
) -> "tuple[Rule, Pool]":
    """Which verifier judges a line, and the processes in which it runs."""
    from seed.reference.verifiers.files.lines import Rule
    from seed.reference.verifiers.runner.pool import Pool, default_jobs
    from seed.reference.verifiers.runner.worker import Limits

    limits = Limits(time_limit, memory_limit, isolation)
    return Rule(verifier, line_verifiers, by), Pool(jobs or default_jobs(), limits)


@contextmanager
def judging_bar(path: Path, name: str) -> "Iterator[Listener]":
    """A bar on stderr with the counts so far."""
    from seed.cli.meter import DELAY_SECONDS, meter
    from seed.reference.verifiers.files.file import count_lines
    from seed.spec.datatypes import Outcome

    counts = dict.fromkeys(Outcome, 0)
    with meter(f"{name} line", count_lines(path), delay=DELAY_SECONDS) as shown:

        def count(heading: "Heading", judgement: "Judgement") -> None:
            counts[judgement.verdict.outcome] += 1
            shown.advance(
                1, [f"{number} {outcome}" for outcome, number in counts.items() if number]
            )

        yield count


def with_overall(
    rows: dict[str, AnyRow], overall: AnyRow, width: int
) -> Iterator[tuple[str, AnyRow]]:
    """The rows with their names made printable, and the overall row if there is more than one."""
    yield from ((printable(name, width - 1), row) for name, row in rows.items())
    if len(rows) != 1:
        yield "overall", overall


def rate_text(rate: "Rate") -> str:
    """``43.1 % [38.0, 48.4]``, or a dash without cases."""
    if rate.share is None:
        return "-"
    return f"{100 * rate.share:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"

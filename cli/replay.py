"""``seed srs replay``: repeat the decisions of a streaming run from its log."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seed.cli.options import PATH
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.rollouts.events import Event


@click.command(cls=Command)
@click.argument("directory", metavar="RUN_DIR", type=PATH)
def replay(directory: Path) -> None:
    """Repeat every decision from the schedule.jsonl of a run; exit code 1 if one differs."""
    if not decisions_follow(directory):
        raise SystemExit(1)


def decisions_follow(path: Path) -> bool:
    """Repeat all decisions of a run; print the first one that does not follow from the log.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY, UNREADABLE_FILE.
    """
    from seed.reference.rollouts.rules import rules_of
    from seed.reference.rollouts.scheduler import replay as replay_events
    from seed.reference.training.run_directory import SCHEDULE, RunDirectory

    _, config = RunDirectory.resume(path)
    file = path / SCHEDULE
    if not file.is_file():
        raise SeedError(
            Reason.UNREADABLE_FILE,
            f"{path} holds no {SCHEDULE}: its rollout.srs_alpha={config.rollout.srs_alpha}; legal:"
            " a run with less than 1",
        )
    events = list(read_events(file))
    applied: list[Event] = []
    try:
        batches = replay_events(rules_of(config), _recorded(events, applied))
    except (ValueError, KeyError, IndexError):
        click.echo(
            f"{file} line {len(applied)} does not follow from the events before it: {applied[-1]}"
        )
        return False
    click.echo(f"{len(events)} events, {len(batches)} batches: every decision follows from the log")
    return True


def read_events(file: Path) -> "Iterator[Event]":
    """The events of a log; a last line that a kill cut is left out.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    from seed.reference.rollouts.events import event_of
    from seed.spec.renames import current_event
    from seed.spec.text_files import read_text

    lines = read_text(file).split("\n")[:-1]
    for number, line in enumerate(lines, start=1):
        try:
            content = json.loads(line)
            content.pop("step", None)
            yield event_of(current_event(content))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SeedError(
                Reason.UNREADABLE_FILE,
                f"{file} line {number} is no event of a schedule: {line[:80]}",
            ) from None


def _recorded(events: "Iterable[Event]", applied: "list[Event]") -> "Iterator[Event]":
    for event in events:
        applied.append(event)
        yield event

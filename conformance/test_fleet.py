"""Standalone streaming units as real processes: what they decide and deliver replays in the reference, also when one fails."""

import json
from itertools import pairwise
from pathlib import Path

import h5py
import pytest

from conformance.launch import run_ranks
from conformance.test_run import SECONDS, SMALL
from reference.events import Admitted, Event, Evicted, Finished, Lost, Opened, Taken, event_of
from reference.run_directory import RunDirectory
from reference.schedule import replay
from reference.streaming import rules_of

STREAMING = (
    "rollout.srs_alpha=0.5",
    "rollout.max_staleness=1",
    "rollout.block_tokens=2",
    "parallel.rollout_slots=8",
    "parallel.unit_timeout=8",
)


def log_of(path: Path) -> list[Event]:
    """The events of a run, after they were replayed."""
    directory, config = RunDirectory.resume(path)
    log = [event_of({key: value for key, value in line.items() if key != "step"}) for line in directory.read("schedule.jsonl")]
    assert replay(rules_of(config), log) == [event.samples for event in log if isinstance(event, Taken)]
    return log


def assert_nothing_is_lost_or_doubled(log: list[Event]) -> None:
    """Every opened sample is taken or evicted, once."""
    opened = [number for event in log if isinstance(event, Opened) for number in event.samples]
    taken = [number for event in log if isinstance(event, Taken) for number in event.samples]
    assert sorted(taken + [event.sample for event in log if isinstance(event, Evicted)]) == opened


def finished_by_units(log: list[Event]) -> int:
    """Samples that a standalone unit brought to an end."""
    place: dict[int, int] = {}
    count = 0
    for event in log:
        if isinstance(event, Admitted):
            place[event.sample] = event.unit
        elif isinstance(event, Finished):
            count += place[event.sample] > 0
    return count


def test_the_log_of_a_concurrent_unit_replays_in_the_reference(tmp_path: Path) -> None:
    layout = ("parallel.tp=2", "parallel.units=1", "parallel.unit_tp=2", "parallel.unit_ep=2")
    arguments = ["run", "--backend", "scaled", "--out", str(tmp_path / "run"), *SMALL, *STREAMING, *layout]
    done = run_ranks(4, ["-m", "cli.main", *arguments], SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    log = log_of(tmp_path / "run")
    assert_nothing_is_lost_or_doubled(log)
    assert finished_by_units(log) > 0
    with h5py.File(tmp_path / "run" / "rollouts.h5") as file:
        for step in file.values():
            versions, start = step["weight_versions"][()].tolist(), 0
            for length in step["response_lengths"][()].tolist():
                assert all(one <= two for one, two in pairwise(versions[start : start + length]))
                start += length


@pytest.mark.parametrize(("what", "said"), [("raise", "a made-up mistake"), ("hang", "unit 1 does not answer")])
def test_the_samples_of_a_unit_that_fails_are_issued_again_once(tmp_path: Path, what: str, said: str) -> None:
    out = tmp_path / "run"
    # With srs_alpha 0 all old samples have places, and at the bound the batch waits for each: also for those of the unit.
    settings = [*SMALL, *STREAMING, "rollout.srs_alpha=0.0", "parallel.units=2"]
    arguments = ["run", "--backend", "scaled", "--out", str(out), *settings]
    done = run_ranks(3, ["-m", "conformance.faulty_unit", what, "4", *arguments], SECONDS)
    # A process that hangs can only be killed when all is done, and the launcher may count that as its own exit code.
    assert done.returncode in ((0,) if what == "raise" else (0, 9)), done.stdout + done.stderr
    assert (out / "summary.json").exists()
    assert said in done.stderr and "unit 1 is given up" in done.stderr
    log = log_of(out)
    assert [event for event in log if isinstance(event, Lost)] == [Lost(1)]
    assert_nothing_is_lost_or_doubled(log)
    last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["phase_step"] == 3

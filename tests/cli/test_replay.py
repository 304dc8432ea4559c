"""Properties of ``seed srs replay``: the log of a run holds every decision."""

import json
from pathlib import Path

import pytest

from seed.reference.rollouts.events import line_of
from seed.reference.rollouts.rules import rules_of
from seed.reference.simulation.simulate import simulate
from seed.reference.training.run_directory import SCHEDULE, RunDirectory
from tests.support.command_line import assert_user_error, run
from tests.support.simulations import FLOOR, HEAVY_TAIL
from tests.support.small_runs import small_config


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    """A run with nothing but its configuration and the log of a simulation."""
    config = small_config("vapo", "rollout.srs_alpha=0.5")
    directory = RunDirectory.create(tmp_path / "run", config)
    log = simulate(rules_of(config), HEAVY_TAIL, FLOOR, 5, 3).log
    directory.append_all(SCHEDULE, [{"step": 1} | line_of(event) for event in log])
    return directory.path


def test_the_log_of_a_run_replays(run_directory: Path) -> None:
    count = len((run_directory / SCHEDULE).read_text(encoding="utf-8").splitlines())
    done = run("srs", "replay", str(run_directory))
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{count} events, 5 batches: every decision follows from the log\n"


@pytest.mark.parametrize("kind", ["scheduled", "consumed", "finished"])
def test_replay_of_a_changed_log_reports_the_first_wrong_line(
    run_directory: Path, kind: str
) -> None:
    file = run_directory / SCHEDULE
    lines = file.read_text(encoding="utf-8").splitlines()
    of_kind = [number for number, line in enumerate(lines) if json.loads(line)["event"] == kind]
    index = of_kind[1 if kind == "consumed" else 3]
    changed = json.loads(lines[index])
    if kind == "consumed":
        changed["samples"] = changed["samples"][::-1]
    else:
        changed["sample"] = 9999
    lines[index] = json.dumps(changed)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run("srs", "replay", str(run_directory))
    assert done.exit_code == 1
    assert f"line {index + 1} does not follow" in done.stdout


def test_without_a_readable_log_nothing_can_be_replayed(
    run_directory: Path, tmp_path: Path
) -> None:
    assert_user_error(run("srs", "replay", str(tmp_path)), "not-a-run-directory")
    (run_directory / SCHEDULE).write_text('{"event": "scheduled", "sample": 1}\n', encoding="utf-8")
    assert_user_error(run("srs", "replay", str(run_directory)), "unreadable-file", "line 1")
    (run_directory / SCHEDULE).unlink()
    assert_user_error(run("srs", "replay", str(run_directory)), "unreadable-file", SCHEDULE)

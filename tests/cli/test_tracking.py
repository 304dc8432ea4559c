"""Properties of trackers: they hold what ``metrics.jsonl`` holds, once, however a run was ended."""

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from seed.cli import tracking
from seed.cli.scalars import scalars, score_scalars
from seed.cli.tracking import tracked
from seed.reference.backend import ReferenceBackend
from seed.reference.training import trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec.observer import SilentObserver
from tests.support.command_line import assert_user_error, run
from tests.support.small_runs import (
    SMALL,
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)

SHORT = ("rollout.steps=3", "evaluation.problems=4", "run.checkpoint_every=2")
Scalars = dict[tuple[str, int], float]


def finish(path: Path, *kills: int, tracker: str) -> dict[str, Any]:
    """Train to the end, killed and resumed after so many steps; the summary."""
    config = small_config("vapo", *SHORT, f"run.track={tracker}")
    training = new_run(path, config, KillAfter(kills[0]) if kills else None)
    for following in (*kills[1:], None) if kills else ():
        with pytest.raises(Killed), tracked(training):
            trainer.train(training)
        directory, config = RunDirectory.resume(path)
        observer = SilentObserver() if following is None else KillAfter(following)
        training = Run.resume(ReferenceBackend(), config, directory, observer)
    with tracked(training):
        return trainer.train(training)


def expected_scalars(path: Path, summary: dict[str, Any]) -> Scalars:
    """All numbers that a tracker must hold, by name and step."""
    lines = metrics_of(path)
    found = {(name, line["step"]): value for line in lines for name, value in scalars(line)}
    sft_end = max(line["step"] for line in lines if line["phase"] == "supervised")
    for step, moment in ((sft_end, "eval_before"), (lines[-1]["step"], "eval_after")):
        found |= {(name, step): value for name, value in score_scalars(summary[moment])}
    return found


def test_numbers_keep_their_names_and_curves_are_left_out() -> None:
    line = {
        "step": 3,
        "phase": "reinforcement",
        "phase_step": 1,
        "reward/mean": 0.5,
        "value/explained_variance": None,
        "value/loss": float("nan"),
        "reward/accuracy_by_family": {"maze": 1.0, "arithmetic": 0},
        "value/by_position": {"correct": [0.5, 0.25], "wrong": []},
        "advantage/lambda_by_length": {"3": 0.25, "9": 0.75},
        "events": ["zero_variance_batch"],
    }
    assert dict(scalars(line)) == {
        "phase_step": 1.0,
        "reward/mean": 0.5,
        "reward/accuracy_by_family/maze": 1.0,
        "reward/accuracy_by_family/arithmetic": 0.0,
    }


# TensorBoard


def events_of(file: Path) -> Iterator[Event]:
    """The events of a file: records of length, checksum, bytes, checksum."""
    content = file.read_bytes()
    place = 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        yield Event.FromString(content[place + 12 : place + 12 + length])
        place += 16 + length


def events_shown(path: Path) -> list[Event]:
    """The events that TensorBoard shows: a start of a session drops all from its step on."""
    shown: list[Event] = []
    for file in sorted((path / "tensorboard").iterdir(), key=lambda file: file.stat().st_mtime_ns):
        for event in events_of(file):
            if event.session_log.status == SessionLog.START:
                shown = [earlier for earlier in shown if earlier.step < event.step]
            shown.append(event)
    return shown


def numbers_shown(path: Path) -> list[tuple[tuple[str, int], float]]:
    return [
        ((value.tag, event.step), value.simple_value)
        for event in events_shown(path)
        for value in event.summary.value
        if value.WhichOneof("value") == "simple_value"
    ]


@pytest.mark.parametrize("kills", [(), (10, 3)], ids=str)
def test_event_files_hold_the_metrics_once(tmp_path: Path, kills: tuple[int, ...]) -> None:
    summary = finish(tmp_path / "run", *kills, tracker="tensorboard")
    shown = numbers_shown(tmp_path / "run")
    expected = expected_scalars(tmp_path / "run", summary)
    assert len(shown) == len(expected)
    assert dict(shown) == pytest.approx(expected, rel=1e-6)  # event files hold float32


def test_event_files_hold_events_and_the_configuration_as_text(tmp_path: Path) -> None:
    finish(tmp_path / "run", tracker="tensorboard")
    texts = {
        value.tag: value.tensor.string_val[0].decode()
        for event in events_shown(tmp_path / "run")
        for value in event.summary.value
        if value.WhichOneof("value") == "tensor"
    }
    names = {name for line in metrics_of(tmp_path / "run") for name in line["events"]}
    assert names and {f"events/{name}/text_summary" for name in names} < set(texts)
    assert '    preset = "tiny"' in texts["config/text_summary"]


def test_a_tracker_changes_nothing_that_a_run_computes(tmp_path: Path) -> None:
    finish(tmp_path / "tracked", tracker="tensorboard")
    finish(tmp_path / "alone", tracker="none")
    files = [lasting_bytes(tmp_path / name) for name in ("tracked", "alone")]
    assert [content.pop("config.toml") for content in files]
    assert files[0] == files[1]


# Weights & Biases

STUB = """
class errors:
    class Error(Exception): pass

runs, opened = {}, []

class Settings:
    def __init__(self, **options): self.options = options

class Run:
    def __init__(self): self.step, self.rows, self.summary, self.ends = 0, {}, {}, []
    def log(self, figures, step):
        assert step >= self.step, "W&B ignores steps that it has"
        self.rows.setdefault(step, []).append(figures)
    def finish(self, exit_code):
        self.ends.append(exit_code)
        self.step = max(self.rows, default=-1) + 1

def init(**options):
    if options["project"] == "broken":
        raise errors.Error("api_key not configured\\n(no-tty)")
    opened.append(options)
    return runs.setdefault(options["id"], Run())
"""


@pytest.fixture
def wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that remembers what W&B would be sent, and what it has when a run is resumed."""
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / "wandb.py").write_text(STUB)
    monkeypatch.syspath_prepend(tmp_path / "stub")
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    import wandb as module

    yield module
    sys.modules.pop("wandb")


@pytest.mark.parametrize("kills", [(9,), (10, 3)], ids=str)
def test_one_run_of_wandb_holds_the_metrics_once(
    tmp_path: Path, wandb: Any, kills: tuple[int, ...]
) -> None:
    summary = finish(tmp_path / "run", *kills, tracker="wandb")
    (sent,) = wandb.runs.values()
    shown = [
        ((name, step), value)
        for step, parts in sent.rows.items()
        for part in parts
        for name, value in part.items()
        if not name.startswith("events/")
    ]
    # Scores of a step whose metrics came before a kill stand one step later.
    last = max(line["step"] for line in metrics_of(tmp_path / "run"))
    shown = [((name, min(step, last)), value) for (name, step), value in shown]
    expected = expected_scalars(tmp_path / "run", summary)
    assert len(shown) == len(expected) and dict(shown) == expected
    accuracy = summary["eval_after"]["overall"]["accuracy"]
    assert sent.summary["after RL/evaluation/overall/accuracy"] == accuracy
    assert sent.ends == [1] * len(kills) + [0]
    assert {options["config"]["preset"] for options in wandb.opened} == {"tiny"}


def test_a_tracker_that_does_not_start_is_one_line(
    tmp_path: Path, wandb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "broken")
    result = run("run", "--out", tmp_path / "run", *SMALL, "run.track=wandb")
    assert_user_error(result, "tracker-failed", "api_key not configured (no-tty)", "offline")


# Which trackers


@pytest.mark.parametrize("name", tracking.PACKAGES)
def test_a_missing_package_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda package: None)
    result = run("run", "--out", tmp_path / "run", *SMALL, f"run.track={name}")
    assert_user_error(result, "tracker-failed", f"run.track={name}", f"pip install '.[{name}]'")
    assert not (tmp_path / "run").exists()


def test_another_word_is_refused(tmp_path: Path) -> None:
    result = run("run", "--out", tmp_path / "run", "run.track=mlflow")
    assert_user_error(result, "run.track='mlflow' must be none, tensorboard, wandb")


def test_only_the_main_process_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = new_run(tmp_path / "run", small_config("grpo", "run.track=tensorboard"))
    monkeypatch.setattr(training.backend, "is_main_process", False)
    with tracked(training):
        pass
    assert not (tmp_path / "run" / "tensorboard").exists()

"""Properties of ``seed run``: nothing is lost or overwritten, and user errors come first."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from seed.cli.run import free_directory, worse_lines
from seed.reference.backend import ReferenceBackend
from seed.reference.training.run_lock import locked
from seed.spec.observer import SilentObserver
from tests.support.command_line import assert_user_error, run, succeeded
from tests.support.small_runs import SMALL

NO_EFFECT = "has no effect with backend=reference"


def test_a_run_leaves_everything_that_its_help_promises(finished: Path) -> None:
    lines = {"metrics.jsonl", "timings.jsonl", "samples.jsonl"}
    rest = {"config.toml", "rollouts", "checkpoints", "summary.json", "report.html", ".lock"}
    assert {path.name for path in finished.iterdir()} == lines | rest


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("algorithm.clip_hihg=0.3", ("unknown-key: algorithm.clip_hihg", "mean clip_high?")),
        ("algorithm.clip_high=0.1", ("clip_high=0.1", "at least algorithm.clip_low=0.2")),
        ("algorithm.mini_batch=7", ("algorithm.mini_batch=7 must divide", "16 * 16 = 256")),
        ("rollout.top_p=0.9", ("rollout.top_p=0.9 must be 1.0",)),
        ("data.difficulties.chess=[1]", ("data.difficulties: family 'chess' does not exist",)),
        ("data.classes.chess=hybrid", ("data.classes: family 'chess' does not exist",)),
        ("data.difficulties.sudoku=[99]", ("sudoku has no level 99",)),
        ("data.families=['chess']", ("family 'chess' does not exist; legal are arithmetic",)),
        ("rollout.prompts=many", ("rollout.prompts='many' must be a valid integer",)),
        ("model.vocabulary=5", ("model.vocabulary=5 must be at least",)),
        ("data.difficulties.maze=[9]", ("maze has no level 9; legal are 1 to 6",)),
        ("evaluation.problems=100000", ("distinct held-out problems",)),
        ("evaluation.problems=100000000", ("must be less than or equal to 100000",)),
        ("rollout.prompts=1000000000000", ("must be less than or equal to 100000",)),
        ("rollout.temperature=1e-300", ("must be greater than or equal to 0.0001",)),
        ("evaluation.temperature=1e-300", ("must be greater than or equal to 0.0001",)),
        ("data.max_prompt_tokens=1", ("data.max_prompt_tokens=1 must be at least",)),
        ("kl_coef=0.1", ("unknown-key: kl_coef is not a key: kl_coef is algorithm.kl_weight",)),
        ("algorithm.kl_coef=0.1", ("kl_coef is algorithm.kl_weight here",)),
        ("actor_rollout_ref.rollout.n=8", ("rollout.n is rollout.samples_per_prompt here",)),
        ("clip_high=0.3", ("clip_high is not a key: clip_high is algorithm.clip_high",)),
        ("parallel.units=2", ("parallel.units is parallel.rollout_workers now",)),
        ("rollout.at_staleness_bound=evict", ("must be 'wait' or 'drop'; evict is drop now",)),
        ("parallel.tp=2", ("illegal-combination: parallel.tp=2", NO_EFFECT, "legal: 1, or")),
        ("parallel.recompute=true", ("parallel.recompute=true", NO_EFFECT, "legal: false, or")),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(
    tmp_path: Path, override: str, words: tuple[str, ...]
) -> None:
    assert_user_error(run("run", "--out", tmp_path / "run", override), *words)
    assert not (tmp_path / "run").exists()


def test_a_preset_for_many_gpus_is_refused_by_the_reference(tmp_path: Path) -> None:
    result = run("run", "--preset", "seed-200b", "--out", tmp_path / "run")
    assert_user_error(result, "needs at least", "GiB", "the machine has", "--backend scaled")
    assert not (tmp_path / "run").exists()


def test_the_reference_runs_with_the_parallel_setting_that_it_uses(tmp_path: Path) -> None:
    settings = ("parallel.rollout_slots=8", "rollout.srs_alpha=0.5", "rollout.steps=1")
    succeeded("run", "--out", tmp_path / "run", *SMALL, *settings)


def test_a_run_without_a_terminal_logs_plain_lines(tmp_path: Path) -> None:
    result = succeeded("run", "--out", tmp_path / "run", *SMALL, "run.show=3")
    log = result.stderr
    assert "\r" not in log and "\x1b" not in log
    for text in ("SFT 1/6 ", "SFT 6/6 ", "value pretraining 2/2 ", "RL 1/4 ", "RL 4/4 "):
        assert re.search(rf"^\d\d:\d\d:\d\d {text}", log, re.M), text
    assert log.count("held-out accuracy before RL: ") == 1
    assert log.index("held-out accuracy before RL") < log.index("RL 1/4")
    assert log.count("prompt    ") == 1  # of RL step 3


def test_what_rl_made_worse_is_said() -> None:
    before = {"overall": {"ci_low": 0.5, "ci_high": 0.7}, "maze": {"ci_low": 0.8, "ci_high": 0.9}}
    after = {"overall": {"ci_low": 0.3, "ci_high": 0.5}, "maze": {"ci_low": 0.1, "ci_high": 0.2}}
    (line,) = worse_lines(before, after)
    assert line.startswith("RL made maze worse")
    assert worse_lines(before, before) == []


def test_a_directory_in_use_is_left_as_it_is(finished: Path) -> None:
    before = contents(finished)
    result = run("run", "--out", finished, *SMALL)
    assert_user_error(result, "run-directory-in-use", "--resume")
    assert contents(finished) == before


def test_the_reference_is_refused_under_a_launcher(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PMI_SIZE", "2")
    result = run("run", "--out", tmp_path / "run")
    assert_user_error(result, "backend='reference' runs in one process")
    assert not (tmp_path / "run").exists()


def test_resuming_nothing_is_refused(tmp_path: Path) -> None:
    assert_user_error(run("run", "--resume", tmp_path), "not-a-run-directory", str(tmp_path))


def test_a_run_that_another_process_writes_is_refused_and_can_be_read(finished: Path) -> None:
    with locked(finished, ReferenceBackend(), SilentObserver()):
        before = contents(finished)
        result = run("run", "--resume", finished)
        assert_user_error(result, "run-directory-in-use", f"process {os.getpid()} on ")
        assert contents(finished) == before
        succeeded("report", finished)
        succeeded("eval", finished, "evaluation.problems=2", "evaluation.samples=1")
        succeeded("sample", finished, "--family", "maze")


def test_resume_takes_no_other_options(finished: Path) -> None:
    result = run("run", "--resume", finished, "--seed", 2, "--preset", "tiny", "a.b=1")
    assert_user_error(result, "--preset, --seed, a.b=1 must not be given too")


def test_resuming_a_finished_run_changes_nothing_and_says_the_score_before_rl(
    finished: Path,
) -> None:
    before = (finished / "metrics.jsonl").read_bytes()
    result = succeeded("run", "--resume", finished)
    assert "held-out accuracy before RL: " in result.stderr
    assert (finished / "metrics.jsonl").read_bytes() == before


def test_an_interrupt_is_reported_with_the_command_that_continues(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(run: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seed.reference.training.trainer.train", interrupted)
    result = run("run", "--out", tmp_path / "here")
    assert result.exit_code == 130, result.output
    line = f"Error: interrupted; continue with: seed run --resume {tmp_path / 'here'}"
    assert result.stderr.splitlines()[-1] == line


def test_the_default_directory_is_the_first_one_that_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("tiny", "tiny-2", "tiny-3"):
        assert free_directory("tiny") == Path("runs") / name
        free_directory("tiny").mkdir(parents=True)


def contents(folder: Path) -> dict[Path, bytes]:
    """All files below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

"""Properties of a new run's configuration: the order of origins, --from, --dry-run."""

from pathlib import Path

import pytest

from seed.reference.training.run_directory import RunDirectory
from tests.support.command_line import assert_user_error, run, succeeded
from tests.support.small_runs import SMALL

WITHOUT_SFT = [setting for setting in SMALL if not setting.startswith("supervised.steps")]
SHORT = (*WITHOUT_SFT, "rollout.steps=1", "value_pretraining.steps=1")


def settings(*arguments: str | Path) -> str:
    """The resolved configuration as TOML."""
    return succeeded("explain", "--toml", *arguments).stdout


def test_only_options_that_were_typed_beat_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('preset = "mixed"\nrecipe = "dapo"\nseed = 5\n[rollout]\nsteps = 7\n')
    text = settings("--config", file)
    assert text == settings("--preset", "mixed", "--recipe", "dapo", "seed=5", "rollout.steps=7")
    assert text.startswith('preset = "mixed"\nrecipe = "dapo"\nseed = 5\n')


def test_options_beat_a_file_and_overrides_beat_both(finished: Path, tmp_path: Path) -> None:
    file = finished / "config.toml"
    run_options = ("--config", file, "--seed", "9", "run.sampled_rollouts=2", "rollout.steps=1")
    succeeded("run", *run_options, "--out", tmp_path / "run", "seed=11")
    _, config = RunDirectory.resume(tmp_path / "run")
    assert (config.seed, config.rollout.steps, config.run.sampled_rollouts) == (11, 1, 2)
    assert config.model.hidden == 16


def test_the_configuration_of_a_run_repeats_it(finished: Path, tmp_path: Path) -> None:
    succeeded("run", "--config", finished / "config.toml", "--out", tmp_path / "run")
    for name in ("config.toml", "metrics.jsonl", "samples.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / name).read_bytes()


def test_from_starts_at_value_pretraining_and_its_configuration_repeats_it(
    finished: Path, tmp_path: Path
) -> None:
    succeeded("run", "--from", finished, "--seed", 3, "--out", tmp_path / "one", *SHORT)
    first, again = tmp_path / "one", tmp_path / "two"
    lines = RunDirectory(first).read("metrics.jsonl")
    assert [line["phase"] for line in lines] == ["value_pretraining", "reinforcement"]
    assert "[start]" in (first / "config.toml").read_text()
    succeeded("run", "--config", first / "config.toml", "--out", again)
    assert (again / "metrics.jsonl").read_bytes() == (first / "metrics.jsonl").read_bytes()


def test_from_replaces_the_start_of_a_file(finished: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'[start]\ncheckpoint = "elsewhere"\nstep = 3\nsha256 = "{"0" * 64}"\n')
    out = succeeded("run", "--dry-run", "--config", file, "--from", finished, *SHORT).stdout
    assert f"{finished}/checkpoints/step_" in out
    assert "0 SFT, " in out


def test_from_with_sft_steps_goes_on_with_sft(finished: Path) -> None:
    out = succeeded("run", "--dry-run", "--from", finished, *SMALL).stdout
    assert "6 SFT, " in out


def test_from_another_model_is_refused_with_the_first_size_that_differs(finished: Path) -> None:
    result = run("run", "--from", finished)
    assert_user_error(result, "foreign-checkpoint", "model.layers=1", "has model.layers=2")


def test_a_dry_run_checks_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    out = succeeded("run", "--dry-run", "--recipe", "grpo", "data.families=maze").stdout
    assert "checked, nothing was started or written" in out
    assert "runs/tiny-grpo-seed1" in out and "no value model" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.families=zebra", ("model.vocabulary=32 must be at least 97",)),
        ("evaluation.problems=9000", ("distinct held-out problems",)),
        ("data.max_prompt_tokens=3", ("data.max_prompt_tokens=3 must be at least",)),
        ("parallel.tp=2", ("has no effect with backend=reference",)),
    ],
)
def test_a_dry_run_refuses_what_a_run_would_refuse(override: str, words: tuple[str, ...]) -> None:
    assert_user_error(run("run", "--dry-run", override), *words)


def test_a_dry_run_refuses_a_directory_in_use_and_a_file(finished: Path, tmp_path: Path) -> None:
    assert_user_error(run("run", "--dry-run", "--out", finished), "run-directory-in-use")
    (tmp_path / "file").touch()
    result = run("run", "--dry-run", "--out", tmp_path / "file" / "run")
    assert_user_error(result, "unwritable-file", "file is no folder; choose another --out")


def test_settings_without_effect_are_said(tmp_path: Path) -> None:
    typed = ("algorithm.gae_alpha=3", "data.difficulties.sudoku=[1]")
    result = succeeded("run", "--dry-run", "--recipe", "grpo", *typed)
    assert result.stderr.splitlines() == [
        "note: algorithm.gae_alpha has no effect with algorithm.advantage=group, which has no value"
        " model",
        "note: data.difficulties.sudoku has no effect while data.families is without sudoku",
    ]


def test_resume_takes_neither_file_nor_checkpoint(finished: Path) -> None:
    result = run("run", "--resume", finished, "--config", "x", "--from", finished, "--dry-run")
    assert_user_error(result, "--config, --from, --dry-run must not be given too")

"""Properties of a run's report: self-contained, safe, complete, honest about what is missing."""

import json
import re
from pathlib import Path

import pytest

from seed.cli.report.header import duration
from seed.cli.report.page import PLOTS, write_report
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config_files import load_config
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import METRICS
from tests.support.reports import SCORE, titles, write_run

VALUE_PLOTS = {
    "Explained variance of the value model",
    "Value loss",
    "Value along the response",
    "Lambda by response length",
}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a finished run."""
    return report(write_run(tmp_path_factory.mktemp("finished") / "run"))


def report(path: Path) -> str:
    return write_report(path).read_text(encoding="utf-8")


def test_the_report_needs_nothing_from_outside_and_runs_no_script(text: str) -> None:
    assert "http:" not in text
    assert "https:" not in text
    active = r"<(script|link|iframe|img|object)|@import|\bon\w+="
    assert re.search(active, text, re.IGNORECASE) is None
    assert all(target.startswith("#") for target in re.findall(r'(?:href|src)="([^"]*)"', text))
    assert text.count("<svg") == text.count("</svg>") == text.count("<figure")


def test_every_id_is_unique_and_every_reference_has_its_target(text: str) -> None:
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    references = re.findall(r'href="#([^"]*)"', text) + re.findall(r"url\(#([^)]*)\)", text)
    assert set(references) <= set(ids)


def test_hostile_text_is_shown_and_not_executed(text: str) -> None:
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;amp;" in text


def test_two_calls_write_equal_bytes_and_leave_nothing_else(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "grpo", rl_steps=2)
    before = {path.name for path in run.iterdir()}
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first
    assert {path.name for path in run.iterdir()} == before | {"report.html"}


def test_a_finished_run_states_its_outcome(text: str) -> None:
    outcome = ("25.0 % → 75.0 %", "[12.5, 37.5]", "+50.0", "do not overlap", "8 × 4", "1 h 2 min")
    assert all(wanted in text for wanted in outcome)
    assert "<code>zero_variance_batch</code>" in text
    assert "not finished" not in text


@pytest.mark.parametrize("rl_steps", [0, 1])
def test_an_unfinished_run_is_reported_as_such(tmp_path: Path, rl_steps: int) -> None:
    text = report(write_run(tmp_path / "run", rl_steps=rl_steps, finished=False))
    assert "not finished" in text
    assert "not evaluated yet" in text
    assert "SFT loss" in titles(text)
    assert ("Reward" in titles(text)) == (rl_steps > 0)


def test_a_run_without_any_step_has_a_report(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path / "run", load_config("tiny", "grpo"))
    text = report(tmp_path / "run")
    assert "<svg" not in text
    assert "none" in text


def test_an_unfinished_run_shows_the_evaluation_in_its_checkpoint(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", rl_steps=0, finished=False)
    checkpoint = run / "checkpoints" / "step_2"
    checkpoint.mkdir()
    manifest = {
        "format": "seed-checkpoint-2",
        "config": {},
        "progress": {"eval_before": {"overall": SCORE}, "eval_after": {}},
    }
    (checkpoint / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "25.0 %" in report(run)


def test_only_recipes_with_a_value_model_have_value_plots(text: str, tmp_path: Path) -> None:
    without = titles(report(write_run(tmp_path / "grpo", "grpo")))
    assert titles(text) - without == VALUE_PLOTS
    assert without < titles(text)


def test_a_run_has_every_plot_but_those_of_general_problems(text: str) -> None:
    assert len(titles(text)) == len(PLOTS) - 1


def test_a_run_of_version_0_1_has_the_same_report(text: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    old_names = {new: old for old, new in METRICS.items() if not old.startswith("loss_")}
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    old_lines = [{old_names.get(key, key): value for key, value in line.items()} for line in lines]
    assert "reward/mean" not in old_lines[-1]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in old_lines))
    assert report(run) == text


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeedError) as error:
        write_report(tmp_path)
    assert error.value.reason is Reason.NOT_A_RUN_DIRECTORY


def test_durations_read_well() -> None:
    assert [duration(s) for s in (3.2, 77, 3725)] == ["3 s", "1 min 17 s", "1 h 2 min"]

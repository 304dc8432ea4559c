"""Properties of a run's report: self-contained, safe, complete, honest about what is missing."""

import json
import re
from pathlib import Path

import pytest

from seed.cli.report.header import duration, header
from seed.cli.report.page import PLOTS, write_report
from seed.cli.report.record import read_record
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config_files import load_config
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import METRICS
from tests.support.reports import SCORE, outline, refreshes, titles, write_run

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


def test_the_report_is_well_formed_self_contained_and_legible_for_everyone(text: str) -> None:
    outline(text)
    assert text.count("<svg") == text.count("</svg>") == text.count("<figure")


def test_a_plot_says_its_first_last_smallest_and_largest_value(text: str) -> None:
    assert "Value loss, over RL step. value loss: first 0.3, last 0.3" in text
    figures = "first 3, last 1.5, smallest 1.5, largest 3."
    assert f'aria-label="SFT loss, over SFT step. loss: {figures}"' in text


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
    assert not refreshes(text)


def test_a_run_that_is_being_written_or_was_killed_in_a_line_has_a_report(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", rl_steps=0, finished=False)
    before = report(run)
    for name in ("metrics.jsonl", "timings.jsonl", "samples.jsonl"):
        with (run / name).open("a", encoding="utf-8") as file:
            file.write('{"phase": "reinforcement", "st')
    (run / "rollouts").mkdir()
    (run / "rollouts" / "steps_000001-000002.h5").write_bytes(b"cut")
    (run / "checkpoints" / "step_2").mkdir()
    (run / "checkpoints" / ".step_4.partial").mkdir()
    assert report(run) == before


def test_a_run_that_got_worse_is_told_where_to_look(text: str, tmp_path: Path) -> None:
    assert "RL made the policy worse" not in text
    run = write_run(tmp_path / "run")
    summary = json.loads((run / "summary.json").read_text())
    summary["eval_before"], summary["eval_after"] = summary["eval_after"], summary["eval_before"]
    (run / "summary.json").write_text(json.dumps(summary))
    assert "RL made the policy worse, by 50.0 points" in header(read_record(run), None)


@pytest.mark.parametrize("rl_steps", [0, 1])
def test_an_unfinished_run_is_reported_as_such(tmp_path: Path, rl_steps: int) -> None:
    text = report(write_run(tmp_path / "run", rl_steps=rl_steps, finished=False))
    assert "not finished" in text
    assert refreshes(text)
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

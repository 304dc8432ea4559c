"""Laws of the reports, on tiny run directories written by hand: self-contained, safe, honest about
what is missing.
"""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from seed.cli.estimates import T975, estimate
from seed.cli.report.ablation_page import AblationRow, ablation_table, write_ablation
from seed.cli.report.figures import NO_BREAK
from seed.cli.report.page import (
    GRID_FAMILIES,
    duration,
    grid,
    read_record,
    sample_row,
    write_report,
)
from seed.cli.report.plots import accuracy_interval, class_plot, policy_plots, trend
from seed.cli.report.streaming_plots import staleness_counts
from seed.reference.tasks.problems import distinct_problems
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config_files import load_config
from seed.spec.errors import Reason, SeedError

HOSTILE = "<script>alert('x')</script>&amp;\"<img src=x>"
SCORE = {
    "accuracy": 0.25,
    "ci_low": 0.125,
    "ci_high": 0.375,
    "n": 8,
    "samples": 4,
    "pass_at_k": 0.5,
}
BETTER = SCORE | {"accuracy": 0.75, "ci_low": 0.625, "ci_high": 0.875}
VALUE_PLOTS = {
    "Explained variance of the value model",
    "Value loss",
    "Value along the response",
    "Lambda by response length",
}
STREAM_PLOTS = {
    "Occupancy and on-policy share",
    "Staleness per step",
    "Staleness over the run",
    "Left under way",
}
ROWS = (
    AblationRow("full", "all parts", (1, 2, 3), (0.1, 0.1, 0.1), (0.5, 0.6, 0.7)),
    AblationRow("without <b>", "a=1", (1, 2, 3), (0.1, 0.1, 0.1), (0.3, 0.5, 0.4)),
    AblationRow("a single seed", "b=2", (2,), (0.1,), (0.7,)),
)


def supervised_line(step: int) -> dict[str, Any]:
    return {
        "phase": "supervised",
        "step": step,
        "phase_step": step,
        "policy/loss_nll": 3.0 / step,
        "events": [],
    }


def sampled_line(phase: str, step: int, phase_step: int, critic: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "phase": phase,
        "step": step,
        "phase_step": phase_step,
        "reward/mean": -0.5,
        "reward/accuracy": 0.25,
        "reward/accuracy_by_family": {"arithmetic": 0.5, "maze": 0.0},
        "rollout/responses": 256,
        "response_length/mean": 7.5,
        "response_length/max": 9,
        "response_length/truncated_fraction": 0.0,
        "events": ["zero_variance_batch"] if phase_step == 2 else [],
    }
    if critic:
        positions = {"correct": [0.0, 0.5, None], "wrong": [0.0, -0.5, -0.75]}
        line |= {
            "value/explained_variance": None if phase_step == 1 else 0.5,
            "value/by_position": positions,
        }
        line |= {
            "value/loss": 0.3,
            "value/grad_norm": 1.5,
            "advantage/lambda_by_length": {"3": 0.25, "9": 0.75},
        }
    return line


def policy_figures() -> dict[str, float]:
    names = (
        "entropy",
        "ratio",
        "log_prob_gap",
        "clip_fraction_low",
        "clip_fraction_high",
        "loss_surrogate",
        "grad_norm",
    )
    return {f"policy/{name}": 0.5 for name in names} | {"reward/zero_variance_fraction": 0.5}


def sample_line(step: int, response: str, outcome: str, why: str) -> dict[str, Any]:
    problem = {
        "problem": "maze/1/ab",
        "prompt": "MS.#/..#/#.G=",
        "reward": 1.0,
        "finish": "eos",
        "version": 1,
    }
    return problem | {"step": step, "response": response, "outcome": outcome, "why": why}


def streaming_figures(phase_step: int) -> dict[str, Any]:
    """Of a step in which a quarter of 256 samples is two policies old, and as many samples were
    dropped as its number.
    """
    return {
        "rollout/occupancy": 0.75,
        "rollout/decode_steps": 20,
        "rollout/on_policy_share": 0.625,
        "rollout/staleness_mean": 0.5,
        "rollout/staleness_max": 2,
        "rollout/staleness_counts": {"0": 160, "1": 32, "2": 64},
        "rollout/dropped": phase_step,
        "rollout/in_flight": 256,
    }


def write_run(
    path: Path,
    recipe: str = "vapo",
    rl_steps: int = 3,
    finished: bool = True,
    streams: bool = False,
) -> Path:
    """A run directory as the trainer would leave it, with made-up figures."""
    config = load_config("tiny", recipe, ("rollout.srs_alpha=0.5",) if streams else ())
    run = RunDirectory.create(path, config)
    critic = config.uses_value_model
    lines = [supervised_line(step) for step in (1, 2)]
    if critic and rl_steps:
        lines += [sampled_line("value_pretraining", 3, 1, critic)]
    start = len(lines)
    for n in range(1, rl_steps + 1):
        lines.append(sampled_line("reinforcement", start + n, n, critic) | policy_figures())
        lines[-1] |= streaming_figures(n) if streams else {}
        run.append("samples.jsonl", sample_line(start + n, "DRDR", "correct", "arrives"))
        run.append("samples.jsonl", sample_line(start + n, HOSTILE, "wrong", HOSTILE))
    for line in lines:
        run.append("metrics.jsonl", line)
        timing = {"phase": line["phase"], "step": line["step"], "phase_step": line["phase_step"]}
        seconds = {
            "update_seconds": 2.0,
            "update_tokens": 50.0,
            "rollout_seconds": 1.0,
            "rollout_tokens": 70.0,
        }
        run.append("timings.jsonl", timing | seconds)
    if finished:
        exams = {
            "eval_before": {"overall": SCORE, "maze": SCORE},
            "eval_after": {"overall": BETTER, "maze": BETTER},
        }
        run.write_json("summary.json", {"stopped": "steps_done", "wall_seconds": 3725.0, **exams})
    return path


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a finished run."""
    return write_report(write_run(tmp_path_factory.mktemp("finished") / "run")).read_text(
        encoding="utf-8"
    )


def titles(page: str) -> set[str]:
    """Headings of the plots on a page."""
    return set(re.findall(r"<figure[^>]*><h3>([^<]*)</h3>", page))


def test_the_report_needs_nothing_from_outside_and_runs_no_script(text: str) -> None:
    assert "http:" not in text
    assert "https:" not in text
    assert (
        re.search(r"<(script|link|iframe|img|object)|@import|\bon\w+=", text, re.IGNORECASE) is None
    )
    assert all(target.startswith("#") for target in re.findall(r'(?:href|src)="([^"]*)"', text))
    assert text.count("<svg") == text.count("</svg>") == text.count("<figure")


def test_every_element_name_is_used_once_and_every_reference_is_met(text: str) -> None:
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', text)) <= {(i, "") for i in ids} | {
        ("", i) for i in ids
    }


def test_hostile_text_is_shown_and_not_obeyed(text: str) -> None:
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;amp;" in text


def test_two_calls_write_equal_bytes_and_leave_nothing_else(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "grpo", rl_steps=2)
    before = {path.name for path in run.iterdir()}
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first
    assert {path.name for path in run.iterdir()} == before | {"report.html"}


def test_a_finished_run_states_its_outcome(text: str) -> None:
    for wanted in (
        "25.0 % → 75.0 %",
        "[12.5, 37.5]",
        "+50.0",
        "do not overlap",
        "8 × 4",
        "1 h 2 min",
    ):
        assert wanted in text
    assert "<code>zero_variance_batch</code>" in text
    assert "not finished" not in text


@pytest.mark.parametrize("rl_steps", [0, 1])
def test_an_unfinished_run_is_reported_as_such(tmp_path: Path, rl_steps: int) -> None:
    run = write_run(tmp_path / "run", rl_steps=rl_steps, finished=False)
    text = write_report(run).read_text(encoding="utf-8")
    assert "not finished" in text
    assert "not examined yet" in text
    assert "Cold start loss" in titles(text)
    assert ("Reward" in titles(text)) == (rl_steps > 0)


def test_a_run_without_any_step_has_a_report(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path / "run", load_config("tiny", "grpo"))
    text = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "<svg" not in text
    assert "none" in text


def test_an_unfinished_run_shows_the_examination_that_its_checkpoint_knows(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", rl_steps=0, finished=False)
    checkpoint = run / "checkpoints" / "step_2"
    checkpoint.mkdir()
    manifest = {
        "format": "seed-checkpoint-2",
        "config": {},
        "progress": {"eval_before": {"overall": SCORE}, "eval_after": {}},
    }
    (checkpoint / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "25.0 %" in write_report(run).read_text(encoding="utf-8")


def test_only_recipes_with_a_critic_have_value_plots(text: str, tmp_path: Path) -> None:
    without = titles(write_report(write_run(tmp_path / "grpo", "grpo")).read_text(encoding="utf-8"))
    assert titles(text) - without == VALUE_PLOTS
    assert without < titles(text)


def test_only_a_streaming_run_has_a_section_on_streaming_with_the_figures_of_its_metrics(
    text: str, tmp_path: Path
) -> None:
    page = (
        write_report(write_run(tmp_path / "run", streams=True))
        .read_text(encoding="utf-8")
        .replace(NO_BREAK, " ")
    )
    assert titles(page) - titles(text) == STREAM_PLOTS
    assert titles(text) < titles(page)
    assert "Streaming rollouts" not in text
    for wanted in (
        "Over 3 RL steps 75.0 % of",
        "62.5 % of",
        "0.50 policies (at most 2)",
        "6 were given up",
        "all 768 sam",
    ):
        assert wanted in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_ages_of_trained_samples_are_added_up_over_the_steps() -> None:
    lines = [
        streaming_figures(1),
        streaming_figures(2) | {"rollout/staleness_counts": {"0": 1, "10": 5}},
    ]
    assert staleness_counts(lines) == {0: 161, 1: 32, 2: 64, 10: 5}


def test_a_streaming_run_that_has_no_rl_step_yet_says_nothing_of_streaming(tmp_path: Path) -> None:
    page = write_report(
        write_run(tmp_path / "run", rl_steps=0, finished=False, streams=True)
    ).read_text(encoding="utf-8")
    assert "Streaming rollouts" not in page


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeedError) as refusal:
        write_report(tmp_path)
    assert refusal.value.reason is Reason.NOT_A_RUN_DIRECTORY


def test_published_rollouts_narrow_the_band(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    with h5py.File(run / "rollouts.h5", "w") as file:
        file["step_4/problem"] = [f"p{i // 16}" for i in range(256)]
        file["step_4/accuracy"] = np.arange(256) % 4 == 0
    shares = read_record(run).shares
    assert shares == {4: [0.25] * 16}
    line = {"reward/accuracy": 0.25, "rollout/responses": 256}
    mixed = [0.2, 0.3] * 8
    known, unknown = accuracy_interval(line, mixed, 16), accuracy_interval(line, None, 16)
    assert unknown[0] < known[0] < 0.25 < known[1] < unknown[1]


def test_a_trend_keeps_constants_and_skips_gaps() -> None:
    assert np.array_equal(trend(np.full(48, 2.0)), np.full(48, 2.0))
    gap = np.where(np.arange(48) == 20, np.nan, 1.0)
    assert np.array_equal(trend(gap), np.ones(48))


def test_the_reward_of_each_data_class_is_drawn_where_there_is_more_than_verifiable_problems(
    tmp_path: Path,
) -> None:
    write_run(tmp_path / "run")
    record = read_record(tmp_path / "run")
    assert class_plot(record) is None
    lines = [
        line | {"reward/by_class": {"general": 0.1, "verifiable": -0.5}}
        for line in record.of_phase("reinforcement")
    ]
    plot = class_plot(replace(record, metrics=lines))
    assert plot and "general" in plot.svg and "verifiable" in plot.svg


def test_the_gap_of_fp8_rollouts_is_drawn_beside_that_of_the_updates_and_nowhere_else(
    tmp_path: Path,
) -> None:
    write_run(tmp_path / "run")
    record = read_record(tmp_path / "run")
    assert "FP8" not in write_report(tmp_path / "run").read_text()
    lines = [line | {"rollout/log_prob_gap": 0.01} for line in record.of_phase("reinforcement")]
    in_fp8 = replace(
        record, metrics=lines, config=load_config("tiny", "vapo", ["rollout.precision=fp8"])
    )
    (gap,) = (plot for plot in policy_plots(in_fp8) if plot and plot.title == "Log-prob gap")
    assert "in the updates" in gap.svg and "before them (FP8)" in gap.svg and "FP8" in gap.caption


def test_every_grid_family_has_a_prompt_or_an_answer_that_is_shown_as_a_grid() -> None:
    for name in GRID_FAMILIES:
        (problem,) = distinct_problems(name, 1, 1, seed=1, held_out=False)
        line = {
            "problem": problem.id,
            "prompt": problem.prompt,
            "response": problem.demonstration,
            "finish": "stop",
        }
        assert "class=grid" in sample_row(
            line | {"outcome": "correct", "reward": 1.0, "why": ""}
        ), name


def test_grids_and_durations_read_well() -> None:
    assert grid("S.#/..#/#.G").count("<tr>") == 3
    assert grid("2 9 ./7 5 ./6 . 8").count("<td class=mark>") == 6
    assert grid("DRDR") == grid("12/3") == grid("1 2/3") == grid("") == ""
    assert [duration(s) for s in (3.2, 77, 3725)] == ["3 s", "1 min 17 s", "1 h 2 min"]


def test_ablation_numbers_are_those_computed_by_hand(tmp_path: Path) -> None:
    page = write_ablation(tmp_path, ROWS)
    numbers = json.loads((tmp_path / "ablation.json").read_text(encoding="utf-8"))
    full, variant, single = numbers["variants"]
    assert numbers["full"] == "full"
    assert full["difference"] is None
    assert variant["after"]["mean"] == pytest.approx(0.4)
    # Three seeds: s = 0.1, t = 4.303, half = 4.303 * 0.1 / sqrt(3) = 0.24844.
    assert variant["after"]["low"] == pytest.approx(0.15156, abs=1e-5)
    assert variant["after"]["high"] == pytest.approx(0.64844, abs=1e-5)
    # Differences -0.2, -0.1, -0.3: mean -0.2, s = 0.1.
    assert variant["difference"]["mean"] == pytest.approx(-0.2)
    assert variant["difference"]["low"] == pytest.approx(-0.44844, abs=1e-5)
    # Seed 2 alone, against 0.6 of the full recipe's seed 2.
    assert single["difference"]["mean"] == pytest.approx(0.1)
    assert single["difference"]["low"] is None
    text = page.read_text(encoding="utf-8")
    assert "without &lt;b&gt;" in text
    assert "http:" not in text
    assert write_ablation(tmp_path, ROWS).read_text(encoding="utf-8") == text


def test_the_terminal_table_is_aligned_and_says_what_it_cannot_know() -> None:
    lines = ablation_table(ROWS).splitlines()
    assert len(lines) == 2 + len(ROWS)
    assert len({len(line) for line in lines}) == 1
    assert lines[2].rstrip().endswith("-")
    assert "40.0 [15.2, 64.8]" in lines[3]
    assert "-20.0 [-44.8, +4.8]" in lines[3]
    assert "+10.0 [n/a]" in lines[4]


def test_more_seeds_than_the_quantile_table_has_still_give_an_interval() -> None:
    found = estimate([0.0, 1.0] * 20)
    assert found.low is not None
    assert found.mean - found.low == pytest.approx(2.042 * math.sqrt(10 / 39) / math.sqrt(40))


@pytest.mark.parametrize("df", range(1, 31))
def test_student_quantiles_leave_a_fortieth_above(df: int) -> None:
    """The density integrated from 0 to the quantile must be 0.475."""
    x = np.linspace(0.0, T975[df - 1], 20001)
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    density = np.exp(log_scale - (df + 1) / 2 * np.log1p(x * x / df))
    assert np.trapezoid(density, x) == pytest.approx(0.475, abs=5e-5)

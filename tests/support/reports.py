"""Run directories as the trainer leaves them, with made-up figures, for tests of reports."""

import re
from pathlib import Path
from typing import Any

from seed.reference.training.run_directory import RunDirectory
from seed.spec.config_files import load_config

HOSTILE = "<script>alert('x')</script>&amp;\"<img src=x>"
INTERVAL = {"accuracy": 0.25, "ci_low": 0.125, "ci_high": 0.375}
SCORE = INTERVAL | {"n": 8, "samples": 4, "pass_at_k": 0.5}
BETTER = SCORE | {"accuracy": 0.75, "ci_low": 0.625, "ci_high": 0.875}
POLICY_METRICS = (
    *("entropy", "ratio", "log_prob_gap", "clip_fraction_low", "clip_fraction_high"),
    *("loss_surrogate", "grad_norm"),
)


def write_run(
    path: Path,
    recipe: str = "vapo",
    rl_steps: int = 3,
    finished: bool = True,
    streams: bool = False,
) -> Path:
    """Write a run directory."""
    config = load_config("tiny", recipe, ("rollout.srs_alpha=0.5",) if streams else ())
    run = RunDirectory.create(path, config)
    lines = [sft_line(step) for step in (1, 2)]
    if config.uses_value_model and rl_steps:
        lines.append(rollout_line("value_pretraining", 3, 1) | value_metrics(1))
    start = len(lines)
    for n in range(1, rl_steps + 1):
        line = rollout_line("reinforcement", start + n, n) | policy_metrics()
        line |= value_metrics(n) if config.uses_value_model else {}
        line |= streaming_metrics(n) if streams else {}
        lines.append(line)
        run.append("samples.jsonl", sample_line(start + n, "DRDR", "correct", "arrives"))
        run.append("samples.jsonl", sample_line(start + n, HOSTILE, "wrong", HOSTILE))
    for line in lines:
        run.append("metrics.jsonl", line)
        run.append("timings.jsonl", timing_line(line))
    if finished:
        summary = {
            "stopped": "steps_done",
            "wall_seconds": 3725.0,
            "eval_before": {"overall": SCORE, "maze": SCORE},
            "eval_after": {"overall": BETTER, "maze": BETTER},
        }
        run.write_json("summary.json", summary)
    return path


def sft_line(step: int) -> dict[str, Any]:
    """Metrics of an SFT step."""
    position = {"phase": "supervised", "step": step, "phase_step": step}
    return position | {"policy/loss_nll": 3.0 / step, "events": []}


def rollout_line(phase: str, step: int, phase_step: int) -> dict[str, Any]:
    """Metrics of the responses of a step."""
    return {
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


def value_metrics(phase_step: int) -> dict[str, Any]:
    """Metrics of the value model in a step; the first has no explained variance."""
    return {
        "value/explained_variance": None if phase_step == 1 else 0.5,
        "value/return_variance": 0.0 if phase_step == 1 else 0.75,
        "value/by_position": {"correct": [0.0, 0.5, None], "wrong": [0.0, -0.5, -0.75]},
        "value/loss": 0.3,
        "value/grad_norm": 1.5,
        "advantage/lambda_by_length": {"3": 0.25, "9": 0.75},
    }


def policy_metrics() -> dict[str, float]:
    """Metrics of the policy updates of a step."""
    figures = {f"policy/{name}": 0.5 for name in POLICY_METRICS}
    return figures | {"reward/zero_variance_fraction": 0.5}


def streaming_metrics(phase_step: int) -> dict[str, Any]:
    """Metrics of a streaming step: a quarter of 256 samples is two policy versions old."""
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


def sample_line(step: int, response: str, outcome: str, why: str) -> dict[str, Any]:
    """A response written out as text."""
    return {
        "problem": "maze/1/ab",
        "prompt": "MS.#/..#/#.G=",
        "reward": 1.0,
        "finish": "eos",
        "version": 1,
        "step": step,
        "response": response,
        "outcome": outcome,
        "why": why,
    }


def timing_line(line: dict[str, Any]) -> dict[str, Any]:
    """Seconds and tokens of the step of a metrics line."""
    position = {name: line[name] for name in ("phase", "step", "phase_step")}
    updates = {"update_seconds": 2.0, "update_tokens": 50.0}
    return position | updates | {"rollout_seconds": 1.0, "rollout_tokens": 70.0}


def titles(page: str) -> set[str]:
    """Headings of the plots on a page."""
    return set(re.findall(r"<figure[^>]*><h3>([^<]*)</h3>", page))

"""Run directories as the trainer leaves them, with made-up figures, for tests of reports."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
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
    overrides: tuple[str, ...] = (),
    correct: Mapping[str, int] | None = None,
) -> Path:
    """Write a run directory; ``correct`` are the results by problem after RL."""
    changes = ("rollout.srs_alpha=0.5",) if streams else ()
    config = load_config("tiny", recipe, (*changes, *overrides))
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
        summary: dict[str, Any] = {
            "stopped": "steps_done",
            "wall_seconds": 3725.0,
            "eval_before": {"overall": SCORE, "maze": SCORE},
            "eval_after": {"overall": BETTER, "maze": BETTER},
        }
        if correct is not None:
            summary["eval_after"] = {"overall": BETTER | {"correct_by_problem": dict(correct)}}
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


VOID = {"meta", "br", "hr", "img", "input", "link"}
"""Elements without an end."""


class Outline(HTMLParser):
    """Checks that every element ends where it should, and keeps all elements in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that opens and ends at once."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """End the innermost element."""
        assert self.open and self.open[-1] == tag, f"</{tag}> in {self.open}"
        self.open.pop()

    def of(self, tag: str) -> list[dict[str, str]]:
        """Attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def outline(page: str) -> Outline:
    """Parse a page and check what holds of all pages.

    It is well formed, runs no script, needs no network, and is legible for everyone.
    """
    parsed = Outline()
    parsed.feed(page)
    parsed.close()
    assert parsed.open == []
    assert "http:" not in page and "https:" not in page
    active = r"<(script|link|iframe|img|object)|@import|\bon\w+="
    assert re.search(active, page, re.IGNORECASE) is None
    assert all(target.startswith("#") for target in re.findall(r'(?:href|src)="([^"]*)"', page))
    assert len(parsed.of("main")) == 1
    for picture in parsed.of("svg"):
        spoken = picture.get("role") == "img" and picture.get("aria-label")
        assert spoken or picture.get("aria-hidden") == "true"
    tables = [table for table in parsed.of("table") if table.get("class") != "grid"]
    assert len(parsed.of("caption")) == len(tables)
    assert all(cell.get("scope") in {"col", "row"} for cell in parsed.of("th"))
    boxes = [box for box in parsed.of("div") if box.get("class") == "scroll"]
    assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in boxes)
    assert len(boxes) >= len(tables)
    figures = page[page.index("<main>") :]
    assert re.findall(r": ?#[0-9a-f]{6}\b", figures) == [], "a colour that is no variable"
    return parsed


def refreshes(page: str) -> bool:
    """Whether a browser loads the page again by itself."""
    return any(meta.get("http-equiv") == "refresh" for meta in outline(page).of("meta"))


def titles(page: str) -> set[str]:
    """Headings of the plots on a page."""
    return set(re.findall(r"<figure[^>]*><h3>([^<]*)</h3>", page))

"""Whole runs: both backends, on one and on several ranks, give the same tokens and metrics."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from seed.conformance.grid import FEW_MICRO_BATCHES
from seed.conformance.launch import run_ranks

SMALL = (
    "precision=float64",
    "supervised.steps=4",
    "supervised.batch=8",
    "data.demonstrations=64",
    "value_pretraining.steps=1",
    "rollout.steps=3",
    "rollout.needs_contrast=false",
    "rollout.prompts=4",
    "rollout.samples_per_prompt=4",
    "rollout.max_response_tokens=8",
    "algorithm.mini_batch=8",
    "algorithm.micro_batch=4",
    "evaluation.problems=4",
    "evaluation.samples=2",
    "run.checkpoint_every=1",
    "model.layers=1",
    "distribution.method=adaptive",
    "distribution.memory=4",
    "data.difficulties.maze=[1, 2]",
)
"""Three RL steps of the tiny preset made smaller, with every phase; what is asked adapts."""

STREAMING = (
    "rollout.srs_alpha=0.5",
    "rollout.continue_with=snapshot",
    "rollout.block_tokens=2",
    "parallel.rollout_slots=8",
    "algorithm.importance_cap=2.0",
)
"""The same run, streaming, with half as many slots as responses."""

CLOSE = 1e-9
"""Relative: rounding of four SFT and twelve RL updates, amplified by Adam's division."""

SECONDS = 400.0


def seed_run(out: Path, ranks: int, *settings: str) -> Path:
    done = run_ranks(ranks, ["-m", "seed.cli.main", "run", "--out", str(out), *settings], SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    scaled = ("--backend", "scaled", *SMALL)
    on_ranks = (*scaled, *FEW_MICRO_BATCHES, "parallel.tp=2", "parallel.ep=2")
    return {
        "reference": seed_run(folder / "reference", 1, *SMALL),
        "one process": seed_run(folder / "one", 1, *scaled),
        "four ranks": seed_run(folder / "four", 4, *on_ranks, "parallel.cp=2"),
        "streaming reference": seed_run(folder / "streaming", 1, *SMALL, *STREAMING),
        "streaming ranks": seed_run(folder / "streaming_ranks", 4, *on_ranks, *STREAMING),
    }


PAIRS = [
    ("reference", "one process"),
    ("reference", "four ranks"),
    ("streaming reference", "streaming ranks"),
]


@pytest.mark.parametrize(("reference", "other"), PAIRS)
def test_a_whole_run_samples_the_same_tokens(
    runs: dict[str, Path], reference: str, other: str
) -> None:
    assert (runs[other] / "samples.jsonl").read_text() == (
        runs[reference] / "samples.jsonl"
    ).read_text()


def test_a_streaming_run_on_ranks_has_the_log_of_the_reference(runs: dict[str, Path]) -> None:
    logs = [
        (runs[name] / "schedule.jsonl").read_text()
        for name in ("streaming reference", "streaming ranks")
    ]
    assert logs[0] == logs[1] != ""


@pytest.mark.parametrize(("reference", "other"), PAIRS)
def test_a_whole_run_has_the_same_metrics_to_round_off(
    runs: dict[str, Path], reference: str, other: str
) -> None:
    ours, theirs = (
        [json.loads(line) for line in (runs[name] / "metrics.jsonl").read_text().splitlines()]
        for name in (reference, other)
    )
    assert len(ours) == len(theirs) == 8
    for one, two in zip(ours, theirs, strict=True):
        assert differences(one, two) == []


def differences(one: Any, two: Any, path: str = "") -> list[str]:
    """A line for each place at which two JSON values differ by more than rounding."""
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        return [line for key in one for line in differences(one[key], two[key], f"{path}/{key}")]
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        return [
            line
            for i, (a, b) in enumerate(zip(one, two, strict=True))
            for line in differences(a, b, f"{path}/{i}")
        ]
    if isinstance(one, float) and isinstance(two, float):
        same = math.isclose(one, two, rel_tol=CLOSE, abs_tol=CLOSE)
    else:
        same = one == two
    return [] if same else [f"{path}: {one!r} and {two!r}"]


@pytest.mark.parametrize(
    ("source", "backend", "ranks"), [("four ranks", "reference", 1), ("reference", "scaled", 2)]
)
def test_a_checkpoint_of_one_backend_and_layout_has_the_same_evaluation_in_another(
    runs: dict[str, Path], source: str, backend: str, ranks: int
) -> None:
    expected = json.loads((runs["reference"] / "summary.json").read_text())["eval_after"][
        "overall"
    ]["accuracy"]
    degrees = ["parallel.tp=1", "parallel.cp=1", "parallel.ep=1"]
    command = ["-m", "seed.cli.main", "eval", str(runs[source]), f"backend={backend}", *degrees]
    done = run_ranks(ranks, command, SECONDS)
    assert done.returncode == 0, done.stderr
    overall = next(line for line in done.stdout.splitlines() if line.startswith("overall"))
    assert overall.split()[1] == f"{100 * expected:.1f}"


def test_a_run_that_starts_from_a_checkpoint_is_the_same_in_both_backends(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    short = ("supervised.steps=0", "rollout.steps=1")
    started = ("--from", str(runs["reference"]), *SMALL, *short)
    ours = seed_run(tmp_path / "reference", 1, *started)
    ranks = ("--backend", "scaled", *FEW_MICRO_BATCHES, "parallel.tp=2")
    theirs = seed_run(tmp_path / "ranks", 2, *started, *ranks)
    lines = [
        [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
        for path in (ours, theirs)
    ]
    assert [line["phase"] for line in lines[0]] == ["value_pretraining", "reinforcement"]
    assert differences(lines[0], lines[1]) == []
    assert (ours / "samples.jsonl").read_text() == (theirs / "samples.jsonl").read_text()


JUDGED = """
import os

def judged(completion, reference=None):
    with open({log!r}, "a") as file:
        file.write(f"{{os.getppid()}}\\n")
    if len(completion) % 3 == 2:
        raise ValueError("two too many")
    return {{"score": len(completion) / 8, "characters": len(completion)}}

def shortest(completions):
    lengths = [len(completion) for completion in completions]
    return [float(length == min(lengths)) for length in lengths]
"""
"""Reward functions that say which process asks, and fail now and then."""


def test_one_rank_judges_and_all_train_on_its_verdicts(tmp_path: Path) -> None:
    runs = {}
    for ranks, layout in ((1, ()), (2, ("parallel.fsdp=2", *FEW_MICRO_BATCHES))):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        log, file = folder / "log", folder / "mine.py"
        file.write_text(JUDGED.format(log=str(log)))
        rewards = [f"--reward={file}:judged", f"--reward={file}:shortest,0.5"]
        graded = ("reward.on_error=drop", "reward.threshold=0.8")
        settings = ("--backend", "scaled", *rewards, *SMALL, *layout, *graded)
        runs[ranks] = seed_run(folder / "run", ranks, *settings, "rollout.steps=2")
        assert len(set(log.read_text().split())) == 1
    lines = {
        ranks: [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
        for ranks, path in runs.items()
    }
    assert sum(line.get("reward/errors", 0) for line in lines[1]) > 0
    for one, two in zip(lines[1], lines[2], strict=True):
        assert {key: one[key] for key in one if key.startswith(("reward/", "data/"))} == {
            key: two[key] for key in two if key.startswith(("reward/", "data/"))
        }
    weights = [line["data/weight"] for line in lines[1] if "data/weight" in line]
    assert weights[0] != weights[-1], "what is asked has adapted to the verdicts"
    samples = [(path / "samples.jsonl").read_bytes() for path in runs.values()]
    assert samples[0] == samples[1]

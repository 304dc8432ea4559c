"""What a run directory holds, read for its report."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from seed.reference.training.rollout_files import rollout_files
from seed.reference.training.run_directory import RunDirectory
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.errors import SeedError

Line = dict[str, Any]
Scores = dict[str, dict[str, Any]]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Record:
    """What a run has written so far.

    Attributes:
        config: Its resolved configuration.
        config_text: The same as TOML, as it stands in the run directory.
        metrics: One line per step, over all phases.
        timings: Seconds and tokens, one line per step.
        samples: Responses written out as text.
        summary: The summary of a finished run, otherwise empty.
        before: Scores before RL, empty until they are known.
        after: Scores after RL, empty until they are known.
        shares: Step over all phases -> share of correct responses of each of its problems, empty
            where it is not known.
    """

    config: Config
    config_text: str
    metrics: Sequence[Line] = ()
    timings: Sequence[Line] = ()
    samples: Sequence[Line] = ()
    summary: Line = field(default_factory=dict)
    before: Scores = field(default_factory=dict)
    after: Scores = field(default_factory=dict)
    shares: dict[int, list[float]] = field(default_factory=dict)

    def of_phase(self, *phases: str) -> list[Line]:
        """Metrics lines of some phases."""
        return [line for line in self.metrics if line["phase"] in phases]

    @property
    def rl_steps(self) -> list[Line]:
        """Metrics lines of RL."""
        return self.of_phase("reinforcement")


def read_record(directory: Path) -> Record:
    """Read a run, finished or not; it may write on meanwhile, or have been killed in a line.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY, UNREADABLE_FILE.
    """
    run, config = RunDirectory.resume(directory)
    summary = run.read_json("summary.json")
    scores = summary or newest_progress(run)
    # Dynamic sampling keeps only some of the sampled problems, whose shares are not those of all.
    has_shares = not config.algorithm.dynamic_sampling
    return Record(
        config=config,
        config_text=(directory / "config.toml").read_text(encoding="utf-8"),
        metrics=run.read("metrics.jsonl"),
        timings=run.read("timings.jsonl"),
        samples=run.read("samples.jsonl"),
        summary=summary,
        before=scores.get("eval_before", {}),
        after=scores.get("eval_after", {}),
        shares=problem_shares(directory) if has_shares else {},
    )


def newest_progress(run: RunDirectory) -> Line:
    """Progress in the newest checkpoint, empty if there is none to read."""
    newest = run.newest_checkpoint()
    try:
        return dict(read_manifest(newest)["progress"]) if newest else {}
    except SeedError:
        return {}


def problem_shares(run: Path) -> dict[int, list[float]]:
    """Step -> share of correct responses of each of its problems, from the published rollouts.

    A file that cannot be read, or that a resumed run has just deleted, is left out.
    """
    shares: dict[int, list[float]] = {}
    for path in rollout_files(run):
        with contextlib.suppress(OSError):
            shares |= shares_in(path)
    return shares


def shares_in(path: Path) -> dict[int, list[float]]:
    """The same from one file."""
    shares = {}
    with h5py.File(path, "r") as file:
        for name, group in file.items():
            _, problem = np.unique(group["problem"][()], return_inverse=True)
            correct = np.bincount(problem, weights=group["accuracy"][()]) / np.bincount(problem)
            shares[int(name.removeprefix("step_"))] = correct.tolist()
    return shares


def first_middle_last(items: Sequence[Item]) -> list[Item]:
    """The first, the middle and the last of a sequence, each once."""
    return [items[i] for i in sorted({0, len(items) // 2, len(items) - 1})] if items else []

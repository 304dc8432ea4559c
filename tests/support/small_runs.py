"""Small training runs, ways to interrupt them, and what must be equal after an interruption."""

from pathlib import Path
from typing import Any

import h5py

from seed.reference.backend import ReferenceBackend
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.observer import SilentObserver

SMALL = (
    *("model.hidden=16", "model.head_width=4", "model.expert_width=8", "model.layers=1"),
    *("data.demonstrations=40", "supervised.steps=6", "supervised.batch=8"),
    *("value_pretraining.steps=2", "rollout.steps=4", "rollout.prompts=4"),
    *("rollout.samples_per_prompt=4", "algorithm.mini_batch=8", "algorithm.micro_batch=8"),
    *("evaluation.problems=8", "evaluation.samples=2", "run.checkpoint_every=2"),
    "rollout.needs_contrast=false",
)
"""Overrides that make a run of a preset last about a second."""


class Killed(BaseException):
    """Stands for a kill signal: nothing may catch it."""


class KillAfter(SilentObserver):
    """Kills the run after this many steps of all phases."""

    def __init__(self, steps: int) -> None:
        self.steps_remaining = steps

    def advance(self, **figures: float) -> None:
        self.steps_remaining -= 1
        if self.steps_remaining < 0:
            raise Killed


class EventRecorder(SilentObserver):
    """Keeps the names of all events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def event(self, name: str, line: str) -> None:
        self.events.append(name)


def small_config(recipe: str = "vapo", *overrides: str) -> Config:
    """The configuration of a run of about a second."""
    return load_config("tiny", recipe, [*SMALL, *overrides])


def new_run(path: Path, config: Config, observer: Any = None) -> Run[Any]:
    """A run in a new directory."""
    directory = RunDirectory.create(path, config)
    return Run.start(ReferenceBackend(), config, directory, observer or SilentObserver())


def metrics_of(path: Path) -> list[dict[str, Any]]:
    """The metrics lines of a run."""
    return RunDirectory(path).read("metrics.jsonl")


def lasting_bytes(path: Path) -> dict[str, bytes]:
    """All files of a run that must not depend on the clock or on interruptions.

    These are metrics, samples, weights, optimizer moments and rollouts.
    """
    names = "metrics.jsonl", "samples.jsonl", "config.toml"
    content = {name: (path / name).read_bytes() for name in names}
    for name in sorted([*path.glob("rollouts/*.h5"), *path.glob("checkpoints/step_*/state.h5")]):
        with h5py.File(name) as file:

            def add(item_name: str, item: Any, name: Path = name) -> None:
                if isinstance(item, h5py.Dataset):
                    content[f"{name.relative_to(path)}:{item_name}"] = (
                        item[()].tobytes()
                        if item.dtype.kind in "if"
                        else repr(item[()].tolist()).encode()
                    )

            file.visititems(add)
    return content

"""Trackers of a run, ``run.track``: TensorBoard and Weights & Biases, in the main process only.

A tracker is an observer. It gets the numbers of ``metrics.jsonl``, events, the configuration, and
held-out scores at the steps after which they were measured; ``seed.cli.scalars`` has the names. Its
step is ``step``, which counts over all phases.

A resumed run goes on in the same tracker run. What it had sent after its checkpoint, and now
computes again, counts once.
"""

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Protocol

from seed.reference.training.run import Run
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import Observer, SeveralObservers

PACKAGES = {"tensorboard": "tensorboardX", "wandb": "wandb"}
"""What is imported for each value of ``run.track``; the extra has the name of the value."""


class Tracker(Observer, Protocol):
    """An observer that is closed when the run ends."""

    def close(self, succeeded: bool) -> None:
        """Send what is left and say whether the run came to its end."""
        ...


def check_trackers(config: Config) -> None:
    """Refuse a tracker whose package is missing, before any work.

    Raises:
        SeedError: TRACKER_FAILED.
    """
    for name in config.run.track:
        if find_spec(PACKAGES[name]) is None:
            raise SeedError(
                Reason.TRACKER_FAILED,
                f"run.track={name} needs the package {PACKAGES[name]}: pip install '.[{name}]' in a"
                f" clone, or pip install {PACKAGES[name]}",
            )


@contextlib.contextmanager
def tracked(run: Run[Any]) -> Iterator[None]:
    """Let the trackers of a run observe it, beside its own observer.

    Raises:
        SeedError: TRACKER_FAILED.
    """
    trackers = open_trackers(run) if run.backend.is_main_process else []
    observer, succeeded = run.observer, False
    run.observer = SeveralObservers(observer, *trackers)
    try:
        yield
        succeeded = True
    finally:
        run.observer = observer
        for tracker in trackers:
            tracker.close(succeeded)


def open_trackers(run: Run[Any]) -> list[Tracker]:
    """The trackers that ``run.track`` names."""
    from seed.cli.tensorboard_tracker import TensorBoardTracker
    from seed.cli.wandb_tracker import WandbTracker

    kinds: dict[str, Any] = {"tensorboard": TensorBoardTracker, "wandb": WandbTracker}
    path, step = run.directory.path, run.progress.step
    return [kinds[name](path, run.config, step) for name in run.config.run.track]

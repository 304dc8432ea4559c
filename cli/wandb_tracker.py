"""``run.track=wandb``: a run of Weights & Biases; its files are in ``wandb`` of the run directory.

The project is ``seed`` unless ``WANDB_PROJECT`` names one. ``WANDB_MODE=offline`` sends nothing;
``wandb sync`` does later. The id of the W&B run is kept in ``wandb/run_id``, so that a resumed run
goes on in it. W&B takes steps in rising order only: what it has already is not sent again. Offline
it does not know what it has; a run that was resumed offline has two folders with the same id.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seed.cli.scalars import scalars, score_scalars
from seed.spec.atomic_files import write_atomically
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver

ID_BYTES = 8


class WandbTracker(SilentObserver):
    """Implements ``seed.cli.tracking.Tracker``.

    Attributes:
        run: Of W&B.
        step: Of the last metrics.
    """

    def __init__(self, path: Path, config: Config, step: int) -> None:
        import wandb

        try:
            self.run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", "seed"),
                id=run_id(path / "wandb"),
                name=str(path),
                dir=str(path),
                config=config.model_dump(mode="json"),
                resume="allow",
                # W&B would take the terminal's output over, and with it the progress bars.
                settings=wandb.Settings(console="off"),
            )
        except wandb.errors.Error as failure:
            line = str(failure).replace("\n", " ")
            hint = "legal: wandb login, WANDB_MODE=offline, or run.track=none"
            raise SeedError(
                Reason.TRACKER_FAILED, f"run.track=wandb did not start: {line}; {hint}"
            ) from None
        self.step = step

    def metrics(self, line: Mapping[str, Any]) -> None:
        """Send the numbers of a step."""
        self.step = line["step"]
        self._log(scalars(line), self.step)

    def event(self, name: str, line: str) -> None:
        """Send an event as a 1 in a chart of its name; its text is in the summary."""
        self._log(iter([(f"events/{name}", 1.0)]), self.step)
        self.run.summary[f"events/{name}/text"] = line

    def scores(self, moment: str, step: int, scores: Mapping[str, Any]) -> None:
        """Send held-out scores; the summary has those before and those after RL.

        If W&B got the metrics of the step before a kill, the scores stand one step later.
        """
        self._log(score_scalars(scores), max(step, self.run.step))
        for name, value in score_scalars(scores):
            self.run.summary[f"{moment} RL/{name}"] = value

    def close(self, succeeded: bool) -> None:
        """Wait until all is sent."""
        self.run.finish(exit_code=0 if succeeded else 1)

    def _log(self, figures: Iterator[tuple[str, float]], step: int) -> None:
        if step >= self.run.step:
            self.run.log(dict(figures), step=step)


def run_id(folder: Path) -> str:
    """The id of the run in W&B: from its file, which is written at the first time."""
    file = folder / "run_id"
    if not file.exists():
        folder.mkdir(exist_ok=True)
        write_atomically(file, secrets.token_hex(ID_BYTES))
    return file.read_text(encoding="ascii").strip()

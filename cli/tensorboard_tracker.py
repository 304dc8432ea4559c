"""``run.track=tensorboard``: event files in the folder ``tensorboard`` of the run directory.

tensorboardX writes them. To look at them: ``pip install tensorboard``, then
``tensorboard --logdir runs``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seed.cli.scalars import scalars, score_scalars
from seed.spec.config import Config
from seed.spec.config_files import to_toml
from seed.spec.observer import SilentObserver


class TensorBoardTracker(SilentObserver):
    """Implements ``seed.cli.tracking.Tracker``.

    Attributes:
        writer: Of a new event file. After a resume it begins with a mark from which on TensorBoard
            ignores the files before.
        step: Of the last metrics.
    """

    def __init__(self, path: Path, config: Config, step: int) -> None:
        from tensorboardX import SummaryWriter

        folder = path / "tensorboard"
        resumed = folder.exists()
        # The names of event files count seconds: a resume within one would overwrite the file.
        number = len(list(folder.iterdir())) if resumed else 0
        self.writer = SummaryWriter(
            str(folder), purge_step=step + 1 if resumed else None, filename_suffix=f".{number:06}"
        )
        self.step = step
        if not resumed:
            self.writer.add_text("config", indented(to_toml(config)), 0)

    def metrics(self, line: Mapping[str, Any]) -> None:
        """Write the numbers of a step, so that even a killed run has them."""
        self.step = line["step"]
        for name, value in scalars(line):
            self.writer.add_scalar(name, value, self.step)
        self.writer.flush()

    def event(self, name: str, line: str) -> None:
        """Write an event as text."""
        self.writer.add_text(f"events/{name}", line, self.step)

    def scores(self, moment: str, step: int, scores: Mapping[str, Any]) -> None:
        """Write held-out scores."""
        for name, value in score_scalars(scores):
            self.writer.add_scalar(name, value, step)

    def close(self, succeeded: bool) -> None:
        """Write what is left."""
        self.writer.close()


def indented(text: str) -> str:
    """A text as a code block of Markdown, which TensorBoard shows."""
    return "".join(f"    {line}\n" for line in text.splitlines())

"""The runs of an ablation: SFT of a seed, and RL from its checkpoint under some change."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seed.spec.config import Config


@dataclass(frozen=True)
class Base:
    """What all variants have in common: preset, file and overrides."""

    preset: str | None
    file: Path | None
    overrides: tuple[str, ...]

    def config(self, seed: int, change: Sequence[str] = ()) -> "Config":
        """The configuration of a run."""
        from seed.spec.config_files import load_config

        overrides = (*self.overrides, *change)
        return load_config(self.preset, "vapo", overrides, file=self.file, seed=seed)


def run_sft(base: Base, seed: int, out: Path) -> Path:
    """Run the SFT phase of a seed.

    Returns:
        Its last checkpoint, from which every variant of the seed starts.
    """
    from seed.cli.backends import open_backend
    from seed.cli.tracking import tracked
    from seed.reference.training import trainer
    from seed.reference.training.run import Run
    from seed.reference.training.run_directory import RunDirectory
    from seed.reference.training.run_lock import locked
    from seed.spec.observer import SilentObserver

    config = base.config(seed)
    directory = RunDirectory.create(out / "sft" / f"seed{seed}", config)
    with open_backend(config) as computing, locked(directory.path, computing, SilentObserver()):
        run = Run.start(computing, config, directory, SilentObserver())
        with tracked(run):
            trainer.supervised(run)
            trainer.finish_sft(run)
        return directory.checkpoint_directory(run.progress.step)


def run_variant(
    base: Base, seed: int, change: Sequence[str], out: Path, checkpoint: Path
) -> tuple[float, float]:
    """Run one variant from the SFT checkpoint of its seed.

    Returns:
        Held-out accuracy over all families before and after RL.
    """
    from seed.cli.backends import open_backend
    from seed.cli.tracking import tracked
    from seed.reference.training import trainer
    from seed.reference.training.run import Run
    from seed.reference.training.run_directory import RunDirectory
    from seed.reference.training.run_lock import locked
    from seed.spec.observer import SilentObserver

    config = base.config(seed, change)
    directory = RunDirectory.create(out / f"seed{seed}", config)
    copy = directory.path / "checkpoints" / checkpoint.name
    shutil.copytree(checkpoint, copy)
    with open_backend(config) as computing, locked(directory.path, computing, SilentObserver()):
        run = Run.continued(computing, config, directory, SilentObserver(), copy)
        with tracked(run):
            summary = trainer.train(run)
    before, after = summary["eval_before"]["overall"], summary["eval_after"]["overall"]
    return before["accuracy"], after["accuracy"]

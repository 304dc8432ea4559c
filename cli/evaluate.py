"""``seed eval``: examine a checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from seed.cli.backends import open_backend
from seed.cli.progress import ProgressBars
from seed.cli.run import interval, observer_of
from seed.reference.evaluation.evaluate import examine
from seed.reference.training.run_directory import RunDirectory
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config_files import merged, validated
from seed.spec.errors import Reason, SeedError


def evaluate_checkpoint(path: Path, overrides: Sequence[str]) -> None:
    """Restore, examine and print accuracy with 95 % intervals."""
    checkpoint = find_checkpoint(path)
    config = validated(merged(read_manifest(checkpoint)["config"], overrides))
    with open_backend(config) as computing:
        state, progress = computing.restore(config, checkpoint)
        observer = observer_of(computing)
        scores = examine(computing, state, config, observer, "evaluation")
        if isinstance(observer, ProgressBars):
            observer.close()
            click.echo(f"{checkpoint}, after step {progress['step']} ({progress['phase']})")
            click.echo(table(scores))


def find_checkpoint(path: Path) -> Path:
    """The folder itself if it is a checkpoint, else the newest checkpoint of that run directory."""
    if not path.is_dir():
        raise SeedError(
            Reason.NOT_A_CHECKPOINT,
            f"{path} is not a folder; give a checkpoints/step_N or a run directory",
        )
    return RunDirectory(path).newest_checkpoint() or path


def table(scores: dict[str, dict[str, Any]]) -> str:
    """One line per family: accuracy, interval, pass@k, problems times samples."""
    samples = scores["overall"]["samples"]
    lines = [
        f"{'held-out':14}{'avg@' + str(samples):>24}{'pass@' + str(samples):>10}{'problems':>10}"
    ]
    for family, score in scores.items():
        lines.append(
            f"{family:14}{interval(score):>24}{100 * score['pass_at_k']:>8.1f} %{score['n']:>10}"
        )
    return "\n".join(lines)

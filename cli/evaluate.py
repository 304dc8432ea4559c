"""``seed eval``: accuracy of a checkpoint on held-out problems."""

from pathlib import Path
from typing import Any

import click

from seed.cli.formatting import score_text
from seed.cli.options import PATH, overrides_argument
from seed.cli.user_errors import Command


@click.command("eval", cls=Command)
@click.argument("checkpoint", type=PATH)
@overrides_argument
def evaluate(checkpoint: Path, overrides: tuple[str, ...]) -> None:
    """Evaluate a CHECKPOINT (step_N folder, or run directory for its newest) on held-out problems.

    Changes such as evaluation.samples=16 or data.families='["maze"]' apply to this evaluation
    only.
    """
    from seed.cli.checkpoints import restored
    from seed.cli.progress import ProgressBars
    from seed.cli.run import observer_of
    from seed.reference.evaluation.evaluate import evaluate_held_out

    with restored(checkpoint, overrides) as model:
        observer = observer_of(model.backend)
        scores = evaluate_held_out(model.backend, model.state, model.config, observer, "evaluation")
        if isinstance(observer, ProgressBars):
            observer.close()
            progress = model.progress
            click.echo(f"{model.path}, after step {progress['step']} ({progress['phase']})")
            click.echo(score_table(scores))


def score_table(scores: dict[str, dict[str, Any]]) -> str:
    """One line per family: accuracy, interval, pass@k, problems."""
    samples = scores["overall"]["samples"]
    head = f"{'held-out':14}{f'avg@{samples}':>24}{f'pass@{samples}':>10}{'problems':>10}"
    rows = [
        f"{family:14}{score_text(score):>24}{100 * score['pass_at_k']:>8.1f} %{score['n']:>10}"
        for family, score in scores.items()
    ]
    return "\n".join([head, *rows])

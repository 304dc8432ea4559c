"""``seed eval``: accuracy of a checkpoint on held-out problems."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.formatting import score_text
from seed.cli.options import PATH, overrides_argument
from seed.cli.user_errors import Command

if TYPE_CHECKING:
    from seed.cli.checkpoints import Restored
    from seed.spec.datatypes import Problem


@click.command("eval", cls=Command)
@click.argument("checkpoint", type=PATH)
@click.option(
    "--out", type=PATH, help="New JSON file: scores, correct responses by problem, configuration."
)
@overrides_argument
def evaluate(checkpoint: Path, out: Path | None, overrides: tuple[str, ...]) -> None:
    """Evaluate a CHECKPOINT (step_N folder, or run directory for its newest) on held-out problems.

    Changes such as evaluation.samples=16 or data.families='["maze"]' apply to this evaluation
    only.
    """
    from seed.cli.checkpoints import restored
    from seed.cli.progress import ProgressBars
    from seed.cli.run import observer_of
    from seed.reference.evaluation.evaluate import count_held_out, scores_of
    from seed.reference.verifiers.files.publish import check_free, publish

    if out is not None:
        check_free(out)
    with restored(checkpoint, overrides) as model:
        observer = observer_of(model.backend, model.config)
        try:
            problems, counts = count_held_out(
                model.backend, model.state, model.config, observer, "evaluation"
            )
        finally:
            if isinstance(observer, ProgressBars):
                observer.close()
        scores = scores_of(problems, counts, model.config)
        if isinstance(observer, ProgressBars):
            progress = model.progress
            click.echo(f"{model.path}, after step {progress['step']} ({progress['phase']})")
            click.echo(score_table(scores))
            if out is not None:
                publish(out, [json.dumps(record(model, scores, problems, counts), indent=1)])


def record(
    model: "Restored",
    scores: dict[str, Any],
    problems: "Sequence[Problem]",
    counts: "Mapping[str, int]",
) -> dict[str, Any]:
    """The content of ``--out``: all that is needed to say what was measured, and on what."""
    return {
        "checkpoint": str(model.path),
        "step": model.progress["step"],
        "phase": model.progress["phase"],
        "seed": model.config.seed,
        "scores": scores,
        "problems": [
            {
                "id": problem.id,
                "family": problem.family,
                "difficulty": problem.difficulty,
                "prompt": problem.prompt,
                "correct": counts[problem.id],
                "samples": model.config.evaluation.samples,
            }
            for problem in problems
        ],
        "config": model.config.model_dump(mode="json"),
    }


def score_table(scores: dict[str, dict[str, Any]]) -> str:
    """One line per family: accuracy, interval, pass@k, problems."""
    samples = scores["overall"]["samples"]
    head = f"{'held-out':14}{f'avg@{samples}':>24}{f'pass@{samples}':>10}{'problems':>10}"
    rows = [
        f"{family:14}{score_text(score):>24}{100 * score['pass_at_k']:>8.1f} %{score['n']:>10}"
        for family, score in scores.items()
    ]
    return "\n".join([head, *rows])

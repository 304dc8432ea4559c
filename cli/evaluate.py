"""``seed eval``: a policy on files of problems, or a checkpoint on its held-out problems."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.formatting import score_text
from seed.cli.options import ISOLATIONS, PATH, FiniteRange
from seed.cli.run import options_given
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.cli.checkpoints import Restored
    from seed.spec.datatypes import Problem

SETTING = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*=.*", re.DOTALL)
"""``section.key=value``; anything else behind the policy is a file."""
SERVER = ("http://", "https://")


@click.command("eval", cls=Command)
@click.argument("policy")
@click.argument("words", nargs=-1, metavar="[FILE]... [KEY.SUB=VALUE]...")
@click.option(
    "--protocol",
    default="",
    metavar="NAME",
    help="Benchmark of all FILEs.  [default: by name or columns; `seed eval --protocols`]",
)
@click.option("--samples", type=click.IntRange(1), metavar="K", help="Responses to each problem.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Most problems of each FILE.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Requests at a time; responses decoded together.  [default: server 8, model 64]",
)
@click.option(
    "--out",
    type=PATH,
    help="New folder.  [default: evaluations/POLICY]  Without FILE: new JSON file of the scores.",
)
@click.option("--resume", is_flag=True, help="Continue an --out that was interrupted.")
@click.option(
    "--baseline", type=PATH, metavar="DIR", help="Evaluation to compare with, problem by problem."
)
@click.option("--temperature", type=FiniteRange(0.0, 2.0), help="0 takes the most probable token.")
@click.option("--top-p", type=FiniteRange(0.0, 1.0, min_open=True))
@click.option("--max-tokens", type=click.IntRange(1), help="Token limit of a response.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Sample k has seed SEED + k."
)
@click.option("--model", default="", metavar="NAME", help="Model of a server that has several.")
@click.option(
    "--timeout",
    type=FiniteRange(0.0, 86400.0, min_open=True),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="Of one request to a server.",
)
@click.option(
    "--verifier", default="", metavar="PATH.py:FUNCTION", help="Your own verifier, for all lines."
)
@click.option(
    "--isolation",
    type=click.Choice(ISOLATIONS),
    default="automatic",
    show_default=True,
    help="Where programs run.",
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Verifiers at a time.  [default: cores]")
@click.option(
    "--protocols",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, param, value: show_protocols(context, value),
    help="List the benchmarks and exit.",
)
@click.pass_context
def evaluate(
    context: click.Context, /, policy: str, words: tuple[str, ...], out: Path | None, **options: Any
) -> None:
    """Evaluate POLICY on the problems of each FILE, or a checkpoint on its held-out problems.

    POLICY: a checkpoint or run directory, a model folder, the address of an OpenAI-compatible
    server (http://host:port/v1, key in OPENAI_API_KEY), a file of responses (id and response or
    responses), or the folder of an evaluation, whose responses are then judged again.

    Changes such as evaluation.samples=16 or data.families='["maze"]' apply to this evaluation
    only.
    """
    settings = [word for word in words if SETTING.fullmatch(word) and not Path(word).exists()]
    files = [Path(word) for word in words if word not in settings]
    if files or policy.startswith(SERVER) or is_evaluation_folder(policy):
        from seed.cli.evaluate_files import evaluate_files

        evaluate_files(policy, files, settings, out, options, options_given(context, "out"))
        return
    if unused := [name for name in options_given(context, "out") if name != "--out"]:
        line = f"{', '.join(unused)} without FILE has nothing to act on; legal: FILE, or settings"
        raise SeedError(Reason.ILLEGAL_COMBINATION, f"{line} such as evaluation.samples=16")
    evaluate_held_out(Path(policy), out, settings)


def is_evaluation_folder(policy: str) -> bool:
    """Whether a policy is the folder of an evaluation, by its files."""
    return (Path(policy) / "evaluation.json").is_file()


def show_protocols(context: click.Context, wanted: bool) -> None:
    """Print the table of benchmarks and exit."""
    if wanted and not context.resilient_parsing:
        from seed.cli.evaluation_text import protocol_table

        click.echo(protocol_table())
        context.exit()


def evaluate_held_out(checkpoint: Path, out: Path | None, overrides: Sequence[str]) -> None:
    """Evaluate a checkpoint on the held-out problems of its run; a file also holds the scores."""
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

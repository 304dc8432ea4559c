"""``seed run``: start or continue a run, then write its report."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.formatting import score_text
from seed.cli.options import BACKENDS, PATH, overrides_argument, preset_option, recipe_option
from seed.cli.user_errors import Command, name_of
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.training.run import Run
    from seed.spec.backend import Backend
    from seed.spec.observer import Observer


@click.command(cls=Command)
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="reference",
    show_default=True,
    help="What computes: NumPy (reference) or torch (scaled).",
)
@preset_option
@recipe_option
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Keys all randomness of the run."
)
@click.option("--out", type=PATH, help="New run directory.  [default: runs/PRESET-RECIPE-seedN]")
@click.option("--resume", type=PATH, help="Continue the run in this directory.")
@overrides_argument
@click.pass_context
def run(
    context: click.Context,
    backend: str,
    preset: str,
    recipe: str,
    seed: int,
    out: Path | None,
    resume: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Train: SFT, value pretraining, RL; evaluate on held-out problems before and after RL.

    Any setting can be changed as section.key=value; `seed explain` lists them. The run directory
    holds the metrics, the checkpoints, a summary and report.html. Nothing that exists is
    overwritten.
    """
    if resume is None:
        start_run(preset, recipe, seed, backend, out, overrides)
        return
    if unused := [*options_given(context, except_for="resume"), *overrides]:
        line = (
            "--resume takes its configuration from the run directory;"
            f" {', '.join(unused)} must not be given too"
        )
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    resume_run(resume)


def options_given(context: click.Context, except_for: str) -> list[str]:
    """Names of the options that were typed."""
    return [
        name_of(param)
        for param in context.command.params
        if isinstance(param, click.Option)
        and param.name
        and param.name != except_for
        and context.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
    ]


def start_run(
    preset: str, recipe: str, seed: int, backend: str, out: Path | None, overrides: Sequence[str]
) -> None:
    """Validate everything, create the run directory, train, write the report."""
    from seed.cli.backends import open_backend
    from seed.reference.training.run import Run, check
    from seed.reference.training.run_directory import RunDirectory
    from seed.spec.config_errors import check_effect
    from seed.spec.config_files import load_config

    config = load_config(preset, recipe, overrides, seed=seed, backend=backend)
    check_effect(config)
    with open_backend(config) as computing:
        check(config, computing)
        title = f"{preset}-{config.recipe}-seed{config.seed}"
        path = computing.on_rank_zero(
            lambda: RunDirectory.create(out or free_directory(title), config).path
        )
        directory = RunDirectory(path, computing.is_main_process)
        train(Run.start(computing, config, directory, observer_of(computing)))


def resume_run(path: Path) -> None:
    """Continue from the newest checkpoint with the configuration that the run directory holds."""
    from seed.cli.backends import open_backend
    from seed.reference.training.run import Run
    from seed.reference.training.run_directory import RunDirectory

    _, config = RunDirectory.resume(path)
    with open_backend(config) as computing:
        directory = RunDirectory(path, computing.is_main_process)
        train(Run.resume(computing, config, directory, observer_of(computing)))


def observer_of(computing: "Backend[Any]") -> "Observer":
    """Progress bars in the main process; the others print nothing."""
    from seed.cli.progress import ProgressBars
    from seed.spec.observer import SilentObserver

    return ProgressBars() if computing.is_main_process else SilentObserver()


def train(run: "Run[Any]") -> None:
    """Train to the end; print the scores and the path of the report."""
    from seed.cli.live_page import keep_page
    from seed.cli.progress import ProgressBars
    from seed.reference.training import trainer

    path, prints = run.directory.path, run.backend.is_main_process
    if prints:
        page = keep_page(run)
        click.echo(f"run directory {path}", err=True)
    try:
        summary = trainer.train(run)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"continue with: seed run --resume {path}") from None
    finally:
        if isinstance(run.observer, ProgressBars):
            run.observer.close()
    if prints:
        report = page.write()
        for table in result_tables(run, summary):
            click.echo(table)
        look = f"; look at {report}" if report else ""
        click.echo(f"\n{summary['steps']} RL steps in {summary['wall_seconds']:.0f} s{look}")


def result_tables(run: "Run[Any]", summary: dict[str, Any]) -> list[str]:
    """Accuracy before and after RL, and reward by data class and judges where the run has them."""
    from seed.cli.report.data_classes import class_rewards, class_text
    from seed.cli.report.judges import judge_text

    lines = run.directory.read("metrics.jsonl")
    rl_steps = [line for line in lines if line["phase"] == "reinforcement"]
    tables = (
        score_table(summary["eval_before"], summary["eval_after"]),
        class_text(class_rewards(rl_steps, run.config.data)),
        judge_text(summary),
    )
    return list(filter(None, tables))


def score_table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Accuracy per family before and after RL with 95 % intervals."""
    lines = [f"{'held-out accuracy':18}{'before RL':>22}{'after RL':>22}{'gain':>8}"]
    for family, score in before.items():
        gain = 100 * (after[family]["accuracy"] - score["accuracy"])
        lines.append(
            f"{family:18}{score_text(score):>22}{score_text(after[family]):>22}{gain:>+8.1f}"
        )
    return "\n".join(lines)


def free_directory(name: str) -> Path:
    """``runs/NAME``, or ``runs/NAME-2`` and so on if that exists."""
    numbered = (Path("runs") / f"{name}-{number}" for number in itertools.count(2))
    candidates = itertools.chain([Path("runs") / name], numbered)
    return next(path for path in candidates if not path.exists())

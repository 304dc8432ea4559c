"""``seed run``: start or continue a run, then write its report."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from seed.cli.backends import open_backend
from seed.cli.progress import ProgressBars
from seed.cli.report.classes import class_lines, earned
from seed.cli.report.judges import judge_lines
from seed.cli.report.page import write_report
from seed.reference.training import trainer
from seed.reference.training.run_directory import RunDirectory
from seed.spec.backend import Backend
from seed.spec.config_files import load_config
from seed.spec.observer import SilentObserver


def new_run(
    preset: str, recipe: str, seed: int, backend: str, out: Path | None, overrides: Sequence[str]
) -> None:
    """Validate everything, create the run directory, train, report."""
    config = load_config(preset, recipe, overrides, seed=seed, backend=backend)
    with open_backend(config) as computing:
        trainer.check(config)
        title = f"{preset}-{config.recipe}-seed{config.seed}"
        path = computing.on_rank_zero(
            lambda: RunDirectory.create(out or free_directory(title), config).path
        )
        observer = observer_of(computing)
        carry_out(
            trainer.start(
                computing, config, RunDirectory(path, computing.is_main_process), observer
            )
        )


def resumed_run(path: Path) -> None:
    """Continue from the newest checkpoint with the configuration that the run directory holds."""
    _, config = RunDirectory.resume(path)
    with open_backend(config) as computing:
        directory = RunDirectory(path, computing.is_main_process)
        carry_out(trainer.resume(computing, config, directory, observer_of(computing)))


def observer_of(computing: Backend[Any]) -> ProgressBars | SilentObserver:
    """Bars where a person looks: one process of many."""
    return ProgressBars() if computing.is_main_process else SilentObserver()


def carry_out(run: trainer.Run[Any]) -> None:
    """Train to the end and say where the results are."""
    path, speaks = run.directory.path, run.backend.is_main_process
    close = run.observer.close if isinstance(run.observer, ProgressBars) else lambda: None
    if speaks:
        click.echo(f"run directory {path}", err=True)
    try:
        summary = trainer.train(run)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"continue with: seed run --resume {path}") from None
    finally:
        close()
    if speaks:
        report = write_report(path)
        click.echo(score_table(summary["eval_before"], summary["eval_after"]))
        steps = [
            line for line in run.directory.read("metrics.jsonl") if line["phase"] == "reinforcement"
        ]
        for known in (class_lines(earned(steps, run.config.data)), judge_lines(summary)):
            if known:
                click.echo(known)
        click.echo(
            f"\n{summary['steps']} RL steps in {summary['wall_seconds']:.0f} s; look at {report}"
        )


def score_table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Accuracy per family before and after RL with 95 % intervals, as text."""
    lines = [f"{'held-out accuracy':18}{'before RL':>22}{'after RL':>22}{'gain':>8}"]
    for family in before:
        gain = after[family]["accuracy"] - before[family]["accuracy"]
        lines.append(
            f"{family:18}{interval(before[family]):>22}{interval(after[family]):>22}{100 * gain:>+8.1f}"
        )
    return "\n".join(lines)


def interval(score: dict[str, float]) -> str:
    """``43.1 % [38.0, 48.4]``."""
    return (
        f"{100 * score['accuracy']:.1f} % [{100 * score['ci_low']:.1f},"
        f" {100 * score['ci_high']:.1f}]"
    )


def free_directory(name: str) -> Path:
    """``runs/NAME``, or with the first number behind it that is not taken."""
    candidates = itertools.chain(
        [Path("runs") / name], (Path("runs") / f"{name}-{n}" for n in itertools.count(2))
    )
    return next(path for path in candidates if not path.exists())

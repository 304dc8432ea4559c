"""``seed run``: start or continue a run, then write its report."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.formatting import printable, score_text
from seed.cli.options import (
    BACKENDS,
    PATH,
    chats_option,
    config_option,
    data_option,
    evaluation_option,
    model_option,
    overrides_argument,
    preset_option,
    recipe_option,
    reward_option,
)
from seed.cli.user_errors import Command, name_of
from seed.spec.errors import Reason, SeedError, with_way_on

if TYPE_CHECKING:
    from seed.reference.training.run import Run
    from seed.spec.backend import Backend
    from seed.spec.config import Config
    from seed.spec.observer import Observer

NOTE_WIDTH = 500
"""Columns of a note about files, which names rows and reasons."""
MANY_PROBLEMS = 2000
"""Held-out problems that take seconds to draw."""


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
@model_option
@data_option
@evaluation_option
@chats_option
@reward_option
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Keys all randomness of the run."
)
@click.option("--out", type=PATH, help="New run directory.  [default: runs/PRESET-RECIPE-seedN]")
@config_option
@click.option(
    "--from",
    "source",
    type=PATH,
    metavar="CHECKPOINT",
    help="Start a new run from these weights (a step_N folder, or a run for its newest), without"
    " SFT unless supervised.steps=N is given.",
)
@click.option("--resume", type=PATH, help="Continue the run in this directory.")
@click.option("--dry-run", is_flag=True, help="Check everything, print a summary, start nothing.")
@overrides_argument
@click.pass_context
def run(
    context: click.Context,
    /,
    out: Path | None,
    resume: Path | None,
    dry_run: bool,
    overrides: tuple[str, ...],
    **_: object,
) -> None:
    """Train: SFT, value pretraining, RL; evaluate on held-out problems before and after RL.

    Any setting can be changed as section.key=value; `seed explain` lists them. Later beats
    earlier: preset, recipe, --config, other options, section.key=value. The run directory holds
    the metrics, the checkpoints, a summary and report.html. Nothing that exists is overwritten.
    """
    if resume is None:
        from seed.cli.start import chosen_config

        start_run(chosen_config(context, overrides), out, dry_run)
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


def start_run(config: "Config", out: Path | None, dry_run: bool) -> None:
    """Check everything, then create the run directory, train and write the report.

    A dry run ends after the checks.
    """
    from seed.cli.backends import open_backend
    from seed.cli.memory_check import check_memory
    from seed.cli.start import summary_of
    from seed.cli.tracking import check_trackers
    from seed.reference.training.run import Run, check
    from seed.reference.training.run_directory import RunDirectory
    from seed.reference.training.run_lock import locked
    from seed.reference.training.start import with_start
    from seed.spec.config_errors import check_effect
    from seed.spec.layout import Layout

    if config.backend == "reference":  # the parallel.* of a large preset have no effect there
        check_memory(config, Layout())
    check_effect(config)
    check_trackers(config)
    with open_backend(config) as computing:
        config = with_start(config, computing)
        if computing.is_main_process and config.evaluation.problems >= MANY_PROBLEMS:
            click.echo(f"drawing {config.evaluation.problems} held-out problems", err=True)
        with reading_shown(computing):
            check(config, computing)
        print_notes(config, computing, context_notes(config))
        title = f"{config.preset}-{config.recipe}-seed{config.seed}"
        path = computing.on_rank_zero(lambda: out or free_directory(title))
        computing.on_rank_zero(lambda: RunDirectory.require_free(path))
        if dry_run:
            if computing.is_main_process:
                click.echo(summary_of(config, path))
            return
        observer = observer_of(computing, config)
        with locked(path, computing, observer):
            computing.on_rank_zero(lambda: RunDirectory.create(path, config).path)
            directory = RunDirectory(path, computing.is_main_process)
            train(Run.start(computing, config, directory, observer))


def resume_run(path: Path) -> None:
    """Continue from the newest checkpoint with the configuration that the run directory holds."""
    from seed.cli.backends import open_backend
    from seed.cli.tracking import check_trackers
    from seed.reference.tasks.task import problems_of
    from seed.reference.training.run import Run
    from seed.reference.training.run_directory import RunDirectory
    from seed.reference.training.run_lock import locked

    _, config = RunDirectory.resume(path)
    check_trackers(config)
    with open_backend(config) as computing:
        with reading_shown(computing):
            problems_of(config)
        print_notes(config, computing)
        directory = RunDirectory(path, computing.is_main_process)
        observer = observer_of(computing, config)
        with locked(path, computing, observer):
            train(Run.resume(computing, config, directory, observer))


@contextlib.contextmanager
def reading_shown(computing: "Backend[Any]") -> Iterator[None]:
    """A meter of what is read of large files of problems while the block lasts."""
    from seed.cli.meter import DELAY_SECONDS, meter
    from seed.reference.data.index import ADVANCED

    if not computing.is_main_process:
        yield
        return
    with meter("rows read, prompts measured", None, delay=DELAY_SECONDS) as shown:
        token = ADVANCED.set(shown.advance)
        try:
            yield
        finally:
            ADVANCED.reset(token)


def print_notes(config: "Config", computing: "Backend[Any]", more: Sequence[str] = ()) -> None:
    """What was found in the files of problems, and more, before anything is trained."""
    from seed.reference.tasks.task import problems_of
    from seed.reference.training.sft_data import chats_of

    if not computing.is_main_process:
        return
    notes = [*getattr(problems_of(config), "notes", ())] if config.data.has_files else []
    notes += chats_of(config).notes if config.data.chats else []
    for note in [*notes, *more]:
        click.echo(printable(note, NOTE_WIDTH), err=True)


def context_notes(config: "Config") -> list[str]:
    """Whether prompts and responses may be longer than what a pretrained model has seen."""
    from seed.reference.pretrained.folder import Folder

    if not config.start.model:
        return []
    known = Folder(Path(config.start.model)).config.get("max_position_embeddings")
    needed = config.data.max_prompt_tokens + config.rollout.max_response_tokens
    if known is None or needed <= int(known):
        return []
    return [
        f"data.max_prompt_tokens + rollout.max_response_tokens = {needed} positions are more than"
        f" max_position_embeddings={known} of {config.start.model}: the model has not seen such"
        " long texts"
    ]


def observer_of(computing: "Backend[Any]", config: "Config") -> "Observer":
    """Progress bars in the main process; the others print nothing."""
    from seed.cli.progress import ProgressBars
    from seed.spec.observer import SilentObserver

    return ProgressBars(config) if computing.is_main_process else SilentObserver()


def train(run: "Run[Any]") -> None:
    """Train to the end; print the scores and the path of the report."""
    from seed.cli.live_page import keep_page
    from seed.cli.progress import ProgressBars, score_before_line
    from seed.cli.signals import Asked
    from seed.cli.tracking import tracked
    from seed.reference.training import trainer

    path, prints = run.directory.path, run.backend.is_main_process
    if prints:
        page = keep_page(run)
        click.echo(f"run directory {path}", err=True)
        if start := run.config.start.checkpoint:
            click.echo(f"weights of {start}", err=True)
        if run.progress.eval_before:
            click.echo(score_before_line(run.progress.eval_before), err=True)
    go_on, asked = f"continue with: seed run --resume {path}", Asked(prints)
    run.asked_to_end = asked
    listening = asked.listening() if run.config.run.save_on_signal else contextlib.nullcontext()
    try:
        with listening, tracked(run):
            summary = trainer.train(run)
    except KeyboardInterrupt as interrupt:
        raise with_way_on(interrupt, go_on) from None
    except SeedError as error:
        if error.reason is not Reason.UNWRITABLE_FILE:
            raise
        raise SeedError(error.reason, f"{error.line}; mend that and {go_on}") from None
    finally:
        if isinstance(run.observer, ProgressBars):
            run.observer.close()
    if prints:
        report = page.write()
        for table in result_tables(run, summary):
            click.echo(table)
        look = f"; look at {report}" if report else ""
        steps, kind = summary["steps"], "RL"
        if not run.config.rollout.steps:
            steps, kind = summary["steps_by_phase"]["supervised"], "SFT"
        click.echo(f"\n{steps} {kind} steps in {summary['wall_seconds']:.0f} s{look}")


def result_tables(run: "Run[Any]", summary: dict[str, Any]) -> list[str]:
    """Accuracy before and after RL, and reward by data class and judges where the run has them."""
    from seed.cli.report.data_classes import class_rewards, class_text
    from seed.cli.report.judges import judge_text

    lines = run.directory.read("metrics.jsonl")
    rl_steps = [line for line in lines if line["phase"] == "reinforcement"]
    before, after = summary["eval_before"], summary["eval_after"]
    tables = (
        "\n".join([score_table(before, after), *worse_lines(before, after)]) if before else "",
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


def worse_lines(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A line for each family that RL made worse: its interval lies wholly below that before RL."""
    return [
        f"RL made {family} worse: the interval after RL is wholly below the one before"
        for family, score in before.items()
        if after[family]["ci_high"] < score["ci_low"]
    ]


def free_directory(name: str) -> Path:
    """``runs/NAME``, or ``runs/NAME-2`` and so on if that exists."""
    numbered = (Path("runs") / f"{name}-{number}" for number in itertools.count(2))
    candidates = itertools.chain([Path("runs") / name], numbered)
    return next(path for path in candidates if not path.exists())

"""A pretrained model in this project and in TRL's GRPOTrainer: CPU seconds, and what is left.

    python -m seed.conformance.bench.pretrained_trl FOLDER

    step         generation, rewards, advantages, loss, backward pass, AdamW
    generation   alone, with longer responses
    in groups    P prompts, G responses to each: responses share a prompt
    alike        P G different prompts, one response to each, as the task gives them: they share
                 what they begin with, such as worked examples or a system message
    all apart    the same with the tokens of each prompt in a turned order, so that no two begin
                 alike: nothing is shared

Both sides get the same weights, prompt tokens and response lengths. The lengths are drawn once from
a log-normal distribution and forced: here by ``Request.forced_length``, in transformers by a logits
processor that forbids the end before and demands it then. So each does what it always does with
such lengths: transformers decodes all rows until the longest has ended. Both compute in float32 on
one thread. TRL runs as its users run it, without logging and saving, in micro-batches of
``--trl-micro-batch`` rows (64 rows at once need more than 12 GiB for a model of 135M weights) and
without gradient checkpointing, which would be slower.

TRL wants groups of two rows at least, and never looks whether their prompts are equal. P G
different prompts therefore reach it through its sampler, and each G of them are a group; so they
are here for the advantages.

Each side is a process of its own. They take turns, one order at a time. Times are user and system
seconds of that process (``getrusage``), which hardly depend on other load. Beside them stands the
share of the core's peak:

    share = multiply-adds that the work needs / (CPU seconds * multiply-adds per second of a large
            matrix product just before)

Needed are the ``forward_products`` of ``workload``, and three times as many for an update: what is
shared once, and logits of response tokens only. What a side computes beyond that lowers its share.
Responses that are equal so far are decoded once here, which raises it a little.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import multiprocessing
import statistics
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import click

from seed.conformance.bench.measure import spread, table
from seed.conformance.bench.sides import PEAK_SIZE, Order, Turn, of_seed, of_trl
from seed.conformance.bench.workload import (
    ALIKE,
    APART,
    GROUPS,
    Workload,
    configured,
    forward_products,
    passes,
    planned,
)
from seed.spec.config_model import ModelConfig
from seed.spec.errors import SeedError
from seed.spec.extras import install
from seed.spec.parameters import architecture, count

GOALS = {
    ("step", GROUPS): 6.0,
    ("step", APART): 2.0,
    ("generation", GROUPS): 5.0,
    ("generation", APART): 2.5,
}
"""How many times less CPU time than TRL, by kind of work and by how prompts are shared."""
SIDES = ("TRL", "seed")
SECONDS: dict[str, Callable[[Turn], float]] = {
    "": lambda turn: turn.cpu,
    "its generation": lambda turn: turn.generation,
    "all else": lambda turn: turn.cpu - turn.generation,
}
"""CPU seconds of each part of a turn."""
PACKAGES = ("trl", "transformers", "torch")
GIB = 1 << 30


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", default="addition", show_default=True, help="built-in task or file")
@click.option("--prompts", default=4, show_default=True, help="prompts of a batch in groups")
@click.option("--group", default=8, show_default=True, help="responses to each")
@click.option("--step-tokens", default=4, show_default=True, help="mean response length of a step")
@click.option(
    "--tokens", default=32, show_default=True, help="mean response length of generation alone"
)
@click.option("--sigma", default=1.0, show_default=True, help="of the logarithm of lengths")
@click.option("--repeat", default=1, show_default=True, help="turns of each workload that count")
@click.option(
    "--trl-micro-batch", default=8, show_default=True, help="rows that TRL trains at once"
)
@click.option(
    "--only",
    type=click.Choice(["step", "generation"]),
    multiple=True,
    help="leave the other kind out",
)
@click.option(
    "--sharing",
    type=click.Choice([GROUPS, ALIKE, APART]),
    multiple=True,
    help="leave the other ways to share prompts out",
)
def pretrained_trl(
    folder: Path,
    data: str,
    prompts: int,
    group: int,
    step_tokens: int,
    tokens: int,
    sigma: float,
    repeat: int,
    trl_micro_batch: int,
    only: tuple[str, ...],
    sharing: tuple[str, ...],
) -> None:
    """CPU seconds of a GRPO step on the model in FOLDER here and in TRL, side by side."""
    if find_spec("trl") is None:
        raise click.ClickException(f"this comparison needs TRL: {install('bench')}")
    least = {
        "--prompts": (prompts, 1),
        "--group": (group, 2),
        "--step-tokens": (step_tokens, 1),
        "--tokens": (tokens, 1),
        "--repeat": (repeat, 1),
        "--trl-micro-batch": (trl_micro_batch, 1),
    }
    for option, (value, smallest) in least.items():
        if value < smallest:
            raise click.BadParameter(f"{value} is smaller than {smallest}", param_hint=option)
    if prompts * group % trl_micro_batch:
        raise click.BadParameter(
            f"{trl_micro_batch} does not divide the {prompts * group} rows of a batch",
            param_hint="--trl-micro-batch",
        )
    kinds = {"step": step_tokens, "generation": tokens}
    means = {kind: mean for kind, mean in kinds.items() if kind in (only or kinds)}
    try:
        config = configured(folder, data, prompts, group)
        warm_up, *plan = planned(config, prompts, group, means, sigma, repeat)
    except SeedError as error:
        raise click.ClickException(error.line) from error
    workloads = (warm_up, *(load for load in plan if load.sharing in (sharing or load.sharing)))
    click.echo(heading(config.model, workloads))
    order = Order(folder, config.model_dump_json(), workloads, group, trl_micro_batch)
    turns = list(taken(order))[1:]
    click.echo(report(config.model, list(zip(workloads[1:], turns, strict=True))))


def taken(order: Order) -> Iterator[tuple[Turn, ...]]:
    """What both sides take for each workload, in turns, TRL first."""
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe() for _ in SIDES]
    sides = [
        spawn.Process(target=work, args=(order, pipe[1]), daemon=True)
        for work, pipe in zip((of_trl, of_seed), pipes, strict=True)
    ]
    try:
        for side, (_, theirs) in zip(sides, pipes, strict=True):
            side.start()
            theirs.close()
        for workload in order.workloads:
            turns = []
            for name, (ours, _) in zip(SIDES, pipes, strict=True):
                ours.send(None)
                try:
                    turns.append(ours.recv())
                except (EOFError, ConnectionResetError):
                    line = f"the process of {name} ended in {workload.title}; its error is above"
                    raise click.ClickException(line) from None
            click.echo(
                f"{workload.title}: TRL {turns[0].cpu:.1f} s, seed {turns[1].cpu:.1f} s", err=True
            )
            yield tuple(turns)
    finally:
        for side in sides:
            if side.pid is not None:
                side.terminate()


def heading(model: ModelConfig, workloads: Sequence[Workload]) -> str:
    """What is compared, in a few lines."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    lines = [f"{count(architecture(model)).total:,} weights, float32, one thread; {versions}"]
    for load in dict.fromkeys(load.title for load in workloads[1:]):
        first = next(each for each in workloads if each.title == load)
        lines.append(
            f"{load}: {len(first.prompts) // first.group} prompts x {first.group} responses,"
            f" {statistics.mean(map(len, first.prompts)):.0f} prompt tokens,"
            f" {statistics.mean(first.lengths):.1f} response tokens"
            f" ({min(first.lengths)}-{max(first.lengths)})"
        )
    return "\n".join(lines)


def report(model: ModelConfig, taken: Sequence[tuple[Workload, tuple[Turn, ...]]]) -> str:
    """The table, the peak and the memory."""
    header = ("", "TRL CPU s", "seed CPU s", "ratio", "goal", "TRL of peak", "seed of peak")
    rows: list[tuple[str, ...]] = [header]
    for title in dict.fromkeys(workload.title for workload, _ in taken):
        rows += lines_of(model, [pair for pair in taken if pair[0].title == title])
    peaks = [turn.peak / 1e9 for _, turns in taken for turn in turns]
    memory = [max(turns[side].memory for _, turns in taken) / GIB for side in range(len(SIDES))]
    return "\n".join(
        [
            table(rows),
            f"peak: {spread(peaks)} billion multiply-adds per CPU second"
            f" ({PEAK_SIZE} x {PEAK_SIZE} float32 product)",
            f"largest memory: TRL {memory[0]:.1f} GiB, seed {memory[1]:.1f} GiB",
        ]
    )


def lines_of(
    model: ModelConfig, taken: Sequence[tuple[Workload, tuple[Turn, ...]]]
) -> list[tuple[str, ...]]:
    """The lines of one workload: all of it, and of a step its generation and the rest."""
    workload = taken[0][0]
    for each, turns in taken:
        for name, turn in zip(SIDES, turns, strict=True):
            if turn.tokens != sum(each.lengths):
                line = f"{name} drew {turn.tokens} tokens in {each.title}, not {sum(each.lengths)}"
                raise click.ClickException(line)
    lines = []
    for part, forward_passes in passes(workload.kind).items():
        seconds, name = SECONDS[part], f"  {part}" if part else workload.title
        ratios = [seconds(trl) / seconds(seed) for _, (trl, seed) in taken]
        goal = GOALS.get((workload.kind, workload.sharing)) if not part else None
        times = [
            f"{statistics.median(seconds(turns[side]) for _, turns in taken):.2f}"
            for side in range(len(SIDES))
        ]
        shares = [
            statistics.median(
                forward_passes
                * forward_products(model, each)
                / (seconds(turns[side]) * turns[side].peak)
                for each, turns in taken
            )
            for side in range(len(SIDES))
        ]
        verdict = "" if goal is None else f"{goal:g} {_met(statistics.median(ratios), goal)}"
        shown = (f"{100 * share:.0f} %" for share in shares)
        lines.append((name, *times, spread(ratios), verdict, *shown))
    return lines


def _met(ratio: float, goal: float) -> str:
    return "reached" if ratio >= goal else "missed"


if __name__ == "__main__":
    pretrained_trl()

"""Speed of the torch backend against the NumPy reference, in one process on a CPU.

    python -m seed.conformance.bench.backends

    rollout   sampling the responses of one RL step                      response tokens per second
    values    V of every response token, and the advantages from them    batch tokens per second
    update    all optimizer steps on that batch, as the trainer does     batch tokens per second

Both start from the same weights after a short SFT phase: a decoder's speed depends on response
lengths, which are not realistic with random weights. Both sample for the same requests and train on
the same batch.
"""

import os

# NumPy reads this once, when it is imported: the reference uses one thread, as in `seed run`.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from seed.conformance.bench.measure import (
    Contestant,
    Reading,
    in_turn,
    median_rate,
    ratios,
    spread,
    table,
)
from seed.reference.backend import ReferenceBackend
from seed.reference.rewards.reward import score
from seed.reference.rewards.verdicts import verdicts_of
from seed.reference.training import trainer
from seed.reference.training.batch import rollout_batch
from seed.reference.training.prompt_stream import requests
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.world import World
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Batch, Request, Rollout
from seed.spec.layout import Layout
from seed.spec.observer import SilentObserver

Runs = Mapping[str, Run[Any]]
"""Name of a backend -> its run, both with the same weights."""

NO_CHECKPOINTS = "run.checkpoint_every=1000000"


@click.command()
@click.option("--recipe", default="vapo", show_default=True, help="recipe of the tiny preset")
@click.option(
    "--steps", default=300, show_default=True, help="SFT steps before, on the torch backend"
)
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, path_type=Path),
    help="start from this step_N folder instead",
)
@click.option(
    "--repetitions",
    default=5,
    show_default=True,
    help="repetitions that count, of each backend in turn",
)
@click.option(
    "--threads",
    default=1,
    show_default=True,
    help="of torch; 1 as in `seed run`, more only on an idle machine",
)
@click.argument("overrides", nargs=-1)
def backends(
    recipe: str,
    steps: int,
    checkpoint: Path | None,
    repetitions: int,
    threads: int,
    overrides: tuple[str, ...],
) -> None:
    """Measure both backends on the tiny preset; OVERRIDES are section.key=value as for ``seed
    run``.
    """
    torch.set_num_threads(threads)
    settings = [
        NO_CHECKPOINTS,
        f"supervised.steps={steps}",
        "run.keep_checkpoints=1000",
        *overrides,
    ]
    config = load_config("tiny", recipe, settings)
    with tempfile.TemporaryDirectory(prefix="seed-bench-") as scratch:
        start = checkpoint or after_sft(config, Path(scratch))
        runs = runs_of_both(config, start, Path(scratch))
    rollouts: dict[str, list[list[Rollout]]] = {name: [] for name in runs}
    prompts = config.rollout.prompts
    work = [requests(config, number * prompts, prompts) for number in range(repetitions + 1)]
    readings = {
        "rollout": in_turn(
            {name: rolling(run, work, rollouts[name]) for name, run in runs.items()}, repetitions
        )
    }
    batch, rewards = scored_batch(rollouts["reference"][-1], config)
    readings["values"] = in_turn(
        {name: valuing(run, batch, rewards) for name, run in runs.items()}, repetitions
    )
    reference = runs["reference"]
    with_advantages = reference.backend.advantages(reference.state, config, batch, rewards)
    readings["update"] = in_turn(
        {name: updating(run, with_advantages) for name, run in runs.items()}, repetitions
    )

    lengths = [
        len(rollout.response_tokens) for of_step in rollouts["reference"] for rollout in of_step
    ]
    click.echo(
        f"preset tiny, recipe {recipe}, {config.precision}; {len(batch.tokens)} responses a step of"
        f" {np.mean(lengths):.1f} tokens on average (at most {max(lengths)}); torch"
        f" {torch.__version__}, threads: torch {threads}, NumPy"
        f" {os.environ['OPENBLAS_NUM_THREADS']}"
    )
    click.echo(f"equal responses: {equal_share(rollouts):.2%} of {len(lengths)}")
    click.echo(f"median (smallest - largest) of {repetitions} interleaved repetitions\n")
    click.echo(table([HEADER, *(row(kind, of_kind) for kind, of_kind in readings.items())]))


HEADER = (
    "",
    "scaled / reference, CPU time",
    "wall time",
    "reference tokens/CPU s",
    "/wall s",
    "scaled tokens/CPU s",
    "/wall s",
)


def row(kind: str, readings: Mapping[str, Sequence[Reading]]) -> tuple[str, ...]:
    """One kind of work as a line of the table: the ratios first."""
    reference, scaled = readings["reference"], readings["scaled"]
    times = (f"{spread(ratios(reference, scaled, clock))} x" for clock in ("cpu", "wall"))
    rates = (
        f"{median_rate(of_backend, clock):,.0f}"
        for of_backend in (reference, scaled)
        for clock in ("cpu", "wall")
    )
    return (kind, *times, *rates)


def after_sft(config: Config, scratch: Path) -> Path:
    """A checkpoint at the start of RL, after SFT on the torch backend."""
    run = Run.start(torch_backend(), config, RunDirectory(scratch, writes=False), SilentObserver())
    trainer.supervised(run)
    state = run.backend.start_rl(run.state, config)
    run.backend.save(state, config, {}, scratch / "step_0")
    return scratch / "step_0"


def runs_of_both(config: Config, checkpoint: Path, scratch: Path) -> Runs:
    """A run of each backend from one checkpoint; nothing is written."""
    backends: tuple[Backend[Any], ...] = (ReferenceBackend(), torch_backend())
    directory = RunDirectory(scratch, writes=False)
    return {
        backend.name: Run(
            backend, config, directory, SilentObserver(), backend.restore(config, checkpoint)[0]
        )
        for backend in backends
    }


def torch_backend() -> ScaledBackend:
    """The torch backend in one process on the CPU."""
    return ScaledBackend(World(), Layout(), torch.device("cpu"))


def rolling(
    run: Run[Any], work: Sequence[Sequence[Request]], kept: list[list[Rollout]]
) -> Contestant:
    """Sampling of a step's responses; each repetition has its own problems."""
    sampling = run.config.rollout_sampling

    def once(number: int) -> float:
        rollouts: list[Rollout] = run.backend.generate(
            run.state, run.config, work[number], sampling, "rollout"
        )
        if len(kept) == number:  # every repetition runs twice, untimed and timed
            kept.append(rollouts)
        return sum(len(rollout.response_tokens) for rollout in rollouts)

    return once


def scored_batch(rollouts: Sequence[Rollout], config: Config) -> tuple[Batch, Array]:
    """Rows and rewards of a step's responses."""
    verdicts = verdicts_of(config).collect(rollouts)
    scored = [
        score(rollout, verdict, config) for rollout, verdict in zip(rollouts, verdicts, strict=True)
    ]
    return rollout_batch(scored), np.array([item.reward for item in scored])


def valuing(run: Run[Any], batch: Batch, rewards: Array) -> Contestant:
    """Advantages of a batch."""

    def once(number: int) -> float:
        run.backend.advantages(run.state, run.config, batch, rewards)
        return float(batch.lengths.sum())

    return once


def updating(run: Run[Any], batch: Batch) -> Contestant:
    """All optimizer steps on a batch."""

    def once(number: int) -> float:
        trainer.update(run, run.config, batch, policy_moves=True)
        return float(batch.lengths.sum())

    return once


def equal_share(rollouts: Mapping[str, Sequence[Sequence[Rollout]]]) -> float:
    """Share of responses with equal tokens in both backends; in float32 a draw may differ."""
    pairs: list[bool] = [
        a.response_tokens == b.response_tokens
        for one, other in zip(*rollouts.values(), strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    return sum(pairs) / len(pairs)


if __name__ == "__main__":
    backends()

"""How much faster the torch backend is than the NumPy reference, in one process on a CPU: ``python -m
conformance.bench.backends``.

    rollout   sampling the responses of one RL step                       response tokens per second
    values    V of every response token, and the advantages from them     batch tokens per second
    update    all optimizer steps on that batch, as the trainer does      batch tokens per second

Both start from the same weights, those of a short cold start, because response lengths are what a
decoder's speed hangs on and random weights have none like real ones. Both answer the same requests
and learn from the same batch.
"""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read once, by NumPy: the reference computes in one thread, as in `seed run`

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
from seed.reference.training import trainer
from seed.reference.training.batch import rollout_batch
from seed.reference.training.prompt_stream import requests
from seed.reference.training.run_directory import RunDirectory
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.launch import World
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Batch, Request, Rollout, Sampling
from seed.spec.layout import Layout
from seed.spec.observer import SilentObserver

Runs = Mapping[str, trainer.Run[Any]]
"""Name of a backend -> its run, both with the same weights."""

NO_CHECKPOINTS = "run.checkpoint_every=1000000"


@click.command()
@click.option("--recipe", default="vapo", show_default=True, help="recipe of the tiny preset")
@click.option(
    "--steps",
    default=300,
    show_default=True,
    help="imitation steps of the cold start, on the torch backend",
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
        runs = both(config, checkpoint or cold_start(config, Path(scratch)), Path(scratch))
    rollouts: dict[str, list[list[Rollout]]] = {name: [] for name in runs}
    prompts = config.rollout.prompts
    asked = [requests(config, number * prompts, prompts) for number in range(repetitions + 1)]
    readings = {
        "rollout": in_turn(
            {name: rolling(run, asked, rollouts[name]) for name, run in runs.items()}, repetitions
        )
    }
    batch, rewards = scored_batch(rollouts["reference"][-1], config)
    readings["values"] = in_turn(
        {name: valuing(run, batch, rewards) for name, run in runs.items()}, repetitions
    )
    learnable = runs["reference"].backend.advantages(
        runs["reference"].state, config, batch, rewards
    )
    readings["update"] = in_turn(
        {name: updating(run, learnable) for name, run in runs.items()}, repetitions
    )

    lengths = [
        len(rollout.response_tokens) for answers in rollouts["reference"] for rollout in answers
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


def cold_start(config: Config, scratch: Path) -> Path:
    """A checkpoint of the moment RL begins, after imitation on the torch backend."""
    run = trainer.start(
        torch_backend(), config, RunDirectory(scratch, writes=False), SilentObserver()
    )
    trainer.supervised(run)
    state = run.backend.start_rl(run.state, config)
    run.backend.save(state, config, {}, scratch / "step_0")
    return scratch / "step_0"


def both(config: Config, checkpoint: Path, scratch: Path) -> Runs:
    """A run of each backend from one checkpoint; nothing is written."""
    backends: tuple[Backend[Any], ...] = (ReferenceBackend(), torch_backend())
    directory = RunDirectory(scratch, writes=False)
    return {
        backend.name: trainer.Run(
            backend, config, directory, SilentObserver(), backend.restore(config, checkpoint)[0]
        )
        for backend in backends
    }


def torch_backend() -> ScaledBackend:
    """The torch backend alone on the CPU."""
    return ScaledBackend(World(), Layout(), torch.device("cpu"))


def rolling(
    run: trainer.Run[Any], asked: Sequence[Sequence[Request]], kept: list[list[Rollout]]
) -> Contestant:
    """Sampling of a step's responses; each repetition has its own problems."""
    settings = run.config.rollout
    sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)

    def once(number: int) -> float:
        answers: list[Rollout] = run.backend.generate(
            run.state, run.config, asked[number], sampling, "rollout"
        )
        if len(kept) == number:  # the same work comes twice, unread and read
            kept.append(answers)
        return sum(len(rollout.response_tokens) for rollout in answers)

    return once


def scored_batch(rollouts: Sequence[Rollout], config: Config) -> tuple[Batch, Array]:
    """Rows and rewards of a step's responses."""
    scored = [score(rollout, config) for rollout in rollouts]
    return rollout_batch(scored), np.array([item.reward for item in scored])


def valuing(run: trainer.Run[Any], batch: Batch, rewards: Array) -> Contestant:
    """Advantages of a batch."""

    def once(number: int) -> float:
        run.backend.advantages(run.state, run.config, batch, rewards)
        return float(batch.lengths.sum())

    return once


def updating(run: trainer.Run[Any], batch: Batch) -> Contestant:
    """All optimizer steps on a batch."""

    def once(number: int) -> float:
        trainer.update(run, run.config, batch, policy_moves=True)
        return float(batch.lengths.sum())

    return once


def equal_share(rollouts: Mapping[str, Sequence[Sequence[Rollout]]]) -> float:
    """Share of responses that are the same token by token in both backends; float32 lets a draw fall
    to the other side.
    """
    pairs: list[bool] = [
        a.response_tokens == b.response_tokens
        for one, other in zip(*rollouts.values(), strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    return sum(pairs) / len(pairs)


if __name__ == "__main__":
    backends()

"""What streaming saves in the real system, one process on a CPU: ``python -m conformance.bench.srs``.

    synchronous   srs_alpha = 1: every step decodes until its longest response has ended
    streaming     the share srs_alpha of a step's responses is on-policy, the rest goes on in the next step

Both systems train on equally many samples of the same log-normal lengths, with real weights, caches, schedules and updates;
only where a response ends is forced, as random weights have no lengths like real ones.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read once, by NumPy: the reference computes in one thread, as in `seed run`

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from conformance.bench.houses import torch_house
from reference import trainer
from reference.backend import ReferenceBackend
from reference.curriculum import requests
from reference.random import generator
from reference.run_directory import RunDirectory
from spec.config import Config, load_config
from spec.observer import SilentObserver
from spec.types import Outcome, Request, Rollout, ScoredRollout, Verdict

LONGEST = 8
"""Largest length, in means; longer draws are cut to it."""


@dataclass
class Cost:
    """What some batches took.

    Attributes:
        decode_steps: Forward passes that drew tokens.
        rollout_seconds, update_seconds: Wall time of sampling, and of everything the trainer does with a batch.
        staleness: Mean age of the trained samples in publications.
        tokens: Trained tokens.
    """

    decode_steps: int = 0
    rollout_seconds: float = 0.0
    update_seconds: float = 0.0
    staleness: float = 0.0
    tokens: int = 0


@click.command()
@click.option("--backend", type=click.Choice(["reference", "scaled"]), default="scaled", show_default=True)
@click.option("--alpha", default=0.5, show_default=True, help="srs_alpha of the streaming system")
@click.option("--batches", default=16, show_default=True, help="batches that each system trains on")
@click.option("--responses", default=64, show_default=True, help="responses of a batch, and slots of both systems")
@click.option("--mean", default=50, show_default=True, help="mean length in tokens")
@click.option("--sigma", default=1.2, show_default=True, help="of the logarithm of the length")
@click.argument("overrides", nargs=-1)
def srs(backend: str, alpha: float, batches: int, responses: int, mean: int, sigma: float, overrides: tuple[str, ...]) -> None:
    """Train on equally many samples, synchronously and streaming; OVERRIDES are section.key=value as for ``seed run``."""
    torch.set_num_threads(1)
    settings = [
        f"rollout.prompts={responses}",
        "rollout.samples_per_prompt=1",
        f"rollout.max_response_tokens={LONGEST * mean}",
        f"algorithm.mini_batch={responses}",
        "run.checkpoint_every=1000000",
        *overrides,
    ]
    costs: dict[float, Cost] = {}
    for share in (1.0, alpha):
        config = load_config("tiny", "vapo", [*settings, f"rollout.srs_alpha={share}"], backend=backend)
        lengths = drawn_lengths(config, 4 * batches * responses, mean, sigma)
        costs[share] = lived(config, lengths, batches)
    synchronous, streaming = costs[1.0], costs[alpha]
    click.echo(
        f"{backend} house, tiny preset, one thread; {batches} batches of {responses} responses, log-normal lengths: mean "
        f"{np.mean(lengths):.0f}, longest of a batch {np.mean(np.max(np.reshape(lengths, (-1, responses)), 1)):.0f} on average\n"
    )
    click.echo(f"{'':24}{'synchronous':>14}{'alpha=' + str(alpha):>14}{'ratio':>8}")
    for title, one, other in (
        ("decode steps", synchronous.decode_steps, streaming.decode_steps),
        ("trained tokens", synchronous.tokens, streaming.tokens),
        ("seconds of rollouts", synchronous.rollout_seconds, streaming.rollout_seconds),
        ("seconds of updates", synchronous.update_seconds, streaming.update_seconds),
        ("seconds in all", seconds(synchronous), seconds(streaming)),
    ):
        click.echo(f"{title:24}{one:>14,.4g}{other:>14,.4g}{one / other:>8.2f}")
    click.echo(f"{'mean staleness':24}{synchronous.staleness:>14.2f}{streaming.staleness:>14.2f}")


def seconds(cost: Cost) -> float:
    """Wall time of an iteration's two halves."""
    return cost.rollout_seconds + cost.update_seconds


def drawn_lengths(config: Config, count: int, mean: int, sigma: float) -> list[int]:
    """Lengths of the first responses of the stream: log-normal of this mean before the cut."""
    random = generator(config.seed, "benchmark lengths")
    drawn = np.exp(np.log(mean) - sigma**2 / 2 + sigma * random.normal(size=count))
    return [int(length) for length in np.clip(np.rint(drawn), 1, LONGEST * mean)]


def lived(config: Config, lengths: Sequence[int], batches: int) -> Cost:
    """Sample and train so many batches."""
    house: Any = ReferenceBackend() if config.backend == "reference" else torch_house()
    cost = Cost()
    with tempfile.TemporaryDirectory(prefix="seed-bench-") as scratch:
        run = trainer.start(house, config, RunDirectory(Path(scratch), writes=False), SilentObserver())
        run.state = house.begin_reinforcement(run.state, config)
        opened = 0
        for step in range(batches):
            began = time.perf_counter()
            run.rollouts.publish(run.state, config, step)
            prompts = run.rollouts.openings()
            asked = [forced(request, lengths) for request in requests(config, opened, prompts)]
            opened += prompts
            rollouts = run.rollouts.finish(asked)
            rolled = time.perf_counter()
            trainer.update(run, config, trainer.learnable(run, config, rewarded(rollouts)), policy_moves=True)
            cost.update_seconds += time.perf_counter() - rolled
            cost.rollout_seconds += rolled - began
            effort = run.rollouts.engine.effort
            cost.decode_steps += effort.decode_steps
            cost.staleness += float(np.mean(effort.ages)) / batches
            cost.tokens += sum(len(rollout.response_tokens) for rollout in rollouts)
    return cost


def forced(request: Request, lengths: Sequence[int]) -> Request:
    """The request for exactly as many tokens as its place in the stream is drawn for."""
    return replace(request, forced_length=lengths[request.draw])


def rewarded(rollouts: Sequence[Rollout]) -> list[ScoredRollout]:
    """Any reward will do: correct where the last token is even."""
    verdicts = {True: Verdict(Outcome.CORRECT, "", ""), False: Verdict(Outcome.WRONG, "", "")}
    right = [rollout.response_tokens[-1] % 2 == 0 for rollout in rollouts]
    return [
        ScoredRollout(rollout, verdicts[good], float(good), 1.0 if good else -1.0)
        for rollout, good in zip(rollouts, right, strict=True)
    ]


if __name__ == "__main__":
    srs()

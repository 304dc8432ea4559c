"""What streaming saves in the real system, one process on a CPU: ``python -m conformance.bench.srs``.

    synchronous   srs_alpha = 1: every step decodes until its longest response has ended
    streaming     the share srs_alpha of a step's responses is on-policy, the rest goes on in the next step
    predicted     both again in virtual time (reference.simulate), with the costs of this house measured in between

Both systems train on equally many samples of the same log-normal lengths, with real weights, caches, schedules and updates;
only where a response ends is forced, as random weights have no lengths like real ones. They take turns batch by batch, so
that a noisy machine slows both. Costs are middle readings, so seconds are predicted as the machine is when nobody disturbs it;
beside busy neighbours the prediction can be far off.

Batches are small by default: a step then costs about the same whoever is in the slots, as on a GPU that reads all weights
for every token, and that is where streaming pays. With more responses a step of a CPU costs the more the more slots are full,
so full slots save steps but less wall time (``--responses``).
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read once, by NumPy: the reference computes in one thread, as in `seed run`

import gc
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import mean
from typing import Any

import click
import numpy as np
import torch

from conformance.bench.costs import Clock, Probe
from conformance.bench.houses import torch_house
from conformance.bench.measure import table
from reference import trainer
from reference.backend import ReferenceBackend
from reference.curriculum import requests
from reference.random import generator
from reference.run_directory import RunDirectory
from reference.simulate import Cost, simulate
from reference.streaming import rules_of
from spec.backend import Backend
from spec.config import Config, load_config
from spec.observer import SilentObserver
from spec.types import Outcome, Request, Rollout, ScoredRollout, Verdict

LONGEST = 8
"""Largest length, in means; longer draws are cut to it."""
GOALS = (("decode steps", "decode_steps", 2.5), ("seconds of rollouts", "rollouts", 2.0), ("seconds in all", "seconds", 2.0))
"""What streaming should bring: the synchronous system's figure over the streaming one's."""
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""One thread computes, so the two are the same on an idle machine."""
OFF = 0.15
"""Relative error of the predicted ratio and decode steps that is still good enough to plan machines by."""


@dataclass(frozen=True)
class Spent:
    """What batches took.

    Attributes:
        decode_steps: Forward passes that drew tokens.
        tokens: Trained tokens.
        rollouts, updates: Seconds of sampling, and of everything the trainer does with a batch.
        samples: Trained samples.
        ages: Publications since the oldest token of every trained sample, summed.
    """

    decode_steps: float
    rollouts: float
    tokens: int = 0
    updates: float = 0.0
    samples: int = 0
    ages: int = 0

    @property
    def seconds(self) -> float:
        """Wall time of an iteration's two halves."""
        return self.rollouts + self.updates


@click.command()
@click.option("--backend", type=click.Choice(["reference", "scaled"]), default="scaled", show_default=True)
@click.option("--alpha", default=0.5, show_default=True, help="srs_alpha of the streaming system")
@click.option("--batches", default=32, show_default=True, help="batches of each system that count")
@click.option("--warm-up", default=8, show_default=True, help="batches before them, in which the pool fills with long responses")
@click.option("--responses", default=16, show_default=True, help="responses of a batch, and slots of both systems")
@click.option("--mean", "average", default=50, show_default=True, help="mean length in tokens")
@click.option("--sigma", default=1.6, show_default=True, help="of the logarithm of the length")
@click.option("--clock", type=click.Choice(list(CLOCKS)), default="wall", show_default=True, help="cpu: what this process had")
@click.argument("overrides", nargs=-1)
def srs(
    backend: str,
    alpha: float,
    batches: int,
    warm_up: int,
    responses: int,
    average: int,
    sigma: float,
    clock: str,
    overrides: tuple[str, ...],
) -> None:
    """Train on equally many samples, synchronously and streaming; OVERRIDES are section.key=value as for ``seed run``."""
    torch.set_num_threads(1)
    settings = [
        f"rollout.prompts={responses}",
        "rollout.samples_per_prompt=1",
        f"rollout.max_response_tokens={LONGEST * average}",
        "rollout.block_tokens=4",
        f"algorithm.mini_batch={responses}",
        "run.checkpoint_every=1000000",
        *overrides,
    ]
    configs = [load_config("tiny", "vapo", [*settings, f"rollout.srs_alpha={share}"], backend=backend) for share in (1.0, alpha)]
    count = batches + warm_up
    lengths = drawn_lengths(configs[0], 4 * count * responses, average, sigma)
    gc.freeze()  # a full collection of all modules takes a tenth of a second, and would fall on either system by chance
    house: Backend[Any] = ReferenceBackend() if backend == "reference" else torch_house()
    seconds = CLOCKS[clock]
    probe = Probe(house, configs[0], lengths, seconds)
    with tempfile.TemporaryDirectory(prefix="seed-bench-") as scratch:
        systems = [System(house, config, lengths, Path(scratch), seconds) for config in configs]
        for _ in range(count):
            probe.measure()
            for system in systems:
                system.step()
    measured = [total(system.spent[warm_up:]) for system in systems]
    cost, prompt = probe.cost(), round(mean(len(r.prompt_tokens) for r in requests(configs[0], 0, count * responses)))
    predicted = [total(predictions(config, lengths, cost, count, prompt)[warm_up:]) for config in configs]
    longest = np.max(np.reshape(lengths, (-1, responses)), 1)
    click.echo(
        f"{backend} house, tiny preset, one thread; {batches} batches of {responses} responses, {warm_up} before do not count; "
        f"log-normal lengths: mean {np.mean(lengths):.0f}, longest of a batch {np.mean(longest):.0f} on average\n"
        f"measured in between, in milliseconds of {clock} time: {told(cost)}\n"
    )
    click.echo(table([("", "synchronous", f"alpha={alpha:g}", "ratio"), *comparison(measured, predicted)]))
    click.echo(f"\n{verdict(measured, predicted)}")


class System:
    """One run that samples and trains batch by batch."""

    def __init__(self, house: Backend[Any], config: Config, lengths: Sequence[int], scratch: Path, clock: Clock) -> None:
        """Begin with random weights.

        Args:
            house: Who computes.
            config: The run's; srs_alpha makes the difference.
            lengths: Tokens of every response in the order of opening.
            scratch: A folder to name; nothing is written.
            clock: Seconds.
        """
        self.config, self.lengths, self.clock = config, lengths, clock
        self.run = trainer.start(house, config, RunDirectory(scratch, writes=False), SilentObserver())
        self.run.state = house.begin_reinforcement(self.run.state, config)
        self.opened = 0
        self.spent: list[Spent] = []

    def step(self) -> None:
        """Sample a batch and train on it."""
        rollouts = self.run.rollouts
        rollouts.publish(self.run.state, self.config, len(self.spent))
        prompts = rollouts.openings()
        asked = [forced(request, self.lengths) for request in requests(self.config, self.opened, prompts)]
        self.opened += prompts
        began = self.clock()  # problems are made ready before: they cost both systems the same
        finished = rollouts.finish(asked)
        rolled = self.clock()
        batch = trainer.learnable(self.run, self.config, rewarded(finished))
        trainer.update(self.run, self.config, batch, policy_moves=True)
        effort, tokens = rollouts.engine.effort, sum(len(rollout.response_tokens) for rollout in finished)
        updates = self.clock() - rolled
        self.spent.append(Spent(effort.decode_steps, rolled - began, tokens, updates, len(finished), sum(effort.ages)))


def predictions(config: Config, lengths: Sequence[int], cost: Cost, steps: int, prompt: int) -> list[Spent]:
    """The same batches in virtual time; only rollouts are simulated."""
    iterations = simulate(rules_of(config), lengths, cost, steps, prompt, config.rollout.block_tokens).iterations
    return [Spent(one.effort.decode_steps, one.taken - one.start, one.trained) for one in iterations]


def total(batches: Sequence[Spent]) -> Spent:
    """What some batches took together."""
    return Spent(*(sum(getattr(batch, field.name) for batch in batches) for field in fields(Spent)))


def comparison(measured: Sequence[Spent], predicted: Sequence[Spent]) -> list[tuple[str, ...]]:
    """Figures of the two systems and their ratio, line by line: measured, predicted, and how far the prediction is off."""
    rows: list[tuple[str, ...]] = []

    def line(title: str, values: Sequence[float]) -> None:
        rows.append((title, *(f"{value:,.4g}" for value in values), f"{values[0] / values[1]:.2f}"))

    for title, name in (("decode steps", "decode_steps"), ("seconds of rollouts", "rollouts")):
        line(title, [getattr(of, name) for of in measured])
        line("  predicted", [getattr(of, name) for of in predicted])
        rows.append(("  off by", *(f"{100 * error:+.1f} %" for error in errors(measured, predicted, name))))
    for title, name in (("seconds of updates", "updates"), ("seconds in all", "seconds"), ("trained tokens", "tokens")):
        line(title, [getattr(of, name) for of in measured])
    rows.append(("mean staleness", *(f"{of.ages / of.samples:.2f}" for of in measured), ""))
    return rows


def errors(measured: Sequence[Spent], predicted: Sequence[Spent], name: str) -> tuple[float, float, float]:
    """How far predictions of a figure are off: of the synchronous system, of the streaming one, of their ratio."""
    (seen, other_seen), (said, other_said) = ([getattr(of, name) for of in systems] for systems in (measured, predicted))
    one, other = said / seen, other_said / other_seen
    return one - 1.0, other - 1.0, one / other - 1.0


def verdict(measured: Sequence[Spent], predicted: Sequence[Spent]) -> str:
    """Each goal, and whether it was reached."""
    lines = []
    for title, name, goal in GOALS:
        synchronous, streaming = (getattr(of, name) for of in measured)
        reached = "reached" if synchronous / streaming >= goal else "missed"
        lines.append(f"{title}: {synchronous / streaming:.2f} times fewer, goal {goal:g}: {reached}")
    off = max(map(abs, (*errors(measured, predicted, "decode_steps"), errors(measured, predicted, "rollouts")[-1])))
    kept = "reached" if off <= OFF else "missed"
    lines.append(f"predicted decode steps, ratio of seconds: off by at most {100 * off:.1f} %, goal {100 * OFF:.0f} %: {kept}")
    return "\n".join(lines)


def told(cost: Cost) -> str:
    """The cost model in milliseconds."""
    return ", ".join(f"{name} {1e3 * getattr(cost, name):.3g}" for name in ("floor", "token", "admit", "prefill", "publish"))


def drawn_lengths(config: Config, count: int, mean: int, sigma: float) -> list[int]:
    """Lengths of the first responses of the stream: log-normal of this mean before the cut."""
    random = generator(config.seed, "benchmark lengths")
    drawn = np.exp(np.log(mean) - sigma**2 / 2 + sigma * random.normal(size=count))
    return [int(length) for length in np.clip(np.rint(drawn), 1, LONGEST * mean)]


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

"""What streaming saves in the real system on a CPU: ``python -m conformance.bench.srs``.

    synchronous   srs_alpha = 1: every step decodes until its longest response has ended
    streaming     the share srs_alpha of a step's responses is on-policy, the rest goes on in the next step
    with a worker   the same beside a standalone worker, a child process that decodes on another core while the trainer trains
                  (parallel.rollout_workers = 1; the torch backend)
    predicted     all again in virtual time (reference.simulation.simulate), with the costs of this backend measured in between; training
                  costs what each system's batches took, and decoding beside a worker is slower by as
                  much as training is

All systems train on equally many samples of the same log-normal lengths, with real weights, caches,
schedules and updates; only where a response ends is forced, as random weights have no lengths like
real ones. They take turns batch by batch, so that a noisy machine slows all; the worker is stopped
while it is not its system's turn. Costs are middle readings, so seconds are predicted as the
machine is when nobody disturbs it; beside busy neighbours the prediction can be far off.

Batches are small by default: a step then costs about the same whoever is in the slots, as on a GPU
that reads all weights for every token, and that is where streaming pays. With more responses a step
of a CPU costs the more the more slots are full, so full slots save steps but less wall time
(``--responses``).
"""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read once, by NumPy: the reference computes in one thread, as in `seed run`

import gc
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import mean
from typing import Any

import click
import numpy as np
import torch

from seed.conformance.bench.backends import torch_backend
from seed.conformance.bench.costs import Clock, Probe
from seed.conformance.bench.measure import table
from seed.reference.backend import ReferenceBackend
from seed.reference.rollouts.streaming import RolloutStats, rules_of
from seed.reference.simulation.simulate import Cost, simulate
from seed.reference.training import trainer
from seed.reference.training.prompt_stream import requests
from seed.reference.training.run_directory import RunDirectory
from seed.scaled.processes.worker_pool import LocalWorkerPool
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Outcome, Request, Rollout, ScoredRollout, Verdict
from seed.spec.observer import SilentObserver
from seed.spec.philox import generator

LONGEST = 8
"""Largest length, in means; longer draws are cut to it."""
GOALS = (
    ("decode steps", "decode_steps", 2.5),
    ("seconds of rollouts", "rollouts", 2.0),
    ("seconds in all", "seconds", 2.0),
)
"""What streaming should bring: the synchronous system's figure over a streaming one's."""
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""One thread computes, so the two are the same on an idle machine."""
DECODING = ("floor", "token", "start", "prefill", "publish")
"""Fields of the cost model that are measured between batches."""
COSTS = (*DECODING, "train", "train_token")
"""All that are measured."""
OFF = 0.15
"""Relative error of the predicted ratio and decode steps that is still good enough to plan machines
by.
"""


@dataclass(frozen=True)
class Spent:
    """What batches took.

    Attributes:
        decode_steps: Forward passes that drew tokens.
        tokens: Trained tokens.
        rollouts, updates: Seconds from new weights to a batch, and of everything that the trainer
            does with it.
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
@click.option(
    "--backend", type=click.Choice(["reference", "scaled"]), default="scaled", show_default=True
)
@click.option("--alpha", default=0.5, show_default=True, help="srs_alpha of the streaming system")
@click.option("--batches", default=32, show_default=True, help="batches of each system that count")
@click.option(
    "--warm-up",
    default=8,
    show_default=True,
    help="batches before them, in which the pool fills with long responses",
)
@click.option(
    "--responses", default=16, show_default=True, help="responses of a batch, and slots of a worker"
)
@click.option("--mean", "average", default=50, show_default=True, help="mean length in tokens")
@click.option("--sigma", default=1.6, show_default=True, help="of the logarithm of the length")
@click.option(
    "--clock",
    type=click.Choice(list(CLOCKS)),
    default="wall",
    show_default=True,
    help="cpu: this process's, no worker",
)
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
    """Train on equally many samples, synchronously and streaming; OVERRIDES are section.key=value
    as for ``seed run``.
    """
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
    changes = {"synchronous": ["rollout.srs_alpha=1"], "streaming": [f"rollout.srs_alpha={alpha}"]}
    if backend == "scaled" and clock == "wall":
        changes["with a worker"] = [*changes["streaming"], "parallel.rollout_workers=1"]
    configs = {
        name: load_config("tiny", "vapo", [*settings, *change], backend=backend)
        for name, change in changes.items()
    }
    config, count = configs["synchronous"], batches + warm_up
    lengths = drawn_lengths(config, 4 * count * responses, average, sigma)
    gc.freeze()  # a full collection of all modules takes a tenth of a second, and would fall on any system by chance
    seconds = CLOCKS[clock]
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seed-bench-")))
        systems = [
            System(stack.enter_context(open_backend(one)), one, lengths, scratch, seconds)
            for one in configs.values()
        ]
        probe = Probe(systems[0].run.backend, config, lengths, seconds)
        for _ in range(count):
            probe.measure()
            for system in systems:
                system.step()
    measured = [total(system.spent[warm_up:]) for system in systems]
    costs = [replace(probe.cost(), **training_cost(system.spent[warm_up:])) for system in systems]
    # Probes ran while no worker did.
    costs[2:] = [
        slower(cost, contention(seen, measured[1]))
        for cost, seen in zip(costs[2:], measured[2:], strict=True)
    ]
    prompt = round(mean(len(r.prompt_tokens) for r in requests(config, 0, count * responses)))
    predicted = [
        total(predictions(one, lengths, cost, count, prompt)[warm_up:])
        for one, cost in zip(configs.values(), costs, strict=True)
    ]
    longest = np.max(np.reshape(lengths, (-1, responses)), 1)
    click.echo(
        f"{backend} backend, tiny preset, one thread; srs_alpha {alpha:g}; {batches} batches of"
        f" {responses} responses, {warm_up} before do not count; log-normal lengths: mean"
        f" {np.mean(lengths):.0f}, longest of a batch {np.mean(longest):.0f}\nmeasured in between,"
        f" in milliseconds of {clock} time: {reports(costs[0])}\n"
    )
    header = (
        "",
        *(
            column
            for name in configs
            for column in ((name, "ratio") if name != "synchronous" else (name,))
        ),
    )
    click.echo(table([header, *comparison(measured, predicted)]))
    click.echo("\n" + "\n".join(verdicts(list(configs), measured, predicted)))


@contextmanager
def open_backend(config: Config) -> Iterator[Backend[Any]]:
    """The configuration's backend in this process, with its worker."""
    if config.backend == "reference":
        yield ReferenceBackend()
        return
    scaled = torch_backend()
    if not config.parallel.rollout_workers:
        yield scaled
        return
    scaled.worker_pool = worker_pool = LocalWorkerPool(config)
    try:
        yield scaled
    finally:
        with awake(worker_pool):
            worker_pool.stop()


class System:
    """One run that samples and trains batch by batch."""

    def __init__(
        self,
        backend: Backend[Any],
        config: Config,
        lengths: Sequence[int],
        scratch: Path,
        clock: Clock,
    ) -> None:
        """Begin with random weights.

        Args:
            backend: Who computes.
            config: The run's; srs_alpha makes the difference.
            lengths: Tokens of every response in the order of opening.
            scratch: A folder to name; nothing is written.
            clock: Seconds.
        """
        self.config, self.lengths, self.clock = config, lengths, clock
        self.run = trainer.start(
            backend, config, RunDirectory(scratch, writes=False), SilentObserver()
        )
        self.run.state = backend.start_rl(self.run.state, config)
        self.opened = 0
        self.spent: list[Spent] = []

    def step(self) -> None:
        """Sample a batch and train on it. Problems are made ready before: they cost all systems the
        same.
        """
        prompts = self.run.rollouts.prompts_needed()
        asked = [
            forced(request, self.lengths) for request in requests(self.config, self.opened, prompts)
        ]
        self.opened += prompts
        with awake(self.run.backend.worker_pool):
            self.spent.append(self._timed(asked))

    def _timed(self, asked: Sequence[Request]) -> Spent:
        rollouts, began = self.run.rollouts, self.clock()
        rollouts.publish(self.run.state, self.config, len(self.spent))
        finished = rollouts.finish(asked)
        rolled = self.clock()
        batch = trainer.learnable(self.run, self.config, rewarded(finished))
        trainer.update(self.run, self.config, batch, policy_moves=True)
        rollouts.service.end()  # as the next step does at once
        updates, tokens = (
            self.clock() - rolled,
            sum(len(rollout.response_tokens) for rollout in finished),
        )
        stats, rollouts.engine.stats = rollouts.engine.stats, RolloutStats()
        return Spent(
            stats.decode_steps, rolled - began, tokens, updates, len(finished), sum(stats.ages)
        )


@contextmanager
def awake(worker_pool: Any) -> Iterator[None]:
    """Let workers work here, and not before and after: other systems have their turn."""
    children = (
        [] if worker_pool is None else [child.process for child in worker_pool.children.values()]
    )
    for child in children:
        child.send_signal(signal.SIGCONT)
    yield
    for child in children:
        child.send_signal(signal.SIGSTOP)  # nothing where it has ended


def training_cost(batches: Sequence[Spent]) -> dict[str, float]:
    """Seconds of training as a batch's and each token's part, the line through what was
    measured.
    """
    per_token, per_batch = np.polyfit(
        [of.tokens for of in batches], [of.updates for of in batches], 1
    )
    return {"train": max(float(per_batch), 0.0), "train_token": max(float(per_token), 0.0)}


def contention(together: Spent, alone: Spent) -> float:
    """How much slower a token is trained on while a worker is at work: two busy cores share caches,
    and may be one in truth.
    """
    return max((together.updates / together.tokens) / (alone.updates / alone.tokens), 1.0)


def slower(cost: Cost, factor: float) -> Cost:
    """Costs with decoding so many times slower; it was measured while nothing else was at work."""
    return replace(cost, **{name: factor * getattr(cost, name) for name in DECODING})


def predictions(
    config: Config, lengths: Sequence[int], cost: Cost, steps: int, prompt: int
) -> list[Spent]:
    """The same batches in virtual time."""
    iterations = simulate(
        rules_of(config), lengths, cost, steps, prompt, config.rollout.block_tokens
    ).iterations
    return [
        Spent(one.stats.decode_steps, one.taken - one.start, one.trained, one.end - one.taken)
        for one in iterations
    ]


def total(batches: Sequence[Spent]) -> Spent:
    """What some batches took together."""
    return Spent(*(sum(getattr(batch, field.name) for batch in batches) for field in fields(Spent)))


def comparison(measured: Sequence[Spent], predicted: Sequence[Spent]) -> list[tuple[str, ...]]:
    """Figures of the systems and their ratios to the first, line by line: measured, predicted, and
    how far that is off.
    """
    rows: list[tuple[str, ...]] = []

    def line(title: str, values: Sequence[float]) -> None:
        first, *others = values
        rows.append(
            (
                title,
                f"{first:,.4g}",
                *(cell for value in others for cell in (f"{value:,.4g}", f"{first / value:.2f}")),
            )
        )

    for title, name, _ in GOALS:
        line(title, [getattr(of, name) for of in measured])
        line("  predicted", [getattr(of, name) for of in predicted])
        cells = [f"{100 * error:+.1f} %" for error in errors(measured, predicted, name)]
        rows.append(("  off by", *cells))
    line("seconds of updates", [of.updates for of in measured])
    line("trained tokens", [of.tokens for of in measured])
    first, *others = (f"{of.ages / of.samples:.2f}" for of in measured)
    rows.append(("mean staleness", first, *(cell for other in others for cell in (other, ""))))
    return rows


def errors(measured: Sequence[Spent], predicted: Sequence[Spent], name: str) -> list[float]:
    """How far predictions of a figure are off: of the synchronous system, then of each other one
    and its ratio.
    """
    first, *others = (
        getattr(said, name) / getattr(seen, name)
        for seen, said in zip(measured, predicted, strict=True)
    )
    return [
        first - 1.0,
        *(error for other in others for error in (other - 1.0, first / other - 1.0)),
    ]


def verdicts(
    names: Sequence[str], measured: Sequence[Spent], predicted: Sequence[Spent]
) -> Iterator[str]:
    """Each goal, and whether each system reached it."""

    def reached(holds: bool) -> str:
        return "reached" if holds else "missed"

    for title, name, goal in GOALS:
        first, *others = (getattr(of, name) for of in measured)
        found = [(system, first / other) for system, other in zip(names[1:], others, strict=True)]
        systems = ", ".join(
            f"{system} {ratio:.2f} ({reached(ratio >= goal)})" for system, ratio in found
        )
        yield f"{title}, times fewer, goal {goal:g}: {systems}"
    for place, system in enumerate(names[1:]):
        off = max(abs(errors(measured, predicted, name)[2 + 2 * place]) for _, name, _ in GOALS)
        yield (
            f"predicted ratios, {system}: off by at most {100 * off:.1f} %, goal {100 * OFF:.0f} %:"
            f" {reached(off <= OFF)}"
        )


def reports(cost: Cost) -> str:
    """The cost model in milliseconds."""
    return ", ".join(f"{name} {1e3 * getattr(cost, name):.3g}" for name in COSTS)


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

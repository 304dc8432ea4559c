"""Time that streaming rollouts save in the real system on a CPU.

    python -m seed.conformance.bench.srs

    synchronous   srs_alpha = 1: every step decodes until its longest response has ended
    streaming     the share srs_alpha of a step's responses is on-policy, the rest goes on in the
                  next step
    with a worker the same with a remote rollout worker, a process that decodes on another core
                  while the trainer trains (parallel.rollout_workers = 1; the torch backend)
    predicted     all of them in virtual time (reference.simulation.simulate) with the costs of this
                  backend, measured in between; training takes what each system's batches took, and
                  with a worker decoding is slower by the same factor as training

All systems train on equally many samples of the same log-normal lengths, with real weights, caches,
schedulers and updates; only the ends of responses are forced, as lengths are not realistic with
random weights. Systems take turns batch by batch, so that other load slows all of them; the worker
is stopped during the turns of others. Costs are median readings, so predictions are for an idle
machine; with other load they can be far off.

Batches are small by default: then a step costs about the same with any number of full slots, as on
a GPU that reads all weights for every token, and there streaming pays. With more responses, a CPU's
step costs more with more full slots, so full slots save steps but less wall time (``--responses``).
"""

import os

# NumPy reads this once, when it is imported: the reference uses one thread, as in `seed run`.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
from seed.reference.rollouts.engine import RolloutStats
from seed.reference.rollouts.rules import rules_of
from seed.reference.simulation.engine import Cost
from seed.reference.simulation.simulate import simulate
from seed.reference.training import trainer
from seed.reference.training.prompt_stream import requests
from seed.reference.training.run import Run
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
"""Goals of streaming: a figure of the synchronous system over that of a streaming one."""
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""One thread computes, so the two are the same on an idle machine."""
DECODING = ("floor", "token", "admit", "prefill", "publish")
"""Fields of the cost model that are measured between batches."""
COSTS = (*DECODING, "train", "train_token")
"""All fields that are measured."""
OFF = 0.15
"""Relative error of a predicted ratio up to which predictions are good enough to plan machines."""


@dataclass(frozen=True)
class Spent:
    """Time and work of some batches.

    Attributes:
        decode_steps: Forward passes that drew tokens.
        tokens: Trained tokens.
        rollouts, updates: Seconds from new weights to a batch, and of training on it.
        samples: Trained samples.
        ages: Policy versions since the oldest token of every trained sample, summed.
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
    """Train on equally many samples, synchronously and streaming.

    OVERRIDES are section.key=value as for ``seed run``.
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
    # A full collection of all modules takes a tenth of a second and would hit one system by chance.
    gc.freeze()
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
    # Probes ran while no worker was running.
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
        """Start with random weights.

        Args:
            backend: Backend of the run.
            config: Of the run; systems differ in srs_alpha.
            lengths: Tokens of every response in the order of submission.
            scratch: Folder of the run; nothing is written.
            clock: Seconds.
        """
        self.config, self.lengths, self.clock = config, lengths, clock
        self.run = Run.start(backend, config, RunDirectory(scratch, writes=False), SilentObserver())
        self.run.state = backend.start_rl(self.run.state, config)
        self.submitted = 0
        self.spent: list[Spent] = []

    def step(self) -> None:
        """Sample a batch and train on it; generating problems is equal for all and untimed."""
        count = self.run.rollouts.prompts_needed()
        prompts = requests(self.config, self.submitted, count)
        self.submitted += count
        with awake(self.run.backend.worker_pool):
            self.spent.append(self._timed([forced(prompt, self.lengths) for prompt in prompts]))

    def _timed(self, prompts: Sequence[Request]) -> Spent:
        rollouts, started = self.run.rollouts, self.clock()
        rollouts.publish(self.run.state, self.config, len(self.spent))
        finished = rollouts.finish(prompts)
        sampled = self.clock()
        batch = trainer.compute_advantages(self.run, self.config, rewarded(finished))
        trainer.update(self.run, self.config, batch, policy_moves=True)
        rollouts.service.end()  # as the next step does at once
        updates = self.clock() - sampled
        tokens = sum(len(rollout.response_tokens) for rollout in finished)
        stats, rollouts.engine.stats = rollouts.engine.stats, RolloutStats()
        return Spent(
            stats.decode_steps, sampled - started, tokens, updates, len(finished), sum(stats.ages)
        )


@contextmanager
def awake(worker_pool: Any) -> Iterator[None]:
    """Run the worker processes inside the block only; outside other systems have their turn."""
    children = (
        [] if worker_pool is None else [handle.process for handle in worker_pool.handles.values()]
    )
    for child in children:
        child.send_signal(signal.SIGCONT)
    yield
    for child in children:
        child.send_signal(signal.SIGSTOP)  # no effect on a process that has ended


def training_cost(batches: Sequence[Spent]) -> dict[str, float]:
    """Seconds of training per batch and per token: a line fitted to all batches."""
    per_token, per_batch = np.polyfit(
        [of.tokens for of in batches], [of.updates for of in batches], 1
    )
    return {"train": max(float(per_batch), 0.0), "train_token": max(float(per_token), 0.0)}


def contention(together: Spent, alone: Spent) -> float:
    """Factor by which training a token is slower beside a worker: two busy cores share caches."""
    return max((together.updates / together.tokens) / (alone.updates / alone.tokens), 1.0)


def slower(cost: Cost, factor: float) -> Cost:
    """The costs with slower decoding; it was measured while no worker was running."""
    return replace(cost, **{name: factor * getattr(cost, name) for name in DECODING})


def predictions(
    config: Config, lengths: Sequence[int], cost: Cost, steps: int, prompt: int
) -> list[Spent]:
    """The same batches in virtual time."""
    iterations = simulate(
        rules_of(config), lengths, cost, steps, prompt, config.rollout.block_tokens
    ).iterations
    return [
        Spent(
            one.stats.decode_steps,
            one.batch_ready - one.start,
            one.trained,
            one.end - one.batch_ready,
        )
        for one in iterations
    ]


def total(batches: Sequence[Spent]) -> Spent:
    """Sum over some batches."""
    return Spent(*(sum(getattr(batch, field.name) for batch in batches) for field in fields(Spent)))


def comparison(measured: Sequence[Spent], predicted: Sequence[Spent]) -> list[tuple[str, ...]]:
    """Figures of the systems and their ratios to the first: measured, predicted, relative error."""
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
    """Relative errors of predictions: synchronous system, then figure and ratio of each other."""
    first, *others = (
        getattr(prediction, name) / getattr(measurement, name)
        for measurement, prediction in zip(measured, predicted, strict=True)
    )
    return [
        first - 1.0,
        *(error for other in others for error in (other - 1.0, first / other - 1.0)),
    ]


def verdicts(
    names: Sequence[str], measured: Sequence[Spent], predicted: Sequence[Spent]
) -> Iterator[str]:
    """A line for each goal: whether each system reached it."""

    def reached(holds: bool) -> str:
        return "reached" if holds else "missed"

    for title, name, goal in GOALS:
        first, *others = (getattr(of, name) for of in measured)
        systems = ", ".join(
            f"{system} {first / other:.2f} ({reached(first / other >= goal)})"
            for system, other in zip(names[1:], others, strict=True)
        )
        yield f"{title}, times fewer, goal {goal:g}: {systems}"
    for index, system in enumerate(names[1:]):
        off = max(abs(errors(measured, predicted, name)[2 + 2 * index]) for _, name, _ in GOALS)
        yield (
            f"predicted ratios, {system}: off by at most {100 * off:.1f} %, goal {100 * OFF:.0f} %:"
            f" {reached(off <= OFF)}"
        )


def reports(cost: Cost) -> str:
    """The cost model in milliseconds."""
    return ", ".join(f"{name} {1e3 * getattr(cost, name):.3g}" for name in COSTS)


def drawn_lengths(config: Config, count: int, mean: int, sigma: float) -> list[int]:
    """Lengths of the first responses of a run: log-normal with this mean before the cut."""
    random = generator(config.seed, "benchmark lengths")
    drawn = np.exp(np.log(mean) - sigma**2 / 2 + sigma * random.normal(size=count))
    return [int(length) for length in np.clip(np.rint(drawn), 1, LONGEST * mean)]


def forced(request: Request, lengths: Sequence[int]) -> Request:
    """The request with the length that was drawn for its index in the run."""
    return replace(request, forced_length=lengths[request.draw])


def rewarded(rollouts: Sequence[Rollout]) -> list[ScoredRollout]:
    """Arbitrary rewards: correct if the last token is even."""
    verdicts = {True: Verdict(Outcome.CORRECT, "", ""), False: Verdict(Outcome.WRONG, "", "")}
    right = [rollout.response_tokens[-1] % 2 == 0 for rollout in rollouts]
    return [
        ScoredRollout(rollout, verdicts[good], float(good), 1.0 if good else -1.0)
        for rollout, good in zip(rollouts, right, strict=True)
    ]


if __name__ == "__main__":
    srs()

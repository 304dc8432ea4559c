"""Gain of streaming: simulations over srs_alpha against the synchronous system.

- speed-up: seconds of a synchronous iteration / seconds of this one.
- refilling: the same speed-up with remote workers that rest while the trainer trains. It is the
  gain of full slots alone.
- overlap: speed-up / refilling, the further gain of decoding during the training.

In the synchronous system (srs_alpha = 1) all workers, remote ones too, decode for the batch that
the trainer waits for. Means are over the iterations after the warm-up, in which the pool fills.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean

from seed.reference.rollouts.rules import Rules
from seed.reference.simulation.engine import Cost
from seed.reference.simulation.simulate import Outcome, simulate

LEAST_GAIN = 0.05
"""A step of the sweep that shortens an iteration by a smaller share does not pay.

It makes samples more stale, and simulations are not more accurate than that.
"""


@dataclass(frozen=True)
class Scenario:
    """Everything that is the same for every srs_alpha.

    Attributes:
        lengths: Tokens of the responses in order of submission.
        cost: Durations.
        steps: Steps of the trainer.
        warm_up: Steps left out of all means, fewer than ``steps``.
        prompt: Tokens of a prompt.
        block: Tokens that a slot decodes between two reports.
    """

    lengths: Sequence[int]
    cost: Cost
    steps: int
    warm_up: int
    prompt: int
    block: int

    def run(self, rules: Rules) -> Outcome:
        """Simulate."""
        return simulate(rules, self.lengths, self.cost, self.steps, self.prompt, self.block)


@dataclass(frozen=True)
class Figures:
    """Means over the iterations after the warm-up.

    Attributes:
        seconds: Duration of an iteration.
        rollout_seconds: Of these, waiting for the batch.
        train_seconds: Of these, training.
        decode_steps: Forward passes that drew tokens, over all workers.
        drawn: Tokens drawn.
        trained: Response tokens of a batch; fewer than in the synchronous system while long
            responses are still in flight.
        occupancy: Share of the slots of decoding workers that drew a token.
        on_policy: Share of trained samples drawn from the newest weights alone.
        staleness: Mean staleness of trained samples, in policy versions.
        staleness_max: Largest staleness.
        staleness_counts: Staleness -> trained samples, over all iterations.
        dropped: Samples dropped.
    """

    seconds: float
    rollout_seconds: float
    train_seconds: float
    decode_steps: float
    drawn: float
    trained: float
    occupancy: float
    on_policy: float
    staleness: float
    staleness_max: int
    staleness_counts: dict[int, int]
    dropped: float


@dataclass(frozen=True)
class Point:
    """One srs_alpha of a sweep; the three gains are those of the module."""

    alpha: float
    figures: Figures
    speed_up: float
    refilling: float
    overlap: float
    outcome: Outcome


def figures_of(outcome: Outcome, warm_up: int) -> Figures:
    """Means over the iterations after the warm-up."""
    steady = outcome.iterations[warm_up:]
    all_stats = [iteration.stats for iteration in steady]
    ages = [age for stats in all_stats for age in stats.ages]
    drawn, offered = sum(s.tokens for s in all_stats), sum(s.offered for s in all_stats)
    return Figures(
        seconds=(steady[-1].end - steady[0].start) / len(steady),
        rollout_seconds=mean(iteration.batch_ready - iteration.start for iteration in steady),
        train_seconds=mean(iteration.end - iteration.batch_ready for iteration in steady),
        decode_steps=mean(stats.decode_steps for stats in all_stats),
        drawn=mean(stats.tokens for stats in all_stats),
        trained=mean(iteration.trained for iteration in steady),
        occupancy=drawn / max(offered, 1),
        on_policy=mean(age == 0 for age in ages),
        staleness=mean(ages),
        staleness_max=max(ages),
        staleness_counts={age: ages.count(age) for age in range(max(ages) + 1)},
        dropped=mean(stats.dropped for stats in all_stats),
    )


def sweep(
    rules: Rules,
    alphas: Sequence[float],
    scenario: Scenario,
    on_point: Callable[[], object] = lambda: None,
) -> list[Point]:
    """Simulate every srs_alpha on the same lengths, the synchronous system first.

    The alpha of ``rules`` is not read. ``alphas`` are in [0, 1]; 1 is added if missing.
    ``on_point`` is called after each.
    """
    colocated = tuple(replace(worker, remote=False) for worker in rules.workers)
    points: list[Point] = []
    for alpha in sorted({1.0, *alphas}, reverse=True):
        outcome = scenario.run(replace(rules, alpha=alpha))
        figures = refilling_figures = figures_of(outcome, scenario.warm_up)
        # At srs_alpha = 1 nothing is in flight during the training, and without remote workers
        # nothing can decode then: there is no overlap to take out.
        if alpha != 1.0 and colocated != rules.workers:
            without_overlap = scenario.run(replace(rules, alpha=alpha, workers=colocated))
            refilling_figures = figures_of(without_overlap, scenario.warm_up)
        synchronous = points[0].figures.seconds if points else figures.seconds
        speed_up = synchronous / figures.seconds
        refilling = synchronous / refilling_figures.seconds
        points.append(Point(alpha, figures, speed_up, refilling, speed_up / refilling, outcome))
        on_point()
    return points


def pays_until(points: Sequence[Point], least_gain: float = LEAST_GAIN) -> Point:
    """The point of a sweep after which a smaller srs_alpha no longer pays.

    It is the first point, from srs_alpha = 1 down, whose successor shortens the iteration by less
    than the share ``least_gain``.
    """
    for point, following in pairwise(points):
        if following.figures.seconds > (1.0 - least_gain) * point.figures.seconds:
            return point
    return points[-1]

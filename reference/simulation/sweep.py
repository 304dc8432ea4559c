"""What streaming is worth: simulations over srs_alpha against the synchronous system on the same
machines.

    speed-up    seconds of a synchronous iteration / seconds of this one
    refilling   the same with standalone workers that rest while the trainer trains: what full slots alone are worth
    overlap     speed-up / refilling: what decoding during the training is worth on top

In the synchronous system (srs_alpha = 1) all workers, standalone ones too, decode for the batch that
the trainer waits for. Means are over the iterations after the warm-up, in which the pool fills.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean

from seed.reference.rollouts.scheduler import Rules
from seed.reference.simulation.simulate import Cost, Outcome, simulate

LEAST_GAIN = 0.05
"""A step of the sweep that shortens an iteration by less does not pay: it costs policy age, and no
simulation is truer.
"""


@dataclass(frozen=True)
class World:
    """What is the same for every srs_alpha.

    Attributes:
        lengths: Tokens of the responses in the order of opening.
        cost: What things take.
        steps: Steps of the trainer.
        warm_up: Steps left out of all means, fewer than ``steps``.
        prompt: Tokens of a prompt.
        block: Tokens between two looks at the schedule.
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
    """Means of an iteration after the warm-up.

    Attributes:
        seconds: From policy_version to policy_version.
        rollout_seconds: Of these, waiting for the batch.
        train_seconds: Of these, training.
        decode_steps: Forward passes that drew tokens, over all workers.
        drawn: Tokens drawn.
        trained: Response tokens of a batch; fewer than in the synchronous system while long
            responses are still under way.
        occupancy: Share of the slots of decoding workers that drew a token.
        on_policy: Share of trained samples that are of the newest weights alone.
        staleness: Mean age of trained samples, in policies.
        staleness_max: Largest.
        staleness_counts: Age -> trained samples, over all iterations.
        dropped: Samples given up.
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
    """One srs_alpha of a sweep."""

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
    return Figures(
        seconds=(steady[-1].end - steady[0].start) / len(steady),
        rollout_seconds=mean(iteration.taken - iteration.start for iteration in steady),
        train_seconds=mean(iteration.end - iteration.taken for iteration in steady),
        decode_steps=mean(stats.decode_steps for stats in all_stats),
        drawn=mean(stats.tokens for stats in all_stats),
        trained=mean(iteration.trained for iteration in steady),
        occupancy=sum(stats.tokens for stats in all_stats)
        / max(sum(stats.offered for stats in all_stats), 1),
        on_policy=mean(age == 0 for age in ages),
        staleness=mean(ages),
        staleness_max=max(ages),
        staleness_counts={age: ages.count(age) for age in range(max(ages) + 1)},
        dropped=mean(stats.dropped for stats in all_stats),
    )


def sweep(
    rules: Rules,
    alphas: Sequence[float],
    world: World,
    reports: Callable[[], object] = lambda: None,
) -> list[Point]:
    """Simulate every srs_alpha on the same lengths, the synchronous system first.

    Args:
        rules: Of the scheduler; its alpha is not read.
        alphas: In [0, 1]; 1 need not be among them.
        world: What is the same for all.
        reports: Called after each srs_alpha.
    """
    resting = tuple(replace(worker, standalone=False) for worker in rules.workers)
    points: list[Point] = []
    for alpha in sorted({1.0, *alphas}, reverse=True):
        here = replace(rules, alpha=alpha)
        outcome = world.run(here)
        figures = figures_of(outcome, world.warm_up)
        # At srs_alpha = 1 nothing is under way during the training, and without standalone workers
        # nothing decodes then.
        alike = alpha == 1.0 or resting == rules.workers
        alone = (
            figures
            if alike
            else figures_of(world.run(replace(here, workers=resting)), world.warm_up)
        )
        synchronous = points[0].figures.seconds if points else figures.seconds
        refilling = synchronous / alone.seconds
        speed_up = synchronous / figures.seconds
        points.append(Point(alpha, figures, speed_up, refilling, speed_up / refilling, outcome))
        reports()
    return points


def pays_until(points: Sequence[Point], least_gain: float = LEAST_GAIN) -> Point:
    """The first point of a sweep, from srs_alpha = 1 down, whose successor shortens the iteration
    by less than a share.
    """
    for point, following in pairwise(points):
        if following.figures.seconds > (1.0 - least_gain) * point.figures.seconds:
            return point
    return points[-1]

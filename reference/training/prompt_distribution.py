"""Online data distribution adaptation: which strata a run asks, and what it learns from answers.

    state -> problems -> rollouts, verdicts -> observed -> state with the next step's shares

A stratum is a domain at a level. The state is plain values, stored with the prompt stream, so a
resumed run asks what it would have asked. Shares are worked out on rank 0 and broadcast; all that
every rank does for itself is sums and comparisons, which are equal everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from statistics import fmean
from typing import Any

from seed.reference.data import distribution
from seed.reference.tasks.task import problems_of
from seed.spec.config import Config
from seed.spec.config_distribution import DistributionConfig
from seed.spec.datatypes import Outcome, Problem, ScoredRollout
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import uniforms
from seed.spec.problem_source import Stratum

Group = list[ScoredRollout]
SLOWER = 4
"""The slow average of the solve rate remembers so many times as many groups."""

BANDS = ("none", "up to 1/4", "up to 3/4", "below 1", "all")
"""Groups by their share of right responses; the bounds are those of prime-rl's pools."""


@dataclass(frozen=True)
class StratumState:
    """What is known of a stratum.

    Attributes:
        share: w, of the prompts of the next step.
        credit: What it was owed so far minus what it got, in prompts.
        drawn: Places of its stream that are used up.
        groups: Groups seen.
        rate: Moving average of the solve rate; not read while ``groups`` is 0.
        slow_rate: The same with a longer memory.
        compared: Groups seen of at least two responses.
        signal: Moving average of the learning signal.
    """

    share: float
    credit: float = 0.0
    drawn: int = 0
    groups: int = 0
    rate: float = 0.0
    slow_rate: float = 0.0
    compared: int = 0
    signal: float = distribution.LARGEST_SIGNAL


@dataclass(frozen=True)
class RangeState:
    """Where the range of levels of a domain stands.

    Attributes:
        top: Place of its highest level among the domain's levels.
        right: Right responses at that level since it was last judged.
        responses: All responses there.
        groups: Groups there.
    """

    top: int = 0
    right: int = 0
    responses: int = 0
    groups: int = 0


@dataclass(frozen=True)
class DistributionState:
    """All that a run remembers of what it asked.

    Attributes:
        strata: Name of a stratum -> its state, in order of name.
        ranges: Domain -> its range; sliding only.
        problems: Id -> solve rate in its newest group, of problems that come up again; pools only.
    """

    strata: dict[str, StratumState] = field(default_factory=dict)
    ranges: dict[str, RangeState] = field(default_factory=dict)
    problems: dict[str, float] = field(default_factory=dict)


class PromptDistribution:
    """The rule of a configuration; without state of its own."""

    def __init__(self, settings: DistributionConfig, strata: Sequence[Stratum], seed: int) -> None:
        """Sort the strata, so that the order of domains decides nothing.

        Args:
            settings: Section ``distribution`` with another method than in_turn.
            strata: Of the training problems.
            seed: Run seed; keys which problems of a pool are passed over.
        """
        self.settings, self.seed = settings, seed
        self.strata = sorted(strata, key=lambda stratum: (stratum.domain, stratum.level))
        self.domains: dict[str, list[Stratum]] = {}
        for stratum in self.strata:
            self.domains.setdefault(stratum.domain, []).append(stratum)

    def initial(self) -> DistributionState:
        """The state before anything was asked."""
        strata = {stratum.name: StratumState(stratum.share) for stratum in self.strata}
        is_sliding = self.settings.method == "sliding"
        ranges = {domain: RangeState() for domain in self.domains} if is_sliding else {}
        return self.with_shares(DistributionState(strata, ranges))

    def draw(
        self, state: DistributionState, prompts: int
    ) -> tuple[list[Problem], DistributionState]:
        """The next problems, and the state after them."""
        states = [state.strata[stratum.name] for stratum in self.strata]
        shares = [known.share for known in states]
        # A stratum outside of its range is owed nothing.
        credit = [known.credit if known.share else 0.0 for known in states]
        drawn = [known.drawn for known in states]
        problems = []
        for _ in range(prompts):
            chosen = distribution.next_stratum(credit, shares)
            credit = [owed + share for owed, share in zip(credit, shares, strict=True)]
            credit[chosen] -= 1.0
            place = self._place(self.strata[chosen], drawn[chosen], state.problems)
            drawn[chosen] = place + 1
            problems.append(self.strata[chosen].problem(place))
        after = zip(self.strata, states, credit, drawn, strict=True)
        strata = {s.name: replace(known, credit=c, drawn=n) for s, known, c, n in after}
        return problems, replace(state, strata=strata)

    def observed(
        self,
        state: DistributionState,
        groups: Sequence[Group],
        on_rank_zero: Callable[[Callable[[], DistributionState]], DistributionState],
    ) -> DistributionState:
        """The state after a step's groups, with the shares of the next step.

        Args:
            state: Before.
            groups: Scored responses by visit, those that dynamic sampling drops included.
            on_rank_zero: Returns what its argument computes on rank 0 on every rank.
        """
        problems = self._newest_rates(state.problems, groups)
        small = replace(state, problems={})  # the rest is too much to broadcast
        return replace(on_rank_zero(lambda: self._learnt(small, groups)), problems=problems)

    def with_shares(self, state: DistributionState) -> DistributionState:
        """The state with the shares that follow from its averages."""
        states = [state.strata[stratum.name] for stratum in self.strata]
        prior = [stratum.share for stratum in self.strata]
        settings = self.settings
        if settings.method == "adaptive":
            signals = [self._signal(of_stratum) for of_stratum in states]
            shares = distribution.adaptive_shares(
                prior, signals, settings.temperature, settings.floor
            )
        elif settings.method == "pools":
            weights = [
                1.0 if stratum.returns else self._weight(known.rate if known.groups else None)
                for stratum, known in zip(self.strata, states, strict=True)
            ]
            shares = distribution.weighted_shares(prior, weights)
        else:
            shares = [share for domain in self.domains for share in self._range(domain, state)]
        pairs = zip(self.strata, states, shares, strict=True)
        return replace(state, strata={s.name: replace(k, share=w) for s, k, w in pairs})

    def metrics(self, state: DistributionState, groups: Sequence[Group]) -> dict[str, Any]:
        """Figures of a step: the shares that it asked by, and what was known when it began.

        Args:
            state: When the step began.
            groups: Sampled in it.
        """
        known = {name: s for name, s in state.strata.items() if s.groups}
        shares = {
            domain: sum(state.strata[stratum.name].share for stratum in strata)
            for domain, strata in self.domains.items()
        }
        metrics: dict[str, Any] = {
            "data/weight": {name: s.share for name, s in state.strata.items()},
            "data/weight_by_domain": shares,
            "data/solve_rate": {name: s.rate for name, s in known.items()},
            "data/solve_rate_bands": bands(groups),
        }
        if self.settings.method == "adaptive":
            metrics["data/signal"] = {name: self._signal(s) for name, s in state.strata.items()}
        if self.settings.method == "sliding":
            metrics["data/top_level"] = {
                domain: strata[state.ranges[domain].top].level
                for domain, strata in self.domains.items()
            }
        return metrics

    def _place(self, stratum: Stratum, first: int, problems: Mapping[str, float]) -> int:
        """The place of a stratum's next problem; with pools some that come up again are skipped."""
        if self.settings.method != "pools" or not stratum.returns:
            return first
        largest = max(1.0, self.settings.hard_weight, self.settings.easy_weight)
        for place in count(first):
            weight = self._weight(problems.get(stratum.problem(place).id))
            words = [place % 2**32, place // 2**32, 0, 0]
            if float(uniforms(self.seed, f"pools {stratum.name}", words)) * largest < weight:
                return place
        raise AssertionError("count() has no end")

    def _weight(self, rate: float | None) -> float:
        s = self.settings
        bounds = s.hard_at_most, s.easy_above
        return distribution.pool_weight(rate, *bounds, s.hard_weight, s.easy_weight)

    def _signal(self, known: StratumState) -> float:
        if self.settings.signal == "progress" and known.groups:
            return distribution.learning_progress(known.rate, known.slow_rate)
        return known.signal

    def _range(self, domain: str, state: DistributionState) -> list[float]:
        """Shares of a domain's levels: its whole share, over the levels in its range."""
        strata, top = self.domains[domain], state.ranges[domain].top
        weights = distribution.range_weights(len(strata), top, self.settings.window)
        prior = [stratum.share for stratum in strata]
        return [sum(prior) * w for w in distribution.weighted_shares(prior, weights)]

    def _newest_rates(
        self, problems: dict[str, float], groups: Sequence[Group]
    ) -> dict[str, float]:
        if self.settings.method != "pools":
            return problems
        returning = {stratum.name for stratum in self.strata if stratum.returns}
        newest = {
            group[0].rollout.request.problem.id: rate_of(group)
            for group in groups
            if stratum_of(group) in returning
        }
        return problems | newest

    def _learnt(self, state: DistributionState, groups: Sequence[Group]) -> DistributionState:
        by_stratum: dict[str, list[Group]] = {}
        for group in groups:
            by_stratum.setdefault(stratum_of(group), []).append(group)
        strata = {
            name: self._averaged(known, by_stratum.get(name, []))
            for name, known in state.strata.items()
        }
        ranges = {
            domain: self._judged(known, self.domains[domain], by_stratum)
            for domain, known in state.ranges.items()
        }
        return self.with_shares(replace(state, strata=strata, ranges=ranges))

    def _averaged(self, known: StratumState, groups: Sequence[Group]) -> StratumState:
        if not groups:
            return known
        memory, average = self.settings.memory, distribution.moving_average
        rate, new = fmean(rate_of(group) for group in groups), len(groups)
        known = replace(
            known,
            rate=average(known.rate, known.groups, rate, new, memory),
            slow_rate=average(known.slow_rate, known.groups, rate, new, SLOWER * memory),
            groups=known.groups + new,
        )
        signals = self._signals(groups)
        if not signals:
            return known
        signal = average(known.signal, known.compared, fmean(signals), len(signals), memory)
        return replace(known, signal=signal, compared=known.compared + len(signals))

    def _signals(self, groups: Sequence[Group]) -> list[float]:
        """The learning signal of every group that can be compared within."""
        measure = distribution.group_variance
        if self.settings.signal == "advantage":
            measure = distribution.group_advantage
        # In a streaming batch a group may have lost responses to another step.
        return [measure(scores_of(group)) for group in groups if len(group) > 1]

    def _judged(
        self,
        known: RangeState,
        strata: Sequence[Stratum],
        by_stratum: Mapping[str, Sequence[Group]],
    ) -> RangeState:
        groups = by_stratum.get(strata[known.top].name, [])
        known = RangeState(
            known.top,
            known.right + int(sum(item.accuracy for group in groups for item in group)),
            known.responses + sum(map(len, groups)),
            known.groups + len(groups),
        )
        settings = self.settings
        if known.groups < settings.least_groups:
            return known
        return RangeState(
            distribution.moved_top(
                known.top,
                known.right,
                known.responses,
                len(strata),
                settings.raise_at,
                settings.lower_at,
            )
        )


def prompt_distribution(config: Config) -> PromptDistribution | None:
    """The rule of a run; None for ``in_turn``, where nothing adapts."""
    if config.distribution.method == "in_turn":
        return None
    return PromptDistribution(config.distribution, problems_of(config).strata(), config.seed)


def check_distribution(config: Config) -> None:
    """Refuse a method that has nothing to choose among.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    rule = prompt_distribution(config)
    if rule is None:
        return
    method, names = config.distribution.method, ", ".join(s.name for s in rule.strata)
    needs = {
        "adaptive": ("two domains or levels", len(rule.strata) > 1),
        "pools": (
            "two domains or levels, or problems that come up again",
            len(rule.strata) > 1 or any(stratum.returns for stratum in rule.strata),
        ),
        "sliding": (
            "a domain with two levels (data.difficulties)",
            any(len(strata) > 1 for strata in rule.domains.values()),
        ),
    }
    what, has_it = needs[method]
    if not has_it:
        line = (
            f"distribution.method={method} needs {what}; section data has {names or 'no problem'}"
        )
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)


def stratum_of(group: Group) -> str:
    """Name of the stratum that a group's problem is of."""
    problem = group[0].rollout.request.problem
    return f"{problem.family}/{problem.difficulty}"


def rate_of(group: Group) -> float:
    """Share of right responses of a group."""
    return fmean(item.accuracy for item in group)


def scores_of(group: Group) -> list[float]:
    """Scores of a group's responses: accuracy, of a general problem the reward model's."""
    return [
        item.preference.score
        if item.preference and item.verdict.outcome is Outcome.UNJUDGED
        else item.accuracy
        for item in group
    ]


def bands(groups: Sequence[Group]) -> dict[str, float]:
    """Share of the groups in each of ``BANDS``."""
    counts = dict.fromkeys(BANDS, 0)
    for rate in map(rate_of, groups):
        counts[band_of(rate)] += 1
    return {name: number / len(groups) for name, number in counts.items()}


def band_of(rate: float) -> str:
    """The band of a share of right responses."""
    none, hard, middle, easy, every = BANDS
    if rate in (0.0, 1.0):
        return every if rate else none
    return hard if rate <= 0.25 else middle if rate <= 0.75 else easy

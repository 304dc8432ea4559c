"""Which prompts a step trains on: an endless stream of problems, and dynamic sampling.

Dynamic sampling (DAPO 3.2, eq. 11) drops a prompt whose responses are all correct or all wrong,
since its group advantage is zero, and samples more prompts until the batch is full. The filter
reads accuracy, never the shaped reward: a length penalty would make an all-correct group look
useful. A general problem has no accuracy; its group is kept if the reward model's scores differ
enough (``reward.least_spread``), which is the report's rule for non-verifiable prompts (2.1).
Surplus groups are kept, with the version of every token, for the next step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import pstdev
from typing import Any

from seed.reference.tasks.task import problems_of, tokenizer_of
from seed.reference.training.prompt_distribution import (
    DistributionState,
    PromptDistribution,
    prompt_distribution,
)
from seed.spec.config import Config
from seed.spec.datatypes import Outcome, Problem, Request, ScoredRollout
from seed.spec.errors import Reason, SeedError

Group = list[ScoredRollout]
Score = Callable[[Sequence[Request]], list[ScoredRollout]]
"""Turns requests into scored rollouts.

In a synchronous run they answer these requests; in a streaming run perhaps earlier ones.
"""


@dataclass(frozen=True)
class PromptStreamState:
    """Where the stream of problems stands, and finished groups that no step has used yet.

    Attributes:
        next_problem: Visits so far, the place of the next problem in the stream.
        surplus: Finished groups.
        distribution: What an adaptive distribution knows; None with in_turn, and before it asked.
    """

    next_problem: int = 0
    surplus: tuple[Group, ...] = ()
    distribution: DistributionState | None = None


@dataclass(frozen=True)
class Collection:
    """What one step's collecting brought.

    Attributes:
        groups: Groups to learn from; fewer than asked for exactly if ``exhausted``.
        sampled: Every response sampled for it, kept or dropped: what accuracy metrics must be
            computed from.
        state: Where the prompt stream stands afterwards.
        rounds: Generation rounds it took.
        exhausted: Dynamic sampling gave up before the batch was full.
        errors: Responses without a verdict, which count nowhere else (``reward.on_error`` = drop).
        asked: Metrics of the distribution that chose the problems; none with in_turn.
    """

    groups: list[Group]
    sampled: list[ScoredRollout]
    state: PromptStreamState
    rounds: int
    exhausted: bool
    errors: tuple[ScoredRollout, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scored(self) -> list[ScoredRollout]:
        """The responses to learn from, group by group."""
        return [item for group in self.groups for item in group]


def collect(
    config: Config, state: PromptStreamState, score: Score, prompts_needed: Callable[[], int]
) -> Collection:
    """Fill one batch of ``rollout.prompts`` times ``rollout.samples_per_prompt`` responses.

    A response without a verdict is left out: the others of its group are the group, also for
    dynamic sampling. Without dynamic sampling the batch is smaller by it, and nothing is sampled in
    its place.

    Args:
        config: Sizes and the dynamic-sampling switch.
        state: Where the stream stands.
        score: Samples and verifies a list of requests.
        prompts_needed: Says how many new problems the next call of ``score`` should bring.

    Returns:
        The batch, full or marked ``exhausted``.

    Raises:
        SeedError: VERIFIER_FAILED if no response at all has a verdict.
    """
    wanted = config.rollout.prompts * config.rollout.samples_per_prompt
    groups, next_problem, known = list(state.surplus), state.next_problem, state.distribution
    rule = prompt_distribution(config)
    sampled: list[ScoredRollout] = []
    errors: list[ScoredRollout] = []
    rounds = 0
    refills = config.algorithm.dynamic_sampling
    limit = config.algorithm.dynamic_sampling_tries if refills else 1
    while responses(groups) < wanted and rounds < limit:
        prompts = prompts_needed()
        problems, known = next_problems(config, rule, next_problem, known, prompts)
        fresh, failing = judged(score(requests_for(config, problems, next_problem)))
        next_problem += prompts
        rounds += 1
        sampled += fresh
        errors += failing
        new = split_groups(fresh)
        groups += [g for g in new if is_useful(g, config.reward.least_spread)] if refills else new
    taken = next(
        (count for count in range(len(groups)) if responses(groups[:count]) >= wanted), len(groups)
    )
    after = PromptStreamState(next_problem, tuple(groups[taken:]), known)
    exhausted = refills and responses(groups) < wanted
    return Collection(groups[:taken], sampled, after, rounds, exhausted, tuple(errors))


def judged(scored: Sequence[ScoredRollout]) -> tuple[list[ScoredRollout], list[ScoredRollout]]:
    """Responses with a verdict, and those whose verifier failed.

    Raises:
        SeedError: VERIFIER_FAILED if all failed: then there is nothing to go on with.
    """
    errors = [item for item in scored if item.verdict.outcome is Outcome.ERROR]
    if errors and len(errors) == len(scored):
        first = errors[0]
        line = (
            f"none of {len(errors)} responses has a verdict; the first, of problem"
            f" {first.rollout.request.problem.id}: {first.verdict.why}"
        )
        raise SeedError(Reason.VERIFIER_FAILED, line)
    return [item for item in scored if item.verdict.outcome is not Outcome.ERROR], errors


def responses(groups: Sequence[Group]) -> int:
    """How many there are over all groups; a streaming batch may hold a part of a group."""
    return sum(map(len, groups))


def first_problems(config: Config, most: int) -> list[Problem]:
    """The first training problems of RL, ``most`` at most and no more than a run draws."""
    count, source = min(most, config.rollout.steps * config.rollout.prompts), problems_of(config)
    return [source.training(number) for number in range(count)]


def requests(config: Config, first_problem: int, prompts: int) -> list[Request]:
    """The requests for ``prompts`` consecutive problems of the training stream, group by group."""
    problems, _ = next_problems(config, None, first_problem, None, prompts)
    return requests_for(config, problems, first_problem)


def next_problems(
    config: Config,
    rule: PromptDistribution | None,
    first_problem: int,
    known: DistributionState | None,
    prompts: int,
) -> tuple[list[Problem], DistributionState | None]:
    """The next problems, and what the distribution knows after them."""
    if rule is None:
        source, places = problems_of(config), range(first_problem, first_problem + prompts)
        return [source.training(place) for place in places], known
    return rule.draw(known or rule.initial(), prompts)


def observed(
    config: Config,
    before: PromptStreamState,
    collection: Collection,
    on_rank_zero: Callable[[Callable[[], DistributionState]], DistributionState],
) -> Collection:
    """The same with what an adaptive distribution learns from it, and its metrics.

    Args:
        config: Of the phase.
        before: Where the stream stood when the step began.
        collection: What the step brought.
        on_rank_zero: Returns what its argument computes on rank 0 on every rank.
    """
    rule, known = prompt_distribution(config), collection.state.distribution
    if rule is None or known is None:
        return collection
    groups = split_groups(collection.sampled)
    asked = rule.metrics(before.distribution or rule.initial(), groups)
    after = replace(collection.state, distribution=rule.observed(known, groups, on_rank_zero))
    return replace(collection, state=after, asked=asked)


def requests_for(config: Config, problems: Sequence[Problem], first_problem: int) -> list[Request]:
    """The requests for problems that are visited one after the other, group by group."""
    out: list[Request] = []
    tokenizer = tokenizer_of(config)
    for number, problem in enumerate(problems, first_problem):
        tokens = tokenizer.prompt(problem)
        if len(tokens) > config.data.max_prompt_tokens:
            raise SeedError(
                Reason.ILLEGAL_VALUE,
                f"problem {problem.id} has {len(tokens)} prompt tokens, data.max_prompt_tokens="
                f"{config.data.max_prompt_tokens} must be at least that; go on with a larger one"
                " by seed run --from CHECKPOINT",
            )
        # The stream number is the visit: a problem that comes up again is sampled anew.
        out += [
            Request(problem, tokens, sample, number)
            for sample in range(config.rollout.samples_per_prompt)
        ]
    return out


def split_groups(scored: Sequence[ScoredRollout]) -> list[Group]:
    """Answers to one visit of a problem together, in the order of the visits."""
    groups: dict[int, Group] = {}
    for item in scored:
        groups.setdefault(item.rollout.request.draw, []).append(item)
    return list(groups.values())


def is_useful(group: Group, least_spread: float = 0.0) -> bool:
    """Whether a group can teach: some responses are correct and some are not.

    Formula: ``0 < |correct| < G``.
    Source: DAPO eq. 11.

    Args:
        group: Responses to one problem.
        least_spread: Without a verifier, the smallest standard deviation of the reward model's
            scores that counts.

    Returns:
        True to keep it. Neither length nor format penalty can change the answer.
    """
    scores = [
        item.preference.score
        for item in group
        if item.preference and item.verdict.outcome is Outcome.UNJUDGED
    ]
    if scores:
        return len(set(scores)) > 1 and pstdev(scores) >= least_spread
    return len({item.accuracy for item in group}) > 1

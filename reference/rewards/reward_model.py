"""The pairwise generative reward model: it compares two responses and generates YES or NO.

    loss         -log P(y | x, a, b),  y = YES if a is preferred to b
    preference   s(a, b) = 1/2 [P(YES | x, a, b) + 1 - P(YES | x, b, a)]
    order gap    P(YES | x, a, b) + P(YES | x, b, a) - 1

The loss is Bradley-Terry with the log-odds of YES against NO in place of a difference of scores;
every pair is trained on in both orders. s lies in [0, 1] with s(a, b) + s(b, a) = 1. The order gap
is 0 without position bias.

The report (3.2) takes the probability of YES as the reward and does not name the second response.
Pairwise-RL (arXiv 2504.04950) compares with a baseline response, and of the judges in arXiv
2503.22230 the one with a reference is hardest to exploit; hence ``reward.opponent = "reference"``.

- reference: 2 comparisons per response. The mean says whether the policy is better than the
  baseline. Once every response is preferred to the baseline, nothing is left to learn.
- group: 2 (G - 1) comparisons. The mean is 1/2 for every policy; there is always something to
  learn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from seed.reference.evaluation.intervals import normal_interval, score_problems
from seed.reference.rewards import maze_notes
from seed.reference.rewards.yes_no import yes_probability
from seed.reference.tasks.problems import problem_set, training_problem
from seed.reference.tasks.puzzle_source import HELD_OUT_SEED
from seed.reference.tasks.puzzles import prose
from seed.reference.tasks.puzzles.equivalence import NO, YES
from seed.reference.training.batch import plain_batch
from seed.spec.backend import Backend
from seed.spec.characters import decode, encode
from seed.spec.config import Config
from seed.spec.datatypes import BoolArray, Preference, Problem, Rollout
from seed.spec.errors import Reason, SeedError
from seed.spec.judge import PreferenceTask
from seed.spec.observer import Observer
from seed.spec.philox import generator

State = TypeVar("State")
TASKS: Mapping[str, PreferenceTask] = {"prose": prose, "maze": maze_notes}
"""Families with a preference to learn."""
CHARACTERS = f"?={YES}{NO}#"
"""Characters of comparisons and verdicts beside those of the families."""
TIE = 0.5
"""A preference above one half is a win."""
DISTINCT_HELD_OUT = 100
"""Most distinct problems of an evaluation: families have few held-out problems."""


class Comparison(NamedTuple):
    """Two responses to one problem: is the first better than the second?"""

    problem: Problem
    first: str
    second: str

    @property
    def swapped(self) -> "Comparison":
        """The same responses in the other order."""
        return Comparison(self.problem, self.second, self.first)


@dataclass(frozen=True)
class RewardModel(Generic[State]):
    """A trained reward model; it does not change during RL.

    Attributes:
        backend: The backend that computes.
        state: Its weights.
        config: The run's configuration, with the reward model's optimizer.
        report: Result of ``evaluate_reward_model``.
    """

    backend: Backend[State]
    state: State
    config: Config
    report: dict[str, Any]


def check(config: Config) -> None:
    """Refuse general and hybrid families that have no preference to learn.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    for family in config.data.preferred:
        if family not in TASKS:
            setting = f"data.classes.{family}={config.data.class_of(family)!r}"
            legal = f"legal families of the other classes: {', '.join(TASKS)}"
            raise SeedError(Reason.ILLEGAL_VALUE, f"{setting} must be 'verifiable'; {legal}")


def load_or_train(
    backend: Backend[State], config: Config, directory: Path, observer: Observer
) -> RewardModel[State] | None:
    """The run's reward model: its checkpoint if there is one, else trained and saved.

    It is None if every family is verifiable. Equal configurations give equal reward models. The
    checkpoint in ``directory`` is written as a whole or not at all.
    """
    if not config.data.preferred:
        return None
    model = config.reward_model
    own = {"steps": model.steps, "batch": model.batch, "optimizer": model.optimizer}
    supervised = config.supervised.model_copy(update=own | {"stop_accuracy": 0.0})
    config = config.model_copy(update={"supervised": supervised})
    if backend.on_rank_zero(directory.exists):
        state, saved = backend.restore(config, directory)
        return RewardModel(backend, state, config, saved["report"])
    trained = train(backend, config, observer)
    backend.save(trained.state, config, {"report": trained.report}, directory)
    return trained


def train(backend: Backend[State], config: Config, observer: Observer) -> RewardModel[State]:
    """Train a reward model from random weights on fresh pairs, and evaluate it on held-out ones."""
    observer.phase("reward model", config.supervised.steps, 0)
    state = backend.initial_state(config)
    half = config.supervised.batch // 2
    for step in range(config.supervised.steps):
        problems = [
            training_problem(config.data.preferred, config.data.difficulties, index, config.seed)
            for index in range(step * half, (step + 1) * half)
        ]
        pairs = draw_pairs(problems, generator(config.seed, "preference pairs", step))
        rows = pairs + [pair.swapped for pair in pairs]
        labels = [encode(YES if prefers(row) else NO) for row in rows]
        batch = plain_batch([encode(comparison_prompt(row)) for row in rows], labels)
        state, metrics = backend.sft_step(state, config, batch)
        observer.advance(loss=metrics["loss_nll"])
    report = evaluate_reward_model(RewardModel(backend, state, config, {}))
    return RewardModel(backend, state, config, report)


def draw_pairs(problems: Sequence[Problem], random: np.random.Generator) -> list[Comparison]:
    """One pair of candidates per problem, redrawn until their utilities differ.

    A tie has no label, so it teaches nothing.
    """
    pairs = []
    for problem in problems:
        task = TASKS[problem.family]
        pair = Comparison(problem, "", "")
        while utility(problem, pair.first) == utility(problem, pair.second):
            first, second = (task.candidate(random, problem.instance) for _ in range(2))
            pair = Comparison(problem, first, second)
        pairs.append(pair)
    return pairs


def utility(problem: Problem, response: str) -> float:
    """The utility of a response by the hidden preference of its family."""
    return TASKS[problem.family].utility(problem.instance, response)


def prefers(pair: Comparison) -> bool:
    """The label of a pair: whether the hidden preference ranks the first response higher."""
    return utility(pair.problem, pair.first) > utility(pair.problem, pair.second)


def comparison_prompt(pair: Comparison) -> str:
    """The prompt of a comparison, e.g. ``wbdgk5=bdgkb?bbbdd=``.

    Responses are quoted, so that they can neither end early nor contain the verdict.
    """
    task, instance = TASKS[pair.problem.family], pair.problem.instance
    first, second = (task.quoted(instance, text) for text in (pair.first, pair.second))
    return f"{pair.problem.prompt}{first}?{second}="


def compare(model: RewardModel[State], pairs: Sequence[Comparison]) -> list[Preference]:
    """Preference of every pair, both presentation orders averaged.

    Formula: ``s = 1/2 [P(YES | a, b) + 1 - P(YES | b, a)]``; order gap as in the module.
    Source: report 3.2; Pairwise-RL, arXiv 2504.04950.
    """
    prompts = [comparison_prompt(pair) for pair in (*pairs, *[pair.swapped for pair in pairs])]
    yes = yes_probability(model.backend, model.state, model.config, prompts)
    return [
        # In this form a response compared with itself is a tie to the last bit.
        Preference(float(0.5 + 0.5 * (a_first - b_first)), float(a_first + b_first - 1.0))
        for a_first, b_first in zip(yes[: len(pairs)], yes[len(pairs) :], strict=True)
    ]


def preferences(
    model: RewardModel[State] | None, config: Config, rollouts: Sequence[Rollout]
) -> list[Preference | None]:
    """Score responses to general and hybrid problems against ``reward.opponent``.

    The rollouts are whole groups, in any order. The preference of each is the mean over its
    opponents, None for verifiable problems; without a model every family is verifiable.
    """
    if model is None:
        return [None] * len(rollouts)
    texts = [decode(rollout.response_tokens) for rollout in rollouts]
    pairs, counts = [], []
    for index, rollout in enumerate(rollouts):
        against = opponents(index, config, rollouts, texts)
        pairs += [Comparison(rollout.request.problem, texts[index], text) for text in against]
        counts.append(len(against))
    # All comparisons are one call, so that the backend computes them in few batches.
    compared = iter(compare(model, pairs))
    return [mean_preference(list(islice(compared, count))) for count in counts]


def opponents(
    index: int, config: Config, rollouts: Sequence[Rollout], texts: Sequence[str]
) -> list[str]:
    """The texts that a response is compared with; none for verifiable problems."""
    request = rollouts[index].request
    if request.problem.family not in config.data.preferred:
        return []
    if config.reward.opponent == "reference":
        return [request.problem.demonstration]
    group = request.problem.id, request.draw
    groups = [(rollout.request.problem.id, rollout.request.draw) for rollout in rollouts]
    members = [number for number, key in enumerate(groups) if key == group]
    return [texts[number] for number in members if number != index]


def mean_preference(items: Sequence[Preference]) -> Preference | None:
    """Mean score and order gap; None without comparisons."""
    if not items:
        return None
    scores, gaps = [item.score for item in items], [item.order_gap for item in items]
    return Preference(float(np.mean(scores)), float(np.mean(gaps)))


def evaluate_reward_model(model: RewardModel[State]) -> dict[str, Any]:
    """Agreement with the hidden preference and position bias, on pairs of held-out problems.

    Returns:
        - ``agreement`` of the averaged orders and ``agreement_one_order``, with intervals.
        - ``agreement_by_family``, where there are several families.
        - ``position_bias``: mean order gap with interval, ``before`` and ``after`` averaging.
        - ``order_gap_absolute``: mean size of the order gap.
        - ``verdict_depends_on_order``: share of pairs with another verdict in the other order.
        - ``pairs``: their number.
    """
    data, count = model.config.data, model.config.reward_model.evaluation_pairs
    size = min(count, DISTINCT_HELD_OUT)
    distinct = problem_set(data.preferred, data.difficulties, size, HELD_OUT_SEED, held_out=True)
    # Problems repeat with fresh candidates.
    problems = [distinct[index % len(distinct)] for index in range(count)]
    pairs = draw_pairs(problems, generator(HELD_OUT_SEED, "held-out pairs"))
    averaged = compare(model, pairs)
    swapped = compare(model, [pair.swapped for pair in pairs])
    labels = np.array([prefers(pair) for pair in pairs])
    scores = np.array([preference.score for preference in averaged])
    gaps = np.array([preference.order_gap for preference in averaged])
    hits = (scores > TIE) == labels
    family_of = np.array([pair.problem.family for pair in pairs])
    by_family = {family: hit_rate(hits[family_of == family]) for family in data.preferred}
    one_order = scores + gaps / 2.0  # P(YES | x, a, b) itself
    gaps_after = scores + np.array([preference.score for preference in swapped]) - 1.0
    return {
        "agreement": hit_rate(hits),
        **({"agreement_by_family": by_family} if len(by_family) > 1 else {}),
        "agreement_one_order": hit_rate((one_order > TIE) == labels),
        "position_bias": {"before": normal_interval(gaps), "after": normal_interval(gaps_after)},
        "order_gap_absolute": float(np.abs(gaps).mean()),
        "verdict_depends_on_order": float(np.mean((one_order > TIE) != (one_order - gaps > TIE))),
        "pairs": count,
    }


def hit_rate(hits: BoolArray) -> dict[str, float]:
    """Share of independent hits with its 95 % interval."""
    return score_problems([int(hit) for hit in hits], 1).as_json()

"""The pairwise generative reward model: it reads two responses, and the probability of YES against
NO is the reward.

    training     -log P(y | x, a, b),  y = YES if a is preferred to b: Bradley-Terry, with the model's log-odds of YES
                 against NO in place of a difference of scores; every pair in both orders
    preference   s(a, b) = 1/2 [P(YES | x, a, b) + 1 - P(YES | x, b, a)]  in [0, 1],   s(a, b) + s(b, a) = 1
    order gap    P(YES | x, a, b) + P(YES | x, b, a) - 1:  0 without position bias

The report (3.2) takes the YES/NO probability as the reward and is silent on the second response.
Pairwise-RL (arXiv 2504.04950) compares with an baseline, and of the judges in arXiv 2503.22230 the
one given a reference resists hacking
better: hence ``reward.opponent = "reference"``. It costs 2 comparisons a response (``group``: 2 (G
- 1)), and its mean says whether the policy got better than the baseline, where a group's mean is 1/2
whatever the policy does. Once every response beats the baseline it can teach no more; ``group`` still
can.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from seed.reference.evaluation.intervals import Z95, score_problems
from seed.reference.rewards import notes
from seed.reference.rewards.yes_no import yes_probability
from seed.reference.tasks.problems import problem_set, training_problem
from seed.reference.tasks.puzzles import prose
from seed.reference.tasks.puzzles.equivalence import NO, YES
from seed.reference.training.batch import plain_batch
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.config_model import SupervisedConfig
from seed.spec.datatypes import Array, Preference, Problem, Rollout
from seed.spec.errors import Reason, SeedError
from seed.spec.judge import PreferenceTask
from seed.spec.observer import Observer
from seed.spec.philox import generator
from seed.spec.tokenizer import decode, encode

State = TypeVar("State")
TASKS: Mapping[str, PreferenceTask] = {"prose": prose, "maze": notes}
"""The families that come with preferences to learn."""
CHARACTERS = f"?={YES}{NO}#"
"""What a reward model reads and says beside the characters of its families."""
HELD_OUT_SEED = 0
"""The held-out pairs are the same for every run, as the held-out problems are."""
DECIDED = 0.5
"""A preference above one half is a win."""


class Comparison(NamedTuple):
    """Two responses to one problem: is the first better than the second?"""

    problem: Problem
    first: str
    second: str


@dataclass(frozen=True)
class RewardModel(Generic[State]):
    """A trained reward model; it stays as it is throughout RL.

    Attributes:
        backend: The backend that computes.
        state: Its weights.
        config: The run's configuration, with the reward model's optimizer.
        report: How well it was found to agree with the preference, and its position bias
            (``examined``).
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
            named = f"data.classes.{family}={config.data.class_of(family)!r}"
            line = (
                f"{named} must be 'verifiable'; legal families of the other classes:"
                f" {', '.join(TASKS)}"
            )
            raise SeedError(Reason.ILLEGAL_VALUE, line)


def ready(
    backend: Backend[State], config: Config, directory: Path, observer: Observer
) -> RewardModel[State] | None:
    """The run's reward model: read back if the run has one already, else trained and published at
    once or not at all.

    Args:
        backend: The backend that computes.
        config: The run's configuration; equal configurations give equal reward models.
        directory: Where its checkpoint lives.
        observer: Hears the steps of its training.

    Returns:
        The reward model; None if every family is verifiable.
    """
    if not config.data.preferred:
        return None
    settings = config.reward_model
    taught = SupervisedConfig(
        steps=settings.steps, batch=settings.batch, optimizer=settings.optimizer
    )
    config = config.model_copy(update={"supervised": taught})
    if backend.on_rank_zero(directory.exists):
        state, saved = backend.restore(config, directory)
        return RewardModel(backend, state, config, saved["report"])
    model = fitted(backend, config, observer)
    backend.save(model.state, config, {"report": model.report}, directory)
    return model


def fitted(backend: Backend[State], config: Config, observer: Observer) -> RewardModel[State]:
    """Train a reward model from random weights on fresh pairs, and examine it on pairs of held-out
    problems.
    """
    observer.phase("reward model", config.supervised.steps, 0)
    state = backend.initial_state(config)
    half = config.supervised.batch // 2
    for step in range(config.supervised.steps):
        problems = [
            training_problem(
                config.data.preferred, config.data.difficulties, step * half + row, config.seed
            )
            for row in range(half)
        ]
        pairs = labelled(problems, generator(config.seed, "preference pairs", step))
        rows = pairs + [pair._replace(first=pair.second, second=pair.first) for pair in pairs]
        answers = [encode(YES if prefers(row) else NO) for row in rows]
        batch = plain_batch([encode(question(row)) for row in rows], answers)
        state, metrics = backend.sft_step(state, config, batch)
        observer.advance(loss=metrics["loss_nll"])
    return RewardModel(backend, state, config, examined(RewardModel(backend, state, config, {})))


def labelled(problems: Sequence[Problem], random: np.random.Generator) -> list[Comparison]:
    """One pair of candidates per problem, drawn until one of them is preferred: ties teach
    nothing.
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
    """What the hidden preference thinks of a response."""
    return TASKS[problem.family].utility(problem.instance, response)


def prefers(pair: Comparison) -> bool:
    """Whether the hidden preference likes the first response better: the label."""
    return utility(pair.problem, pair.first) > utility(pair.problem, pair.second)


def question(pair: Comparison) -> str:
    """The prompt, e.g. ``wbdgk5=bdgkb?bbbdd=``; responses are quoted, so that they can neither end
    early nor say the verdict.
    """
    task, instance = TASKS[pair.problem.family], pair.problem.instance
    return f"{pair.problem.prompt}{task.quoted(instance, pair.first)}?{task.quoted(instance, pair.second)}="


def compare(model: RewardModel[State], pairs: Sequence[Comparison]) -> list[Preference]:
    """The reward model's word on every pair, both presentation orders averaged."""
    turned = [pair._replace(first=pair.second, second=pair.first) for pair in pairs]
    questions = [question(pair) for pair in (*pairs, *turned)]
    yes = yes_probability(model.backend, model.state, model.config, questions)
    forward, backward = yes[: len(pairs)], yes[len(pairs) :]
    return [
        # Written so that a response compared with itself is a tie to the last bit.
        Preference(float(0.5 + 0.5 * (a_first - b_first)), float(a_first + b_first - 1.0))
        for a_first, b_first in zip(forward, backward, strict=True)
    ]


def preferences(
    model: RewardModel[State] | None, config: Config, rollouts: Sequence[Rollout]
) -> list[Preference | None]:
    """Score rollouts of general and hybrid problems against ``reward.opponent``.

    Args:
        model: The reward model; None if every family is verifiable.
        config: Data classes and opponent.
        rollouts: Whole groups, in any order.

    Returns:
        One preference per rollout, the mean over its opponents; None for verifiable problems.
    """
    found: list[Preference | None] = [None] * len(rollouts)
    if model is None:
        return found
    texts = [decode(rollout.response_tokens) for rollout in rollouts]
    visits = [(rollout.request.problem.id, rollout.request.draw) for rollout in rollouts]
    owners: list[int] = []
    pairs: list[Comparison] = []
    for place, rollout in enumerate(rollouts):
        problem = rollout.request.problem
        if problem.family in config.data.preferred:
            group = [
                text
                for other, text in enumerate(texts)
                if other != place and visits[other] == visits[place]
            ]
            others = group if config.reward.opponent == "group" else [problem.demonstration]
            owners += [place] * len(others)
            pairs += [Comparison(problem, texts[place], other) for other in others]
    said = compare(model, pairs)
    for place in dict.fromkeys(owners):
        of_place = [word for owner, word in zip(owners, said, strict=True) if owner == place]
        score, gap = (
            float(np.mean(values))
            for values in zip(*[(w.score, w.order_gap) for w in of_place], strict=True)
        )
        found[place] = Preference(score, gap)
    return found


def examined(model: RewardModel[State]) -> dict[str, Any]:
    """Agreement with the hidden preference and position bias, on pairs of held-out problems.

    Returns:
        ``agreement`` of the averaged orders and ``agreement_one_order``, with intervals;
        ``agreement_by_family`` where there are several; ``position_bias`` before and after
        averaging (mean and interval of the order gap), and the share of pairs whose verdict depends
        on the order.
    """
    config = model.config
    families, count = config.data.preferred, config.reward_model.evaluation_pairs
    # Held-out problems are few and must be distinct; a problem comes up again with fresh
    # candidates.
    fewer = problem_set(
        families, config.data.difficulties, min(count, 100), HELD_OUT_SEED, held_out=True
    )
    problems = [fewer[index % len(fewer)] for index in range(count)]
    pairs = labelled(problems, generator(HELD_OUT_SEED, "held-out pairs"))
    averaged = compare(model, pairs)
    turned = compare(model, [pair._replace(first=pair.second, second=pair.first) for pair in pairs])
    labels = np.array([prefers(pair) for pair in pairs])
    scores = np.array([word.score for word in averaged])
    gaps = np.array([word.order_gap for word in averaged])
    hits = (scores > DECIDED) == labels
    of_family = np.array([pair.problem.family for pair in pairs])
    by_family = (
        {family: share(hits[of_family == family]) for family in families}
        if len(families) > 1
        else {}
    )
    one_order = scores + gaps / 2.0  # P(YES | a, b) itself
    after = scores + np.array([word.score for word in turned]) - 1.0
    return {
        "agreement": share(hits),
        **({"agreement_by_family": by_family} if by_family else {}),
        "agreement_one_order": share((one_order > DECIDED) == labels),
        "position_bias": {"before": mean_interval(gaps), "after": mean_interval(after)},
        "order_gap_absolute": float(np.abs(gaps).mean()),
        "verdict_depends_on_order": float(
            np.mean((one_order > DECIDED) != (one_order - gaps > DECIDED))
        ),
        "pairs": count,
    }


def share(hits: "np.ndarray[Any, np.dtype[np.bool_]]") -> dict[str, float]:
    """A share of independent hits with its 95 % interval."""
    return score_problems([int(hit) for hit in hits], 1).as_json()


def mean_interval(values: Array) -> dict[str, float]:
    """A mean with its normal 95 % interval."""
    half = Z95 * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else float("inf")
    return {
        "mean": float(values.mean()),
        "ci_low": float(values.mean()) - half,
        "ci_high": float(values.mean()) + half,
    }

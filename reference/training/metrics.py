"""The metrics of a step, as ``GROUP/NAME``. No number depends on a clock, so equal runs are equal.

reward/           verdicts and rewards of the sampled responses
response_length/  tokens of a response
rollout/          how the responses were sampled
advantage/        advantages, and lambda by length
value/            the value model before the step, and its updates
policy/           the policy's updates
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seed.reference.advantage import explained_variance, policy_lambda
from seed.reference.rewards.reward import quality_of
from seed.reference.rewards.verdicts import is_line
from seed.reference.training.prompt_stream import Collection
from seed.spec.config import Config
from seed.spec.config_model import DataConfig
from seed.spec.datatypes import Array, Batch, Finish, Metrics, ScoredRollout
from seed.spec.tokenizer import Tokenizer

VALUE_POSITIONS = 64
"""Response positions whose mean value is written out; longer responses are sampled evenly."""


def rl_metrics(collection: Collection, batch: Batch, config: Config) -> dict[str, Any]:
    """All figures of an RL step that are known before its updates."""
    metrics = sampling_metrics(collection.sampled, config.data) | group_metrics(collection.groups)
    metrics |= {"rollout/generation_rounds": collection.rounds}
    if config.reward.on_error == "drop":
        metrics["reward/errors"] = len(collection.errors)
    metrics |= advantage_metrics(batch, config) | importance_metrics(batch, config)
    return metrics | (value_metrics(batch) if config.uses_value_model else {})


def value_pretraining_metrics(
    collection: Collection, batch: Batch, config: Config
) -> dict[str, Any]:
    """All figures of a step of value pretraining that are known before its updates."""
    return sampling_metrics(collection.sampled, config.data) | value_metrics(batch)


def sampling_metrics(sampled: Sequence[ScoredRollout], data: DataConfig) -> dict[str, Any]:
    """Figures of all responses sampled in a step, before dynamic sampling drops any.

    Filtered figures would look better than the policy is. On general problems accuracy is the win
    rate by the reward model.
    """
    lengths = [len(item.rollout.response_tokens) for item in sampled]
    truncated = [item.rollout.finish is Finish.LENGTH for item in sampled]
    metrics: dict[str, Any] = {
        "reward/mean": float(np.mean([item.reward for item in sampled])),
        "reward/accuracy": float(np.mean([item.accuracy for item in sampled])),
        "reward/accuracy_by_family": accuracy_by_family(sampled),
        "rollout/responses": len(sampled),
        "response_length/mean": float(np.mean(lengths)),
        "response_length/max": max(lengths),
        "response_length/truncated_fraction": float(np.mean(truncated)),
    }
    metrics |= reward_by_class(sampled, data) | preference_metrics(sampled)
    return metrics | function_metrics(sampled)


def accuracy_by_family(sampled: Sequence[ScoredRollout]) -> dict[str, float]:
    """Mean accuracy of each puzzle family."""
    accuracies: dict[str, list[float]] = {}
    for item in sampled:
        accuracies.setdefault(item.rollout.request.problem.family, []).append(item.accuracy)
    return {family: float(np.mean(values)) for family, values in sorted(accuracies.items())}


def reward_by_class(sampled: Sequence[ScoredRollout], data: DataConfig) -> dict[str, Any]:
    """Mean reward of each data class; nothing where all problems are verifiable."""
    if not data.preferred:
        return {}
    rewards: dict[str, list[float]] = {}
    for item in sampled:
        name = data.class_of(item.rollout.request.problem.family)
        rewards.setdefault(name, []).append(item.reward)
    means = {name: float(np.mean(values)) for name, values in sorted(rewards.items())}
    return {"reward/by_class": means}


def function_metrics(sampled: Sequence[ScoredRollout]) -> dict[str, Any]:
    """Mean score of each reward function where it applies, and of each column that is a number."""
    scores: dict[str, list[float]] = {}
    columns: dict[str, list[float]] = {}
    for item in sampled:
        for name, value in item.verdict.scores.items():
            scores.setdefault(name, []).append(value)
        for name, value in item.verdict.columns.items():
            if isinstance(value, int | float):
                columns.setdefault(name, []).append(value)
    metrics = {"reward/function": scores, "reward/column": columns}
    return {
        key: {name: float(np.mean(of_name)) for name, of_name in sorted(values.items())}
        for key, values in metrics.items()
        if values
    }


def preference_metrics(sampled: Sequence[ScoredRollout]) -> dict[str, Any]:
    """Scores of the reward model on general and hybrid responses, and its position bias.

    The bias is the mean ``P(YES | a, b) + P(YES | b, a) - 1``; averaging both orders takes it out
    of the score.
    """
    preferences = [item.preference for item in sampled if item.preference]
    if not preferences:
        return {}
    scores = [preference.score for preference in preferences]
    gaps = [preference.order_gap for preference in preferences]
    return {
        "reward/preference_mean": float(np.mean(scores)),
        "reward/preference_std": float(np.std(scores)),
        "reward/position_bias": float(np.mean(gaps)),
        "reward/order_gap_absolute": float(np.mean(np.abs(gaps))),
    }


def group_metrics(groups: Sequence[Sequence[ScoredRollout]]) -> dict[str, Any]:
    """Figures of the groups that a step learns from."""
    equal = [len({item.reward for item in group}) == 1 for group in groups]
    accuracies = [item.accuracy for group in groups for item in group]
    return {
        "rollout/groups": len(groups),
        "reward/zero_variance_fraction": float(np.mean(equal)),
        "reward/accuracy_trained": float(np.mean(accuracies)),
    }


def value_metrics(batch: Batch) -> dict[str, Any]:
    """How well the value model predicts the outcome before this step's updates.

    ``value/return_variance`` is what there is to explain: variance of the value targets over
    response tokens, in reward squared. Outcomes of 1 and -1 in equal parts give 1; all alike, 0.
    ``value/by_position`` is the mean V at each response position over correct and over wrong
    responses; null where no response is that long.
    """
    values, targets = batch.old_values[batch.response], batch.value_targets[batch.response]
    return {
        "value/explained_variance": explained_variance(values, targets),
        "value/return_variance": float(targets.var()),
        "value/mean": float(values.mean()),
        "value/target_mean": float(targets.mean()),
        "value/by_position": {
            "correct": mean_by_position(batch, batch.positive),
            "wrong": mean_by_position(batch, ~batch.positive),
        },
    }


def mean_by_position(batch: Batch, rows: "np.ndarray[Any, np.dtype[np.bool_]]") -> list[float]:
    """Mean old value at response positions 0, 1, ... over the chosen rows.

    It is NaN where no row is that long. Of more than ``VALUE_POSITIONS`` positions an even choice.
    """
    response = batch.response & rows[:, None]
    position = np.cumsum(batch.response, axis=1) - 1
    longest = int(batch.response.sum(axis=1).max())
    wanted = np.unique(np.linspace(0, longest - 1, min(longest, VALUE_POSITIONS)).astype(int))
    cells = [response & (position == index) for index in wanted]
    return [float(batch.old_values[cell].mean()) if cell.any() else float("nan") for cell in cells]


def advantage_metrics(batch: Batch, config: Config) -> dict[str, Any]:
    """Spread of the advantages; with a value model also lambda of each response length."""
    inside = batch.advantages[batch.response]
    metrics: dict[str, Any] = {
        "advantage/mean": float(inside.mean()),
        "advantage/std": float(inside.std()),
    }
    if config.uses_value_model:
        lengths = np.unique(batch.response.sum(axis=1))
        lambdas = policy_lambda(lengths, config.algorithm)
        metrics["advantage/lambda_by_length"] = {
            str(n): float(x) for n, x in zip(lengths, lambdas, strict=True)
        }
    return metrics


def importance_metrics(batch: Batch, config: Config) -> dict[str, Any]:
    """Mean weight of truncated importance sampling, and the share of tokens at the cap."""
    cap = config.algorithm.importance_cap
    if not cap:
        return {}
    inside = batch.importance[batch.response]
    return {
        "rollout/importance_mean": float(inside.mean()),
        "rollout/importance_capped_fraction": float(np.mean(inside >= cap)),
    }


def log_prob_gap(batch: Batch, log_probs: Array) -> Metrics:
    """Mean over response tokens of ``|log pi - log pi_behaviour|`` before any update.

    It is what FP8 does to a token's probability. Where samples were continued or kept for a later
    step, the age of their weights counts as well.

    Args:
        batch: Rows as they were drawn.
        log_probs: Of the trainer's policy [B, S].
    """
    gap = np.abs(log_probs - batch.behaviour_log_probs)[batch.response]
    return {"rollout/log_prob_gap": float(gap.mean())}


def learning_events(collection: Collection, batch: Batch, config: Config) -> list[tuple[str, str]]:
    """Name and line of what must not pass silently: a batch that teaches nothing or little."""
    events = []
    if collection.errors:
        first = collection.errors[0]
        count = len(collection.errors) + len(collection.sampled)
        line = (
            f"{len(collection.errors)} of {count} responses have no reward and do not train; the"
            f" first, of problem {first.rollout.request.problem.id}: {first.verdict.why}"
        )
        events.append(("reward_errors", line))
    if batch.truncated.all():
        events.append(("all_truncated_batch", "every response hit rollout.max_response_tokens"))
    quality = np.array([quality_of(item, config) for item in collection.scored])
    groups = [quality[batch.group == group] for group in np.unique(batch.group)]
    if all(len(np.unique(group)) == 1 for group in groups):
        line = "in every group all responses are right or all are wrong"
        events.append(("zero_variance_batch", line))
    return events


def streaming_summary(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Streaming over all RL steps in a few figures; nothing for a synchronous run.

    Args:
        lines: Metrics lines of the run.
    """
    steps = [
        line for line in lines if line["phase"] == "reinforcement" and "rollout/occupancy" in line
    ]
    if not steps:
        return {}
    means = ("occupancy", "on_policy_share", "staleness_mean")
    return {
        "streaming": {
            **{name: float(np.mean([line[f"rollout/{name}"] for line in steps])) for name in means},
            "staleness_max": max(line["rollout/staleness_max"] for line in steps),
            "dropped": sum(line["rollout/dropped"] for line in steps),
            "decode_steps": sum(line["rollout/decode_steps"] for line in steps),
        }
    }


def mean_of(steps: Sequence[Metrics], prefix: str = "") -> dict[str, float]:
    """Mean of each figure over the optimizer steps that reported it."""
    names = sorted({name for step in steps for name in step})
    return {
        prefix + name: float(np.mean([step[name] for step in steps if name in step]))
        for name in names
    }


def sample_lines(
    scored: Sequence[ScoredRollout], count: int, tokenizer: Tokenizer
) -> list[dict[str, Any]]:
    """The first responses of a few different problems of a step, as text for a person."""
    by_problem: dict[str, ScoredRollout] = {}
    for item in scored:
        by_problem.setdefault(item.rollout.request.problem.id, item)
    return [
        {
            "problem": item.rollout.request.problem.id,
            "prompt": item.rollout.request.problem.prompt,
            "response": tokenizer.decode(item.rollout.response_tokens),
            "outcome": str(item.verdict.outcome),
            "why": item.verdict.why,
            "reward": item.reward,
            "finish": str(item.rollout.finish),
            "version": item.rollout.weight_versions[0],
        }
        | details(item)
        for item in list(by_problem.values())[:count]
    ]


def details(item: ScoredRollout) -> dict[str, Any]:
    """What a sample's line has beside that where its problem is a line or functions reward it."""
    verdict = item.verdict
    if not is_line(item.rollout.request.problem) and verdict.reward is None:
        return {}
    functions = {"scores": dict(verdict.scores), "columns": dict(verdict.columns)}
    return {"extracted": verdict.extracted} | (functions if verdict.reward is not None else {})

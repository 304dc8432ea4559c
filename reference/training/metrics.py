"""What a step's metrics line says: names a reader of other frameworks knows, numbers that depend on
no clock.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seed.reference.advantage import explained_variance, policy_lambda
from seed.spec.config import Config
from seed.spec.config_model import DataConfig
from seed.spec.datatypes import Array, Batch, Finish, Metrics, ScoredRollout
from seed.spec.tokenizer import decode

VALUE_POSITIONS = 64
"""Response positions whose mean value is written out; longer responses are sampled evenly."""


def sampling_metrics(sampled: Sequence[ScoredRollout], data: DataConfig) -> dict[str, Any]:
    """Figures of all responses sampled in a step, before dynamic sampling drops any.

    Filtered figures would look better than the policy is. On general problems accuracy is the win
    rate by the reward model.
    """
    lengths = [len(item.rollout.response_tokens) for item in sampled]
    families = sorted({item.rollout.request.problem.family for item in sampled})
    return (
        {
            "reward/mean": float(np.mean([item.reward for item in sampled])),
            "reward/accuracy": float(np.mean([item.accuracy for item in sampled])),
            "reward/accuracy_by_family": {
                family: float(
                    np.mean(
                        [i.accuracy for i in sampled if i.rollout.request.problem.family == family]
                    )
                )
                for family in families
            },
            "rollout/responses": len(sampled),
            "response_length/mean": float(np.mean(lengths)),
            "response_length/max": max(lengths),
            "response_length/truncated_fraction": float(
                np.mean([item.rollout.finish is Finish.LENGTH for item in sampled])
            ),
        }
        | reward_by_class(sampled, data)
        | preference_metrics(sampled)
    )


def reward_by_class(sampled: Sequence[ScoredRollout], data: DataConfig) -> dict[str, Any]:
    """Mean reward of each data class; nothing where all problems are verifiable."""
    if not data.preferred:
        return {}
    rewards: dict[str, list[float]] = {}
    for item in sampled:
        rewards.setdefault(data.class_of(item.rollout.request.problem.family), []).append(
            item.reward
        )
    return {
        "reward/by_class": {name: float(np.mean(found)) for name, found in sorted(rewards.items())}
    }


def preference_metrics(sampled: Sequence[ScoredRollout]) -> dict[str, Any]:
    """What the reward model said of a step's general and hybrid responses, and how far presentation
    order swayed it.

    The bias is the mean ``P(YES | a, b) + P(YES | b, a) - 1``; averaging both orders takes it out
    of the score.
    """
    words = [item.preference for item in sampled if item.preference]
    if not words:
        return {}
    return {
        "reward/preference_mean": float(np.mean([word.score for word in words])),
        "reward/preference_std": float(np.std([word.score for word in words])),
        "reward/position_bias": float(np.mean([word.order_gap for word in words])),
        "reward/order_gap_absolute": float(np.mean([abs(word.order_gap) for word in words])),
    }


def group_metrics(groups: Sequence[Sequence[ScoredRollout]]) -> dict[str, Any]:
    """Figures of the groups that a step learns from."""
    equal = [len({item.reward for item in group}) == 1 for group in groups]
    return {
        "rollout/groups": len(groups),
        "reward/zero_variance_fraction": float(np.mean(equal)),
        "reward/accuracy_trained": float(
            np.mean([item.accuracy for group in groups for item in group])
        ),
    }


def value_metrics(batch: Batch) -> dict[str, Any]:
    """How well the value model knew the outcome before this step's update, and what it believed at
    each position.

    ``value_by_position`` holds, per response position, the mean V over correct and over wrong
    responses (null where no response is that long).
    """
    values, targets = batch.old_values[batch.response], batch.value_targets[batch.response]
    return {
        "value/explained_variance": explained_variance(values, targets),
        "value/mean": float(values.mean()),
        "value/target_mean": float(targets.mean()),
        "value/by_position": {
            "correct": mean_by_position(batch, batch.positive),
            "wrong": mean_by_position(batch, ~batch.positive),
        },
    }


def mean_by_position(batch: Batch, rows: "np.ndarray[Any, np.dtype[np.bool_]]") -> list[float]:
    """Mean old value at response positions 0, 1, ... over the chosen rows; NaN where no row is that
    long.
    """
    response = batch.response & rows[:, None]
    position = np.cumsum(batch.response, axis=1) - 1
    longest = int(batch.response.sum(axis=1).max())
    wanted = np.unique(np.linspace(0, longest - 1, min(longest, VALUE_POSITIONS)).astype(int))
    cells = [response & (position == index) for index in wanted]
    return [float(batch.old_values[cell].mean()) if cell.any() else float("nan") for cell in cells]


def advantage_metrics(batch: Batch, config: Config) -> dict[str, Any]:
    """Spread of the advantages and, with a value model, the policy lambda of each response length
    of the batch.
    """
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
    """Mean weight of truncated importance sampling and the share of tokens at the cap, where it is
    on.
    """
    if not config.algorithm.importance_cap:
        return {}
    inside = batch.importance[batch.response]
    return {
        "rollout/importance_mean": float(inside.mean()),
        "rollout/importance_capped_fraction": float(
            np.mean(inside >= config.algorithm.importance_cap)
        ),
    }


def rollout_metrics(batch: Batch, log_probs: Array) -> Metrics:
    """Mean over response tokens of ``|log pi - log behaviour|``: what FP8 does to a token's
    probability, before any update.

    Where samples are continued or kept for a later step, what their weights were behind counts as
    well.

    Args:
        batch: Rows as they were drawn.
        log_probs: Of the trainer's policy [B, S].
    """
    gap = np.abs(log_probs - batch.behaviour_log_probs)[batch.response]
    return {"rollout/log_prob_gap": float(gap.mean())}


def streaming_summary(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Streaming over all RL steps in a few figures, for the summary; nothing for a synchronous run.

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


def sample_lines(scored: Sequence[ScoredRollout], count: int) -> list[dict[str, Any]]:
    """The first responses of a few different problems of a step, as text for a person."""
    first = list({item.rollout.request.problem.id: item for item in reversed(scored)}.values())[
        ::-1
    ]
    return [
        {
            "problem": item.rollout.request.problem.id,
            "prompt": item.rollout.request.problem.prompt,
            "response": decode(item.rollout.response_tokens),
            "outcome": str(item.verdict.outcome),
            "why": item.verdict.why,
            "reward": item.reward,
            "finish": str(item.rollout.finish),
            "version": item.rollout.weight_versions[0],
        }
        for item in first[:count]
    ]

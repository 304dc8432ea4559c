"""From rollouts to padded rows and back: the one place that knows where a response stands in its
row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from seed.reference.loss import LOG_RATIO_LIMIT, token_weights
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, BoolArray, Finish, IntArray, Outcome, ScoredRollout


def pad(
    prompts: Sequence[Sequence[int]], responses: Sequence[Sequence[int]]
) -> tuple[IntArray, IntArray, BoolArray]:
    """Right-pad rows of prompt then response.

    Returns:
        Tokens [B, S], lengths [B], response mask [B, S].
    """
    rows = [(*prompt, *response) for prompt, response in zip(prompts, responses, strict=True)]
    lengths = np.array([len(row) for row in rows])
    tokens = np.zeros((len(rows), lengths.max()), dtype=np.int64)
    for index, row in enumerate(rows):
        tokens[index, : len(row)] = row
    starts = np.array([len(prompt) for prompt in prompts])
    columns = np.arange(tokens.shape[1])
    response = (columns >= starts[:, None]) & (columns < lengths[:, None])
    return tokens, lengths, response


def spread(per_response: Sequence[Sequence[float]], response_BS: BoolArray) -> Array:
    """Put the numbers of each response's tokens at their places [B, S], 0 elsewhere."""
    out = np.zeros(response_BS.shape)
    out[response_BS] = np.concatenate([np.asarray(row, dtype=np.float64) for row in per_response])
    return out


def plain_batch(prompts: Sequence[Sequence[int]], responses: Sequence[Sequence[int]]) -> Batch:
    """A batch that knows tokens only, for imitation and for recomputing log-probabilities."""
    tokens, lengths, response = pad(prompts, responses)
    zeros = np.zeros(tokens.shape)
    rows = len(tokens)
    return Batch(
        tokens=tokens,
        lengths=lengths,
        response=response,
        positive=np.ones(rows, dtype=bool),
        group=np.arange(rows),
        truncated=np.zeros(rows, dtype=bool),
        behaviour_log_probs=zeros,
        advantages=zeros,
        value_targets=zeros,
        old_values=zeros,
        reference_log_probs=zeros,
        importance=np.ones(tokens.shape),
        current=response,
        weights={},
    )


def rollout_batch(scored: Sequence[ScoredRollout]) -> Batch:
    """Rows of sampled responses with their behaviour log-probabilities; advantages are still 0.

    A batch always has a token of the newest weights, unless srs_alpha is 0.
    """
    rollouts = [item.rollout for item in scored]
    batch = plain_batch(
        [r.request.prompt_tokens for r in rollouts], [r.response_tokens for r in rollouts]
    )
    newest = max(r.weight_versions[-1] for r in rollouts)
    _, group = np.unique([r.request.problem.id for r in rollouts], return_inverse=True)
    return replace(
        batch,
        # A reward model's favourite is not known to be right, so it is never imitated.
        positive=np.array(
            [
                item.accuracy == 1.0 and item.verdict.outcome is not Outcome.UNJUDGED
                for item in scored
            ]
        ),
        group=group,
        truncated=np.array([r.finish is Finish.LENGTH for r in rollouts]),
        behaviour_log_probs=spread([r.log_probs for r in rollouts], batch.response),
        current=spread([r.weight_versions for r in rollouts], batch.response) == newest,
    )


def truncated_importance(batch: Batch, start_log_probs: Array, cap: float) -> Batch:
    """Split the ratio at the start of the step: the clip sees what this step changed, a factor
    weighs what came before.

    Formula: ``rho = pi / pi_start`` is clipped as ever, and the token's loss weighs ``min(pi_start
    / pi_behaviour, cap)``.
    Source: decoupled PPO (Hilton et al., arXiv 2110.00641) with the weight truncated at a cap, as
    verl and AReaL do.

    Args:
        batch: Rows with behaviour log-probabilities.
        start_log_probs: Log-probability of each token under the policy at the start of the step [B,
            S].
        cap: Largest weight, > 0.
    """
    weight = np.minimum(
        np.exp(np.minimum(start_log_probs - batch.behaviour_log_probs, LOG_RATIO_LIMIT)), cap
    )
    return replace(
        batch, importance=np.where(batch.response, weight, 1.0), behaviour_log_probs=start_log_probs
    )


def step_weights(batch: Batch, config: Config) -> Mapping[str, Array]:
    """Token weights of every loss term over one whole optimizer step.

    Args:
        batch: All rows of the step, over all micro-batches and ranks.
        config: aggregation, coefficients, overlong filter, switches of off-policy data.

    Returns:
        Weights [B, S] by term, coefficients included: ``policy`` and ``kl`` under the configured
        aggregation, ``positive`` a mean over tokens of correct responses, ``load_balance`` and
        ``router_z`` means over all real tokens, prompt included, and ``tokens``, the plain mean
        over response tokens (value loss, imitation, metrics). A term that is off or applies to no
        token is absent.
    """
    algorithm = config.algorithm
    trained = batch.response
    if algorithm.overlong_filter:
        trained = trained & ~batch.truncated[:, None]
    if algorithm.newest_segment_only:
        trained = trained & batch.current
    limit = float(config.rollout.max_response_tokens)
    mean = token_weights(trained, batch.group, algorithm.aggregation, limit)
    real = np.arange(batch.tokens.shape[1]) < batch.lengths[:, None]
    router = token_weights(real, batch.group, "token")
    weights = {
        "surrogate": mean * np.where(mean != 0.0, batch.importance, 0.0),
        "kl": algorithm.kl_weight * mean,
        "positive": (
            algorithm.positive_weight
            * token_weights(batch.response & batch.positive[:, None], batch.group, "token")
        ),
        "tokens": token_weights(batch.response, batch.group, "token"),
        "load_balance": algorithm.load_balance_weight * router,
        "router_z": algorithm.router_z_weight * router,
    }
    return {
        name: weight
        for name, weight in weights.items()
        if name in ("surrogate", "tokens") or weight.any()
    }

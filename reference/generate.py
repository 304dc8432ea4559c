"""Sampling with a key-value cache: temperature, nucleus (top-p), stop at end of sequence.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U,   U = Philox(run seed, purpose; problem, sample, draw, position)

``log_distribution`` is the only place that turns logits into log-probabilities: sampling, recomputation and the loss all
call it, so an unchanged policy has ratio 1 (field law P15). Nucleus: Holtzman et al., arXiv 1904.09751.
"""

from collections.abc import Sequence

import autograd.numpy as np
import numpy

from reference.attention import KeyValueCache
from reference.model import hidden_states, logits_of
from reference.random import uniforms, word_of
from reference.tokenizer import END
from spec.config import ModelConfig
from spec.types import Array, Finish, IntArray, Params, Request, Rollout, Sampling

COMPACT_BELOW = 0.75
"""Share of unfinished rows under which finished ones are dropped from the batch: copying the cache must pay for itself."""


def log_distribution(logits: Array, temperature: float, top_p: float = 1.0) -> Array:
    """Log-probabilities that tokens are drawn with.

    Args:
        logits: Next-token logits [..., V].
        temperature: > 0; divides the logits.
        top_p: In (0, 1]; keep the smallest set of most probable tokens with at least this mass, renormalise.

    Returns:
        Log-probabilities [..., V]; -inf outside the nucleus.
    """
    log_p = _log_softmax(logits / temperature)
    if top_p >= 1.0:
        return log_p
    order = numpy.argsort(-log_p, axis=-1, kind="stable")
    p_sorted = numpy.exp(numpy.take_along_axis(log_p, order, axis=-1))
    outside_sorted = numpy.cumsum(p_sorted, axis=-1) - p_sorted >= top_p
    outside = numpy.take_along_axis(outside_sorted, numpy.argsort(order, axis=-1), axis=-1)
    kept = numpy.where(outside, -numpy.inf, log_p)
    return kept - numpy.log(numpy.sum(numpy.exp(kept), axis=-1, keepdims=True))


def draw(log_p_BV: Array, uniform_B: Array) -> IntArray:
    """Invert the cumulative distribution, in float64 whatever the model computes in.

    Args:
        log_p_BV: Log-probabilities; may hold -inf.
        uniform_B: Numbers in [0, 1).

    Returns:
        Token ids [B], never one of probability 0.
    """
    p_BV = numpy.exp(log_p_BV.astype(numpy.float64))
    cumulative_BV = numpy.cumsum(p_BV, axis=-1)
    threshold_B1 = (uniform_B * cumulative_BV[:, -1])[:, None]
    return numpy.argmax(cumulative_BV > threshold_B1, axis=-1)


def generate(
    policy: Params,
    model: ModelConfig,
    requests: Sequence[Request],
    sampling: Sampling,
    seed: int,
    purpose: str,
    version: int,
) -> list[Rollout]:
    """Sample one response per request.

    Args:
        policy: Weights.
        model: Sizes.
        requests: What to answer; each names the identity that keys its randomness.
        sampling: Temperature, nucleus and token limit.
        seed: Run seed.
        purpose: Name of the random stream (training and evaluation never share numbers).
        version: Version of the weights, recorded with every token.

    Returns:
        Rollouts in the order of the requests. Each is independent of which other requests are in the batch.
    """
    limit = sampling.max_response_tokens
    counters = numpy.array([[word_of(r.problem.id), r.sample, r.draw, 0] for r in requests])
    lengths = numpy.array([len(r.prompt_tokens) for r in requests])
    tokens = numpy.zeros((len(requests), lengths.max() + limit), dtype=numpy.int64)
    for row, request in enumerate(requests):
        tokens[row, : lengths[row]] = request.prompt_tokens
    log_probs = numpy.zeros((len(requests), limit))
    ended = numpy.zeros(len(requests), dtype=bool)

    dtype = policy["embedding"].dtype
    caches = [KeyValueCache.empty(len(requests), tokens.shape[1], model, dtype) for _ in range(model.layers)]
    alive = numpy.arange(len(requests))
    logits_BV = _read_prompts(policy, model, tokens[:, : lengths.max()], lengths, caches)
    for step in range(limit):
        counters[:, 3] = step
        log_p_BV = log_distribution(logits_BV, sampling.temperature, sampling.top_p)
        chosen = draw(log_p_BV, uniforms(seed, purpose, counters[alive]))
        running = ~ended[alive]
        write = alive[running]
        tokens[write, lengths[write] + step] = chosen[running]
        log_probs[write, step] = log_p_BV[numpy.arange(len(alive)), chosen][running]
        ended[write] = chosen[running] == END
        if ended.all() or step + 1 == limit:
            break
        running = ~ended[alive]
        if running.mean() < COMPACT_BELOW:
            caches = [cache.keep(numpy.flatnonzero(running)) for cache in caches]
            alive, chosen = alive[running], chosen[running]
        positions = (lengths[alive] + step)[:, None]
        hidden_BD, _ = hidden_states(policy, chosen[:, None], positions, model, caches)
        logits_BV = logits_of(policy, hidden_BD, model)
    return [
        _rollout(request, tokens[row, lengths[row] :], log_probs[row], bool(ended[row]), version)
        for row, request in enumerate(requests)
    ]


def _read_prompts(
    policy: Params, model: ModelConfig, tokens_BS: IntArray, lengths: IntArray, caches: list[KeyValueCache]
) -> Array:
    """Fill the caches with the prompts; logits [B, V] after each row's last prompt token."""
    B, S = tokens_BS.shape
    positions_BS = numpy.broadcast_to(numpy.arange(S), (B, S))
    hidden_ND, _ = hidden_states(policy, tokens_BS, positions_BS, model, caches)
    last_BD = hidden_ND.reshape(B, S, -1)[numpy.arange(B), lengths - 1]
    return logits_of(policy, last_BD, model)


def _rollout(request: Request, tokens: IntArray, log_probs: Array, ended: bool, version: int) -> Rollout:
    length = int(numpy.argmax(tokens == END)) + 1 if ended else len(log_probs)
    return Rollout(
        request=request,
        response_tokens=tuple(int(token) for token in tokens[:length]),
        log_probs=tuple(float(value) for value in log_probs[:length]),
        weight_versions=(version,) * length,
        finish=Finish.EOS if ended else Finish.LENGTH,
    )


def _log_softmax(x: Array) -> Array:
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))

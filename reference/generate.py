"""Sampling with a key-value cache: temperature, nucleus, end of sequence, partial responses.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U
    U     = Philox(run seed, purpose; problem, sample, draw, position)

Only ``log_distribution`` turns logits into log-probabilities: sampling, recomputation and the loss
all call it, so an unchanged policy has ratio 1 (known bug P15).
Source of the nucleus: Holtzman et al., arXiv 1904.09751.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import autograd.numpy as anp
import numpy as np

from seed.reference.attention import KeyValueCache
from seed.reference.model import hidden_states, logits_of
from seed.reference.rollouts.similar_lengths import runs_of_similar
from seed.spec.datatypes import (
    Array,
    BoolArray,
    Finish,
    IntArray,
    Params,
    Request,
    Rollout,
    unanswered,
)
from seed.spec.philox import uniforms, word_of
from seed.spec.sampler import SamplerSpec

POSITION_BLOCK = 64
"""Attention reads whole blocks of the cache, up to the longest active response. Sums over another
number of (hidden) positions round differently, and the last digits of a response should not change
with every token of the others.
"""


def log_distribution(logits: Array, temperature: float, top_p: float = 1.0) -> Array:
    """Log-probabilities that tokens are drawn with.

    Formula: ``log softmax(logits / temperature)`` on the nucleus, renormalised.
    Source: arXiv 1904.09751.

    Args:
        logits: Next-token logits [..., V].
        temperature: > 0; divides the logits.
        top_p: In (0, 1]; keep the smallest set of most probable tokens with at least this mass,
            renormalise.

    Returns:
        Log-probabilities [..., V]; -inf outside the nucleus.
    """
    log_p = _log_softmax(logits / temperature)
    if top_p >= 1.0:
        return log_p
    order = np.argsort(-log_p, axis=-1, kind="stable")
    p_sorted = np.exp(np.take_along_axis(log_p, order, axis=-1))
    outside_sorted = np.cumsum(p_sorted, axis=-1) - p_sorted >= top_p
    outside = np.take_along_axis(outside_sorted, np.argsort(order, axis=-1), axis=-1)
    kept = np.where(outside, -np.inf, log_p)
    return kept - np.log(np.sum(np.exp(kept), axis=-1, keepdims=True))


def draw(log_p_BV: Array, uniform_B: Array) -> IntArray:
    """Invert the cumulative distribution, in float64 whatever the model computes in.

    Formula: the smallest v with ``sum_{u <= v} p_u > U``.
    Source: inversion.

    Args:
        log_p_BV: Log-probabilities; may hold -inf.
        uniform_B: Numbers in [0, 1).

    Returns:
        Token ids [B], never one of probability 0.
    """
    p_BV = np.exp(log_p_BV.astype(np.float64))
    cumulative_BV = np.cumsum(p_BV, axis=-1)
    threshold_B1 = (uniform_B * cumulative_BV[:, -1])[:, None]
    return np.argmax(cumulative_BV > threshold_B1, axis=-1)


def generate(policy: Params, spec: SamplerSpec, requests: Sequence[Request]) -> list[Rollout]:
    """Sample one response per request.

    Formula: tokens and behaviour log-probs of one response.
    Source: report 5.2.

    Args:
        policy: Weights.
        spec: Model sizes, sampling and what keys the random numbers.
        requests: What to answer; each names the identity that keys its randomness.

    Returns:
        Rollouts in the order of the requests. Each is independent of which other requests are in
        the batch.
    """
    longest = max(len(request.prompt_tokens) for request in requests)
    limit = spec.sampling.max_response_tokens
    worker = RolloutWorker(policy, spec, len(requests), longest + limit)
    worker.add([unanswered(request) for request in requests])
    finished = {rollout.request: rollout for rollout in worker.decode(limit)}
    return [finished[request] for request in requests]


class RolloutWorker:
    """Slots that decode responses side by side under one version of the weights.

    Fulfils ``spec.backend.RolloutWorker``.

    Formula: a slot whose response has ended takes the next request; U depends on request and
    position only.
    Source: Orca, OSDI 2022.

    Active responses are the first rows of every array; the last one moves into the row of one that
    ends.

    Attributes:
        active: The partial rollouts in the slots, as they were added.
        logits_BV: Next-token logits of each active response.
        lengths, starts: Tokens drawn so far, and prompt tokens, of each row.
    """

    def __init__(self, policy: Params, spec: SamplerSpec, slots: int, positions: int) -> None:
        """Allocate empty slots.

        Args:
            policy: Weights.
            spec: Model sizes, sampling and what keys the random numbers.
            slots: Responses decoded side by side.
            positions: Longest prompt and response together.
        """
        self.policy, self.spec, self.slots = policy, spec, slots
        self.ends = sorted(spec.sampling.ends)
        self.active: list[Rollout] = []
        limit, dtype = spec.sampling.max_response_tokens, policy["embedding"].dtype
        self.caches = [
            KeyValueCache.empty(slots, positions, spec.model, dtype)
            for _ in range(spec.model.layers)
        ]
        self.logits_BV = np.zeros((slots, spec.model.vocabulary), dtype)
        self.tokens, self.log_probs = (
            np.zeros((slots, limit), dtype=np.int64),
            np.zeros((slots, limit)),
        )
        self.counters = np.zeros((slots, 4), dtype=np.int64)
        self.lengths, self.starts, self.limits = (np.zeros(slots, dtype=np.int64) for _ in range(3))

    @property
    def running(self) -> int:
        """Responses in the slots."""
        return len(self.active)

    def add(self, entering: Sequence[Rollout]) -> None:
        """Put partial rollouts into free slots: read their prompts and the tokens drawn so far."""
        first = len(self.active)
        entering = sorted(entering, key=_text_length, reverse=True)
        self.active += entering
        for row, rollout in enumerate(entering, start=first):
            request, drawn = rollout.request, len(rollout.response_tokens)
            self.tokens[row, :drawn], self.log_probs[row, :drawn] = (
                rollout.response_tokens,
                rollout.log_probs,
            )
            self.counters[row] = word_of(request.problem.id), request.sample, request.draw, 0
            self.starts[row], self.lengths[row] = len(request.prompt_tokens), drawn
            self.limits[row] = request.forced_length or self.spec.sampling.max_response_tokens
        for run in runs_of_similar([_text_length(rollout) for rollout in entering]):
            self._read_texts(entering[run], np.arange(first + run.start, first + run.stop))

    def decode(self, steps: int) -> list[Rollout]:
        """Draw some tokens of every active response, fewer of one that ends.

        Returns:
            The rollouts that ended; they have left their slots.
        """
        finished: list[Rollout] = []
        while self.active and steps:
            finished += self._draw()
            steps -= 1
        return finished

    def progress(self) -> list[Rollout]:
        """The responses in the slots with everything sampled so far; they stay there."""
        rows = range(len(self.active))
        return [replace(self._rollout(row), finish=Finish.UNFINISHED) for row in rows]

    def preempt(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take the chosen responses, or all, out of the slots with everything sampled so far."""
        leaving = np.array(
            [chosen is None or rollout.request in chosen for rollout in self.active], dtype=bool
        )
        partial = [
            replace(self._rollout(row), finish=Finish.UNFINISHED)
            for row in np.flatnonzero(leaving).tolist()
        ]
        self._close_gaps(leaving)
        return partial

    def _draw(self) -> list[Rollout]:
        """Draw and read the next token of every active response; the rollouts that ended."""
        count = len(self.active)
        newest = np.arange(count), self.lengths[:count]
        self.counters[:count, 3] = self.lengths[:count]
        sampling = self.spec.sampling
        log_p_BV = log_distribution(self.logits_BV[:count], sampling.temperature, sampling.top_p)
        uniform_B = uniforms(self.spec.seed, self.spec.purpose, self.counters[:count])
        chosen = draw(log_p_BV, uniform_B)
        self.tokens[newest], self.log_probs[newest] = chosen, log_p_BV[np.arange(count), chosen]
        self.lengths[:count] += 1
        forced = np.array([rollout.request.forced_length > 0 for rollout in self.active])
        at_limit = self.lengths[:count] == self.limits[:count]
        ended = (np.isin(chosen, self.ends) & ~forced) | at_limit
        finished = [self._rollout(row) for row in np.flatnonzero(ended).tolist()]
        self._close_gaps(ended)
        rows = np.arange(len(self.active))
        if len(rows):
            last = self.lengths[rows] - 1
            tokens, positions = self.tokens[rows, last], self.starts[rows] + last
            self._read(tokens[:, None], positions[:, None], rows)
        return finished

    def _read_texts(self, entering: Sequence[Rollout], rows: IntArray) -> None:
        """Read whole texts into consecutive rows."""
        lengths = np.array([_text_length(rollout) for rollout in entering])
        padded = np.zeros((len(entering), lengths.max()), dtype=np.int64)
        for row, rollout in zip(padded, entering, strict=True):
            text = (*rollout.request.prompt_tokens, *rollout.response_tokens)
            row[: len(text)] = text
        positions = np.broadcast_to(np.arange(padded.shape[1]), padded.shape)
        self._read(padded, positions, rows, last=lengths - 1)

    def _read(
        self, tokens_BS: IntArray, positions_BS: IntArray, rows: IntArray, last: IntArray | int = 0
    ) -> None:
        """Run the model on new tokens of consecutive rows; keep the logits at column ``last``."""
        longest = POSITION_BLOCK * (int(positions_BS.max()) // POSITION_BLOCK + 1)
        caches = [cache.part(slice(rows[0], rows[-1] + 1), longest) for cache in self.caches]
        hidden_ND, _ = hidden_states(self.policy, tokens_BS, positions_BS, self.spec.model, caches)
        last_BD = hidden_ND.reshape(*tokens_BS.shape, -1)[np.arange(len(rows)), last]
        self.logits_BV[rows] = logits_of(self.policy, last_BD, self.spec.model)

    def _close_gaps(self, leaving: BoolArray) -> None:
        """Move the last rows that stay into the rows of those that leave."""
        staying = len(leaving) - int(leaving.sum())
        targets = np.flatnonzero(leaving[:staying])
        sources = staying + np.flatnonzero(~leaving[staying:])
        rows = (
            self.tokens,
            self.log_probs,
            self.counters,
            self.lengths,
            self.starts,
            self.limits,
            self.logits_BV,
        )
        for array in rows:
            array[targets] = array[sources]
        for cache in self.caches:
            cache.move(sources, targets)
        for source, target in zip(sources, targets, strict=True):
            self.active[target] = self.active[source]
        del self.active[staying:]

    def _rollout(self, row: int) -> Rollout:
        before, length = self.active[row], int(self.lengths[row])
        tokens = tuple(self.tokens[row, :length].tolist())
        drawn = length - len(before.response_tokens)
        sampling = self.spec.sampling
        return Rollout(
            request=before.request,
            response_tokens=tokens,
            log_probs=tuple(self.log_probs[row, :length].tolist()),
            weight_versions=(*before.weight_versions, *(self.spec.optimizer_step,) * drawn),
            finish=Finish.EOS if tokens and tokens[-1] in sampling.ends else Finish.LENGTH,
        )


def _text_length(rollout: Rollout) -> int:
    return len(rollout.request.prompt_tokens) + len(rollout.response_tokens)


def _log_softmax(x: Array) -> Array:
    shifted = x - anp.max(x, axis=-1, keepdims=True)
    return shifted - anp.log(anp.sum(anp.exp(shifted), axis=-1, keepdims=True))

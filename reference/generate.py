"""Sampling with a key-value cache: temperature, nucleus (top-p), stop at end of sequence,
continuation of a prefix.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U,   U = Philox(run seed, purpose; problem, sample, draw, position)

``log_distribution`` is the only place that turns logits into log-probabilities: sampling,
recomputation and the loss all call it, so an unchanged policy has ratio 1 (field law P15). Nucleus:
Holtzman et al., arXiv 1904.09751.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import autograd.numpy as np
import numpy

from seed.reference.attention import KeyValueCache
from seed.reference.model import hidden_states, logits_of
from seed.reference.rollouts.similar_lengths import runs_of_similar
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import (
    Array,
    BoolArray,
    Finish,
    IntArray,
    Params,
    Request,
    Rollout,
    Sampling,
    unanswered,
)
from seed.spec.philox import uniforms, word_of
from seed.spec.tokenizer import END

POSITION_BLOCK = 64
"""Attention looks at whole blocks of the cache, up to the longest active response: sums over
another number of (hidden) positions round differently, so a response's last digits should not
change with every token of its neighbours.
"""


def log_distribution(logits: Array, temperature: float, top_p: float = 1.0) -> Array:
    """Log-probabilities that tokens are drawn with.

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
    optimizer_step: int,
) -> list[Rollout]:
    """Sample one response per request.

    Args:
        policy: Weights.
        model: Sizes.
        requests: What to answer; each names the identity that keys its randomness.
        sampling: Temperature, nucleus and token limit.
        seed: Run seed.
        purpose: Name of the random stream (training and evaluation never share numbers).
        optimizer_step: Version of the weights, recorded with every token.

    Returns:
        Rollouts in the order of the requests. Each is independent of which other requests are in
        the batch.
    """
    longest = max(len(request.prompt_tokens) for request in requests)
    worker = RolloutWorker(
        policy,
        model,
        len(requests),
        longest + sampling.max_response_tokens,
        sampling,
        seed,
        purpose,
        optimizer_step,
    )
    worker.add([unanswered(request) for request in requests])
    finished = {rollout.request: rollout for rollout in worker.decode(sampling.max_response_tokens)}
    return [finished[request] for request in requests]


class RolloutWorker:
    """Slots that decode responses side by side under one optimizer_step of the policy; fulfils
    ``spec.backend.RolloutWorker``.

    Active responses are the first rows of every array; a finished one leaves its row to the last.

    Attributes:
        active: The partial rollouts in the slots, as they were admitted.
        logits_BV: What may follow each active response.
        lengths, starts: Tokens drawn so far, and prompt tokens, of each row.
    """

    def __init__(
        self,
        policy: Params,
        model: ModelConfig,
        slots: int,
        positions: int,
        sampling: Sampling,
        seed: int,
        purpose: str,
        optimizer_step: int,
    ) -> None:
        """Make room.

        Args:
            policy: Weights.
            model: Sizes.
            slots: Responses decoded side by side.
            positions: Longest prompt and response together.
            sampling: Temperature, nucleus and token limit.
            seed: Run seed.
            purpose: Name of the random stream.
            optimizer_step: Version of the weights, recorded with every token.
        """
        self.policy, self.model, self.sampling = policy, model, sampling
        self.slots, self.seed, self.purpose, self.optimizer_step = (
            slots,
            seed,
            purpose,
            optimizer_step,
        )
        self.active: list[Rollout] = []
        limit, dtype = sampling.max_response_tokens, policy["embedding"].dtype
        self.caches = [
            KeyValueCache.empty(slots, positions, model, dtype) for _ in range(model.layers)
        ]
        self.logits_BV = numpy.zeros((slots, model.vocabulary), dtype)
        self.tokens, self.log_probs = (
            numpy.zeros((slots, limit), dtype=numpy.int64),
            numpy.zeros((slots, limit)),
        )
        self.counters = numpy.zeros((slots, 4), dtype=numpy.int64)
        self.lengths, self.starts, self.limits = (
            numpy.zeros(slots, dtype=numpy.int64) for _ in range(3)
        )

    @property
    def running(self) -> int:
        """Responses in the slots."""
        return len(self.active)

    def add(self, entering: Sequence[Rollout]) -> None:
        """Read prompts and what was sampled of their answers so far into free slots."""
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
            self.limits[row] = request.forced_length or self.sampling.max_response_tokens
        for run in runs_of_similar([_text_length(rollout) for rollout in entering]):
            self._read_texts(entering[run], numpy.arange(first + run.start, first + run.stop))

    def decode(self, steps: int) -> list[Rollout]:
        """Draw so many tokens of every active response, fewer of one that ends.

        Returns:
            The rollouts that ended; they have left their slots.
        """
        finished: list[Rollout] = []
        while self.active and steps:
            finished += self._draw()
            steps -= 1
        return finished

    def preempt(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take responses out of the slots unfinished, the chosen or all, with everything sampled so
        far.
        """
        leaving = numpy.array(
            [chosen is None or rollout.request in chosen for rollout in self.active], dtype=bool
        )
        partial = [
            replace(self._rollout(row), finish=Finish.UNFINISHED)
            for row in numpy.flatnonzero(leaving).tolist()
        ]
        self._close_gaps(leaving)
        return partial

    def _draw(self) -> list[Rollout]:
        """Draw the next token of every active response and read it; the rollouts that end."""
        count = len(self.active)
        places = numpy.arange(count), self.lengths[:count]
        self.counters[:count, 3] = self.lengths[:count]
        log_p_BV = log_distribution(
            self.logits_BV[:count], self.sampling.temperature, self.sampling.top_p
        )
        chosen = draw(log_p_BV, uniforms(self.seed, self.purpose, self.counters[:count]))
        self.tokens[places], self.log_probs[places] = chosen, log_p_BV[numpy.arange(count), chosen]
        self.lengths[:count] += 1
        forced = numpy.array([rollout.request.forced_length > 0 for rollout in self.active])
        ended = ((chosen == END) & ~forced) | (self.lengths[:count] == self.limits[:count])
        finished = [self._rollout(row) for row in numpy.flatnonzero(ended).tolist()]
        self._close_gaps(ended)
        rows = numpy.arange(len(self.active))
        if len(rows):
            newest = self.lengths[rows] - 1
            self._read(
                self.tokens[rows, newest][:, None], (self.starts[rows] + newest)[:, None], rows
            )
        return finished

    def _read_texts(self, entering: Sequence[Rollout], rows: IntArray) -> None:
        """Read whole texts into consecutive rows."""
        read = numpy.array([_text_length(rollout) for rollout in entering])
        padded = numpy.zeros((len(entering), read.max()), dtype=numpy.int64)
        for line, rollout in zip(padded, entering, strict=True):
            line[: _text_length(rollout)] = (
                *rollout.request.prompt_tokens,
                *rollout.response_tokens,
            )
        self._read(
            padded,
            numpy.broadcast_to(numpy.arange(padded.shape[1]), padded.shape),
            rows,
            last=read - 1,
        )

    def _read(
        self, tokens_BS: IntArray, positions_BS: IntArray, rows: IntArray, last: IntArray | int = 0
    ) -> None:
        """Run the model over new tokens of consecutive rows and keep the logits after column
        ``last`` of each.
        """
        longest = POSITION_BLOCK * (int(positions_BS.max()) // POSITION_BLOCK + 1)
        caches = [cache.part(slice(rows[0], rows[-1] + 1), longest) for cache in self.caches]
        hidden_ND, _ = hidden_states(self.policy, tokens_BS, positions_BS, self.model, caches)
        last_BD = hidden_ND.reshape(*tokens_BS.shape, -1)[numpy.arange(len(rows)), last]
        self.logits_BV[rows] = logits_of(self.policy, last_BD, self.model)

    def _close_gaps(self, leaving: BoolArray) -> None:
        """Move the last rows that stay into the places of those that leave."""
        left = len(leaving) - int(leaving.sum())
        targets = numpy.flatnonzero(leaving[:left])
        sources = left + numpy.flatnonzero(~leaving[left:])
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
        del self.active[left:]

    def _rollout(self, row: int) -> Rollout:
        before, length = self.active[row], int(self.lengths[row])
        tokens = tuple(self.tokens[row, :length].tolist())
        drawn = length - len(before.response_tokens)
        return Rollout(
            request=before.request,
            response_tokens=tokens,
            log_probs=tuple(self.log_probs[row, :length].tolist()),
            weight_versions=(*before.weight_versions, *(self.optimizer_step,) * drawn),
            finish=Finish.EOS if tokens and tokens[-1] == END else Finish.LENGTH,
        )


def _text_length(rollout: Rollout) -> int:
    return len(rollout.request.prompt_tokens) + len(rollout.response_tokens)


def _log_softmax(x: Array) -> Array:
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))

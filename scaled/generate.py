"""Sampling by continuous batching: a slot whose response has ended takes the next request at once.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U
    U     = Philox(run seed, purpose; problem, sample, draw, position)

The random number U of a token is keyed by the request and the position, so slots, ranks and other
responses do not change what is sampled. Requests are spread over data ranks, those to one prompt
together. Where experts are spread over data ranks, all of them take every step together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from seed.scaled.decoding.decoder import Decoder
from seed.scaled.decoding.slots import Drawn, Slots
from seed.scaled.parallel.balance import deal_groups
from seed.scaled.parallel.collectives import gather_objects, max_over, sum_over
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.processes.watchdog import heartbeat
from seed.spec.datatypes import BoolArray, Finish, IntArray, Request, Rollout, unanswered
from seed.spec.sampler import SamplerSpec

DRAWN_AT_ONCE = 1 << 16
"""Probabilities of a draw that a CPU works on at once: their float64 sums stay in its cache."""


def log_distribution(logits_nV: Tensor, temperature: float, top_p: float = 1.0) -> Tensor:
    """Log-probabilities that tokens are drawn with [n, V]; -inf outside the nucleus."""
    log_p = torch.log_softmax(logits_nV if temperature == 1.0 else logits_nV / temperature, -1)
    if top_p >= 1.0:
        return log_p
    p_sorted, order = torch.sort(log_p.exp(), dim=-1, descending=True, stable=True)
    outside_sorted = p_sorted.cumsum(-1) - p_sorted >= top_p
    outside = torch.zeros_like(outside_sorted).scatter(-1, order, outside_sorted)
    nucleus = log_p.masked_fill(outside, -torch.inf)
    return nucleus - torch.logsumexp(nucleus, -1, keepdim=True)


def draw(log_p_nV: Tensor, uniform_n: Tensor) -> Tensor:
    """Invert the cumulative distribution in float64; never a token of probability 0 [n]."""
    rows = max(DRAWN_AT_ONCE // log_p_nV.shape[1], 1)
    if log_p_nV.device.type == "cpu" and len(log_p_nV) > rows:
        pieces = zip(log_p_nV.split(rows), uniform_n.split(rows), strict=True)
        return torch.cat([draw(*piece) for piece in pieces])
    cumulative_nV = log_p_nV.double().exp().cumsum(-1)
    # U is at most 1 - 2^-53, so the threshold is below the last sum.
    threshold_n1 = uniform_n[:, None] * cumulative_nV[:, -1:]
    return torch.searchsorted(cumulative_nV, threshold_n1, right=True).squeeze(-1)


@torch.inference_mode()
def generate(
    weights: Mapping[str, Tensor],
    spec: SamplerSpec,
    mesh: Mesh,
    requests: Sequence[Request],
    slots: int = 0,
) -> list[Rollout]:
    """Sample one response per request. Collective.

    Args:
        weights: This rank's slices (``parallelize.Slices``).
        spec: Model sizes, sampling and what keys the random numbers.
        mesh: Ranks.
        requests: What to answer, the same list on every rank.
        slots: Responses decoded side by side over all data ranks, 0 = all at once.

    Returns:
        Rollouts in the order of the requests, on every rank.
    """
    partials = [unanswered(request) for request in requests]
    ranks = deal_groups(requests, [0] * mesh.data.size)
    mine = {id_: partials[id_] for id_, rank in enumerate(ranks) if rank == mesh.data.rank}
    longest = max((len(partial.request.prompt_tokens) for partial in mine.values()), default=0)
    local_slots = min(-(-slots // mesh.data.size), len(mine)) if slots else len(mine)
    positions = longest + spec.sampling.max_response_tokens
    batch = _ContinuousBatch(weights, spec, mesh, local_slots, positions)
    batch.submit(mine)
    while batch.step():
        pass
    drawn = _gathered(batch.finished, mesh)
    return [_rollout(partial, *drawn[id_], spec) for id_, partial in enumerate(partials)]


class RolloutWorker:
    """Slots that decode under one version of the weights, spread over the data ranks.

    Fulfils ``spec.backend.RolloutWorker``. All methods are collective. Every rank knows which data
    rank has which response, so ``add`` sends no message; ``decode`` and ``preempt`` gather what was
    drawn.
    """

    @torch.inference_mode()
    def __init__(
        self,
        weights: Mapping[str, Tensor],
        spec: SamplerSpec,
        mesh: Mesh,
        slots: int,
        positions: int,
    ) -> None:
        """Allocate empty slots; the other arguments are those of ``generate``.

        Args:
            slots: Responses decoded side by side, over all data ranks.
            positions: Longest prompt and response together.
        """
        self.mesh, self.spec = mesh, spec
        self.next_id = 0
        self.partials: dict[int, Rollout] = {}
        self.rank_of: dict[int, int] = {}
        local_slots = -(-slots // mesh.data.size)
        self.batch = _ContinuousBatch(weights, spec, mesh, local_slots, positions)

    @property
    def running(self) -> int:
        """Responses in the slots, over all data ranks."""
        return len(self.partials)

    def add(self, entering: Sequence[Rollout]) -> None:
        """Deal partial rollouts to the data ranks (``deal_groups``); ``decode`` reads them."""
        running = list(self.rank_of.values())
        load = [running.count(rank) for rank in range(self.mesh.data.size)]
        ranks = deal_groups([partial.request for partial in entering], load)
        mine: dict[int, Rollout] = {}
        for partial, rank in zip(entering, ranks, strict=True):
            self.partials[self.next_id], self.rank_of[self.next_id] = partial, rank
            if rank == self.mesh.data.rank:
                mine[self.next_id] = partial
            self.next_id += 1
        self.batch.submit(mine)

    @torch.inference_mode()
    def decode(self, steps: int) -> list[Rollout]:
        """Draw so many tokens of every response, fewer of one that ends.

        Returns:
            The rollouts that ended; they have left their slots.
        """
        for _ in range(steps):
            self.batch.step()
        finished, self.batch.finished = self.batch.finished, {}
        return self._removed(finished)

    def progress(self) -> list[Rollout]:
        """The responses in the slots with everything sampled so far; they stay there."""
        drawn = _gathered(self.batch.progress(), self.mesh)
        so_far = [_rollout(self.partials[id_], *drawn[id_], self.spec) for id_ in sorted(drawn)]
        return [replace(rollout, finish=Finish.UNFINISHED) for rollout in so_far]

    @torch.inference_mode()
    def preempt(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take the chosen responses, or all, out of the slots with everything sampled so far."""
        ids = [
            id_
            for id_, partial in self.partials.items()
            if chosen is None or partial.request in chosen
        ]
        preempted = self._removed(self.batch.preempt(ids))
        return [replace(rollout, finish=Finish.UNFINISHED) for rollout in preempted]

    def _removed(self, mine: dict[int, Drawn]) -> list[Rollout]:
        """Rollouts that leave the slots of any data rank, in the order in which they were added."""
        drawn = _gathered(mine, self.mesh)
        for id_ in drawn:
            del self.rank_of[id_]
        return [_rollout(self.partials.pop(id_), *drawn[id_], self.spec) for id_ in sorted(drawn)]


class _ContinuousBatch:
    """Responses of a data rank by id: waiting for a slot, active in one, finished."""

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        spec: SamplerSpec,
        mesh: Mesh,
        slots: int,
        positions: int,
    ) -> None:
        self.mesh, self.sampling = mesh, spec.sampling
        self.ends = sorted(spec.sampling.ends)
        self.partials: dict[int, Rollout] = {}
        self.waiting: list[int] = []
        """Ids, the next one last."""
        self.finished: dict[int, Drawn] = {}
        self.slots = Slots(slots, spec)
        self.decoder = Decoder(weights, spec.model, mesh, slots, positions)

    def submit(self, partials: Mapping[int, Rollout]) -> None:
        """Append responses to the queue."""
        self.partials |= partials
        self.waiting = [*reversed(list(partials)), *self.waiting]

    def step(self) -> bool:
        """Fill free slots and draw one token of every active response; False if there was none."""
        if not self.any_rank(bool(self.slots.active or self.waiting)):
            return False
        tokens, positions = self.slots.begin_step()
        self.draw_tokens(self.decoder.read(tokens, positions, self.fill()))
        heartbeat()
        return True

    def progress(self) -> dict[int, Drawn]:
        """What was drawn of every response in the queue and the slots, by id."""
        waiting = {id_: self.partials[id_] for id_ in self.waiting}
        drawn = {
            id_: (list(partial.response_tokens), list(partial.log_probs))
            for id_, partial in waiting.items()
        }
        return drawn | {id_: self.slots.drawn(slot) for slot, id_ in enumerate(self.slots.active)}

    def preempt(self, ids: Sequence[int]) -> dict[int, Drawn]:
        """Take responses out of the queue and the slots; what was drawn of them so far."""
        removed = [id_ for id_ in self.waiting if id_ in ids]
        self.waiting = [id_ for id_ in self.waiting if id_ not in ids]
        drawn: dict[int, Drawn] = {}
        for id_ in removed:
            partial = self.partials[id_]
            drawn[id_] = list(partial.response_tokens), list(partial.log_probs)
        leaving = np.array([id_ in ids for id_ in self.slots.active], dtype=bool)
        return drawn | self.release(leaving)

    def any_rank(self, has_work: bool) -> bool:
        """Whether this rank has work; where all ranks step together, whether any rank has."""
        if self.mesh.expert.size == 1:
            return has_work
        flag = torch.tensor(int(has_work), device=self.mesh.device)
        return bool(max_over(flag, self.mesh.world))

    def fill(self) -> list[tuple[int, ...]]:
        """Put waiting responses into the free slots.

        Returns:
            The texts to prefill, each different one once: prompt and what is drawn of the response.
        """
        entering = [self.waiting.pop() for _ in range(min(self.slots.free, len(self.waiting)))]
        text_of = {id_: _text(self.partials[id_]) for id_ in entering}
        texts = sorted(set(text_of.values()), key=lambda text: (-len(text), text))
        row_of = {text: row for row, text in enumerate(texts)}
        entering.sort(key=lambda id_: row_of[text_of[id_]])
        if entering:
            rows = [row_of[text_of[id_]] for id_ in entering]
            self.slots.add(entering, [self.partials[id_] for id_ in entering], rows)
        return texts

    def draw_tokens(self, logits: Tensor) -> None:
        """Draw the next token of every active response, and release those that have ended.

        Each rank of ``sequence`` draws from the rows whose logits it has; then all exchange.

        Args:
            logits: Of this rank's share of the rows.
        """
        if not self.slots.active:
            return
        active = slice(0, len(self.slots.active))
        log_p = log_distribution(logits, self.sampling.temperature, self.sampling.top_p)
        rows, uniforms = self.slots.row[active], self.slots.step_uniforms()
        local = None
        if self.mesh.sequence.size > 1:
            rows = rows - self.mesh.sequence.rank * len(logits)
            local = np.flatnonzero((rows >= 0) & (rows < len(logits)))
            rows, uniforms = rows[local], uniforms[local]
        if len(rows) != len(log_p) or local is not None:  # else one response a row, in their order
            log_p = log_p.index_select(0, self.decoder.on_device(rows))
        chosen = draw(log_p, self.decoder.on_device(uniforms))
        drawn = (chosen, log_p.gather(1, chosen[:, None]).squeeze(1))
        tokens, log_probs = (self.exchange(x, local, active.stop).cpu().numpy() for x in drawn)
        self.slots.record(tokens, log_probs)
        ends = np.isin(self.slots.newest[active], self.ends) & ~self.slots.forced[active]
        at_limit = self.slots.lengths[active] == self.slots.limits[active]
        self.finished |= self.release(ends | at_limit)

    def exchange(self, values: Tensor, local: IntArray | None, count: int) -> Tensor:
        """Values of all active responses from those that each rank of ``sequence`` computed.

        Args:
            values: This rank's values.
            local: Which of the responses they belong to; None: all.
            count: Active responses.
        """
        if local is None:
            return values
        padded = values.new_zeros(count).index_copy(0, self.decoder.on_device(local), values)
        return sum_over(padded, self.mesh.sequence)

    def release(self, leaving: BoolArray) -> dict[int, Drawn]:
        """Remove responses from their slots; what was drawn of them."""
        drawn, sources, targets = self.slots.release(leaving)
        for id_ in drawn:
            del self.partials[id_]
        if len(targets):
            on_device, cache = self.decoder.on_device, self.decoder.cache
            cache.make_room(self.slots.rows, 0)
            cache.copy(on_device(sources), on_device(targets))
        return drawn


def _gathered(mine: dict[int, Drawn], mesh: Mesh) -> dict[int, Drawn]:
    """What was drawn on all data ranks, by id."""
    drawn: dict[int, Drawn] = {}
    for of_rank in gather_objects(mine, mesh.data):
        drawn |= of_rank
    return drawn


def _text(partial: Rollout) -> tuple[int, ...]:
    """The prompt and what is drawn of the response."""
    return (*partial.request.prompt_tokens, *partial.response_tokens)


def _rollout(
    before: Rollout, tokens: list[int], log_probs: list[float], spec: SamplerSpec
) -> Rollout:
    new_tokens = len(tokens) - len(before.response_tokens)
    return Rollout(
        request=before.request,
        response_tokens=tuple(tokens),
        log_probs=tuple(log_probs),
        weight_versions=(*before.weight_versions, *(spec.optimizer_step,) * new_tokens),
        finish=Finish.EOS if tokens and tokens[-1] in spec.sampling.ends else Finish.LENGTH,
    )

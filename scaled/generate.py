"""Sampling by continuous batching: a slot whose response has ended takes the next request at once.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U,   U = Philox(run seed, purpose; problem, sample, draw, position)

A token's number U belongs to the request and its position, so neither slots nor ranks nor
neighbours change what is sampled. Requests are dealt out over data ranks; where experts span data
ranks, all of them take every step together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from seed.scaled.decoding.decoder import Decoder
from seed.scaled.decoding.slots import Drawn, Slots
from seed.scaled.parallel.collectives import gather_objects, max_over, sum_over
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.processes.watchdog import moves
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import BoolArray, Finish, IntArray, Request, Rollout, Sampling, unanswered
from seed.spec.tokenizer import END


def log_distribution(logits_nV: Tensor, temperature: float, top_p: float = 1.0) -> Tensor:
    """Log-probabilities that tokens are drawn with [n, V]; -inf outside the nucleus."""
    log_p = torch.log_softmax(logits_nV if temperature == 1.0 else logits_nV / temperature, -1)
    if top_p >= 1.0:
        return log_p
    p_sorted, order = torch.sort(log_p.exp(), dim=-1, descending=True, stable=True)
    outside_sorted = p_sorted.cumsum(-1) - p_sorted >= top_p
    outside = torch.zeros_like(outside_sorted).scatter(-1, order, outside_sorted)
    kept = log_p.masked_fill(outside, -torch.inf)
    return kept - torch.logsumexp(kept, -1, keepdim=True)


def draw(log_p_nV: Tensor, uniform_n: Tensor) -> Tensor:
    """Invert the cumulative distribution, in float64 whatever the model computes in; never a token
    of probability 0 [n].
    """
    cumulative_nV = log_p_nV.double().exp().cumsum(-1)
    threshold_n1 = (
        uniform_n[:, None] * cumulative_nV[:, -1:]
    )  # below the last sum, as U is at most 1 - 2^-53
    return torch.searchsorted(cumulative_nV, threshold_n1, right=True).squeeze(-1)


@torch.inference_mode()
def generate(
    weights: Mapping[str, Tensor],
    model: ModelConfig,
    mesh: Mesh,
    requests: Sequence[Request],
    sampling: Sampling,
    seed: int,
    purpose: str,
    optimizer_step: int,
    slots: int = 0,
) -> list[Rollout]:
    """Sample one response per request. Collective.

    Args:
        weights: This rank's slices (``parallelize.slices_of``).
        model: Sizes.
        mesh: Ranks.
        requests: What to answer, the same list on every rank.
        sampling: Temperature, nucleus and token limit.
        seed: Run seed.
        purpose: Name of the random stream.
        optimizer_step: Version of the weights, recorded with every token.
        slots: Responses decoded side by side over all data ranks, 0 = all at once.

    Returns:
        Rollouts in the order of the requests, on every rank.
    """
    partials = [unanswered(request) for request in requests]
    mine = {
        index: partials[index] for index in range(mesh.data.rank, len(requests), mesh.data.size)
    }
    longest = max((len(partial.request.prompt_tokens) for partial in mine.values()), default=0)
    seats = min(-(-slots // mesh.data.size), len(mine)) if slots else len(mine)
    batch = _ContinuousBatch(
        weights, model, mesh, seats, longest + sampling.max_response_tokens, sampling, seed, purpose
    )
    batch.enter(mine)
    while batch.tick():
        pass
    drawn: dict[int, Drawn] = {}
    for part in gather_objects(batch.finished, mesh.data):
        drawn |= part
    return [
        _rollout(partial, *drawn[index], optimizer_step) for index, partial in enumerate(partials)
    ]


class RolloutWorker:
    """Slots that decode with the weights of one optimizer_step, spread over the data ranks; fulfils
    ``spec.backend.RolloutWorker``.

    Every rank knows who runs on which data rank, so admission needs no message; what was drawn is
    told at the end of ``advance`` and ``release``. All methods are collective.
    """

    @torch.inference_mode()
    def __init__(
        self,
        weights: Mapping[str, Tensor],
        model: ModelConfig,
        mesh: Mesh,
        slots: int,
        positions: int,
        sampling: Sampling,
        seed: int,
        purpose: str,
        optimizer_step: int,
    ) -> None:
        """Make room; the arguments are those of ``generate``.

        Args:
            slots: Responses decoded side by side, over all data ranks.
            positions: Longest prompt and response together.
        """
        self.mesh, self.optimizer_step = mesh, optimizer_step
        self.entered = 0
        self.partials: dict[int, Rollout] = {}
        self.places: dict[int, int] = {}
        seats = -(-slots // mesh.data.size)
        self.batch = _ContinuousBatch(
            weights, model, mesh, seats, positions, sampling, seed, purpose
        )

    @property
    def running(self) -> int:
        """Responses in the slots, over all data ranks."""
        return len(self.partials)

    def add(self, entering: Sequence[Rollout]) -> None:
        """Deal partial rollouts out, each to the data rank that has the fewest; they are read by
        the next ``advance``.
        """
        load = [0] * self.mesh.data.size
        for place in self.places.values():
            load[place] += 1
        mine: dict[int, Rollout] = {}
        for partial in entering:
            place = load.index(min(load))
            load[place] += 1
            self.partials[self.entered], self.places[self.entered] = partial, place
            if place == self.mesh.data.rank:
                mine[self.entered] = partial
            self.entered += 1
        self.batch.enter(mine)

    @torch.inference_mode()
    def decode(self, steps: int) -> list[Rollout]:
        """Draw so many tokens of every response, fewer of one that ends; the rollouts that
        ended.
        """
        for _ in range(steps):
            self.batch.tick()
        finished, self.batch.finished = self.batch.finished, {}
        return self._gathered(finished)

    @torch.inference_mode()
    def preempt(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take responses out of the slots unfinished, the chosen or all, with everything sampled so
        far.
        """
        left = [
            number
            for number, partial in self.partials.items()
            if chosen is None or partial.request in chosen
        ]
        partial = self._gathered(self.batch.leave(left))
        return [replace(rollout, finish=Finish.UNFINISHED) for rollout in partial]

    def _gathered(self, mine: dict[int, Drawn]) -> list[Rollout]:
        """What all data ranks give away, in the order of admission; it is no longer here."""
        drawn: dict[int, Drawn] = {}
        for part in gather_objects(mine, self.mesh.data):
            drawn |= part
        for number in drawn:
            del self.places[number]
        return [
            _rollout(self.partials.pop(number), *drawn[number], self.optimizer_step)
            for number in sorted(drawn)
        ]


class _ContinuousBatch:
    """Responses on their way through the slots of a data rank: waiting, active, finished."""

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        model: ModelConfig,
        mesh: Mesh,
        slots: int,
        positions: int,
        sampling: Sampling,
        seed: int,
        purpose: str,
    ) -> None:
        self.mesh, self.sampling = mesh, sampling
        self.partials: dict[int, Rollout] = {}
        self.waiting: list[int] = []
        self.finished: dict[int, Drawn] = {}
        self.slots = Slots(slots, sampling.max_response_tokens, seed, purpose)
        self.decoder = Decoder(weights, model, mesh, slots, positions)

    def enter(self, partials: Mapping[int, Rollout]) -> None:
        """Queue up."""
        self.partials |= partials
        self.waiting = [*reversed(list(partials)), *self.waiting]

    def tick(self) -> bool:
        """Draw one token of every active response, and of those that find a slot now; whether there
        was any to draw.
        """
        if not self.together(bool(self.slots.active or self.waiting)):
            return False
        tokens, positions = self.slots.begin_step()
        self.take(self.decoder.read(tokens, positions, self.admit()))
        moves()
        return True

    def leave(self, numbers: Sequence[int]) -> dict[int, Drawn]:
        """Take responses out of the queue and the slots; what was drawn of them so far."""
        waiting = [number for number in self.waiting if number in numbers]
        self.waiting = [number for number in self.waiting if number not in numbers]
        told = {
            number: (list(p.response_tokens), list(p.log_probs))
            for number in waiting
            for p in [self.partials[number]]
        }
        return told | self.settle(
            np.array([number in numbers for number in self.slots.active], dtype=bool)
        )

    def together(self, wish: bool) -> bool:
        """Whether to go on: this rank's wish, or anybody's where experts make all ranks step
        together.
        """
        if self.mesh.expert.size == 1:
            return wish
        return bool(max_over(torch.tensor(int(wish), device=self.mesh.device), self.mesh.world))

    def admit(self) -> list[tuple[int, ...]]:
        """Fill the free slots; the texts to read for them: each different prompt, with what is
        drawn of its answer, once.
        """
        entering = [self.waiting.pop() for _ in range(min(self.slots.free, len(self.waiting)))]
        text_of = {number: _text(self.partials[number]) for number in entering}
        texts = sorted(set(text_of.values()), key=lambda text: (-len(text), text))
        row_of = {text: row for row, text in enumerate(texts)}
        entering.sort(key=lambda number: row_of[text_of[number]])
        if entering:
            rows = [row_of[text_of[number]] for number in entering]
            self.slots.enter(entering, [self.partials[number] for number in entering], rows)
        return texts

    def take(self, logits: Tensor) -> None:
        """Draw the next token of every response, and let those that have ended go.

        Each rank of ``sequence`` draws from the rows whose logits it has, and tells the others.

        Args:
            logits: Of this rank's share of the rows.
        """
        if not self.slots.active:
            return
        active = slice(0, len(self.slots.active))
        log_p = log_distribution(logits, self.sampling.temperature, self.sampling.top_p)
        rows, numbers = self.slots.row[active], self.slots.numbers_of_step()
        here = None
        if self.mesh.sequence.size > 1:
            rows = rows - self.mesh.sequence.rank * len(logits)
            here = np.flatnonzero((rows >= 0) & (rows < len(logits)))
            rows, numbers = rows[here], numbers[here]
        if len(rows) != len(log_p) or here is not None:  # else one response a row, in their order
            log_p = log_p.index_select(0, self.decoder.on_device(rows))
        chosen = draw(log_p, self.decoder.on_device(numbers))
        drawn = (chosen, log_p.gather(1, chosen[:, None]).squeeze(1))
        tokens, log_probs = (self.told(values, here, active.stop).cpu().numpy() for values in drawn)
        self.slots.note(tokens, log_probs)
        ends = (self.slots.newest[active] == END) & ~self.slots.forced[active]
        self.finished |= self.settle(
            ends | (self.slots.lengths[active] == self.slots.limits[active])
        )

    def told(self, values: Tensor, here: IntArray | None, count: int) -> Tensor:
        """The values that all ranks of ``sequence`` have found, each for some of ``count`` places;
        None is all of them.
        """
        if here is None:
            return values
        everywhere = values.new_zeros(count).index_copy(0, self.decoder.on_device(here), values)
        return sum_over(everywhere, self.mesh.sequence)

    def settle(self, leaving: BoolArray) -> dict[int, Drawn]:
        """Let responses leave; what was drawn of them."""
        told, sources, targets = self.slots.settle(leaving)
        for number in told:
            del self.partials[number]
        if len(targets):
            self.decoder.cache.make_room(self.slots.rows, 0)
            self.decoder.cache.copy(
                self.decoder.on_device(sources), self.decoder.on_device(targets)
            )
        return told


def _text(partial: Rollout) -> tuple[int, ...]:
    """The prompt and what is drawn of the answer."""
    return (*partial.request.prompt_tokens, *partial.response_tokens)


def _rollout(
    before: Rollout, tokens: list[int], log_probs: list[float], optimizer_step: int
) -> Rollout:
    return Rollout(
        request=before.request,
        response_tokens=tuple(tokens),
        log_probs=tuple(log_probs),
        weight_versions=(
            *before.weight_versions,
            *(optimizer_step,) * (len(tokens) - len(before.response_tokens)),
        ),
        finish=Finish.EOS if tokens and tokens[-1] == END else Finish.LENGTH,
    )

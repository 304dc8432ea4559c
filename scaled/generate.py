"""Sampling by continuous batching: a slot whose response has ended takes the next request at once.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U,   U = Philox(run seed, purpose; problem, sample, draw, position)

A token's number U belongs to the request and its position, so neither slots nor ranks nor neighbours change what is
sampled. Requests are dealt out over data ranks; where experts span data ranks, all of them take every step together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from reference.balance import runs_of_similar
from reference.random import word_of
from reference.tokenizer import END
from scaled.collectives import all_gather, gather_objects, max_over
from scaled.decode import Decoder
from scaled.mesh import Mesh
from scaled.random import uniforms
from scaled.watchdog import moves
from spec.config import ModelConfig
from spec.types import Array, BoolArray, Finish, IntArray, Request, Rollout, Sampling, unanswered

BLOCK = 8
"""Positions whose random numbers are drawn at once: most responses need few, and single ones cost as much as eight."""

Drawn = tuple[list[int], list[float]]
"""Tokens and behaviour log-probabilities of one response, those of an earlier version at its beginning included."""


def log_distribution(logits_nV: Tensor, temperature: float, top_p: float = 1.0) -> Tensor:
    """Log-probabilities that tokens are drawn with [n, V]; -inf outside the nucleus."""
    log_p = torch.log_softmax(logits_nV / temperature, -1)
    if top_p >= 1.0:
        return log_p
    p_sorted, order = torch.sort(log_p.exp(), dim=-1, descending=True, stable=True)
    outside_sorted = p_sorted.cumsum(-1) - p_sorted >= top_p
    outside = torch.zeros_like(outside_sorted).scatter(-1, order, outside_sorted)
    kept = log_p.masked_fill(outside, -torch.inf)
    return kept - torch.logsumexp(kept, -1, keepdim=True)


def draw(log_p_nV: Tensor, uniform_n: Tensor) -> Tensor:
    """Invert the cumulative distribution, in float64 whatever the model computes in; never a token of probability 0 [n]."""
    cumulative_nV = log_p_nV.double().exp().cumsum(-1)
    threshold_n1 = uniform_n[:, None] * cumulative_nV[:, -1:]
    return (cumulative_nV > threshold_n1).to(torch.int8).argmax(-1)


@torch.inference_mode()
def generate(
    weights: Mapping[str, Tensor],
    model: ModelConfig,
    mesh: Mesh,
    requests: Sequence[Request],
    sampling: Sampling,
    seed: int,
    purpose: str,
    version: int,
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
        version: Version of the weights, recorded with every token.
        slots: Responses decoded side by side over all data ranks, 0 = all at once.

    Returns:
        Rollouts in the order of the requests, on every rank.
    """
    partials = [unanswered(request) for request in requests]
    mine = {index: partials[index] for index in range(mesh.data.rank, len(requests), mesh.data.size)}
    longest = max((len(partial.request.prompt_tokens) for partial in mine.values()), default=0)
    seats = min(-(-slots // mesh.data.size), len(mine)) if slots else len(mine)
    batch = _ContinuousBatch(weights, model, mesh, seats, longest + sampling.max_response_tokens, sampling, seed, purpose)
    batch.enter(mine)
    while batch.together(bool(batch.waiting or batch.active)):
        batch.tick()
    drawn: dict[int, Drawn] = {}
    for part in gather_objects(batch.finished, mesh.data):
        drawn |= part
    return [_rollout(partial, *drawn[index], version) for index, partial in enumerate(partials)]


class Unit:
    """Slots that decode with the weights of one version, spread over the data ranks; fulfils ``spec.backend.Unit``.

    Every rank knows who runs on which data rank, so admission needs no message; what was drawn is told at the end of
    ``advance`` and ``release``. All methods are collective.
    """

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
        version: int,
    ) -> None:
        """Make room; the arguments are those of ``generate``.

        Args:
            slots: Responses decoded side by side, over all data ranks.
            positions: Longest prompt and response together.
        """
        self.mesh, self.version = mesh, version
        self.entered = 0
        self.partials: dict[int, Rollout] = {}
        self.places: dict[int, int] = {}
        seats = -(-slots // mesh.data.size)
        self.batch = _ContinuousBatch(weights, model, mesh, seats, positions, sampling, seed, purpose)

    @property
    def running(self) -> int:
        """Responses in the slots, over all data ranks."""
        return len(self.partials)

    def admit(self, entering: Sequence[Rollout]) -> None:
        """Deal partial rollouts out, each to the data rank that has the fewest; they are read by the next ``advance``."""
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

    def advance(self, steps: int) -> list[Rollout]:
        """Draw so many tokens of every response, fewer of one that ends; the rollouts that ended."""
        for _ in range(steps):
            self.batch.tick()
        finished, self.batch.finished = self.batch.finished, {}
        return self._gathered(finished)

    def release(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take responses out of the slots unfinished, the chosen or all, with everything sampled so far."""
        left = [number for number, partial in self.partials.items() if chosen is None or partial.request in chosen]
        partial = self._gathered(self.batch.leave(left))
        return [replace(rollout, finish=Finish.UNFINISHED) for rollout in partial]

    def _gathered(self, mine: dict[int, Drawn]) -> list[Rollout]:
        """What all data ranks give away, in the order of admission; it is no longer here."""
        drawn: dict[int, Drawn] = {}
        for part in gather_objects(mine, self.mesh.data):
            drawn |= part
        for number in drawn:
            del self.places[number]
        return [_rollout(self.partials.pop(number), *drawn[number], self.version) for number in sorted(drawn)]


class _ContinuousBatch:
    """Responses on their way through the slots of a data rank: waiting, active (the first so many slots), finished.

    The books are kept on the host, which looks at every token anyway; the device holds keys and values only.

    Attributes:
        tokens, log_probs: What was drawn so far [slots, limit].
        keys: What the random numbers of a response belong to: problem, sample, draw [slots, 3].
        numbers: Random numbers of the block of positions that is drawn [slots, BLOCK].
        lengths, prompt_lengths, limits: Tokens drawn, tokens of the prompt, tokens to draw at most [slots].
        forced: Whether the end of sequence is no end [slots].
    """

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
        self.mesh, self.sampling, self.seed, self.purpose, self.slots = mesh, sampling, seed, purpose, slots
        self.partials: dict[int, Rollout] = {}
        self.waiting: list[int] = []
        self.active: list[int] = []
        self.finished: dict[int, Drawn] = {}
        limit = sampling.max_response_tokens
        self.decoder = Decoder(weights, model, mesh, slots, positions)
        self.tokens = np.zeros((slots, limit), dtype=np.int64)
        self.log_probs, self.numbers = np.zeros((slots, limit)), np.zeros((slots, BLOCK))
        self.keys = np.zeros((slots, 3), dtype=np.int64)
        self.lengths, self.prompt_lengths, self.limits = (np.zeros(slots, dtype=np.int64) for _ in range(3))
        self.forced = np.zeros(slots, dtype=bool)

    def enter(self, partials: Mapping[int, Rollout]) -> None:
        """Queue up."""
        self.partials |= partials
        self.waiting = [*reversed(list(partials)), *self.waiting]

    def tick(self) -> None:
        """Draw one token of every active response, and the first ones of those that find a slot."""
        if self.together(bool(self.active)):
            self.advance()
        if self.together(self.can_admit()):
            self.admit()
        moves()

    def leave(self, numbers: Sequence[int]) -> dict[int, Drawn]:
        """Take responses out of the queue and the slots; what was drawn of them so far."""
        waiting = [number for number in self.waiting if number in numbers]
        self.waiting = [number for number in self.waiting if number not in numbers]
        told = {number: (list(p.response_tokens), list(p.log_probs)) for number in waiting for p in [self.partials[number]]}
        return told | self.vacate(np.array([number in numbers for number in self.active], dtype=bool))

    def together(self, wish: bool) -> bool:
        """Whether to go on: this rank's wish, or anybody's where experts make all ranks step together."""
        return bool(self.most(int(wish)))

    def most(self, count: int) -> int:
        """This rank's count, or the largest of any where experts make all ranks step together."""
        if self.mesh.expert.size == 1:
            return count
        return int(max_over(torch.tensor(count, device=self.mesh.device), self.mesh.world))

    def can_admit(self) -> bool:
        """Whether a request waits and a slot is free."""
        return bool(self.waiting) and len(self.active) < self.slots

    def admit(self) -> None:
        """Fill the free slots: read each different prompt, with what is drawn of its answer, once and draw one token more."""
        first = len(self.active)
        entering = [self.waiting.pop() for _ in range(min(self.slots - first, len(self.waiting)))]
        entering.sort(key=lambda number: _text_length(self.partials[number]), reverse=True)
        self.active += entering
        rows = slice(first, len(self.active))
        partials = [self.partials[number] for number in entering]
        texts = [(*partial.request.prompt_tokens, *partial.response_tokens) for partial in partials]
        parts = runs_of_similar([len(text) for text in texts])
        parts += [slice(0, 0)] * (self.most(len(parts)) - len(parts))
        read = [self.read_texts(texts[part], first + part.start) for part in parts]
        logits = self.decoder.share(torch.cat(read))
        for row, partial in enumerate(partials, start=first):
            self.take_over(row, partial)
        self.draw_numbers(np.arange(rows.start, rows.stop))
        self.take(logits, rows)
        self.retire()

    def take_over(self, row: int, partial: Rollout) -> None:
        """Note what was drawn of a response before it came here."""
        request, drawn = partial.request, len(partial.response_tokens)
        self.keys[row] = word_of(request.problem.id), request.sample, request.draw
        self.tokens[row, :drawn], self.log_probs[row, :drawn] = partial.response_tokens, partial.log_probs
        self.prompt_lengths[row], self.lengths[row] = len(request.prompt_tokens), drawn
        self.limits[row] = request.forced_length or self.sampling.max_response_tokens
        self.forced[row] = request.forced_length > 0

    def read_texts(self, text_of_row: Sequence[tuple[int, ...]], first: int) -> Tensor:
        """Read each different text once, into the slots from ``first`` on, and copy it to the rows that go on with it.

        Returns:
            The logits after each row's text.
        """
        texts = list(dict.fromkeys(text_of_row))
        places = {text: place for place, text in enumerate(texts)}
        places_of_rows = torch.tensor([places[text] for text in text_of_row], dtype=torch.int64, device=self.mesh.device)
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        width = max((len(text) for text in texts), default=1)
        padded = np.zeros((len(texts), width), dtype=np.int64)
        for place, text in enumerate(texts):
            padded[place, : len(text)] = text
        tokens, last = self.on_device(padded), self.on_device(lengths - 1)
        positions = torch.arange(width, device=self.mesh.device).expand_as(tokens)
        share = self.decoder.step(tokens, positions, width, first, last)
        if len(texts) < len(text_of_row):
            self.decoder.repeat(first, places_of_rows)
        return all_gather(share, self.mesh.sequence)[places_of_rows]

    def advance(self) -> None:
        """Read the newest token of every active response and draw the next one."""
        count = len(self.active)
        newest = self.lengths[:count] - 1
        tokens, positions = self.tokens[np.arange(count), newest], self.prompt_lengths[:count] + newest
        columns = self.on_device(tokens[:, None]), self.on_device(positions[:, None])
        self.draw_numbers(np.flatnonzero((newest + 1) % BLOCK == 0))
        self.take(self.decoder.step(*columns, int(positions.max(initial=0)) + 1, 0, None), slice(0, count))
        self.retire()

    def on_device(self, array: IntArray | Array) -> Tensor:
        """An array of the host where the model computes."""
        return torch.from_numpy(array).to(self.mesh.device)

    def take(self, logits: Tensor, rows: slice) -> None:
        """Draw the next token of some rows; each rank of ``sequence`` draws for its share and tells the others."""
        count = rows.stop - rows.start
        if not count:
            return
        log_p = log_distribution(logits, self.sampling.temperature, self.sampling.top_p)
        slots, lengths = np.arange(rows.start, rows.stop), self.lengths[rows]
        chosen = draw(log_p, self.decoder.share(self.on_device(self.numbers[slots, lengths % BLOCK])))
        drawn = torch.stack([chosen.double(), log_p.gather(1, chosen[:, None]).squeeze(1).double()], 1)
        told = all_gather(drawn, self.mesh.sequence)[:count].T.cpu().numpy()
        self.tokens[slots, lengths], self.log_probs[slots, lengths] = told
        self.lengths[rows] += 1

    def retire(self) -> None:
        """Write down ended responses."""
        count = len(self.active)
        lengths = self.lengths[:count]
        ends = (self.tokens[np.arange(count), lengths - 1] == END) & ~self.forced[:count]
        self.finished |= self.vacate(ends | (lengths == self.limits[:count]))

    def vacate(self, leaving: BoolArray) -> dict[int, Drawn]:
        """Empty slots and close the gaps, so that the active ones stay the first; what was drawn of those that leave."""
        gone = np.flatnonzero(leaving)
        if not len(gone):
            return {}
        told: dict[int, Drawn] = {}
        for slot, length in zip(gone.tolist(), self.lengths[gone].tolist(), strict=True):
            told[self.active[slot]] = self.tokens[slot, :length].tolist(), self.log_probs[slot, :length].tolist()
            del self.partials[self.active[slot]]
        left = len(self.active) - len(gone)
        targets = gone[gone < left]
        sources = np.flatnonzero(~leaving[left:]) + left
        for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
            self.active[target] = self.active[source]
        del self.active[left:]
        if len(targets):
            self.move(sources, targets)
        return told

    def move(self, sources: IntArray, targets: IntArray) -> None:
        """Move everything about some slots to others."""
        where = self.prompt_lengths, self.lengths, self.limits, self.forced
        for kept in (self.tokens, self.log_probs, self.keys, self.numbers, *where):
            kept[targets] = kept[sources]
        self.decoder.copy(self.on_device(sources), self.on_device(targets))

    def draw_numbers(self, slots: IntArray) -> None:
        """The random numbers of the block of positions that some slots begin, or go on in."""
        if not len(slots):
            return
        counters = np.empty((len(slots), BLOCK, 4), dtype=np.int64)
        counters[:, :, :3] = self.keys[slots][:, None]
        counters[:, :, 3] = (self.lengths[slots] // BLOCK * BLOCK)[:, None] + np.arange(BLOCK)
        self.numbers[slots] = uniforms(self.seed, self.purpose, self.on_device(counters)).cpu().numpy()


def _text_length(partial: Rollout) -> int:
    """Tokens of the prompt and of what is drawn of the answer."""
    return len(partial.request.prompt_tokens) + len(partial.response_tokens)


def _rollout(before: Rollout, tokens: list[int], log_probs: list[float], version: int) -> Rollout:
    return Rollout(
        request=before.request,
        response_tokens=tuple(tokens),
        log_probs=tuple(log_probs),
        weight_versions=(*before.weight_versions, *(version,) * (len(tokens) - len(before.response_tokens))),
        finish=Finish.EOS if tokens and tokens[-1] == END else Finish.LENGTH,
    )

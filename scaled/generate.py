"""Sampling by continuous batching: a slot whose response has ended takes the next request at once.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U,   U = Philox(run seed, purpose; problem, sample, draw, position)

A token's number U belongs to the request and its position, so neither slots nor ranks nor neighbours change what is
sampled. Requests are dealt out over data ranks; where experts span data ranks, all of them take every step together.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from reference.random import word_of
from reference.tokenizer import END
from scaled.collectives import all_gather, gather_objects, max_over
from scaled.decode import Decoder
from scaled.mesh import Mesh
from scaled.random import uniforms
from scaled.watchdog import moves
from spec.config import ModelConfig
from spec.types import Array, Finish, IntArray, Request, Rollout, Sampling

Drawn = tuple[list[int], list[float]]
"""Tokens and behaviour log-probabilities of one response."""


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
        slots: Responses decoded side by side per data rank, 0 = all at once.

    Returns:
        Rollouts in the order of the requests, on every rank.
    """
    dealt = list(range(mesh.data.rank, len(requests), mesh.data.size))
    mine = [requests[index] for index in dealt]
    batch = _ContinuousBatch(weights, model, mesh, mine, sampling, seed, purpose, slots)
    while batch.together(bool(batch.waiting or batch.active)):
        if batch.together(batch.can_admit()):
            batch.admit()
        batch.advance()
        moves()
    drawn: dict[int, Drawn] = {}
    for part in gather_objects({dealt[number]: answer for number, answer in batch.finished.items()}, mesh.data):
        drawn |= part
    return [_rollout(request, *drawn[index], version) for index, request in enumerate(requests)]


class _ContinuousBatch:
    """Requests on their way through the slots: waiting, active (the first so many slots), finished.

    The books are kept on the host, which looks at every token anyway; the device holds keys and values only.

    Attributes:
        tokens, log_probs: What was drawn so far [slots, limit].
        numbers: Random numbers of all positions [slots, limit].
        lengths, prompt_lengths: Tokens drawn, tokens of the prompt [slots].
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        model: ModelConfig,
        mesh: Mesh,
        requests: Sequence[Request],
        sampling: Sampling,
        seed: int,
        purpose: str,
        slots: int,
    ) -> None:
        self.mesh, self.requests, self.sampling, self.seed, self.purpose = mesh, requests, sampling, seed, purpose
        self.waiting = list(range(len(requests)))[::-1]
        self.active: list[int] = []
        self.finished: dict[int, Drawn] = {}
        self.slots = min(slots, len(requests)) if slots else len(requests)
        limit = sampling.max_response_tokens
        longest = max((len(request.prompt_tokens) for request in requests), default=0)
        self.decoder = Decoder(weights, model, mesh, self.slots, longest + limit)
        self.tokens = np.zeros((self.slots, limit), dtype=np.int64)
        self.log_probs, self.numbers = np.zeros((self.slots, limit)), np.zeros((self.slots, limit))
        self.lengths = np.zeros(self.slots, dtype=np.int64)
        self.prompt_lengths = np.zeros(self.slots, dtype=np.int64)

    def together(self, wish: bool) -> bool:
        """Whether to go on: this rank's wish, or anybody's where experts make all ranks step together."""
        if self.mesh.expert.size == 1:
            return wish
        return bool(max_over(torch.tensor(int(wish), device=self.mesh.device), self.mesh.world))

    def can_admit(self) -> bool:
        """Whether a request waits and a slot is free."""
        return bool(self.waiting) and len(self.active) < self.slots

    def admit(self) -> None:
        """Fill the free slots with waiting requests: read each different prompt once and draw the first tokens."""
        first = len(self.active)
        entering = [self.waiting.pop() for _ in range(min(self.slots - first, len(self.waiting)))]
        self.active += entering
        rows = slice(first, len(self.active))
        requests = [self.requests[number] for number in entering]
        different = dict.fromkeys(request.prompt_tokens for request in requests)
        prompts = {tokens: place for place, tokens in enumerate(different)}
        prompt_of_row = torch.tensor([prompts[request.prompt_tokens] for request in requests], dtype=torch.int64)
        logits, lengths = self.read_prompts(list(prompts), first, prompt_of_row.to(self.mesh.device))
        self.prompt_lengths[rows], self.lengths[rows] = lengths[prompt_of_row.numpy()], 0
        self.numbers[rows] = self.uniforms_of(requests)
        self.take(logits, rows)
        self.retire()

    def read_prompts(self, prompts: Sequence[tuple[int, ...]], first: int, prompt_of_row: Tensor) -> tuple[Tensor, IntArray]:
        """Read different prompts into the slots from ``first`` on and copy each to the rows that answer it.

        Returns:
            This rank's share of the logits after each row's prompt, and the length of each prompt.
        """
        lengths = np.array([len(prompt) for prompt in prompts], dtype=np.int64)
        width = max((len(prompt) for prompt in prompts), default=1)
        padded = np.zeros((len(prompts), width), dtype=np.int64)
        for place, prompt in enumerate(prompts):
            padded[place, : len(prompt)] = prompt
        tokens, last = self.on_device(padded), self.on_device(lengths - 1)
        positions = torch.arange(width, device=self.mesh.device).expand_as(tokens)
        share = self.decoder.step(tokens, positions, width, first, last)
        self.decoder.copy(first + prompt_of_row, first + torch.arange(len(prompt_of_row), device=self.mesh.device), width)
        logits = all_gather(share, self.mesh.sequence)[prompt_of_row]
        return self.decoder.share(logits), lengths

    def advance(self) -> None:
        """Read the newest token of every active response and draw the next one."""
        count = len(self.active)
        newest = self.lengths[:count] - 1
        tokens, positions = self.tokens[np.arange(count), newest], self.prompt_lengths[:count] + newest
        columns = self.on_device(tokens[:, None]), self.on_device(positions[:, None])
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
        places = np.arange(rows.start, rows.stop), self.lengths[rows]
        chosen = draw(log_p, self.decoder.share(self.on_device(self.numbers[places])))
        drawn = torch.stack([chosen.double(), log_p.gather(1, chosen[:, None]).squeeze(1).double()], 1)
        self.tokens[places], self.log_probs[places] = all_gather(drawn, self.mesh.sequence)[:count].T.cpu().numpy()
        self.lengths[rows] += 1

    def retire(self) -> None:
        """Write down ended responses and close the gaps, so that the active ones stay the first so many slots."""
        count = len(self.active)
        lengths = self.lengths[:count]
        ended = (self.tokens[np.arange(count), lengths - 1] == END) | (lengths == self.sampling.max_response_tokens)
        gone = np.flatnonzero(ended)
        if not len(gone):
            return
        drawn = zip(lengths[gone].tolist(), self.tokens[gone].tolist(), self.log_probs[gone].tolist(), strict=True)
        for slot, (length, tokens, log_probs) in zip(gone.tolist(), drawn, strict=True):
            self.finished[self.active[slot]] = tokens[:length], log_probs[:length]
        left = count - len(gone)
        targets = gone[gone < left]
        sources = np.flatnonzero(~ended[left:]) + left
        for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
            self.active[target] = self.active[source]
        del self.active[left:]
        if len(targets):
            self.move(sources, targets)

    def move(self, sources: IntArray, targets: IntArray) -> None:
        """Move everything about some slots to others."""
        for kept in (self.tokens, self.log_probs, self.numbers, self.lengths, self.prompt_lengths):
            kept[targets] = kept[sources]
        count = len(self.active)
        longest = int((self.prompt_lengths[:count] + self.lengths[:count]).max())
        self.decoder.copy(self.on_device(sources), self.on_device(targets), longest)

    def uniforms_of(self, requests: Sequence[Request]) -> Array:
        """The random numbers of all positions of some requests [rows, limit]."""
        limit = self.sampling.max_response_tokens
        keys = [[word_of(request.problem.id), request.sample, request.draw, 0] for request in requests]
        counters = torch.tensor(keys, dtype=torch.int64, device=self.mesh.device).reshape(-1, 1, 4).repeat(1, limit, 1)
        counters[:, :, 3] = torch.arange(limit, device=self.mesh.device)
        return uniforms(self.seed, self.purpose, counters).cpu().numpy()


def _rollout(request: Request, tokens: list[int], log_probs: list[float], version: int) -> Rollout:
    return Rollout(
        request=request,
        response_tokens=tuple(tokens),
        log_probs=tuple(log_probs),
        weight_versions=(version,) * len(tokens),
        finish=Finish.EOS if tokens[-1] == END else Finish.LENGTH,
    )

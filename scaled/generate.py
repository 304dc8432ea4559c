"""Sampling by continuous batching: a slot whose response has ended takes the next request at once.

    log p = log softmax(logits / temperature), restricted to the nucleus and renormalised
    token = smallest v with  sum_{u <= v} p_u > U,   U = Philox(run seed, purpose; problem, sample, draw, position)

A token's number U belongs to the request and its position, so neither slots nor ranks nor neighbours change what is
sampled. Requests are dealt out over data ranks; where experts span data ranks, all of them take every step together.
"""

from collections.abc import Mapping, Sequence

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
from spec.types import Finish, Request, Rollout, Sampling

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


@torch.no_grad()
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
    """Requests on their way through the slots: waiting, active (the first so many slots), finished."""

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
        device = mesh.device
        self.tokens = torch.zeros(self.slots, limit, dtype=torch.int64, device=device)
        self.log_probs = torch.zeros(self.slots, limit, dtype=torch.float64, device=device)
        self.numbers = torch.zeros(self.slots, limit, dtype=torch.float64, device=device)
        self.prompt_lengths = torch.zeros(self.slots, dtype=torch.int64, device=device)
        self.lengths = torch.zeros(self.slots, dtype=torch.int64, device=device)

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
        self.numbers[rows] = self.uniforms_of(requests)
        self.prompt_lengths[rows], self.lengths[rows] = lengths, 0
        self.take(logits, rows)
        self.retire()

    def read_prompts(self, prompts: Sequence[tuple[int, ...]], first: int, prompt_of_row: Tensor) -> tuple[Tensor, Tensor]:
        """Read different prompts into the slots from ``first`` on and copy each to the rows that answer it.

        Returns:
            This rank's share of the logits after each row's prompt, and the length of each row's prompt.
        """
        width = max((len(prompt) for prompt in prompts), default=1)
        lengths = torch.tensor([len(prompt) for prompt in prompts], dtype=torch.int64).to(self.mesh.device)
        tokens = torch.zeros(len(prompts), width, dtype=torch.int64)
        for row, prompt in enumerate(prompts):
            tokens[row, : len(prompt)] = torch.tensor(prompt)
        tokens = tokens.to(self.mesh.device)
        share = self.decoder.step(tokens, torch.arange(width, device=tokens.device).expand_as(tokens), first, lengths - 1)
        self.decoder.copy(first + prompt_of_row, first + torch.arange(len(prompt_of_row), device=tokens.device))
        logits = all_gather(share, self.mesh.sequence)[prompt_of_row]
        return self.decoder.share(logits), lengths[prompt_of_row]

    def advance(self) -> None:
        """Read the newest token of every active response and draw the next one."""
        rows = slice(0, len(self.active))
        newest = (self.lengths[rows] - 1)[:, None]
        tokens = self.tokens[rows].gather(1, newest)
        positions = self.prompt_lengths[rows][:, None] + newest
        logits = self.decoder.step(tokens, positions, 0, torch.zeros_like(newest[:, 0]))
        self.take(logits, rows)
        self.retire()

    def take(self, logits: Tensor, rows: slice) -> None:
        """Draw the next token of some rows; each rank of ``sequence`` draws for its share and tells the others."""
        count = rows.stop - rows.start
        log_p = log_distribution(logits, self.sampling.temperature, self.sampling.top_p)
        place = self.lengths[rows]
        numbers = self.decoder.share(self.numbers[rows].gather(1, place[:, None]).squeeze(1))
        chosen = draw(log_p, numbers) if count else logits.new_zeros(0, dtype=torch.int64)
        drawn = torch.stack([chosen.double(), log_p.gather(1, chosen[:, None]).squeeze(1).double()], 1)
        drawn = all_gather(drawn, self.mesh.sequence)[:count] if count else drawn
        self.tokens[rows].scatter_(1, place[:, None], drawn[:, :1].long())
        self.log_probs[rows].scatter_(1, place[:, None], drawn[:, 1:])
        self.lengths[rows] += 1

    def retire(self) -> None:
        """Write down ended responses and close the gaps, so that the active ones stay the first so many slots."""
        count = len(self.active)
        newest = self.tokens[:count].gather(1, (self.lengths[:count] - 1)[:, None]).squeeze(1)
        ended = ((newest == END) | (self.lengths[:count] == self.sampling.max_response_tokens)).tolist()
        if not any(ended):
            return
        gone = [slot for slot in range(count) if ended[slot]]
        for slot, length in zip(gone, self.lengths[gone].tolist(), strict=True):
            answer = self.tokens[slot, :length].tolist(), self.log_probs[slot, :length].tolist()
            self.finished[self.active[slot]] = answer
        left = count - len(gone)
        targets = [slot for slot in gone if slot < left]
        sources = [slot for slot in range(left, count) if not ended[slot]]
        for source, target in zip(sources, targets, strict=True):
            self.active[target] = self.active[source]
        del self.active[left:]
        if targets:
            self.move(torch.tensor(sources, device=self.mesh.device), torch.tensor(targets, device=self.mesh.device))

    def move(self, sources: Tensor, targets: Tensor) -> None:
        """Move everything about some slots to others."""
        self.decoder.copy(sources, targets)
        for array in (self.tokens, self.log_probs, self.numbers, self.prompt_lengths, self.lengths):
            array[targets] = array[sources]

    def uniforms_of(self, requests: Sequence[Request]) -> Tensor:
        """The random numbers of all positions of some requests [rows, limit]."""
        limit = self.sampling.max_response_tokens
        keys = [[word_of(request.problem.id), request.sample, request.draw, 0] for request in requests]
        counters = torch.tensor(keys, dtype=torch.int64, device=self.mesh.device).reshape(-1, 1, 4).repeat(1, limit, 1)
        counters[:, :, 3] = torch.arange(limit, device=self.mesh.device)
        return uniforms(self.seed, self.purpose, counters)


def _rollout(request: Request, tokens: list[int], log_probs: list[float], version: int) -> Rollout:
    return Rollout(
        request=request,
        response_tokens=tuple(tokens),
        log_probs=tuple(log_probs),
        weight_versions=(version,) * len(tokens),
        finish=Finish.EOS if tokens[-1] == END else Finish.LENGTH,
    )

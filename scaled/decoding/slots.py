"""Slots of a data rank: which response is in which slot, and which decoder row holds its text.

    slot   a response: its request, the tokens drawn, its next random numbers
    row    a row of the decoder: a text, read once for all responses that are this text so far

Responses to one prompt that drew the same tokens have the same keys, values and logits, so they
share a row until their tokens differ. Active responses are in the first slots, ordered by row;
used rows are the first rows of the decoder. All of this is on the host, which sees every token
anyway.
"""

from collections.abc import Sequence

import numpy as np

from seed.spec.datatypes import Array, BoolArray, IntArray, Rollout
from seed.spec.philox import uniforms, word_of
from seed.spec.sampler import SamplerSpec

BLOCK = 16
"""Steps whose random numbers are drawn at once. Short responses need few numbers, and one call for
few costs as much as one call for many.
"""

Drawn = tuple[list[int], list[float]]
"""Tokens and behaviour log-probabilities of one response, including those it was added with."""


class Slots:
    """State of the active responses.

    Attributes:
        active: Id of the response in each used slot.
        rows: Rows of the decoder in use.
        row: Row that each response reads [slots].
        tokens, log_probs: What was drawn so far [slots, limit].
        newest: The token drawn last [slots].
        keys: What keys the random numbers of a response: problem, sample, draw [slots, 3].
        uniforms: Random numbers in [0, 1); a column for each step of the block [slots, BLOCK].
        column: That of the current step.
        lengths, prompt_lengths, limits: Tokens drawn, tokens of the prompt, most tokens to draw
            [slots].
        forced: Whether the response goes on after an end of sequence [slots].
        per_slot: All arrays that move when a response moves to another slot; ``row`` is set anew.
    """

    def __init__(self, slots: int, spec: SamplerSpec) -> None:
        """Empty slots.

        Args:
            slots: Their number.
            spec: Most tokens of a response, and what keys the random numbers.
        """
        self.slots, self.limit, self.spec = slots, spec.sampling.max_response_tokens, spec
        self.active: list[int] = []
        self.rows = self.column = 0
        self.tokens = np.zeros((slots, self.limit), dtype=np.int64)
        self.log_probs = np.zeros((slots, self.limit))
        self.keys, self.uniforms = np.zeros((slots, 3), dtype=np.int64), np.zeros((slots, BLOCK))
        self.row, *counts = (np.zeros(slots, dtype=np.int64) for _ in range(5))
        self.newest, self.lengths, self.prompt_lengths, self.limits = counts
        self.forced = np.zeros(slots, dtype=bool)
        drawn = (self.tokens, self.log_probs, self.keys, self.uniforms)
        self.per_slot = (*drawn, *counts, self.forced)

    @property
    def free(self) -> int:
        """Slots without a response."""
        return self.slots - len(self.active)

    def add(self, ids: Sequence[int], partials: Sequence[Rollout], rows: Sequence[int]) -> None:
        """Put responses into free slots, for the current step.

        Args:
            ids: Of the responses.
            partials: Their requests, and the tokens they already have.
            rows: Row that each reads, ascending, counted from the first row that is not in use.
        """
        requests = [partial.request for partial in partials]
        new = slice(len(self.active), len(self.active) + len(ids))
        self.active += ids
        words = {name: word_of(name) for name in {request.problem.id for request in requests}}
        self.keys[new] = [
            (words[request.problem.id], request.sample, request.draw) for request in requests
        ]
        self.prompt_lengths[new] = [len(request.prompt_tokens) for request in requests]
        self.limits[new] = [request.forced_length or self.limit for request in requests]
        self.forced[new] = [request.forced_length > 0 for request in requests]
        self.lengths[new] = [len(partial.response_tokens) for partial in partials]
        for slot, partial in enumerate(partials, start=new.start):
            if drawn := len(partial.response_tokens):
                self.tokens[slot, :drawn] = partial.response_tokens
                self.log_probs[slot, :drawn] = partial.log_probs
        self.draw_uniforms(new)
        self.row[new] = self.rows + np.asarray(rows)
        self.rows += rows[-1] + 1

    def begin_step(self) -> tuple[IntArray, IntArray]:
        """The newest token of every row, and its position [rows]."""
        active = slice(0, len(self.active))
        self.column = (self.column + 1) % BLOCK
        if self.column == 0:
            self.draw_uniforms(active)
        row, tokens = self.row[active], self.newest[active]
        positions = self.prompt_lengths[active] + self.lengths[active] - 1
        if len(row) == self.rows:  # one response a row, in their order
            return tokens, positions
        of_rows = np.empty((2, self.rows), dtype=np.int64)
        of_rows[:, row] = tokens, positions
        return of_rows[0], of_rows[1]

    def draw_uniforms(self, slots: slice) -> None:
        """Draw the random numbers of some responses from this step to the end of the block."""
        steps = BLOCK - self.column
        counters = np.empty((slots.stop - slots.start, steps, 4), dtype=np.int64)
        counters[:, :, :3] = self.keys[slots][:, None]
        counters[:, :, 3] = self.lengths[slots][:, None] + np.arange(steps)
        drawn = uniforms(self.spec.seed, self.spec.purpose, counters)
        self.uniforms[slots, self.column :] = drawn

    def step_uniforms(self) -> Array:
        """The random number of each active response in this step, in [0, 1)."""
        return self.uniforms[: len(self.active), self.column]

    def record(self, tokens: Array, log_probs: Array) -> None:
        """Store the token that each active response drew, and its log-probability."""
        active = slice(0, len(self.active))
        places = np.arange(active.stop) * self.limit + self.lengths[active]
        np.put(self.tokens, places, tokens)
        np.put(self.log_probs, places, log_probs)
        self.newest[active] = tokens
        self.lengths[active] += 1

    def release(self, leaving: BoolArray) -> tuple[dict[int, Drawn], IntArray, IntArray]:
        """Remove responses, close the gaps, and split rows whose responses drew different tokens.

        Args:
            leaving: Whether each active response leaves.

        Returns:
            What was drawn of those that leave, by id; rows of the decoder to copy, and where to.
        """
        drawn = {self.active[slot]: self.drawn(slot) for slot in np.flatnonzero(leaving).tolist()}
        if self.rows == len(self.active):
            return drawn, *self.close_gaps(leaving)
        return drawn, *self.regroup(np.flatnonzero(~leaving))

    def close_gaps(self, leaving: BoolArray) -> tuple[IntArray, IntArray]:
        """Where every response has its own row: move the last ones into the gaps; rows from, to."""
        self.rows -= int(leaving.sum())
        targets = np.flatnonzero(leaving[: self.rows])
        sources = self.rows + np.flatnonzero(~leaving[self.rows :])
        for array in self.per_slot if len(targets) else ():
            array[targets] = array[sources]
        for target, source in zip(targets.tolist(), sources.tolist(), strict=True):
            self.active[target] = self.active[source]
        del self.active[self.rows :]
        return sources, targets

    def regroup(self, staying: IntArray) -> tuple[IntArray, IntArray]:
        """Give each different text of the responses that stay one row; rows from, to.

        Args:
            staying: Slots of the responses that stay, ascending.
        """
        # A text is the row it was read from and the token drawn now; one integer holds both.
        key = (self.row[staying] << 32) + self.newest[staying]
        texts, text_of_slot = np.unique(key, return_inverse=True)
        sources = texts >> 32
        # Texts are sorted by row. The first text of a row keeps that row, unless the row is beyond
        # those that will be in use; every other text is copied to a row that nobody keeps.
        is_first = np.diff(sources, prepend=-1) > 0
        keeps = is_first & (sources < len(texts))
        free = np.setdiff1d(np.arange(len(texts)), sources[keeps], assume_unique=True)
        row_of_text = sources.copy()
        row_of_text[~keeps] = free
        # Slots are ordered by row again, so that one response a row means equal indices.
        order = np.argsort(row_of_text[text_of_slot], kind="stable")
        kept, self.rows = staying[order], len(texts)
        for array in self.per_slot:
            array[: len(kept)] = array[kept]
        self.row[: len(kept)] = row_of_text[text_of_slot][order]
        self.active = [self.active[slot] for slot in kept.tolist()]
        return sources[~keeps], free

    def drawn(self, slot: int) -> Drawn:
        """Everything drawn of a response."""
        length = self.lengths[slot]
        return self.tokens[slot, :length].tolist(), self.log_probs[slot, :length].tolist()

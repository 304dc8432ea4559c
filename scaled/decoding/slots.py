"""RolloutState of the responses under way on a data rank: who is in which slot, and which text the decoder
reads for whom.

    slot   a response: what is asked, what was drawn, its next random numbers
    row    of the decoder: a text, read once for all responses that are this text so far

Responses to one prompt that drew the same tokens have the same keys, values and logits, so they
share a row until their tokens differ. Active responses are in the first slots, in the order of
their rows; used rows are the first of the decoder. The rollout_state are kept on the host, which looks at
every token anyway.
"""

from collections.abc import Sequence

import numpy as np

from seed.spec.datatypes import Array, BoolArray, IntArray, Rollout
from seed.spec.philox import uniforms, word_of

BLOCK = 16
"""Steps whose random numbers are drawn at once: short responses need few, and few cost as much as
many.
"""

Drawn = tuple[list[int], list[float]]
"""Tokens and behaviour log-probabilities of one response, those of an earlier version at its
beginning included.
"""


class Slots:
    """The rollout_state.

    Attributes:
        active: Number of the response in each used slot.
        rows: Rows of the decoder in use.
        row: Row that each response reads [slots].
        tokens, log_probs: What was drawn so far [slots, limit].
        newest: The token drawn last [slots].
        keys: What the random numbers of a response belong to: problem, sample, draw [slots, 3].
        numbers: Random numbers of tokens [slots, BLOCK], those of one step in one column.
        column: That of the step under way.
        lengths, prompt_lengths, limits: Tokens drawn, tokens of the prompt, tokens to draw at most
            [slots].
        forced: Whether the end of sequence is no end [slots].
        rollout_state: All that moves when a response moves; its row does not.
    """

    def __init__(self, slots: int, limit: int, seed: int, purpose: str) -> None:
        """Empty slots.

        Args:
            slots: How many.
            limit: Most tokens of a response.
            seed: Run seed.
            purpose: Name of the random stream.
        """
        self.slots, self.limit, self.seed, self.purpose = slots, limit, seed, purpose
        self.active: list[int] = []
        self.rows = self.column = 0
        self.tokens, self.log_probs = (
            np.zeros((slots, limit), dtype=np.int64),
            np.zeros((slots, limit)),
        )
        self.keys, self.numbers = np.zeros((slots, 3), dtype=np.int64), np.zeros((slots, BLOCK))
        self.row, *counts = (np.zeros(slots, dtype=np.int64) for _ in range(5))
        self.newest, self.lengths, self.prompt_lengths, self.limits = counts
        self.forced = np.zeros(slots, dtype=bool)
        self.rollout_state = (
            self.tokens,
            self.log_probs,
            self.keys,
            self.numbers,
            *counts,
            self.forced,
        )

    @property
    def free(self) -> int:
        """Slots without a response."""
        return self.slots - len(self.active)

    def enter(
        self, numbers: Sequence[int], partials: Sequence[Rollout], rows: Sequence[int]
    ) -> None:
        """Take over what is asked, and what was drawn of responses before they came here; they join
        the step under way.

        Args:
            numbers: Of the responses.
            partials: What they are so far.
            rows: Row that each is read from, ascending, counted from the first that is not in use.
        """
        asked = [partial.request for partial in partials]
        new = slice(len(self.active), len(self.active) + len(numbers))
        self.active += numbers
        words = {name: word_of(name) for name in {request.problem.id for request in asked}}
        self.keys[new] = [
            (words[request.problem.id], request.sample, request.draw) for request in asked
        ]
        self.prompt_lengths[new] = [len(request.prompt_tokens) for request in asked]
        self.limits[new] = [request.forced_length or self.limit for request in asked]
        self.forced[new] = [request.forced_length > 0 for request in asked]
        self.lengths[new] = [len(partial.response_tokens) for partial in partials]
        for slot, partial in enumerate(partials, start=new.start):
            if drawn := len(partial.response_tokens):
                self.tokens[slot, :drawn], self.log_probs[slot, :drawn] = (
                    partial.response_tokens,
                    partial.log_probs,
                )
        self.draw_numbers(new)
        self.row[new] = self.rows + np.asarray(rows)
        self.rows += rows[-1] + 1

    def begin_step(self) -> tuple[IntArray, IntArray]:
        """The newest token of every row, and its position [rows]."""
        active = slice(0, len(self.active))
        self.column = (self.column + 1) % BLOCK
        if self.column == 0:
            self.draw_numbers(active)
        read, tokens, positions = (
            self.row[active],
            self.newest[active],
            self.prompt_lengths[active] + self.lengths[active] - 1,
        )
        if len(read) == self.rows:  # one response a row, in their order
            return tokens, positions
        of_rows = np.empty((2, self.rows), dtype=np.int64)
        of_rows[:, read] = tokens, positions
        return of_rows[0], of_rows[1]

    def draw_numbers(self, slots: slice) -> None:
        """The random numbers of some responses from this step to the end of the block."""
        left = BLOCK - self.column
        counters = np.empty((slots.stop - slots.start, left, 4), dtype=np.int64)
        counters[:, :, :3] = self.keys[slots][:, None]
        counters[:, :, 3] = self.lengths[slots][:, None] + np.arange(left)
        self.numbers[slots, self.column :] = uniforms(self.seed, self.purpose, counters)

    def numbers_of_step(self) -> Array:
        """The random numbers in [0, 1) that the active responses draw their tokens of this step
        with.
        """
        return self.numbers[: len(self.active), self.column]

    def note(self, tokens: Array, log_probs: Array) -> None:
        """Write down the token that each active response drew, and its log-probability."""
        active = slice(0, len(self.active))
        places = np.arange(active.stop) * self.limit + self.lengths[active]
        np.put(self.tokens, places, tokens)
        np.put(self.log_probs, places, log_probs)
        self.newest[active] = tokens
        self.lengths[active] += 1

    def settle(self, leaving: BoolArray) -> tuple[dict[int, Drawn], IntArray, IntArray]:
        """Let responses leave, close the gaps, and give responses that drew different tokens rows
        of their own.

        Args:
            leaving: Whether each active response leaves.

        Returns:
            What was drawn of those that leave, by number; then the rows of the decoder to copy, and
            where to.
        """
        told = {self.active[slot]: self.drawn(slot) for slot in np.flatnonzero(leaving).tolist()}
        if self.rows == len(self.active):
            return told, *self.close_gaps(leaving)
        return told, *self.regroup(np.flatnonzero(~leaving))

    def close_gaps(self, leaving: BoolArray) -> tuple[IntArray, IntArray]:
        """Where every response has its row: the last ones that stay take the places of those that
        leave; rows from and to.
        """
        self.rows -= int(leaving.sum())
        targets = np.flatnonzero(leaving[: self.rows])
        sources = self.rows + np.flatnonzero(~leaving[self.rows :])
        for book in self.rollout_state if len(targets) else ():
            book[targets] = book[sources]
        for target, source in zip(targets.tolist(), sources.tolist(), strict=True):
            self.active[target] = self.active[source]
        del self.active[self.rows :]
        return sources, targets

    def regroup(self, staying: IntArray) -> tuple[IntArray, IntArray]:
        """Give each different text of the responses that stay one row; rows from and to."""
        texts, of_slot = np.unique(
            (self.row[staying] << 32) + self.newest[staying], return_inverse=True
        )
        sources = texts >> 32
        stays = (np.diff(sources, prepend=-1) > 0) & (
            sources < len(texts)
        )  # one text goes on where it is
        rows, free = (
            sources.copy(),
            np.setdiff1d(np.arange(len(texts)), sources[stays], assume_unique=True),
        )
        rows[~stays] = free
        order = np.argsort(rows[of_slot], kind="stable")
        kept, self.rows = staying[order], len(texts)
        for book in self.rollout_state:
            book[: len(kept)] = book[kept]
        self.row[: len(kept)] = rows[of_slot][order]
        self.active = [self.active[slot] for slot in kept.tolist()]
        return sources[~stays], free

    def drawn(self, slot: int) -> Drawn:
        """Everything drawn of a response."""
        length = self.lengths[slot]
        return self.tokens[slot, :length].tolist(), self.log_probs[slot, :length].tolist()

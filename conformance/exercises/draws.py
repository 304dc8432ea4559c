"""Random inputs that are small first and made of short numbers, so that a failing one can be read.

A property draws what it needs from a ``Draw``. ``draws`` yields them by size, and the first one
that fails is the counter-example to show. Equal sizes and numbers give equal inputs everywhere.
"""

from collections.abc import Iterator

import numpy as np

from seed.spec.datatypes import Array, BoolArray, IntArray

LARGEST, PER_SIZE = 8, 4
"""Sizes 1 to 8, four inputs of each: mistakes show at a few tokens, and a check takes a second."""

STEP = 0.25
"""Numbers are multiples of it: they print short, and their sums are exact."""

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


class Draw:
    """Inputs of one size.

    Attributes:
        size: About how many tokens, responses or experts.
        random: Where whatever else is needed comes from.
    """

    def __init__(self, size: int, number: int) -> None:
        self.size = size
        self.random = np.random.default_rng((size, number))

    def numbers(self, *shape: int) -> Array:
        """Multiples of a quarter between -2 and 2."""
        return STEP * self.random.integers(-8, 9, shape)

    def share(self) -> float:
        """A lambda, a discount, or another number in [0, 1]."""
        return float(self.random.choice(SHARES))

    def response(self) -> tuple[Array, Array, BoolArray]:
        """Rewards, values and response tokens [1, size] of one response without gaps."""
        rewards, values = self.numbers(2, 1, self.size)
        return rewards, values, np.ones((1, self.size), dtype=bool)

    def rows_with_gaps(self) -> tuple[Array, Array, BoolArray]:
        """Rewards, values and response tokens [2, size + 1]; the tokens stand anywhere."""
        shape = (2, self.size + 1)
        response = self.random.random(shape) < 0.6
        response[:, self.random.integers(self.size + 1)] = True
        rewards, values = self.numbers(2, *shape)
        return rewards, values, response

    def groups(self, members: int) -> IntArray:
        """Numbers of the prompts of so many responses, in any order; up to three prompts."""
        return self.random.integers(0, 3, members)

    def log_probs(self, *shape: int) -> Array:
        """Log-probabilities of tokens, all below 0."""
        return -STEP * self.random.integers(1, 13, shape)


def draws() -> Iterator[Draw]:
    """All draws of a check, the smallest first."""
    for size in range(1, LARGEST + 1):
        for number in range(PER_SIZE):
            yield Draw(size, number)

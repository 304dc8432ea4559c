"""Which data set each place of the training stream takes, in exact proportions.

Formula: places come in periods; a period of ``sum(w)`` places takes data set ``d`` exactly ``w_d``
times, as evenly as smooth weighted round robin spreads them.
Source: definition; the order is that of nginx's upstream balancing.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seed.spec.datatypes import Problem
from seed.spec.philox import generator

LARGEST_PERIOD = 10_000
"""Weights that need a longer period are rounded to it; each data set keeps at least one place."""

LARGEST_DENOMINATOR = 10_000
Stream = Callable[[int], Problem]


class Mixture:
    """An endless stream that takes turns between streams: a pure function of the index."""

    def __init__(self, streams: Mapping[str, Stream], weights: Mapping[str, float]) -> None:
        """Lay out one period.

        Args:
            streams: Name -> a stream, read at 0, 1, 2, ... in turn.
            weights: Name -> share of the places relative to the others, > 0; 1 where not named.
        """
        self._streams = list(streams.values())
        self._places = period([weights.get(name, 1.0) for name in streams])
        counts = [0] * len(streams)
        self._earlier = []
        for stream in self._places:
            self._earlier.append(counts[stream])
            counts[stream] += 1
        self._counts = counts

    def __call__(self, index: int) -> Problem:
        """The problem at a place of the mixture."""
        turn, place = divmod(index, len(self._places))
        stream = self._places[place]
        return self._streams[stream](turn * self._counts[stream] + self._earlier[place])


def period(weights: Sequence[float]) -> list[int]:
    """Numbers of the streams over one period.

    Args:
        weights: Positive.

    Returns:
        Stream ``d`` stands there in proportion to its weight, exactly wherever
        ``LARGEST_PERIOD`` allows; in every beginning its count is less than one place off its
        share for two streams, and never far from it for more.
    """
    shares = _integers(weights)
    total, credit = sum(shares), [0] * len(shares)
    places = []
    for _ in range(total):
        credit = [have + share for have, share in zip(credit, shares, strict=True)]
        chosen = credit.index(max(credit))
        credit[chosen] -= total
        places.append(chosen)
    return places


def shuffled(seed: int, name: str, count: int, index: int) -> int:
    """The item at a place of a stream that visits ``count`` items once an epoch, each time anew.

    Formula: ``permutation(seed, name, index // count)[index % count]``.
    Source: definition.
    """
    epoch, place = divmod(index, count)
    return int(_permutation(seed, name, count, epoch)[place])


@lru_cache(8)
def _permutation(seed: int, name: str, count: int, epoch: int) -> NDArray[np.integer[Any]]:
    return generator(seed, "shuffle", name, epoch).permutation(count)


def _integers(weights: Sequence[float]) -> list[int]:
    """The smallest integers in proportion to the weights."""
    exact = [Fraction(str(w)).limit_denominator(LARGEST_DENOMINATOR) for w in weights]
    scale = lcm(*(fraction.denominator for fraction in exact))
    shares = [int(fraction * scale) for fraction in exact]
    divisor = gcd(*shares) or 1
    shares = [share // divisor for share in shares]
    if sum(shares) <= LARGEST_PERIOD and all(shares):
        return shares
    total = sum(weights)
    return [max(1, round(LARGEST_PERIOD * weight / total)) for weight in weights]

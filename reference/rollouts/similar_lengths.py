"""Texts that are attended together: one long prefix would pad all the others."""

from collections.abc import Sequence


def runs_of_similar(lengths: Sequence[int]) -> list[slice]:
    """Cut a falling list into runs in which nothing is shorter than half the longest, so that
    padding is less than half.

    Args:
        lengths: Lengths >= 1, the longest first.
    """
    cuts = [0]
    for place, length in enumerate(lengths):
        if 2 * length < lengths[cuts[-1]]:
            cuts.append(place)
    return [
        slice(start, stop)
        for start, stop in zip(cuts, [*cuts[1:], len(lengths)], strict=True)
        if start < stop
    ]

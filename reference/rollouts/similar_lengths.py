"""Grouping of sequences by length for padded attention: a long prefix would pad all the others."""

from collections.abc import Sequence


def runs_of_similar(lengths: Sequence[int]) -> list[slice]:
    """Cut a falling list into runs in which no length is below half the longest.

    So less than half of a padded run is padding.

    Args:
        lengths: Lengths >= 1, the longest first.
    """
    cuts = [0]
    for index, length in enumerate(lengths):
        if 2 * length < lengths[cuts[-1]]:
            cuts.append(index)
    return [
        slice(start, stop)
        for start, stop in zip(cuts, [*cuts[1:], len(lengths)], strict=True)
        if start < stop
    ]

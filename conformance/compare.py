"""The one comparison of the project: arrays, or named arrays, agree within a relative bound."""

from collections.abc import Mapping, Sequence

import numpy

from seed.spec.datatypes import Array

SMALLEST_SCALE = 1e-3
"""Share of the largest magnitude of all named arrays; no array has a smaller scale."""


class NotComparable(AssertionError):
    """Arrays have other names or shapes, no elements, or numbers that are not finite."""


class NamesDiffer(NotComparable):
    """Two sets of named arrays do not have the same names.

    Attributes:
        what: Name of the set.
        missing: Names that were expected and are not there.
        unexpected: Names that are there and were not expected.
    """

    def __init__(self, what: str, missing: Sequence[str], unexpected: Sequence[str]) -> None:
        super().__init__(f"{what}: missing names {missing}, unexpected names {unexpected}")
        self.what, self.missing, self.unexpected = what, missing, unexpected


def assert_close(actual: Array, expected: Array, relative: float, what: str) -> None:
    """Raise unless every element is within ``relative * max |expected|`` of what is expected.

    The scale is the whole array's, not the element's: where large terms cancel, rounding is
    relative to the terms.

    Args:
        actual: What was computed.
        expected: What it should be; same shape.
        relative: In [0, 1); from 1 on, zeros would agree with everything.
        what: Name of the quantity for the message.

    Raises:
        NotComparable: Other shape, no elements, or a number that is not finite.
        AssertionError: Too large an error.
        ValueError: A bound out of range.
    """
    _check_bound(relative)
    wanted, computed = _checked(actual, expected, what)
    _check_error(computed, wanted, relative * float(numpy.max(numpy.abs(wanted))), what)


def assert_all_close(
    actual: Mapping[str, Array],
    expected: Mapping[str, Array],
    relative: float,
    what: str,
    scale: float = 0.0,
) -> None:
    """Raise unless both have the same names and every array is close to its namesake.

    Each array is measured against its own largest magnitude, so a wrong gradient of a weight of
    little influence does not hide behind the large ones. But no scale is below ``SMALLEST_SCALE``
    of the largest of all: an exact 0 is computed as a sum of large terms that cancel, and keeps
    their rounding.

    Args:
        actual: What was computed.
        expected: What it should be.
        relative: In [0, 1), of the scale of each array.
        what: Name of the set of arrays for the message.
        scale: Magnitude of what the arrays were computed from. Only needed where all of them may be
            its small difference.

    Raises:
        NotComparable: Other names, or an array that is not comparable.
        AssertionError: Too large an error.
        ValueError: A bound out of range.
    """
    _check_bound(relative)
    for name, (wanted, computed, own_scale) in _scaled(actual, expected, what, scale).items():
        _check_error(computed, wanted, relative * own_scale, f"{what}: {name}")


def largest_error(
    actual: Mapping[str, Array], expected: Mapping[str, Array], what: str, scale: float = 0.0
) -> tuple[float, str]:
    """The largest error of two sets of named arrays, in the measure of ``assert_all_close``.

    Returns:
        The smallest bound that ``assert_all_close`` would pass, and the name of the array with this
        error.

    Raises:
        NotComparable: Other names, or an array that is not comparable.
    """
    errors = {}
    for name, (wanted, computed, own_scale) in _scaled(actual, expected, what, scale).items():
        error = float(numpy.max(numpy.abs(computed - wanted)))
        errors[name] = error / own_scale if own_scale else (0.0 if error == 0.0 else numpy.inf)
    worst = max(errors, key=lambda name: errors[name])
    return errors[worst], worst


def _scaled(
    actual: Mapping[str, Array], expected: Mapping[str, Array], what: str, scale: float
) -> dict[str, tuple[Array, Array, float]]:
    """Expected array, computed array and scale of every name."""
    _check_names(actual, expected, what)
    pairs = {name: _checked(actual[name], expected[name], f"{what}: {name}") for name in expected}
    scales = {name: float(numpy.max(numpy.abs(wanted))) for name, (wanted, _) in pairs.items()}
    floor = SMALLEST_SCALE * max(*scales.values(), scale)
    return {name: (*pair, max(scales[name], floor)) for name, pair in pairs.items()}


def _check_names(actual: Mapping[str, Array], expected: Mapping[str, Array], what: str) -> None:
    if actual.keys() != expected.keys():
        missing = sorted(expected.keys() - actual.keys())
        raise NamesDiffer(what, missing, sorted(actual.keys() - expected.keys()))
    if not expected:
        raise NotComparable(f"{what}: no arrays to compare")


def _check_bound(relative: float) -> None:
    if not 0.0 <= relative < 1.0:
        raise ValueError(f"relative={relative} must be in [0, 1)")


def _checked(actual: Array, expected: Array, what: str) -> tuple[Array, Array]:
    """Expected and actual in float64, of one shape, not empty, finite."""
    computed, wanted = numpy.asarray(actual, numpy.float64), numpy.asarray(expected, numpy.float64)
    if computed.shape != wanted.shape:
        raise NotComparable(f"{what}: shape {computed.shape}, expected {wanted.shape}")
    if not wanted.size:
        raise NotComparable(f"{what}: shape {wanted.shape} has no elements to compare")
    for title, values in (("actual", computed), ("expected", wanted)):
        broken = numpy.argwhere(~numpy.isfinite(values))
        if len(broken):
            where = tuple(int(index) for index in broken[0])
            raise NotComparable(
                f"{what}: {len(broken)} of {title} not finite, first {values[where]} at {where}"
            )
    return wanted, computed


def _check_error(computed: Array, wanted: Array, bound: float, what: str) -> None:
    with numpy.errstate(over="ignore"):
        error = numpy.abs(computed - wanted)
    where = tuple(
        int(index) for index in numpy.unravel_index(int(numpy.argmax(error)), error.shape)
    )
    if not error[where] <= bound:
        raise AssertionError(
            f"{what}: largest error {error[where]:.3e} at {where}, where it is {computed[where]!r}"
            f" and should be {wanted[where]!r}; bound {bound:.3e}"
        )

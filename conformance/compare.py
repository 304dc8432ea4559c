"""The one comparison of the project: arrays, or sets of named arrays, agree within a relative bound
or it raises.
"""

from collections.abc import Mapping

import numpy

from seed.spec.datatypes import Array

SMALLEST_SCALE = 1e-3
"""Share of the largest magnitude over all named arrays; a smaller array is measured against it, not
against itself.
"""


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
        AssertionError: Other shape, nothing to compare, something not finite on either side, or too
            large an error.
        ValueError: A bound out of range.
    """
    _check_bound(relative)
    wanted, found = _checked(actual, expected, what)
    _check_error(found, wanted, relative * float(numpy.max(numpy.abs(wanted))), what)


def assert_all_close(
    actual: Mapping[str, Array], expected: Mapping[str, Array], relative: float, what: str
) -> None:
    """Raise unless both have the same names and every array is close to its namesake.

    Each array is measured against its own largest magnitude, so a wrong gradient of a weight that
    has little influence does not hide behind the large ones. An array smaller than
    ``SMALLEST_SCALE`` of the largest of all is measured against that share of it: an exact 0 is
    computed as a sum of large terms that cancel, and keeps their rounding.

    Args:
        actual: What was computed.
        expected: What it should be.
        relative: In [0, 1), of the scale of each array.
        what: Name of the set of arrays for the message.

    Raises:
        AssertionError: Missing or unexpected names, or an array that ``assert_close`` would refuse.
        ValueError: A bound out of range.
    """
    _check_bound(relative)
    assert_names(actual, expected, what)
    pairs = {name: _checked(actual[name], expected[name], f"{what}: {name}") for name in expected}
    scales = {name: float(numpy.max(numpy.abs(wanted))) for name, (wanted, _) in pairs.items()}
    floor = SMALLEST_SCALE * max(scales.values())
    for name, (wanted, found) in pairs.items():
        _check_error(found, wanted, relative * max(scales[name], floor), f"{what}: {name}")


def largest_error(
    actual: Mapping[str, Array], expected: Mapping[str, Array], what: str
) -> tuple[float, str]:
    """How far two sets of named arrays are apart, in the measure of ``assert_all_close``.

    Returns:
        The smallest bound that ``assert_all_close`` would pass, and the name of the array that asks
        for it.

    Raises:
        AssertionError: Names or shapes differ, nothing to compare, or something is not finite.
    """
    assert_names(actual, expected, what)
    pairs = {name: _checked(actual[name], expected[name], f"{what}: {name}") for name in expected}
    scales = {name: float(numpy.max(numpy.abs(wanted))) for name, (wanted, _) in pairs.items()}
    floor = SMALLEST_SCALE * max(scales.values())
    errors = {}
    for name, (wanted, found) in pairs.items():
        error, scale = float(numpy.max(numpy.abs(found - wanted))), max(scales[name], floor)
        errors[name] = error / scale if scale else (0.0 if error == 0.0 else numpy.inf)
    worst = max(errors, key=lambda name: errors[name])
    return errors[worst], worst


def assert_names(actual: Mapping[str, Array], expected: Mapping[str, Array], what: str) -> None:
    """Raise unless both have the same names, and some."""
    if actual.keys() != expected.keys():
        missing, extra = (
            sorted(expected.keys() - actual.keys()),
            sorted(actual.keys() - expected.keys()),
        )
        raise AssertionError(f"{what}: missing names {missing}, unexpected names {extra}")
    if not expected:
        raise AssertionError(f"{what}: no arrays to compare")


def _check_bound(relative: float) -> None:
    if not 0.0 <= relative < 1.0:
        raise ValueError(f"relative={relative} must be in [0, 1)")


def _checked(actual: Array, expected: Array, what: str) -> tuple[Array, Array]:
    """Expected and actual in float64, of one shape, not empty, finite."""
    found, wanted = numpy.asarray(actual, numpy.float64), numpy.asarray(expected, numpy.float64)
    if found.shape != wanted.shape:
        raise AssertionError(f"{what}: shape {found.shape}, expected {wanted.shape}")
    if not wanted.size:
        raise AssertionError(f"{what}: shape {wanted.shape} has no elements to compare")
    for side, values in (("actual", found), ("expected", wanted)):
        broken = numpy.argwhere(~numpy.isfinite(values))
        if len(broken):
            where = tuple(int(index) for index in broken[0])
            raise AssertionError(
                f"{what}: {len(broken)} of {side} not finite, first {values[where]} at {where}"
            )
    return wanted, found


def _check_error(found: Array, wanted: Array, bound: float, what: str) -> None:
    with numpy.errstate(over="ignore"):
        error = numpy.abs(found - wanted)
    where = tuple(
        int(index) for index in numpy.unravel_index(int(numpy.argmax(error)), error.shape)
    )
    if not error[where] <= bound:
        raise AssertionError(
            f"{what}: largest error {error[where]:.3e} at {where}, where it is {found[where]!r} and"
            f" should be {wanted[where]!r}; bound {bound:.3e}"
        )

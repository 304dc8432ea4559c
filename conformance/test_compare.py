"""Properties of the comparison: it passes within its bound, and every difference raises."""

import numpy
import pytest

from seed.conformance.compare import (
    SMALLEST_SCALE,
    NamesDiffer,
    assert_all_close,
    assert_close,
    largest_error,
)
from seed.spec.datatypes import Array

RELATIVE = 1e-6
EXPECTED = numpy.array([[1.0, -4.0, 0.0], [0.5, 2.0, 3.0]])
NAMED = {"large": 1e2 * EXPECTED, "small": EXPECTED, "zero": numpy.zeros(4)}


def changed(array: Array, index: tuple[int, ...], value: float) -> Array:
    """A copy with one element replaced."""
    copy = array.copy()
    copy[index] = value
    return copy


def moved(name: str, distance: float) -> dict[str, Array]:
    """The named arrays with the first element of one of them moved."""
    first = (0,) * NAMED[name].ndim
    return NAMED | {name: changed(NAMED[name], first, float(NAMED[name][first]) + distance)}


def test_equal_arrays_agree_even_at_bound_zero() -> None:
    assert_close(EXPECTED, EXPECTED.copy(), 0.0, "x")
    assert_close(numpy.zeros(3), numpy.zeros(3), 0.0, "x")
    assert_close(numpy.float64(2.0) * numpy.ones(()), numpy.full((), 2.0), 0.0, "x")
    assert_all_close(NAMED, dict(NAMED), 0.0, "x")


@pytest.mark.parametrize("index", list(numpy.ndindex(EXPECTED.shape)))
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_bound_is_relative_to_the_largest_magnitude(
    index: tuple[int, ...], sign: float
) -> None:
    bound = RELATIVE * 4.0
    assert_close(
        changed(EXPECTED, index, float(EXPECTED[index]) + sign * 0.999 * bound),
        EXPECTED,
        RELATIVE,
        "x",
    )
    with pytest.raises(AssertionError, match="largest error"):
        assert_close(
            changed(EXPECTED, index, float(EXPECTED[index]) + sign * 1.001 * bound),
            EXPECTED,
            RELATIVE,
            "x",
        )


def test_a_wrong_value_is_reported_with_name_error_place_and_bound() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close(changed(EXPECTED, (1, 2), 3.25), EXPECTED, RELATIVE, "the logits")
    for part in ("the logits", "2.500e-01", "(1, 2)", "4.000e-06"):
        assert part in str(caught.value)


def test_nothing_but_zero_agrees_with_zeros() -> None:
    with pytest.raises(AssertionError, match="largest error"):
        assert_close(numpy.array([0.0, 1e-300]), numpy.zeros(2), RELATIVE, "x")


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_what_is_not_finite_never_agrees(value: float) -> None:
    broken = changed(EXPECTED, (0, 1), value)
    for actual, expected in ((broken, EXPECTED), (EXPECTED, broken), (broken, broken)):
        with pytest.raises(AssertionError, match="not finite"):
            assert_close(actual, expected, RELATIVE, "x")
        with pytest.raises(AssertionError, match=r"x: small: .*not finite"):
            assert_all_close(NAMED | {"small": actual}, NAMED | {"small": expected}, RELATIVE, "x")


@pytest.mark.parametrize(
    "actual", [EXPECTED[:1], EXPECTED.T, EXPECTED.reshape(-1), EXPECTED[None], numpy.ones(())]
)
def test_another_shape_never_agrees_even_if_it_would_broadcast(actual: Array) -> None:
    with pytest.raises(AssertionError, match="shape"):
        assert_close(actual, EXPECTED, RELATIVE, "x")
    with pytest.raises(AssertionError, match="shape"):
        assert_all_close(NAMED | {"small": actual}, NAMED, RELATIVE, "x")


def test_comparing_nothing_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="no elements"):
        assert_close(numpy.zeros((0, 3)), numpy.zeros((0, 3)), RELATIVE, "x")
    with pytest.raises(AssertionError, match="no arrays"):
        assert_all_close({}, {}, RELATIVE, "x")


@pytest.mark.parametrize("relative", [-1e-9, 1.0, numpy.inf, numpy.nan])
def test_a_bound_that_could_not_fail_is_refused(relative: float) -> None:
    with pytest.raises(ValueError, match="relative"):
        assert_close(EXPECTED, EXPECTED, relative, "x")
    with pytest.raises(ValueError, match="relative"):
        assert_all_close(NAMED, NAMED, relative, "x")


def test_an_error_too_large_for_a_float_is_an_error() -> None:
    with pytest.raises(AssertionError, match="largest error inf"):
        assert_close(numpy.array([1.7e308]), numpy.array([-1.7e308]), RELATIVE, "x")


@pytest.mark.parametrize("name", list(NAMED))
def test_names_must_be_the_same(name: str) -> None:
    fewer = {key: array for key, array in NAMED.items() if key != name}
    with pytest.raises(NamesDiffer, match=f"missing names .'{name}'") as error:
        assert_all_close(fewer, NAMED, RELATIVE, "x")
    assert (error.value.missing, error.value.unexpected) == ([name], [])
    with pytest.raises(NamesDiffer, match=f"unexpected names .'{name}'") as error:
        largest_error(NAMED, fewer, "x")
    assert (error.value.missing, error.value.unexpected) == ([], [name])


@pytest.mark.parametrize(
    ("name", "scale"),
    [("large", 4e2), ("small", 4.0), ("zero", SMALLEST_SCALE * 4e2)],
    ids=["large", "small", "zero"],
)
def test_every_named_array_is_held_to_its_own_scale(name: str, scale: float) -> None:
    assert_all_close(moved(name, 0.999 * RELATIVE * scale), NAMED, RELATIVE, "gradients")
    with pytest.raises(AssertionError, match=f"gradients: {name}: largest error"):
        assert_all_close(moved(name, 1.001 * RELATIVE * scale), NAMED, RELATIVE, "gradients")


def test_a_scale_counts_as_one_more_array_in_the_floor_of_all_scales() -> None:
    small, scale = {"difference": numpy.array([1e-9])}, 2.0
    bound = RELATIVE * SMALLEST_SCALE * scale
    assert_all_close(
        {"difference": numpy.array([1e-9 + 0.999 * bound])}, small, RELATIVE, "x", scale
    )
    for used in (0.0, scale):
        with pytest.raises(AssertionError, match="largest error"):
            moved_too_far = {"difference": numpy.array([1e-9 + 1.001 * bound])}
            assert_all_close(moved_too_far, small, RELATIVE, "x", used)
    with pytest.raises(AssertionError, match="small: largest error"):
        assert_all_close(moved("small", 1.001 * RELATIVE * 4.0), NAMED, RELATIVE, "x", scale)


def test_the_largest_error_is_the_least_bound_that_passes() -> None:
    error, worst = largest_error(moved("small", 4e-3), NAMED, "x")
    assert (round(error, 12), worst) == (1e-3, "small")
    assert_all_close(moved("small", 4e-3), NAMED, error * (1 + 1e-12), "x")

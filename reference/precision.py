"""FP8 policies for rollouts: weights rounded to E4M3 with error-compensated range scales, and the
products of such a policy.

    range scaling     s_g = max |w| / g,   q_g = e4m3(w / s_g)             per output channel; g = 448, the largest number
    compensation      s = <w, q_g> / <q_g, q_g>                            the scale at which the rounding errs least
    error             sum (w - s q)^2,  the least over g in ``TOPS``       never more than that of s_448, q_448
    product           y = (e4m3(x / s_x) @ q) s_x s                        s_x = max |x| / 448 of each row

The report (5.2) names "post-training quantisation with error-compensated range scaling" and gives
no formula; this is our reading. E4M3 repeats itself at twice the scale, so putting the largest
weight on each number of one octave tries all ranges there are. Compensation alone takes 2 % off the
error at 64 inputs, with the choice of range it is 16 %.
E4M3: arXiv 2209.05433. Scales are float32 numbers, as FP8 hardware takes them.
"""

from typing import Any, NamedTuple

import autograd.numpy as np
import ml_dtypes
import numpy

from seed.spec.config import Config
from seed.spec.datatypes import Array, Params
from seed.spec.weights import is_quantised, scale_of

LARGEST = 448.0
"""Largest number of E4M3: 1.75 * 2^8; the code above it is NaN, there is no infinity."""

TOPS = (448.0, 416.0, 384.0, 352.0, 320.0, 288.0, 256.0, 240.0)
"""The numbers of E4M3 in (224, 448]: all that the largest weight of a channel can lie on, up to a
factor of two.
"""

SMALLEST_SCALE, LARGEST_SCALE = 2.0**-126, 2.0**118
"""Smallest normal float32, and a scale whose 448-fold is still finite in float32."""


class Quantised(NamedTuple):
    """A matrix in 8 bits.

    Attributes:
        values: E4M3 numbers q [..., in, out].
        scale: float32 scale s of each output channel [..., 1, out]; the matrix is ``s q``.
    """

    values: Array
    scale: Array


Weight = Array | Quantised
"""A matrix as products take it."""


def e4m3(x: Array) -> Array:
    """Nearest number of E4M3, ties to the even mantissa, saturated at 448; NaN stays NaN.

    Rounded to float32 first, whatever ``x`` is in: this is what torch and the hardware do, so both
    backends agree bit for bit.
    """
    return numpy.clip(x, -LARGEST, LARGEST).astype(numpy.float32).astype(ml_dtypes.float8_e4m3fn)


def range_scale(largest: Array, top: float) -> Array:
    """``s = largest / top`` in float32: the scale that puts the largest magnitude on ``top``.

    Args:
        largest: Largest magnitudes, >= 0. Where it is 0 there is nothing to scale and s is 1.
        top: A number of E4M3.
    """
    scale = numpy.clip(largest.astype(numpy.float64) / top, SMALLEST_SCALE, LARGEST_SCALE)
    return numpy.where(largest == 0.0, 1.0, scale).astype(numpy.float32)


def compensated_scale(weight: Array, values: Array) -> Array:
    """``s = <w, q> / <q, q>`` per output channel, the minimum of ``sum (w - s q)^2`` over s; 1
    where q is all 0.

    Args:
        weight: w [..., in, out], float64.
        values: q [..., in, out], float64.

    Returns:
        Scales [..., 1, out].
    """
    along = numpy.sum(weight * values, axis=-2, keepdims=True)
    square = numpy.sum(values * values, axis=-2, keepdims=True)
    scale = numpy.clip(
        along / numpy.where(square == 0.0, 1.0, square), SMALLEST_SCALE, LARGEST_SCALE
    )
    return numpy.where(square == 0.0, 1.0, scale).astype(numpy.float32)


def quantise(weight: Array) -> Quantised:
    """Round a matrix to E4M3 with the range and the scale of each output channel at which the
    squared error is least.

    Plain range scaling is the first candidate and another one replaces it only where its error is
    smaller. What lies on a grid already (a quantised matrix multiplied out) comes back as it was.
    Sums are in float64 and the scale in float32, so that no order of summation shows.

    Args:
        weight: w [..., in, out], finite; stacks of experts are quantised expert by expert.

    Returns:
        q and s; ``|w - s_448 q_448| <= max(|w| / 16, s_448 / 1024)`` for each weight of plain range
        scaling, up to the float32 rounding of the scale, and the squared error of a channel is at
        most that.
    """
    exact = weight.astype(numpy.float64)
    largest = numpy.max(numpy.abs(exact), axis=-2, keepdims=True)
    scale = range_scale(largest, LARGEST)
    values = e4m3(exact / scale).astype(numpy.float64)
    error = squared_error(exact, values, scale)
    for top in TOPS:
        other_values = e4m3(exact / range_scale(largest, top)).astype(numpy.float64)
        other_scale = compensated_scale(exact, other_values)
        other_error = squared_error(exact, other_values, other_scale)
        better = other_error < error
        values, scale = (
            numpy.where(better, other_values, values),
            numpy.where(better, other_scale, scale),
        )
        error = numpy.where(better, other_error, error)
    return Quantised(e4m3(values), scale)


def squared_error(weight: Array, values: Array, scale: Array) -> Array:
    """``sum (w - s q)^2`` over the inputs of each output channel [..., 1, out]."""
    return numpy.sum((weight - scale * values) ** 2, axis=-2, keepdims=True)


def restored(weight: Quantised) -> Array:
    """The matrix ``s q`` that a quantised one stands for, exact in float64."""
    return weight.values.astype(numpy.float64) * weight.scale


def product(x: Array, weight: Weight) -> Any:
    """``x W``: every product of the model with a matrix inside of a block, traced by autograd where
    the matrix is plain.

    With a quantised matrix the rows of x are rounded to E4M3 as well, each with its own scale, and
    what the rounded numbers give is exact in float64 (their products are multiples of 2^-18 below
    2^18), whoever sums it in whatever order.

    Args:
        x: Rows [..., in].
        weight: [in, out], or a stack of them that x has a stack of rows for.

    Returns:
        Rows [..., out] in the precision of x.
    """
    if not isinstance(weight, Quantised):
        return np.dot(x, weight) if weight.ndim == 2 else np.matmul(x, weight)
    row_scale = range_scale(numpy.max(numpy.abs(x), axis=-1, keepdims=True), LARGEST)
    inner = numpy.matmul(e4m3(x / row_scale).astype(x.dtype), weight.values.astype(x.dtype))
    return inner * row_scale * weight.scale


def matrix(params: Params, name: str) -> Weight:
    """A weight as ``product`` takes it: plain, or quantised if it has scales."""
    scale = scale_of(name)
    return Quantised(params[name], params[scale]) if scale in params else params[name]


def rollout_weights(policy: Params, config: Config, purpose: str) -> Params:
    """The weights that responses are drawn with: the policy itself, or its FP8 copy (switching
    rule).

    A pure function of its arguments: whoever draws with one state for longer publishes once what it
    returns.

    Args:
        policy: The trainer's weights.
        config: ``rollout.precision`` of this phase (``Config.in_phase``).
        purpose: Name of the random stream; examinations are never drawn in FP8.

    Returns:
        Name -> weight; a quantised matrix has its E4M3 numbers under its name and its scales under
        ``scale_of(name)``. Keys and values that generation remembers stay in the precision of the
        arithmetic.
    """
    if not config.samples_in_fp8(purpose):
        return policy
    published: Params = {}
    for name, weight in policy.items():
        if is_quantised(name):
            published[name], published[scale_of(name)] = quantise(weight)
        else:
            published[name] = weight
    return published

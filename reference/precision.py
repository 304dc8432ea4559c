"""FP8 policies for rollouts: weights in E4M3 with error-compensated range scales, their products.

    range scaling   s_g = max |w| / g,   q_g = e4m3(w / s_g)     per output channel; g = 448, ...
    compensation    s = <w, q_g> / <q_g, q_g>                    the scale of the smallest error
    error           sum (w - s q)^2, the smallest over all g     never above that of range scaling
    product         y = (e4m3(x / s_x) @ q) s_x s                s_x = max |x| / 448 of each row

g runs over ``E4M3_TOP_BINADE``. The report (5.2) names "post-training quantisation with
error-compensated range scaling" and gives no formula; this is our reading. E4M3 repeats itself at
twice the scale, so putting the largest weight on each number of one octave tries all ranges there
are. Compensation alone takes 2 % off the error at 64 inputs, with the choice of range it is 16 %.
E4M3: arXiv 2209.05433. Scales are float32 numbers, as FP8 hardware takes them.
"""

from typing import Any, NamedTuple

import autograd.numpy as anp
import ml_dtypes
import numpy as np

from seed.spec.config import Config
from seed.spec.constants import E4M3_LARGEST, E4M3_TOP_BINADE, LARGEST_SCALE, SMALLEST_SCALE
from seed.spec.datatypes import Array, Params
from seed.spec.weights import is_quantised, scale_of


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

    Formula: the nearest ``m 2^e`` with 3 bits after the point, ties to even, ``|x| <= 448``.
    Source: FP8 formats, arXiv 2209.05433.

    Rounded to float32 first, whatever ``x`` is in: this is what torch and the hardware do, so both
    backends agree bit for bit.
    """
    return (
        np.clip(x, -E4M3_LARGEST, E4M3_LARGEST).astype(np.float32).astype(ml_dtypes.float8_e4m3fn)
    )


def range_scale(largest: Array, top: float) -> Array:
    """Scale in float32 that puts the largest magnitude on ``top``.

    Formula: ``s = max |w| / top``.
    Source: report 5.2 names it; per channel as in common practice.

    Args:
        largest: Largest magnitudes, >= 0. Where it is 0 there is nothing to scale and s is 1.
        top: A number of E4M3.
    """
    scale = np.clip(largest.astype(np.float64) / top, SMALLEST_SCALE, LARGEST_SCALE)
    return np.where(largest == 0.0, 1.0, scale).astype(np.float32)


def compensated_scale(weight: Array, values: Array) -> Array:
    """Scale of least squared error of each output channel; 1 where q is all 0.

    Formula: ``s = <w, q> / <q, q>``, the minimum of ``|w - s q|^2``.
    Source: report 5.2 names it; the formula is our reading.

    Args:
        weight: w [..., in, out], float64.
        values: q [..., in, out], float64.

    Returns:
        Scales [..., 1, out].
    """
    along = np.sum(weight * values, axis=-2, keepdims=True)
    square = np.sum(values * values, axis=-2, keepdims=True)
    scale = np.clip(along / np.where(square == 0.0, 1.0, square), SMALLEST_SCALE, LARGEST_SCALE)
    return np.where(square == 0.0, 1.0, scale).astype(np.float32)


def quantise(weight: Array) -> Quantised:
    """Round a matrix to E4M3, each output channel with the range and scale of the smallest error.

    Formula: ``q = e4m3(w g / max |w|)``, s compensated, g in (224, 448] of least ``|w - s q|^2``.
    Source: report 5.2 names it; the formula is our reading.

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
    exact = weight.astype(np.float64)
    largest = np.max(np.abs(exact), axis=-2, keepdims=True)
    scale = range_scale(largest, E4M3_LARGEST)
    values = e4m3(exact / scale).astype(np.float64)
    error = squared_error(exact, values, scale)
    for top in E4M3_TOP_BINADE:
        other_values = e4m3(exact / range_scale(largest, top)).astype(np.float64)
        other_scale = compensated_scale(exact, other_values)
        other_error = squared_error(exact, other_values, other_scale)
        better = other_error < error
        values, scale = (
            np.where(better, other_values, values),
            np.where(better, other_scale, scale),
        )
        error = np.where(better, other_error, error)
    return Quantised(e4m3(values), scale)


def squared_error(weight: Array, values: Array, scale: Array) -> Array:
    """``sum (w - s q)^2`` over the inputs of each output channel [..., 1, out]."""
    return np.sum((weight - scale * values) ** 2, axis=-2, keepdims=True)


def restored(weight: Quantised) -> Array:
    """The matrix ``s q`` that a quantised one stands for, exact in float64."""
    return weight.values.astype(np.float64) * weight.scale


def linear(x: Array, weight: Weight) -> Any:
    """``x W`` for every matrix inside of a block; traced by autograd where the matrix is plain.

    Formula: ``(e4m3(x / s_x) @ q) s_x s``, with ``s_x = max |x| / 448`` of each row.
    Source: our reading of report 5.2.

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
        return anp.dot(x, weight) if weight.ndim == 2 else anp.matmul(x, weight)
    row_scale = range_scale(np.max(np.abs(x), axis=-1, keepdims=True), E4M3_LARGEST)
    inner = np.matmul(e4m3(x / row_scale).astype(x.dtype), weight.values.astype(x.dtype))
    return inner * row_scale * weight.scale


def matrix(params: Params, name: str) -> Weight:
    """A weight as ``linear`` takes it: plain, or quantised if it has scales."""
    scale = scale_of(name)
    return Quantised(params[name], params[scale]) if scale in params else params[name]


def rollout_weights(policy: Params, config: Config, purpose: str) -> Params:
    """The weights that responses are sampled with: the policy itself, or its FP8 copy.

    Formula: q and s in place of the matrices of attention, experts and MLP where the phase samples
    in FP8.
    Source: report 5.2, dynamic precision.

    A pure function of its arguments: whoever draws with one state for longer publishes once what it
    returns.

    Args:
        policy: The trainer's weights.
        config: ``rollout.precision`` of this phase (``Config.in_phase``).
        purpose: Name of the random stream; evaluation never draws in FP8.

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

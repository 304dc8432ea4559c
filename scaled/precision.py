"""Precision of the torch backend: master and compute types, and FP8 policies for rollouts, as
``reference.precision`` has them.

    a matrix       its largest magnitude and its sums are taken over all ranks that hold its inputs
    product        torch's FP8 kernel on a GPU that has one, elsewhere the same numbers in the compute type
    tensor ranks   row maxima, then unscaled sums, over ranks; scaled once: in float64 every layout gives the same bits

Emulated numbers are those of the kernel but for the order of its sums: codes and scales are the
same bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seed.scaled.parallel.collectives import max_over, sum_over
from seed.scaled.parallel.mesh import Axis, Mesh
from seed.spec.config import Config
from seed.spec.weights import is_quantised, scale_of

MASTER = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.float32}
"""Precision of the weights that the optimizer moves, of gradient sums and of moments."""
COMPUTE = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16}
"""Precision of the arithmetic between the weights."""

FP8 = torch.float8_e4m3fn
LARGEST = 448.0
"""Largest number of E4M3."""
TOPS = (448.0, 416.0, 384.0, 352.0, 320.0, 288.0, 256.0, 240.0)
"""The numbers of E4M3 in (224, 448]: all that the largest weight of a channel can lie on, up to a
factor of two.
"""
SMALLEST_SCALE, LARGEST_SCALE = 2.0**-126, 2.0**118
"""Smallest normal float32, and a scale whose 448-fold is still finite in float32."""

FIRST_WITH_FP8 = (8, 9)
"""Compute capability of the first GPUs that multiply E4M3: Ada; Hopper is 9.0."""
KERNEL_MULTIPLE = 16
"""The kernel wants inputs and outputs of a multiple of so many."""

ALONE = Axis("alone")


@dataclass(frozen=True)
class Quantised:
    """A matrix in 8 bits, or a stack of them.

    Attributes:
        values: E4M3 numbers q [..., in, out]; after ``operand`` in the type that they are
            multiplied in.
        scale: float32 scale s of each output channel [..., 1, out]; the matrix is ``s q``.
    """

    values: Tensor
    scale: Tensor

    def __len__(self) -> int:
        """Matrices of a stack."""
        return len(self.values)

    def unbind(self, axis: int = 0) -> list["Quantised"]:
        """The matrices of a stack one by one, as ``Tensor.unbind``."""
        return [
            Quantised(*pair)
            for pair in zip(self.values.unbind(axis), self.scale.unbind(axis), strict=True)
        ]


Weight = Tensor | Quantised
"""A matrix as products take it."""


def e4m3(x: Tensor) -> Tensor:
    """Nearest number of E4M3, ties to even, saturated at 448; by way of float32, as the
    reference.
    """
    return x.clamp(-LARGEST, LARGEST).float().to(FP8)


def range_scale(largest: Tensor, top: float) -> Tensor:
    """``s = largest / top`` in float32, 1 where there is nothing to scale."""
    scale = (largest.double() / top).clamp(SMALLEST_SCALE, LARGEST_SCALE)
    return torch.where(largest == 0.0, 1.0, scale).float()


def compensated_scale(weight: Tensor, values: Tensor, axis: Axis = ALONE) -> Tensor:
    """``s = <w, q> / <q, q>`` per output channel, over all ranks that hold its inputs; 1 where q is
    all 0.
    """
    sums = torch.stack(
        [(weight * values).sum(-2, keepdim=True), (values * values).sum(-2, keepdim=True)]
    )
    along, square = sum_over(sums, axis).unbind(0)
    scale = (along / torch.where(square == 0.0, 1.0, square)).clamp(SMALLEST_SCALE, LARGEST_SCALE)
    return torch.where(square == 0.0, 1.0, scale).float()


def quantise(weight: Tensor, axis: Axis = ALONE) -> Quantised:
    """Round a matrix to E4M3 with the range and scale of each output channel at which the squared
    error is least. Collective.

    Args:
        weight: This rank's inputs of the matrix [..., in, out].
        axis: Ranks with its other inputs.
    """
    exact = weight.double()
    largest = max_over(exact.abs().amax(-2, keepdim=True), axis)
    scale = range_scale(largest, LARGEST)
    values = e4m3(exact / scale).double()
    error = squared_error(exact, values, scale, axis)
    for top in TOPS:
        other_values = e4m3(exact / range_scale(largest, top)).double()
        other_scale = compensated_scale(exact, other_values, axis)
        other_error = squared_error(exact, other_values, other_scale, axis)
        better = other_error < error
        values, scale = (
            torch.where(better, other_values, values),
            torch.where(better, other_scale, scale),
        )
        error = torch.where(better, other_error, error)
    return Quantised(e4m3(values), scale)


def squared_error(weight: Tensor, values: Tensor, scale: Tensor, axis: Axis = ALONE) -> Tensor:
    """``sum (w - s q)^2`` over the inputs of each output channel, on all ranks [..., 1, out]."""
    return sum_over((weight - scale * values).square().sum(-2, keepdim=True), axis)


def restored(weight: Quantised) -> Tensor:
    """The matrix ``s q`` that a quantised one stands for, exact in float64."""
    return weight.values.double() * weight.scale


def product(x: Tensor, weight: Weight, axis: Axis = ALONE) -> Tensor:
    """``x W``, with the rows of x rounded to E4M3 as well where W is quantised. Collective if the
    inputs are spread.

    Args:
        x: Rows [..., in].
        weight: [in, out] or a stack; a quantised one as ``operand`` made it.
        axis: Ranks that hold the other inputs of x and of the matrix: every one of them gets the
            whole sum.
    """
    if isinstance(weight, Tensor):
        return sum_over(x @ weight, axis)
    if weight.values.dtype == FP8 and x.ndim == 3:
        return torch.stack(
            [product(rows, one, axis) for rows, one in zip(x, weight.unbind(), strict=True)]
        )
    row_scale = range_scale(max_over(x.abs().amax(-1, keepdim=True), axis), LARGEST)
    codes = e4m3(x / row_scale)
    if weight.values.dtype == FP8:
        return sum_over(_kernel(codes, row_scale, weight, x.dtype), axis)
    inner = sum_over(codes.to(weight.values.dtype) @ weight.values, axis)
    return (inner * row_scale * weight.scale).to(x.dtype)


def _kernel(codes: Tensor, row_scale: Tensor, weight: Quantised, out: torch.dtype) -> Tensor:
    if not len(codes):
        return row_scale.new_zeros(0, weight.values.shape[1], dtype=out)
    # Fast accumulation keeps 14 bits of a sum; we want what float32 would give.
    return torch._scaled_mm(
        codes.contiguous(),
        weight.values,
        scale_a=row_scale,
        scale_b=weight.scale,
        out_dtype=out,
        use_fast_accum=False,
    )


def has_fp8_kernel(device: torch.device, compute: torch.dtype, inputs: int, outputs: int) -> bool:
    """Whether torch's FP8 product with a scale per row and column takes such a matrix: it answers
    in bfloat16 only.
    """
    if (
        device.type != "cuda"
        or compute != torch.bfloat16
        or inputs % KERNEL_MULTIPLE
        or outputs % KERNEL_MULTIPLE
    ):
        return False
    return torch.cuda.get_device_capability(device) >= FIRST_WITH_FP8


def operand(weight: Weight, like: Tensor) -> Weight:
    """A weight made ready for ``product``: 8 bits, columns contiguous, for the kernel; else codes
    in a wider type, once for all.

    Args:
        weight: Plain, which stays as it is, or quantised.
        like: A tensor on the device and in the precision of the arithmetic; bfloat16 is emulated in
            float32.
    """
    if isinstance(weight, Tensor):
        return weight
    if has_fp8_kernel(like.device, like.dtype, *weight.values.shape[-2:]):
        return Quantised(weight.values.mT.contiguous().mT, weight.scale)
    return Quantised(
        weight.values.to(torch.float64 if like.dtype == torch.float64 else torch.float32),
        weight.scale,
    )


def joined(weights: Sequence[Weight]) -> Weight:
    """Matrices with the same left side as one, side by side."""
    first, *others = weights
    if not others:
        return first
    if isinstance(first, Tensor):
        return torch.cat([weight for weight in weights if isinstance(weight, Tensor)], 1)
    quantised = [weight for weight in weights if isinstance(weight, Quantised)]
    return Quantised(
        torch.cat([weight.values for weight in quantised], 1),
        torch.cat([w.scale for w in quantised], 1),
    )


def matrix(params: Mapping[str, Tensor], name: str) -> Weight:
    """A weight by name: plain, or quantised if it has scales."""
    scale = scale_of(name)
    return Quantised(params[name], params[scale]) if scale in params else params[name]


def rollout_weights(
    policy: Mapping[str, Tensor], config: Config, purpose: str, mesh: Mesh
) -> dict[str, Tensor]:
    """The weights that responses are drawn with: in the compute type, or quantised to FP8 from the
    master weights. Collective.

    Args:
        policy: This rank's slices (``parallelize.slices_of``).
        config: ``rollout.precision`` of this phase (``Config.in_phase``).
        purpose: Name of the random stream; examinations are never drawn in FP8.
        mesh: Tensor ranks, which hold different inputs of the output projections.

    Returns:
        Reference name -> this rank's slice, with scales under ``scale_of(name)`` where it is
        quantised.
    """
    published: dict[str, Tensor] = {}
    in_fp8 = config.samples_in_fp8(purpose)
    for name, weight in policy.items():
        if in_fp8 and is_quantised(name):
            quantised = quantise(
                weight, mesh.tensor if name.endswith(".attention.output") else ALONE
            )
            published[name], published[scale_of(name)] = quantised.values, quantised.scale
        else:
            published[name] = weight.to(COMPUTE[config.precision])
    return published

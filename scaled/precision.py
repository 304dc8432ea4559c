"""Master and compute types, and FP8 policies for rollouts (formulas: ``reference.precision``).

    quantise   largest magnitudes and sums are taken over all ranks that hold inputs of the matrix
    linear     torch's FP8 kernel on a GPU that has one, elsewhere emulated in the compute type
    ranks      row maxima, then unscaled sums over ranks, scaled once: in float64 every layout gives
               the same bits

Emulation differs from the kernel in the order of sums only; codes and scales are the same bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seed.scaled.decoding.panels import Panels
from seed.scaled.parallel.collectives import max_over, sum_over
from seed.scaled.parallel.mesh import Axis, Mesh
from seed.spec.config import Config
from seed.spec.constants import E4M3_LARGEST, E4M3_TOP_BINADE, LARGEST_SCALE, SMALLEST_SCALE
from seed.spec.weights import is_quantised, is_trained, scale_of

MASTER = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.float32}
"""Precision of the weights that the optimizer updates, of gradient sums and of moments."""
COMPUTE = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16}
"""Precision of the forward and backward pass."""

FP8 = torch.float8_e4m3fn

FIRST_WITH_FP8 = (8, 9)
"""Compute capability of the first GPUs that multiply E4M3: Ada; Hopper is 9.0."""
KERNEL_MULTIPLE = 16
"""The kernel requires numbers of inputs and of outputs that are multiples of this."""

ALONE = Axis("alone")


@dataclass(frozen=True)
class Quantised:
    """A matrix in 8 bits, or a stack of them.

    Attributes:
        values: E4M3 numbers q [..., in, out]; after ``operand`` in the type of the product.
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
"""A matrix as ``linear`` takes it, or a stack of them."""
Matrix = Weight | Panels
"""One matrix as ``linear`` takes it."""


def wide(x: Tensor) -> Tensor:
    """The same numbers in float32; float32 and float64 stay as they are."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def e4m3(x: Tensor) -> Tensor:
    """Nearest number of E4M3, ties to even, saturated at 448; rounded to float32 before."""
    return x.clamp(-E4M3_LARGEST, E4M3_LARGEST).float().to(FP8)


def range_scale(largest: Tensor, top: float) -> Tensor:
    """``s = largest / top`` in float32, 1 where there is nothing to scale."""
    scale = (largest.double() / top).clamp(SMALLEST_SCALE, LARGEST_SCALE)
    return torch.where(largest == 0.0, 1.0, scale).float()


def compensated_scale(weight: Tensor, values: Tensor, axis: Axis = ALONE) -> Tensor:
    """``s = <w, q> / <q, q>`` per output channel over all ranks; 1 where q is all 0."""
    sums = torch.stack(
        [(weight * values).sum(-2, keepdim=True), (values * values).sum(-2, keepdim=True)]
    )
    along, square = sum_over(sums, axis).unbind(0)
    scale = (along / torch.where(square == 0.0, 1.0, square)).clamp(SMALLEST_SCALE, LARGEST_SCALE)
    return torch.where(square == 0.0, 1.0, scale).float()


def quantise(weight: Tensor, axis: Axis = ALONE) -> Quantised:
    """Round a matrix to E4M3 with the range and scale of least squared error. Collective.

    Args:
        weight: This rank's inputs of the matrix [..., in, out].
        axis: Ranks with its other inputs.
    """
    exact = weight.double()
    largest = max_over(exact.abs().amax(-2, keepdim=True), axis)
    scale = range_scale(largest, E4M3_LARGEST)
    values = e4m3(exact / scale).double()
    error = squared_error(exact, values, scale, axis)
    for top in E4M3_TOP_BINADE:
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
    """The matrix ``s q`` of a quantised one, exact in float64."""
    return weight.values.double() * weight.scale


def linear(x: Tensor, weight: Matrix, axis: Axis = ALONE) -> Tensor:
    """``x W``; where W is quantised, the rows of x are rounded to E4M3 as well. Collective.

    Args:
        x: Rows [..., in].
        weight: [in, out] or a stack; a quantised one comes from ``operand``.
        axis: Ranks that hold the other inputs of x and of the matrix; each gets the whole sum.
    """
    if isinstance(weight, Tensor):
        return sum_over(x @ weight, axis)
    if isinstance(weight, Panels):
        return sum_over(weight.times(x), axis)
    if weight.values.dtype == FP8 and x.ndim == 3:
        return torch.stack(
            [linear(rows, one, axis) for rows, one in zip(x, weight.unbind(), strict=True)]
        )
    row_scale = range_scale(max_over(x.abs().amax(-1, keepdim=True), axis), E4M3_LARGEST)
    codes = e4m3(x / row_scale)
    if weight.values.dtype == FP8:
        return sum_over(_kernel(codes, row_scale, weight, x.dtype), axis)
    inner = sum_over(codes.to(weight.values.dtype) @ weight.values, axis)
    return (inner * row_scale * weight.scale).to(x.dtype)


def _kernel(codes: Tensor, row_scale: Tensor, weight: Quantised, out: torch.dtype) -> Tensor:
    if not len(codes):
        return row_scale.new_zeros(0, weight.values.shape[1], dtype=out)
    # Fast accumulation keeps only 14 bits of a sum.
    return torch._scaled_mm(
        codes.contiguous(),
        weight.values,
        scale_a=row_scale,
        scale_b=weight.scale,
        out_dtype=out,
        use_fast_accum=False,
    )


def has_fp8_kernel(device: torch.device, compute: torch.dtype, inputs: int, outputs: int) -> bool:
    """Whether torch has an FP8 product for such a matrix: on new GPUs, with bfloat16 results."""
    if device.type != "cuda" or compute != torch.bfloat16:
        return False
    if inputs % KERNEL_MULTIPLE or outputs % KERNEL_MULTIPLE:
        return False
    return torch.cuda.get_device_capability(device) >= FIRST_WITH_FP8


def operand(weight: Weight, like: Tensor) -> Weight:
    """A weight ready for ``linear``, prepared once for many products.

    For the kernel: 8 bits, columns contiguous. For emulation: the same numbers in a wider type.

    Args:
        weight: Plain, which stays as it is, or quantised.
        like: A tensor of the device and the compute type; bfloat16 is emulated in float32.
    """
    if isinstance(weight, Tensor):
        return weight
    if has_fp8_kernel(like.device, like.dtype, *weight.values.shape[-2:]):
        return Quantised(weight.values.mT.contiguous().mT, weight.scale)
    emulated = torch.float64 if like.dtype == torch.float64 else torch.float32
    return Quantised(weight.values.to(emulated), weight.scale)


def joined(weights: Sequence[Weight]) -> Weight:
    """Matrices that multiply the same rows, side by side as one."""
    if len(weights) == 1:
        return weights[0]
    if isinstance(weights[0], Tensor):
        return torch.cat([weight for weight in weights if isinstance(weight, Tensor)], 1)
    quantised = [weight for weight in weights if isinstance(weight, Quantised)]
    values, scales = [weight.values for weight in quantised], [weight.scale for weight in quantised]
    return Quantised(torch.cat(values, 1), torch.cat(scales, 1))


def matrix(params: Mapping[str, Tensor], name: str) -> Weight:
    """A weight by name: plain, or quantised if it has scales."""
    scale = scale_of(name)
    return Quantised(params[name], params[scale]) if scale in params else params[name]


def sampling_type(name: str, config: Config, purpose: str) -> torch.dtype:
    """The type that ``rollout_weights`` needs a weight in: the compute type, or the master's."""
    is_exact = config.samples_in_fp8(purpose) and is_quantised(name)
    types = COMPUTE if is_trained(name) and not is_exact else MASTER
    return types[config.precision]


def rollout_weights(
    policy: Mapping[str, Tensor], config: Config, purpose: str, mesh: Mesh
) -> dict[str, Tensor]:
    """Weights to sample with: in the compute type, or quantised to FP8. Collective.

    Args:
        policy: This rank's slices (``parallelize.Slices``), read once each, in their order.
        config: ``rollout.precision`` of this phase (``Config.in_phase``).
        purpose: What the responses are for; evaluation never samples in FP8.
        mesh: Tensor ranks, which hold different inputs of the output projections.

    Returns:
        Reference name -> this rank's slice, with scales under ``scale_of(name)`` where it is
        quantised.
    """
    published: dict[str, Tensor] = {}
    in_fp8 = config.samples_in_fp8(purpose)
    for name, weight in policy.items():
        if in_fp8 and is_quantised(name):
            # Only the output projection has its inputs, the heads, spread over tensor ranks.
            axis = mesh.tensor if name.endswith(".attention.output") else ALONE
            quantised = quantise(weight, axis)
            published[name], published[scale_of(name)] = quantised.values, quantised.scale
        else:
            published[name] = weight.to(sampling_type(name, config, purpose))
    return published

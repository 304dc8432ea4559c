"""Grouped-query attention on packed sequences: heads over tensor, positions over context ranks.

    this rank's tokens
        --all-gather over tensor-->          q, k, v of its heads
        --all-gather k, v over context-->    attention, output projection of its heads
        --reduce-scatter over tensor-->      this rank's tokens

Equal to the reference because softmax over a sequence's keys does not depend on where they were
computed, and the output projection of all heads is the sum of those of each rank's heads.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from seed.scaled.parallel.collectives import all_gather, reduce_scatter
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.parallel.packing import AttentionPlan
from seed.scaled.precision import wide
from seed.spec.config_model import ModelConfig

Rotation = tuple[Tensor, Tensor]


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """``x / sqrt(mean(x^2) + epsilon) * weight`` over the last axis; bfloat16 sums in float32."""
    y = wide(x)
    mean = (y * y).sum(-1, keepdim=True) / x.shape[-1]  # torch's own mean is slower on short rows
    return (y * torch.rsqrt(mean + epsilon)).to(x.dtype) * weight


def rotation(positions: Tensor, head_width: int, base: float, dtype: torch.dtype) -> Rotation:
    """Cosines and sines of the rotary angles [..., 1, h], once for all layers.

    Formula: ``angle = position * base^(-2i/h)``.

    Args:
        positions: Position of each token in its sequence [...].
        head_width: h.
        base: Base of the frequencies.
        dtype: Precision of what will be rotated; the angles themselves are computed in float64.
    """
    half = head_width // 2
    frequencies = base ** (-torch.arange(half, dtype=torch.float64, device=positions.device) / half)
    angles = positions[..., None].to(torch.float64) * frequencies
    cos, sin = angles.cos().unsqueeze(-2), angles.sin().unsqueeze(-2)
    return torch.cat([cos, cos], -1).to(dtype), torch.cat([-sin, sin], -1).to(dtype)


def rotary(x: Tensor, angles: Rotation) -> Tensor:
    """Rotate feature pairs (i, i + h/2) of queries or keys [..., heads, h]."""
    cos, sin = angles
    half = x.shape[-1] // 2
    return x * cos + torch.cat([x[..., half:], x[..., :half]], -1) * sin


def heads_of(
    x: Tensor,
    projections: Sequence[Tensor],
    norms: tuple[Tensor, Tensor] | None,
    angles: Rotation,
    model: ModelConfig,
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of this rank's heads.

    Args:
        x: Normalised residual stream [..., D].
        projections: This rank's columns of query, key and value.
        norms: Query and key norm, shared by all heads, or None.
        angles: Rotation of each token.
        model: Sizes.

    Returns:
        q [..., H/tp, h], k and v [..., K/tp, h].
    """
    # One product for all heads, then one norm and one rotation for queries and keys together: half
    # as many passes over memory.
    heads, kv_heads = (weight.shape[1] // model.head_width for weight in projections[:2])
    joined = (x @ torch.cat(list(projections), 1)).unflatten(-1, (-1, model.head_width))
    qk, v = joined.split([heads + kv_heads, kv_heads], -2)
    if norms is not None:
        weights = torch.cat([norms[0].expand(heads, -1), norms[1].expand(kv_heads, -1)])
        qk = rms_norm(qk, weights, model.norm_epsilon)
    q, k = rotary(qk, angles).split([heads, kv_heads], -2)
    return q, k, v


def attention(
    x_nD: Tensor,
    weights: tuple[Tensor, Tensor, Tensor, Tensor],
    norms: tuple[Tensor, Tensor] | None,
    angles: Rotation,
    plan: AttentionPlan,
    model: ModelConfig,
    mesh: Mesh,
) -> Tensor:
    """Attend from every token to itself and the tokens before it in its own sequence.

    Args:
        x_nD: Normalised residual stream of this rank's tokens.
        weights: This rank's heads of query, key, value (columns) and output (rows).
        norms: Query and key norm, or None.
        angles: Rotation of the m tokens of this rank's context share.
        plan: Rows of the packed sequences.
        model: Sizes.
        mesh: Ranks along ``tensor`` and ``context``.

    Returns:
        What the layer adds to the residual stream [n, D].
    """
    *projections, output = weights
    x_mD = all_gather(x_nD, mesh.tensor)
    q_mHh, k_mKh, v_mKh = heads_of(x_mD, projections, norms, angles, model)
    if mesh.context.size > 1:
        k_mKh, v_mKh = all_gather(torch.stack([k_mKh, v_mKh], 1), mesh.context).unbind(1)
    mixed_mHh = attend(q_mHh, k_mKh, v_mKh, plan)
    return reduce_scatter(mixed_mHh.flatten(1) @ output, mesh.tensor)


def attend(q_mHh: Tensor, k_MKh: Tensor, v_MKh: Tensor, plan: AttentionPlan) -> Tensor:
    """Softmax attention within sequences: tokens into rows, attention, back in order [m, H, h].

    Formula: softmax over the keys of the query's sequence up to its own position.
    Source: known bug P19.
    """
    outputs = []
    for part in plan.parts:
        q, k, v = part.queries.fill(q_mHh), part.keys.fill(k_MKh), part.keys.fill(v_MKh)
        visible = None if part.visible_RQK is None else part.visible_RQK[:, None]
        mixed_RHQh = F.scaled_dot_product_attention(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            visible,
            is_causal=visible is None,
            enable_gqa=True,
        )
        outputs.append(mixed_RHQh.transpose(1, 2))
    return plan.read(outputs)

"""Grouped-query attention on packed sequences: heads over tensor, positions over context ranks.

    this rank's tokens
        --all-gather over tensor-->          q, k, v of its heads
        --all-gather k, v over context-->    attention, output projection of its heads
        --reduce-scatter over tensor-->      this rank's tokens

Equal to the reference because softmax over a sequence's keys does not depend on where they were
computed, and the output projection of all heads is the sum of those of each rank's heads.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from seed.scaled.parallel.collectives import all_gather, reduce_scatter
from seed.scaled.parallel.mesh import Axis, Mesh
from seed.scaled.parallel.packing import AttentionPlan
from seed.scaled.precision import wide
from seed.spec.config_model import ModelConfig
from seed.spec.rope import Rotary

Rotation = tuple[Tensor, Tensor]


class Projections(NamedTuple):
    """Weights that make queries, keys and values of this rank's heads.

    Attributes:
        query, key, value: Columns of this rank's heads [D, n h].
        biases: Those of query, key and value in turn [n h] each, or None.
        norms: Query and key norm, or None: [h] each, shared by all heads of all ranks, or over all
            heads together [H h] and [K h], whole on every rank.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    biases: tuple[Tensor, Tensor, Tensor] | None = None
    norms: tuple[Tensor, Tensor] | None = None


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """``x / sqrt(mean(x^2) + epsilon) * weight`` over the last axis; bfloat16 sums in float32."""
    y = wide(x)
    mean = (y * y).sum(-1, keepdim=True) / x.shape[-1]  # torch's own mean is slower on short rows
    return (y * torch.rsqrt(mean + epsilon)).to(x.dtype) * weight


def full_norm(x: Tensor, weight: Tensor, epsilon: float, tensor: Axis) -> Tensor:
    """RMS norm over the heads of all tensor ranks together. Collective.

    Args:
        x: This rank's part of the normalised axis [..., n].
        weight: Of the whole axis [n tp].
        epsilon: Added to the mean square.
        tensor: Ranks with the other parts.
    """
    if tensor.size == 1:
        return rms_norm(x, weight, epsilon)
    y = wide(x)
    # Gathered and added, not reduced: the gradient of a square must reach every rank.
    squares = all_gather((y * y).sum(-1, keepdim=True)[None], tensor).sum(0)
    part = weight.chunk(tensor.size)[tensor.rank]
    return (y * torch.rsqrt(squares / len(weight) + epsilon)).to(x.dtype) * part


def rotation(positions: Tensor, frequencies: Rotary, dtype: torch.dtype) -> Rotation:
    """Cosines and sines of the rotary angles [..., 1, r], once for all layers.

    Formula: ``factor * cos(position * f_i)``, and the same of the sine.

    Args:
        positions: Position of each token in its sequence [...].
        frequencies: Of the first r features of a head, and the attention factor.
        dtype: Precision of what will be rotated; the angles themselves are computed in float64.
    """
    of_pairs = torch.from_numpy(frequencies.frequencies).to(positions.device)
    angles = positions[..., None].to(torch.float64) * of_pairs
    cos, sin = ((frequencies.factor * part).unsqueeze(-2) for part in (angles.cos(), angles.sin()))
    return torch.cat([cos, cos], -1).to(dtype), torch.cat([-sin, sin], -1).to(dtype)


def rotary(x: Tensor, angles: Rotation) -> Tensor:
    """Rotate feature pairs (i, i + r/2) of queries or keys [..., heads, h]; the rest passes."""
    cos, sin = angles
    width = cos.shape[-1]
    if width < x.shape[-1]:
        return torch.cat([rotary(x[..., :width], angles), x[..., width:]], -1)
    return torch.addcmul(x * cos, x.roll(width // 2, -1), sin)


def heads_of(
    x: Tensor, weights: Projections, angles: Rotation, model: ModelConfig, tensor: Axis
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of this rank's heads. Collective with a norm over all heads.

    Args:
        x: Normalised residual stream [..., D].
        weights: This rank's projections, and norms.
        angles: Rotation of each token.
        model: Sizes.
        tensor: Ranks with the other heads.

    Returns:
        q [..., H/tp, h], k and v [..., K/tp, h].
    """
    # One product for all heads, then one norm and one rotation for queries and keys together: half
    # as many passes over memory.
    projections = (weights.query, weights.key, weights.value)
    heads, kv_heads = (weight.shape[1] // model.head_width for weight in projections[:2])
    joined = x @ torch.cat(projections, 1)
    if weights.biases is not None:
        joined = joined + torch.cat(weights.biases)
    qk, v = joined.unflatten(-1, (-1, model.head_width)).split([heads + kv_heads, kv_heads], -2)
    if weights.norms is not None and model.query_key_norm == "head":
        of_heads = torch.cat(
            [weights.norms[0].expand(heads, -1), weights.norms[1].expand(kv_heads, -1)]
        )
        qk = rms_norm(qk, of_heads, model.norm_epsilon)
    elif weights.norms is not None:
        parts = zip(qk.split([heads, kv_heads], -2), weights.norms, strict=True)
        normed = [
            full_norm(part.flatten(-2), norm, model.norm_epsilon, tensor) for part, norm in parts
        ]
        qk = torch.cat(normed, -1).unflatten(-1, (-1, model.head_width))
    q, k = rotary(qk, angles).split([heads, kv_heads], -2)
    return q, k, v


def attention(
    x_nD: Tensor,
    weights: Projections,
    output: Tensor,
    angles: Rotation,
    plan: AttentionPlan,
    model: ModelConfig,
    mesh: Mesh,
) -> Tensor:
    """Attend from every token to itself and the tokens before it in its own sequence.

    Args:
        x_nD: Normalised residual stream of this rank's tokens.
        weights: Projections to this rank's heads, and norms.
        output: This rank's heads of the output projection (rows).
        angles: Rotation of the m tokens of this rank's context share.
        plan: Rows of the packed sequences.
        model: Sizes.
        mesh: Ranks along ``tensor`` and ``context``.

    Returns:
        What the layer adds to the residual stream [n, D].
    """
    x_mD = all_gather(x_nD, mesh.tensor)
    q_mHh, k_mKh, v_mKh = heads_of(x_mD, weights, angles, model, mesh.tensor)
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

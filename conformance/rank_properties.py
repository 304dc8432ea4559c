"""Properties that need several ranks, each as the distance of their result from one process's.

    mpirun -n 3 python -m seed.conformance.rank_properties OUT    rank 0 writes {property: largest
                                                                  distance over ranks}

Three ranks, so that nothing works by being a power of two. The last rank has no tokens, and no key
that the first query sees.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seed.conformance.compare_backends import policy_of, tensor, tensors
from seed.conformance.strategies import numbers, small_config
from seed.reference import generate as reference_generate
from seed.reference.backend import ReferenceBackend
from seed.reference.checkpoint import State
from seed.reference.optimizer import initial_optimizer
from seed.reference.tasks.problems import training_problem
from seed.reference.training.batch import plain_batch
from seed.scaled import generate as scaled_generate
from seed.scaled.backend import ScaledBackend
from seed.scaled.decoding.decoder import Decoder
from seed.scaled.moe import dispatch
from seed.scaled.parallel.collectives import (
    all_gather,
    broadcast_object,
    exchange,
    exchange_counts,
    gather_objects,
    max_over,
    reduce_scatter,
    sum_over,
)
from seed.scaled.parallel.mesh import Axis, Mesh, build
from seed.scaled.parallel.packing import common_front
from seed.scaled.parallel.parallelize import build as build_model
from seed.scaled.parallel.parallelize import fill, shards_of, slice_of, wholes
from seed.scaled.precision import linear, operand, quantise, restored
from seed.scaled.processes.launch import start
from seed.scaled.processes.shutdown import end_together
from seed.scaled.processes.world import World
from seed.spec.characters import ENDS, encode
from seed.spec.config_model import ModelConfig
from seed.spec.config_parallel import ParallelConfig
from seed.spec.datatypes import Array, Params, Problem, Request, Sampling
from seed.spec.layout import Layout
from seed.spec.sampler import SamplerSpec
from seed.spec.weight_source import Box

RANKS = 3
EXPERTS = 6
VOCABULARY = 32
"""All tokens of the puzzles' prompts."""
TOKENS = (5, 4, 0)
"""Of each rank."""
FRONT = 40
"""Tokens that all prompts begin with, enough to be computed once."""
MEASURED = ("loss_nll", "grad_norm")
"""Metrics of an SFT step that depend on every position and every weight."""


@dataclass
class Given:
    """Weights at hand as a ``spec.weight_source.WeightSource``."""

    model: ModelConfig
    weights: Params

    def read(self, name: str, box: Box | None = None) -> Array:
        """A weight or a part of it."""
        return self.weights[name][box or ...]


def gathering(mesh: Mesh) -> float:
    """Forward: the rows of all ranks in order. Backward: the transpose."""
    x = leaf(1 + mesh.world.rank, 2, 3)
    out = all_gather(x, mesh.world)
    expected = torch.cat([leaf(1 + rank, 2, 3) for rank in range(RANKS)])
    return max(distance(out, expected), transpose_gap(x, out, mesh.world))


def scattering(mesh: Mesh) -> float:
    """Forward: this rank's rows of the sum. Backward: the transpose."""
    x = leaf(1 + mesh.world.rank, 2 * RANKS, 3)
    out = reduce_scatter(x, mesh.world)
    total = torch.stack([leaf(1 + rank, 2 * RANKS, 3) for rank in range(RANKS)]).sum(0)
    return max(distance(out, total.split(2)[mesh.world.rank]), transpose_gap(x, out, mesh.world))


def exchanging(mesh: Mesh) -> float:
    """Forward: blocks of uneven size, some empty, go to their ranks. Backward: the transpose."""
    counts = np.array([[0, 2, 1], [3, 0, 0], [1, 1, 4]])  # [from, to]
    me = mesh.world.rank
    blocks = [
        leaf(1 + rank, int(counts[rank].sum()), 2).split(counts[rank].tolist())
        for rank in range(RANKS)
    ]
    x = leaf(1 + me, int(counts[me].sum()), 2)
    received = exchange_counts(tensor(counts[me]), mesh.world)
    out = exchange(x, counts[me].tolist(), received.tolist(), mesh.world)
    expected = torch.cat([blocks[rank][me] for rank in range(RANKS)])
    return max(
        distance(received, tensor(counts[:, me])),
        distance(out, expected),
        transpose_gap(x, out, mesh.world),
    )


def reducing(mesh: Mesh) -> float:
    """Sum, largest, the values of all ranks and that of the first, without gradient."""
    x = leaf(1 + mesh.world.rank, 4)
    gathered = torch.stack(gather_objects(x.detach(), mesh.world))
    expected = torch.stack([leaf(1 + rank, 4) for rank in range(RANKS)])
    assert not sum_over(x, mesh.world).requires_grad
    first = broadcast_object(x.detach(), mesh.world)
    computed = (sum_over(x, mesh.world), max_over(x, mesh.world), gathered, first)
    return max(map(distance, computed, (expected.sum(0), expected.amax(0), expected, leaf(1, 4))))


def dispatching(mesh: Mesh) -> float:
    """Experts on other ranks have the outputs and gradients of one process, also without tokens."""
    me, held = mesh.expert.rank, EXPERTS // RANKS
    shapes = (EXPERTS, 5, 4), (EXPERTS, 5, 4), (EXPERTS, 4, 5)
    random = np.random.default_rng(7)
    ids = tensor(np.stack([random.permutation(EXPERTS)[:2] for _ in range(sum(TOKENS))]))
    gates, x = (tensor(numbers(place, sum(TOKENS), width)) for place, width in ((1, 2), (2, 5)))

    def computed(x: Tensor, ids: Tensor, gates: Tensor, rows: slice, axis: Axis) -> list[Tensor]:
        x = x.clone().requires_grad_()
        gate, up, down = (
            leaf(10 + place, *shape)[rows].detach().requires_grad_()
            for place, shape in enumerate(shapes)
        )
        out = dispatch(x, ids, gates, (gate, up, down), axis)
        out.square().sum().backward()
        return [out, *(zero_or(weight) for weight in (x, gate, up, down))]

    first = sum(TOKENS[:me])
    mine, experts = slice(first, first + TOKENS[me]), slice(me * held, (me + 1) * held)
    spread = computed(x[mine], ids[mine], gates[mine], experts, mesh.expert)
    out, slope, *weights = computed(x, ids, gates, slice(None), Axis("alone"))
    expected = [out[mine], slope[mine], *(weight[experts] for weight in weights)]
    return max(map(distance, spread, expected))


def merging(mesh: Mesh) -> float:
    """Softmaxes over each rank's keys, merged by log-sum-exp, are the softmax over all keys."""
    config = small_config()
    model, me = config.model, mesh.context.rank
    weights = {name: tensor(array) for name, array in policy_of(config).items()}
    decoder = Decoder(weights, model, mesh, slots=2, positions=9)
    q = tensor(numbers(1, 2, model.key_value_heads, 4, model.head_width))
    keys, values = (
        50 * tensor(numbers(place, 2, model.key_value_heads, 9, model.head_width))
        for place in (2, 3)
    )
    positions = torch.arange(9)
    # The first query sees the key of rank 0 only.
    visible = (positions <= torch.tensor([0, 1, 5, 8])[:, None])[None, None]
    merged = decoder.merge(
        q, keys[:, :, me::RANKS].mT, values[:, :, me::RANKS], visible[..., me::RANKS]
    )
    return distance(merged, F.scaled_dot_product_attention(q, keys, values, visible)) / 50


def quantising(mesh: Mesh) -> float:
    """A matrix with inputs on several ranks is quantised and multiplied to the same bits."""
    me, held = mesh.world.rank, 4
    whole, x = tensors(numbers(1, RANKS * held, 5), numbers(2, 6, RANKS * held))
    mine = slice(me * held, (me + 1) * held)
    alone, spread = quantise(whole), quantise(whole[mine], mesh.world)
    expected = linear(x, operand(alone, x))
    computed = linear(x[:, mine], operand(spread, x), mesh.world)
    pairs = (
        (restored(spread), restored(alone)[mine]),
        (spread.scale, alone.scale),
        (computed, expected),
    )
    return max(distance(one, other) for one, other in pairs)


def sampling(_: Mesh) -> float:
    """Two requests on three data ranks with spread experts: a rank without request takes part."""
    mesh = build(Layout(fsdp=RANKS, ep=RANKS), torch.device("cpu"))
    config = small_config(model_changes={"experts": EXPERTS, "vocabulary": VOCABULARY})
    policy = policy_of(config)
    weights = {name: slice_of(name, tensor(array), mesh) for name, array in policy.items()}
    problems = [
        training_problem(config.data.families, config.data.difficulties, number, 1)
        for number in range(2)
    ]
    requests = [Request(problem, encode(problem.prompt), 0, 0) for problem in problems]
    spec = SamplerSpec(config.model, Sampling(1.5, 1.0, 5, ENDS), 1, "law", 0)
    theirs = reference_generate.generate(policy, spec, requests)
    ours = scaled_generate.generate(weights, spec, mesh, requests)
    assert [rollout.response_tokens for rollout in ours] == [
        rollout.response_tokens for rollout in theirs
    ]
    pairs = zip(ours, theirs, strict=True)
    return max(
        distance(tensor(np.array(one.log_probs)), tensor(np.array(other.log_probs)))
        for one, other in pairs
    )


def beginning(mesh: Mesh) -> float:
    """Prompts that begin alike, over context ranks: read once, as if each were read by itself."""
    config = small_config(model_changes={"experts": EXPERTS, "vocabulary": VOCABULARY})
    policy, random = policy_of(config), np.random.default_rng(3)
    front = tuple(random.integers(2, VOCABULARY, FRONT).tolist())
    prompts = [front + tuple(random.integers(2, VOCABULARY, 2 + n).tolist()) for n in range(3)]
    assert common_front(prompts, np.array(list(map(len, prompts)))) >= FRONT
    problems = [Problem(f"begins/{n}", "maze", 1, "", {}, "", "") for n in range(len(prompts))]
    requests = [
        Request(problem, prompt, 0, 0) for problem, prompt in zip(problems, prompts, strict=True)
    ]
    spec = SamplerSpec(config.model, Sampling(1.5, 1.0, 4, ENDS), 1, "law", 0)
    weights = {name: slice_of(name, tensor(array), mesh) for name, array in policy.items()}
    theirs = reference_generate.generate(policy, spec, requests)
    ours = scaled_generate.generate(weights, spec, mesh, requests)
    assert [one.response_tokens for one in ours] == [one.response_tokens for one in theirs]
    gaps = [
        distance(tensor(np.array(one.log_probs)), tensor(np.array(other.log_probs)))
        for one, other in zip(ours, theirs, strict=True)
    ]
    batch = plain_batch(prompts, [one.response_tokens for one in theirs])
    whole, spread = (
        ReferenceBackend(),
        ScaledBackend(World(mesh.world.rank, RANKS), mesh.layout, torch.device("cpu")),
    )
    nothing = initial_optimizer({})
    expected = State(policy, {}, {}, initial_optimizer(policy), nothing, 0)
    source = Given(config.model, policy)
    state = spread.initial_state_of(config, source)
    ours_BS = spread.log_probs(state, config, batch)
    theirs_BS = whole.log_probs(expected, config, batch)
    gaps.append(distance(tensor(ours_BS), tensor(theirs_BS)))
    _, computed = spread.sft_step(state, config, batch)
    _, known = whole.sft_step(expected, config, batch)
    return max(*gaps, *(abs(computed[name] - known[name]) / known[name] for name in MEASURED))


def reading(mesh: Mesh) -> float:
    """Each rank reads only its part of the weights, every number once; together they are whole."""
    config = small_config(model_changes={"experts": EXPERTS})
    policy, read = policy_of(config), list[int]()
    layouts = (Layout(fsdp=RANKS, ep=RANKS), Layout(fsdp=RANKS), mesh.layout)
    gaps = [0.0]

    def part(name: str, box: Box) -> Array:
        read.append(policy[name][box].size)
        return policy[name][box]

    for layout in layouts:
        model = build_model(config, build(layout, torch.device("cpu")))
        fill(model, part)
        shards = wholes(model, shards_of(model))
        gaps += [distance(whole, tensor(policy[name])) for name, whole in shards]
    counted = float(sum_over(torch.tensor([float(sum(read))]), mesh.world))
    total = sum(weight.size for weight in policy.values())
    return max(*gaps, abs(counted - len(layouts) * total))


PROPERTIES: dict[str, Callable[[Mesh], float]] = {
    function.__name__: function
    for function in (
        gathering,
        scattering,
        exchanging,
        reducing,
        dispatching,
        merging,
        quantising,
        sampling,
        beginning,
        reading,
    )
}


def leaf(seed: int, *shape: int) -> Tensor:
    """Numbers with a gradient."""
    return tensors(numbers(seed, *shape))[0].requires_grad_()


def zero_or(weight: Tensor) -> Tensor:
    """The gradient of a leaf."""
    assert weight.grad is not None
    return weight.grad


def distance(actual: Tensor, expected: Tensor) -> float:
    """Largest difference; infinite if the shapes differ."""
    if actual.shape != expected.shape:
        return float("inf")
    difference = actual.detach().double() - expected.detach().double()
    return float(difference.abs().max()) if actual.numel() else 0.0


def transpose_gap(x: Tensor, out: Tensor, axis: Axis) -> float:
    """``|sum over ranks of (<A x, y> - <x, A' y>)|`` for a y that differs by rank."""
    y = leaf(100 + axis.rank, *out.shape).detach()
    out.backward(y)
    forward, backward = (out.detach() * y).sum(), (x.detach() * zero_or(x)).sum()
    return abs(float(sum_over(forward - backward, axis)))


def main(out: Path) -> None:
    """Compute all properties."""
    torch.set_num_threads(1)
    world = start(ParallelConfig.model_validate({"collective_timeout": 60.0}))
    with end_together(world):
        mesh = build(Layout(fsdp=1, cp=RANKS, ep=RANKS), torch.device("cpu"))
        distances: dict[str, Any] = {
            name: max(gather_objects(compute(mesh), mesh.world))
            for name, compute in PROPERTIES.items()
        }
        if world.rank == 0:
            out.write_text(json.dumps(distances))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

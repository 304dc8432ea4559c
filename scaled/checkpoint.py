"""Everything that learns, and how it becomes a checkpoint and back, on any layout.

Ranks gather one weight at a time and rank 0 writes it, so no rank ever holds more than one whole
weight. Reading, every rank takes its own part of each weight from the file. What a checkpoint is
(files, checksum, publishing by a rename) stands in ``spec.checkpoint_format``; here stands how
shards become whole arrays and back.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seed.scaled.model import Transformer
from seed.scaled.optimizer import OptimizerState
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.parallel.parallelize import build, fill, named, put, shards_of, wholes
from seed.spec import checkpoint_format
from seed.spec.config import Config


@dataclass(frozen=True)
class State:
    """Everything that learns; the attributes are those of the reference's state, sharded.

    Attributes:
        policy: The policy.
        value: The value model; None for critic-free recipes, and before RL unless the run started
            from a checkpoint that has one.
        reference_policy: The policy that RL started from, for the KL term; None if it is off.
        policy_optimizer: Moments of the policy's shards.
        value_optimizer: Moments of the value model's shards.
        optimizer_step: Optimizer steps the policy has taken.
    """

    policy: Transformer
    value: Transformer | None
    reference_policy: Transformer | None
    policy_optimizer: OptimizerState
    value_optimizer: OptimizerState
    optimizer_step: int


def save(
    state: State, config: Config, progress: Mapping[str, Any], directory: Path, writes: bool
) -> None:
    """Publish a checkpoint. Collective: all ranks gather, one writes.

    Args:
        state: What to save.
        config: Stored with it.
        progress: Plain JSON values of the trainer.
        directory: Where it will appear.
        writes: Whether this rank is the one.
    """
    entries = whole_arrays(state, config.run.save_moments)
    if writes:
        checkpoint_format.save(
            directory, entries, config, dict(progress) | {"optimizer_step": state.optimizer_step}
        )
    else:
        for _ in entries:
            pass


def whole_arrays(state: State, moments: bool) -> Iterator[tuple[str, Any]]:
    """``part/name`` and full array of everything that is saved, each gathered when it is needed.

    Args:
        state: What to save.
        moments: Whether the optimizers' moments are part of it.
    """
    for part, model in (
        ("policy", state.policy),
        ("value", state.value),
        ("reference_policy", state.reference_policy),
    ):
        if model is not None:
            yield from _arrays(part, model, shards_of(model))
    pairs = (
        ("policy_optimizer", state.policy, state.policy_optimizer),
        ("value_optimizer", state.value, state.value_optimizer),
    )
    for part, model, optimizer in pairs:
        if moments and model is not None and optimizer.first:
            yield from _arrays(f"{part}.first", model, optimizer.first)
            yield from _arrays(f"{part}.second", model, optimizer.second)
        yield f"{part}.step", optimizer.step


def _arrays(
    part: str, model: Transformer, shards: Mapping[str, Tensor]
) -> Iterator[tuple[str, Any]]:
    for name, full in wholes(model, shards):
        yield f"{part}/{name}", full.cpu().numpy()


def restore(
    config: Config, directory: Path, mesh: Mesh, moments: Callable[[Transformer], OptimizerState]
) -> tuple[State, dict[str, Any]]:
    """Read a verified checkpoint into this layout.

    Args:
        config: Sizes, precision, switches.
        directory: A ``step_N`` folder of any backend and layout.
        mesh: Ranks.
        moments: Zero moments of a model, where the configuration wants them.

    Returns:
        The state, and the trainer's progress.
    """
    with checkpoint_format.open_checkpoint(directory, config) as (file, progress):

        def optimizer(part: str, of: Transformer | None) -> OptimizerState:
            step = int(progress["steps"][part])
            saved = f"{part}.first" in file
            if of is None or not (saved or step):
                return OptimizerState({}, {}, 0)
            empty = moments(of)
            if not saved:  # the checkpoint was written without moments
                return OptimizerState(empty.first, empty.second, step)
            for moment, target in (("first", empty.first), ("second", empty.second)):
                for name, weight in named(of).items():
                    full = torch.as_tensor(file[f"{part}.{moment}"][name][()])
                    put(target[name], name, full, mesh, weight)
            return OptimizerState(empty.first, empty.second, step)

        policy, value, reference_policy = (
            _model(config, mesh, file, part) for part in ("policy", "value", "reference_policy")
        )
        assert policy is not None
        moved = optimizer("policy_optimizer", policy), optimizer("value_optimizer", value)
        return State(
            policy, value, reference_policy, *moved, int(progress["optimizer_step"])
        ), progress


def initial_from(
    config: Config, directory: Path, mesh: Mesh, moments: Callable[[Transformer], OptimizerState]
) -> State:
    """The weights of a verified checkpoint as those of a new run, in this layout.

    Args:
        config: Sizes, precision, and whether the recipe has a value model.
        directory: A ``step_N`` folder of any backend and layout.
        mesh: Ranks.
        moments: Zero moments of a model, where the configuration wants them.

    Returns:
        Policy and value model, zero moments, optimizer step 0.
    """
    with checkpoint_format.open_checkpoint(directory, config) as (file, _):
        policy = _model(config, mesh, file, "policy")
        value = _model(config, mesh, file, "value") if config.uses_value_model else None
    assert policy is not None
    return State(policy, value, None, moments(policy), OptimizerState({}, {}, 0), 0)


def _model(config: Config, mesh: Mesh, file: Mapping[str, Any], part: str) -> Transformer | None:
    """A model of the checkpoint in this layout, None if it has no such part."""
    if part not in file:
        return None
    built = build(config, mesh, is_value=part == "value")
    fill(built, lambda name, box: file[part][name][box])
    return built

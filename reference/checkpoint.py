"""Everything that learns, and how it becomes a checkpoint and back.

What a checkpoint is (files, checksum, publishing by a rename) is ``spec.checkpoint_format``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed.reference.optimizer import OptimizerState, initial_optimizer
from seed.spec import checkpoint_format
from seed.spec.config import Config
from seed.spec.datatypes import Params


@dataclass(frozen=True)
class State:
    """Everything that learns.

    Attributes:
        policy: Weights of the policy.
        value: Weights of the value model; empty for critic-free recipes, and before RL unless the
            run started from a checkpoint that has one.
        reference_policy: The policy that RL started from, for the KL term; empty if it is off.
        policy_optimizer: Moments of the policy.
        value_optimizer: Moments of the value model.
        optimizer_step: Optimizer steps the policy has taken; recorded with every sampled token.
    """

    policy: Params
    value: Params
    reference_policy: Params
    policy_optimizer: OptimizerState
    value_optimizer: OptimizerState
    optimizer_step: int


def save(state: State, config: Config, progress: Mapping[str, Any], directory: Path) -> None:
    """Publish a checkpoint.

    Args:
        state: What to save.
        config: Stored with it.
        progress: Plain JSON values of the trainer.
        directory: Where it will appear.
    """
    counted = dict(progress) | {"optimizer_step": state.optimizer_step}
    entries = whole_arrays(state, config.run.save_moments)
    checkpoint_format.save(directory, entries, config, counted)


def whole_arrays(state: State, moments: bool) -> Iterator[tuple[str, Any]]:
    """``part/name`` and array of everything that is saved, and the optimizers' step counts.

    Args:
        state: What to save.
        moments: Whether the optimizers' moments are part of it.
    """
    models = {
        "policy": state.policy,
        "value": state.value,
        "reference_policy": state.reference_policy,
    }
    for part, params in models.items():
        yield from _arrays(part, params)
    optimizers = {
        "policy_optimizer": state.policy_optimizer,
        "value_optimizer": state.value_optimizer,
    }
    for part, optimizer in optimizers.items():
        if moments:
            yield from _arrays(f"{part}.first", optimizer.first)
            yield from _arrays(f"{part}.second", optimizer.second)
        yield f"{part}.step", optimizer.step


def _arrays(part: str, params: Params) -> Iterator[tuple[str, Any]]:
    for name, array in params.items():
        yield f"{part}/{name}", array


def restore(config: Config, directory: Path) -> tuple[State, dict[str, Any]]:
    """Read a verified checkpoint of any backend and layout.

    Args:
        config: Sizes, precision, switches.
        directory: A ``step_N`` folder.

    Returns:
        The state, and the trainer's progress; both bit-equal to what was saved.

    Raises:
        SeedError: See ``spec.checkpoint_format.open_checkpoint``.
    """
    with checkpoint_format.open_checkpoint(directory, config) as (file, progress):

        def model(part: str) -> Params:
            return {name: array[()] for name, array in file[part].items()} if part in file else {}

        def optimizer(part: str) -> OptimizerState:
            step = int(progress["steps"][part])
            if step and f"{part}.first" not in file:  # saved without moments
                zero = initial_optimizer(model(part.removesuffix("_optimizer")))
                return OptimizerState(zero.first, zero.second, step)
            return OptimizerState(model(f"{part}.first"), model(f"{part}.second"), step)

        return State(
            model("policy"),
            model("value"),
            model("reference_policy"),
            optimizer("policy_optimizer"),
            optimizer("value_optimizer"),
            int(progress["optimizer_step"]),
        ), progress


def initial_from(config: Config, directory: Path) -> State:
    """The weights of a verified checkpoint as those of a new run.

    Args:
        config: Sizes, precision, and whether the recipe has a value model.
        directory: A ``step_N`` folder.

    Returns:
        Policy and value model in the configuration's precision, zero moments, optimizer step 0.

    Raises:
        SeedError: See ``spec.checkpoint_format.open_checkpoint``.
    """
    with checkpoint_format.open_checkpoint(directory, config) as (file, _):

        def model(part: str) -> Params:
            weights = file[part].items() if part in file else ()
            return {name: array[()].astype(config.precision) for name, array in weights}

        policy = model("policy")
        value = model("value") if config.uses_value_model else {}
    return State(policy, value, {}, initial_optimizer(policy), initial_optimizer({}), 0)

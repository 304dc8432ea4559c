"""A new run before its first step: its configuration from all origins, and a summary of both."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.options import typed
from seed.cli.user_errors import is_main_process

if TYPE_CHECKING:
    from seed.spec.config import Config
    from seed.spec.config_files import Layer


def chosen_layers(context: click.Context, overrides: Sequence[str]) -> "list[Layer]":
    """Settings by origin: preset, recipe, --config, other options, overrides.

    Only options that were typed beat the file; the defaults of options do not.
    """
    from seed.spec.config_files import layers_of

    source = typed(context, "source")
    return layers_of(
        typed(context, "preset"),
        typed(context, "recipe"),
        overrides,
        file=typed(context, "file"),
        seed=typed(context, "seed"),
        backend=typed(context, "backend"),
        **(from_checkpoint(source) if source else {}),
    )


def chosen_config(context: click.Context, overrides: Sequence[str]) -> "Config":
    """The configuration of a command with options and overrides; says what has no effect."""
    from seed.spec.config_effect import without_effect
    from seed.spec.config_files import composed

    layers = chosen_layers(context, overrides)
    config = composed(layers)
    for line in without_effect(config, layers[-1].tree):
        if is_main_process():
            click.echo(f"note: {line}", err=True)
    return config


def from_checkpoint(path: Path) -> dict[str, Any]:
    """The settings that ``--from`` stands for, in place of what a file says about a start."""
    start = {"checkpoint": str(path), "step": 0, "sha256": ""}
    return {"start": start, "supervised": {"steps": 0}}


def summary_of(config: "Config", path: Path) -> str:
    """What a run would do, in a few lines."""
    from seed.cli.formatting import aligned
    from seed.spec.parameters import architecture, count

    parameters, rollout = count(architecture(config.model)), config.rollout
    value = "a value model of that size" if config.uses_value_model else "no value model"
    pretraining = config.value_pretraining.steps if config.uses_value_model else 0
    before = f" at most {pretraining} value pretraining," if pretraining else ""
    rows = {
        "run": f"preset {config.preset}, recipe {config.recipe}, seed {config.seed}",
        "directory": str(path),
        "backend": f"{config.backend}, {config.precision}",
        "model": f"{parameters.total:,} parameters ({parameters.active:,} active), {value}",
        "weights": weights_of(config),
        "steps": f"{config.supervised.steps} SFT,{before} {rollout.steps} RL",
        "each RL step": f"{rollout.prompts} prompts x {rollout.samples_per_prompt} responses,"
        f" {config.updates_per_step} policy updates",
        "families": ", ".join(config.data.families),
    }
    return "\n".join(["checked, nothing was started or written:", *aligned(list(rows.items()), 2)])


def weights_of(config: "Config") -> str:
    """Where the first weights come from."""
    start = config.start
    return f"{start.checkpoint}, step {start.step}" if start.checkpoint else "random"

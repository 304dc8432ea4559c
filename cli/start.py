"""A new run before its first step: its configuration from all origins, and a summary of both."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.options import typed
from seed.cli.rewards import reward_text, weights_of_functions, without_functions
from seed.cli.sources import PRESET_OF_MODELS, from_chats, from_data, from_model
from seed.cli.user_errors import is_main_process
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.spec.config import Config
    from seed.spec.config_files import Layer


def chosen_layers(context: click.Context, overrides: Sequence[str]) -> "list[Layer]":
    """Settings by origin: preset, recipe, --config, other options, overrides.

    Only options that were typed beat the file; the defaults of options do not.
    """
    from seed.spec.config_files import layers_of, merged

    check_sft_length(merged({}, overrides))
    model, file, rewards = (typed(context, name) for name in ("model", "file", "rewards"))
    layers = layers_of(
        typed(context, "preset") or (PRESET_OF_MODELS if model and not file else None),
        typed(context, "recipe"),
        overrides,
        file=file,
        **settings_of_options(context, overrides),
    )
    return without_functions(layers) if rewards else layers


def check_sft_length(settings: Mapping[str, Any]) -> None:
    """Refuse two lengths of SFT.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    given = settings.get("supervised", {})
    if isinstance(given, Mapping) and given.get("steps") and given.get("epochs"):
        line = f"supervised.steps={given['steps']} and supervised.epochs={given['epochs']} both say"
        raise SeedError(Reason.ILLEGAL_COMBINATION, f"{line} how long SFT is; give one of them")


def settings_of_options(context: click.Context, overrides: Sequence[str]) -> dict[str, Any]:
    """The settings that typed options stand for, as nested plain values.

    Raises:
        SeedError: ILLEGAL_COMBINATION if --from and --model both name weights; and what is wrong
            with the model folder.
    """
    from seed.spec.config_files import merge, merged

    settings = {name: typed(context, name) for name in ("seed", "backend")}
    source, model, rewards = (typed(context, name) for name in ("source", "model", "rewards"))
    train, evaluation = typed(context, "train"), typed(context, "evaluation")
    chats = typed(context, "chats")
    if source and model:
        line = f"--from {source} and --model {model} both name weights; give one of them"
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    if source:
        merge(settings, from_checkpoint(source))
    if model:
        merge(settings, from_model(model))
    if train or evaluation:
        merge(settings, from_data(train or (), evaluation or ()))
    if chats:
        merge(settings, from_chats(chats, merged({}, overrides), bool(model), bool(train)))
    if rewards:
        merge(settings, {"reward": {"functions": weights_of_functions(rewards)}})
    return settings


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
    if config.uses_value_model and config.start.value_model:
        value += f" from {config.start.value_model}"
    pretraining = config.value_pretraining.steps if config.uses_value_model else 0
    before = f" at most {pretraining} value pretraining," if pretraining else ""
    rows = {
        "run": f"preset {config.preset}, recipe {config.recipe}, seed {config.seed}",
        "directory": str(path),
        "backend": f"{config.backend}, {config.precision}",
        "model": f"{parameters.total:,} parameters ({parameters.active:,} active), {value}",
        "weights": weights_of(config),
        "steps": f"{config.supervised.steps} SFT,{before} {rollout.steps} RL",
        **({"chats": ", ".join(config.data.chats)} if config.data.chats else {}),
        "each RL step": f"{rollout.prompts} prompts x {rollout.samples_per_prompt} responses,"
        f" {config.updates_per_step} policy updates",
        "data": ", ".join(config.data.train or config.data.families) or "no problems",
    }
    if config.distribution.method != "in_turn":
        rows["asked"] = f"by distribution.method={config.distribution.method}"
    if functions := config.reward.functions:
        rows["rewards"] = " + ".join(reward_text(*item) for item in functions.items())
    return "\n".join(["checked, nothing was started or written:", *aligned(list(rows.items()), 2)])


def weights_of(config: "Config") -> str:
    """Where the first weights come from."""
    start = config.start
    if start.checkpoint:
        return f"{start.checkpoint}, step {start.step}"
    return start.model or "random"

"""``seed explain``: settings and their meaning, derived sizes, and the index of equations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from seed.cli.explain_settings import explained, settings
from seed.cli.explain_tables import equation_table, metric_table
from seed.cli.folding import folded
from seed.cli.options import (
    config_option,
    data_option,
    evaluation_option,
    model_option,
    preset_option,
    recipe_option,
)
from seed.cli.start import chosen_layers
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.spec.config import Config
    from seed.spec.config_files import Layer

DERIVED_COLUMN = 28
"""Where the text of ``derived`` begins."""


@click.command(cls=Command)
@preset_option
@recipe_option
@config_option
@model_option
@data_option
@evaluation_option
@click.option("--toml", is_flag=True, help="Print the configuration as --config reads it.")
@click.option(
    "--metrics", is_flag=True, help="List every key of metrics.jsonl, or those with WORD."
)
@click.option(
    "--equations",
    is_flag=True,
    help="List every equation with source, functions and test, or those with WORD.",
)
@click.option(
    "--build",
    is_flag=True,
    help="Also shard the real model, without memory, and count what a rank holds.",
)
@click.argument("words", nargs=-1, metavar="[WORD | KEY.SUB=VALUE]...")
@click.pass_context
def explain(
    context: click.Context,
    /,
    toml: bool,
    metrics: bool,
    equations: bool,
    build: bool,
    words: tuple[str, ...],
    **_: object,
) -> None:
    """Show every setting with its meaning, and the sizes that follow. Trains nothing.

    A WORD narrows it down: a setting (algorithm.clip_high, clip_high), a section (algorithm), a
    metric (policy/entropy) or a name in another framework (kl_coef).
    """
    names = [word for word in words if "=" not in word]
    overrides = [word for word in words if "=" in word]
    if metrics or equations:
        require_alone("--metrics" if metrics else "--equations", overrides)
        click.echo(metric_table(names) if metrics else equation_table(names))
        return
    layers = chosen_layers(context, overrides)
    if toml:
        require_alone("--toml", names)
        click.echo(to_toml_text(layers), nl=False)
    else:
        click.echo(explanation(layers, names, build))


def require_alone(option: str, words: Sequence[str]) -> None:
    """Refuse words that an option does not use."""
    if words:
        line = f"{' '.join(words)} has no effect with {option}; leave one of them out"
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)


def to_toml_text(layers: "Sequence[Layer]") -> str:
    """The resolved configuration as a file."""
    from seed.spec.config_files import composed, to_toml

    return to_toml(composed(layers))


def explanation(layers: "Sequence[Layer]", words: Sequence[str] = (), build: bool = False) -> str:
    """The resolved configuration and its derived sizes as text, or what the words name.

    Args:
        layers: Settings by origin.
        words: Settings, sections, metrics; all settings if there is none.
        build: Whether to count the weights of a rank on the sharded model as well.
    """
    from seed.cli.explain_memory import memory_lines
    from seed.reference.training.run import check_data
    from seed.spec.config_files import composed

    config = composed(layers)
    check_data(config)
    if words:
        return "\n".join(explained(words, config, layers))
    sizes = [line for text in derived(config) for line in folded(text, DERIVED_COLUMN)]
    lines = [*settings(config, ""), "", "derived", *sizes, "", *memory_lines(config, build)]
    return "\n".join(lines)


def derived(config: "Config") -> list[str]:
    """Sizes that follow from the settings."""
    from seed.spec.parameters import architecture, count

    rollout = config.rollout
    parameters = count(architecture(config.model))
    responses = rollout.prompts * rollout.samples_per_prompt
    longest = config.data.max_prompt_tokens + rollout.max_response_tokens
    figures = {
        "policy parameters": f"{parameters.total:,} in all, {parameters.active:,} active per token",
        "value model": (
            "one, of the policy's size" if config.uses_value_model else "none (group advantages)"
        ),
        "SFT": sft_length(config),
        "responses per RL step": (
            f"{rollout.prompts} prompts x {rollout.samples_per_prompt} samples = {responses}"
        ),
        "policy updates": f"{config.updates_per_step} per RL step, {config.updates:,} in all",
        "most tokens per RL step": f"{responses * longest:,}",
        "soft overlong from": overlong_start(config),
        "held-out responses": (
            f"{config.evaluation.problems} problems x {config.evaluation.samples} samples"
        ),
    }
    return [f"  {name:26}{text}" for name, text in figures.items()]


def sft_length(config: "Config") -> str:
    """What SFT reads."""
    supervised = config.supervised
    what = "chats" if config.data.chats else f"{config.data.demonstrations:,} demonstrations"
    size = f"{supervised.batch_tokens:,} tokens" if supervised.batch_tokens else supervised.batch
    if supervised.epochs:
        return f"{supervised.epochs:g} epochs of {what}, {size} a step"
    if config.data.chats or supervised.batch_tokens:
        return f"{supervised.steps} optimizer steps on {what}, {size} a step"
    read = supervised.steps * supervised.batch
    return (
        f"{read:,} demonstrations read in {supervised.steps} optimizer steps:"
        f" {read / config.data.demonstrations:.2f} epochs of {config.data.demonstrations:,}"
    )


def overlong_start(config: "Config") -> str:
    """The response length from which the soft overlong penalty is below zero."""
    longest = config.rollout.max_response_tokens
    penalised = round(config.reward.overlong_share * longest)
    return f"{longest - penalised + 1} of {longest} tokens" if penalised else "off"

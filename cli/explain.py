"""``seed explain``: settings and their meaning, derived sizes, and the index of equations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from seed.cli.options import overrides_argument, preset_option, recipe_option
from seed.cli.user_errors import Command

if TYPE_CHECKING:
    from pydantic import BaseModel

    from seed.spec.config import Config


@click.command(cls=Command)
@preset_option
@recipe_option
@click.option(
    "--equations",
    is_flag=True,
    help="List every equation with its source, its function and its test.",
)
@click.option(
    "--build",
    is_flag=True,
    help="Also shard the real model, without memory, and count what a rank holds.",
)
@overrides_argument
def explain(
    preset: str, recipe: str, equations: bool, build: bool, overrides: tuple[str, ...]
) -> None:
    """Show every setting with its meaning, and the sizes that follow. Trains nothing."""
    click.echo(equation_table() if equations else explanation(preset, recipe, overrides, build))


def explanation(preset: str, recipe: str, overrides: Sequence[str], build: bool = False) -> str:
    """The resolved configuration and its derived sizes as text.

    Args:
        preset, recipe, overrides: As for ``load_config``.
        build: Whether to count the weights of a rank on the sharded model as well.
    """
    from seed.cli.explain_memory import memory_lines
    from seed.spec.config_files import load_config

    config = load_config(preset, recipe, overrides)
    lines = [*settings(config, ""), "", "derived", *derived(config)]
    lines += ["", *memory_lines(config, build)]
    return "\n".join(lines)


def settings(section: "BaseModel", path: str) -> list[str]:
    """One line per setting, ``section.key = value   meaning``; subsections last."""
    from pydantic import BaseModel

    lines, subsections = [], []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            subsections += ["", f"[{path}{name}]", *settings(value, f"{path}{name}.")]
        else:
            shown = dict(value) if hasattr(value, "keys") else value
            lines.append(f"  {f'{path}{name} = {shown}':52}  {field.description or ''}".rstrip())
    return lines + subsections


def derived(config: "Config") -> list[str]:
    """Sizes that follow from the settings."""
    from seed.spec.parameters import architecture, count

    rollout, supervised = config.rollout, config.supervised
    parameters = count(architecture(config.model))
    responses = rollout.prompts * rollout.samples_per_prompt
    demonstrations = supervised.steps * supervised.batch
    longest = config.data.max_prompt_tokens + rollout.max_response_tokens
    figures = {
        "policy parameters": f"{parameters.total:,} in all, {parameters.active:,} active per token",
        "value model": (
            "one, of the policy's size" if config.uses_value_model else "none (group advantages)"
        ),
        "SFT": (
            f"{demonstrations:,} demonstrations read in {supervised.steps} optimizer steps:"
            f" {demonstrations / config.data.demonstrations:.2f} epochs of"
            f" {config.data.demonstrations:,}"
        ),
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


def overlong_start(config: "Config") -> str:
    """The response length from which the soft overlong penalty is below zero."""
    longest = config.rollout.max_response_tokens
    penalised = round(config.reward.overlong_share * longest)
    return f"{longest - penalised + 1} of {longest} tokens" if penalised else "off"


def equation_table() -> str:
    """Every equation: formula, source, function in each backend or why there is none, test."""
    from seed.spec.equations import EQUATIONS

    lines = []
    for number, equation in enumerate(EQUATIONS, start=1):
        lines += [
            f"{number:3}  {equation.title}: {equation.formula}",
            f"     source     {equation.source}",
            f"     reference  {equation.reference or equation.apart}",
            f"     scaled     {equation.scaled or equation.apart}",
            f"     test       {equation.test}",
        ]
    return "\n".join(lines)

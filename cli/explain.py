"""``seed explain``: every setting with its meaning, every size that follows from them, every equation with its place."""

from collections.abc import Sequence

from pydantic import BaseModel

from spec.chapters import EQUATIONS
from spec.config import Config, load_config
from spec.parameters import architecture, count


def explanation(preset: str, recipe: str, overrides: Sequence[str]) -> str:
    """The resolved configuration and its derived sizes as text."""
    config = load_config(preset, recipe, overrides)
    return "\n".join([*settings(config, ""), "", "derived", *derived(config)])


def settings(section: BaseModel, path: str) -> list[str]:
    """One line per setting: ``section.key = value   meaning``, sections after plain settings."""
    lines, below = [], []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            below += ["", f"[{path}{name}]", *settings(value, f"{path}{name}.")]
        else:
            shown = dict(value) if hasattr(value, "keys") else value
            lines.append(f"  {f'{path}{name} = {shown}':52}  {field.description or ''}".rstrip())
    return lines + below


def derived(config: Config) -> list[str]:
    """Sizes that a person would otherwise have to work out from the source."""
    rollout, algorithm = config.rollout, config.algorithm
    parameters = count(architecture(config.model))
    responses = rollout.prompts * rollout.samples_per_prompt
    updates = algorithm.epochs * (responses // algorithm.mini_batch)
    figures = {
        "policy parameters": f"{parameters.total:,} in all, {parameters.active:,} active per token",
        "value model": "one, of the policy's size" if config.uses_value_model else "none (group advantages)",
        "cold start": f"{config.supervised.steps * config.supervised.batch:,} demonstrations read in "
        f"{config.supervised.steps} optimizer steps, {config.data.demonstrations:,} of them distinct draws",
        "responses per RL step": f"{rollout.prompts} prompts x {rollout.samples_per_prompt} samples = {responses}",
        "policy updates": f"{updates} per RL step, {updates * rollout.steps:,} in all",
        "most tokens per RL step": f"{responses * (config.data.max_prompt_tokens + rollout.max_response_tokens):,}",
        "soft overlong from": f"{overlong_start(config)}",
        "held-out answers": f"{config.evaluation.problems} problems x {config.evaluation.samples} samples",
    }
    return [f"  {name:26}{text}" for name, text in figures.items()]


def overlong_start(config: Config) -> str:
    """From which response length on the soft overlong punishment bites."""
    longest = config.rollout.max_response_tokens
    cache = round(config.reward.overlong_share * longest)
    return f"{longest - cache + 1} of {longest} tokens" if cache else "off"


def equation_table() -> str:
    """Every equation: number, what it says, where it is printed, the function in each house or why there is none, the test."""
    lines = []
    for number, equation in enumerate(EQUATIONS, start=1):
        lines.append(f"{number:3}  {equation.title}: {equation.formula}")
        lines.append(f"     source     {equation.source}")
        lines.append(f"     reference  {equation.reference or equation.apart}")
        lines.append(f"     scaled     {equation.scaled or equation.apart}")
        lines.append(f"     test       {equation.test}")
    return "\n".join(lines)

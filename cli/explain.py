"""``seed explain``: every setting with its meaning, every size that follows from them, every
equation with its place.
"""

from collections.abc import Sequence

from pydantic import BaseModel

from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.equations import EQUATIONS
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import MASTER_BYTES, Layout, layout_for, weights_per_rank
from seed.spec.parameters import architecture, count
from seed.spec.weights import policy_shapes


def explanation(preset: str, recipe: str, overrides: Sequence[str], build: bool = False) -> str:
    """The resolved configuration and its derived sizes as text; with ``build`` the layout's are
    counted on the model as well.
    """
    config = load_config(preset, recipe, overrides)
    lines = [*settings(config, ""), "", "derived", *derived(config)]
    if not config.parallel.fsdp:
        if build:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                "--build with parallel.fsdp=0 knows no number of ranks; legal: parallel.fsdp >= 1",
            )
        return "\n".join(lines)
    layout = layout_for(
        config.parallel, config.parallel.fsdp * config.parallel.cp * config.parallel.tp
    )
    return "\n".join([*lines, "", *on_each_rank(config, layout, build)])


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
    rollout = config.rollout
    parameters = count(architecture(config.model))
    responses = rollout.prompts * rollout.samples_per_prompt
    figures = {
        "policy parameters": f"{parameters.total:,} in all, {parameters.active:,} active per token",
        "value model": (
            "one, of the policy's size" if config.uses_value_model else "none (group advantages)"
        ),
        "cold start": (
            f"{config.supervised.steps * config.supervised.batch:,} demonstrations read in"
            f" {config.supervised.steps} optimizer steps, {config.data.demonstrations:,} of them"
            " distinct draws"
        ),
        "responses per RL step": (
            f"{rollout.prompts} prompts x {rollout.samples_per_prompt} samples = {responses}"
        ),
        "policy updates": f"{config.updates_per_step} per RL step, {config.updates:,} in all",
        "most tokens per RL step": (
            f"{responses * (config.data.max_prompt_tokens + rollout.max_response_tokens):,}"
        ),
        "soft overlong from": f"{overlong_start(config)}",
        "held-out answers": (
            f"{config.evaluation.problems} problems x {config.evaluation.samples} samples"
        ),
    }
    return [f"  {name:26}{text}" for name, text in figures.items()]


def on_each_rank(config: Config, layout: Layout, build: bool) -> list[str]:
    """What the fullest rank holds of the policy: weights by group, and bytes of what the optimizer
    step needs of each.

    Args:
        config: Sizes and precision.
        layout: Degrees of parallelism.
        build: Whether to shard the real model as well, without memory, and count the weights there.
    """
    held, size = (
        weights_per_rank(policy_shapes(config.model), layout),
        MASTER_BYTES[config.precision],
    )
    built = _built(config, layout) if build else {}
    columns = (
        "weights",
        "their bytes",
        "gradient",
        "two moments",
        *(("weights built",) if build else ()),
    )
    lines = [
        f"policy on each rank: {layout.title}, {layout.ranks} ranks (none holds more than this)",
        f"  {'group':12}" + "".join(f"{column:>18}" for column in columns),
    ]
    held["all"], built["all"] = sum(held.values()), sum(built.values())
    for group, weights in held.items():
        figures = [
            weights,
            size * weights,
            size * weights,
            2 * size * weights,
            *([built[group]] if build else []),
        ]
        lines.append(f"  {group:12}" + "".join(f"{figure:>18,}" for figure in figures))
    return lines


def _built(config: Config, layout: Layout) -> dict[str, int]:
    try:
        from seed.scaled.parallel.dry_run import weights_held
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"--build needs torch: pip install 'seed-reasoning[scaled]' ({missing})",
        ) from None
    return weights_held(config, layout)


def overlong_start(config: Config) -> str:
    """From which response length on the soft overlong punishment bites."""
    longest = config.rollout.max_response_tokens
    cache = round(config.reward.overlong_share * longest)
    return f"{longest - cache + 1} of {longest} tokens" if cache else "off"


def equation_table() -> str:
    """Every equation: number, what it says, where it is printed, the function in each backend or why
    there is none, the test.
    """
    lines = []
    for number, equation in enumerate(EQUATIONS, start=1):
        lines.append(f"{number:3}  {equation.title}: {equation.formula}")
        lines.append(f"     source     {equation.source}")
        lines.append(f"     reference  {equation.reference or equation.apart}")
        lines.append(f"     scaled     {equation.scaled or equation.apart}")
        lines.append(f"     test       {equation.test}")
    return "\n".join(lines)

"""Options and arguments that several commands have."""

import math
from pathlib import Path
from typing import Any

import click

PRESETS = ("tiny", "small", "mixed", "seed-200b")
RECIPES = ("vapo", "dapo", "grpo", "ppo")
BACKENDS = ("reference", "scaled")
ISOLATIONS = ("automatic", "bubblewrap", "landlock", "weak")
PRECISIONS = ("float64", "float32", "bfloat16")
# These repeat lists of heavier modules, so that help does not import them; a test compares them.


class FiniteRange(click.FloatRange):
    """A range of numbers; what is no number is in none, though every comparison with it fails."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail("it is not finite", param, ctx)
        return number


PATH = click.Path(path_type=Path)
SEED = click.IntRange(0, 2**32 - 1)

overrides_argument = click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]...")

preset_option = click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="tiny",
    show_default=True,
    help="Sizes and task.",
)

recipe_option = click.option(
    "--recipe", type=click.Choice(RECIPES), default="vapo", show_default=True, help="Algorithm."
)

config_option = click.option(
    "--config",
    "file",
    type=PATH,
    metavar="FILE.toml",
    help="Settings as in a run's config.toml, all or some; preset and recipe are defaults then.",
)


def typed(context: click.Context, name: str) -> Any:
    """The value of an option that was typed; None if it was not, or does not exist."""
    source = context.get_parameter_source(name)
    return context.params[name] if source is click.core.ParameterSource.COMMANDLINE else None

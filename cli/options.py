"""Options and arguments that several commands have."""

import math
from pathlib import Path
from typing import Any

import click

PRESETS = ("tiny", "small", "mixed", "smollm2", "seed-200b")
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
    "--recipe",
    type=click.Choice(RECIPES),
    help="Algorithm.  [default: vapo; grpo with preset smollm2]",
)

config_option = click.option(
    "--config",
    "file",
    type=PATH,
    metavar="FILE.toml",
    help="Settings as in a run's config.toml, all or some; preset and recipe are defaults then.",
)

model_option = click.option(
    "--model",
    type=PATH,
    metavar="FOLDER",
    help="Start from a pretrained model, with its tokenizer; the preset is smollm2 then.",
)

data_option = click.option(
    "--data",
    "train",
    multiple=True,
    metavar="FILE|TASK",
    help="Problems to train on in place of puzzles: JSONL, Parquet, or a built-in text task. May be"
    " given several times.",
)

evaluation_option = click.option(
    "--eval-data",
    "evaluation",
    multiple=True,
    metavar="FILE|TASK",
    help="Problems to evaluate on.  [default: a part of --data, held out]",
)

chats_option = click.option(
    "--chats",
    multiple=True,
    metavar="FILE",
    help="Chats for SFT, in two epochs, in place of demonstrations: JSONL or Parquet. With"
    " rollout.steps=0 the run is SFT alone. May be given several times.",
)

reward_option = click.option(
    "--reward",
    "rewards",
    multiple=True,
    metavar="PATH.py:FUNCTION[,WEIGHT]",
    help="Your own reward function in place of the verdict; `--reward verifier` adds it. May be"
    " given several times.",
)


def typed(context: click.Context, name: str) -> Any:
    """The value of an option that was typed; None if it was not, or does not exist."""
    source = context.get_parameter_source(name)
    return context.params[name] if source is click.core.ParameterSource.COMMANDLINE else None

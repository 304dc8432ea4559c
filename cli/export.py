"""``seed export``: the policy of a run as a model folder that other programs load."""

from pathlib import Path

import click

from seed.cli.options import PATH
from seed.cli.user_errors import Command

DTYPES = ("bfloat16", "float32")


@click.command(cls=Command)
@click.argument("run", type=PATH, metavar="RUN|CHECKPOINT")
@click.option("--to", "out", type=PATH, required=True, help="New folder.")
@click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    default="bfloat16",
    show_default=True,
    help="Of the tensors.",
)
@click.option(
    "--model",
    "folder",
    type=PATH,
    help="Folder to take config.json and tokenizer from.  [default: the one that the run began"
    " with]",
)
def export(run: Path, out: Path, dtype: str, folder: Path | None) -> None:
    """Write the newest checkpoint of a run as a folder that transformers and vLLM load.

    It holds config.json, the policy as safetensors, the tokenizer and the settings of generation.
    Any checkpoint works, whichever backend and layout wrote it. Nothing is overwritten.
    """
    from seed.reference.pretrained.export import export_checkpoint
    from seed.reference.training.run_directory import find_checkpoint

    checkpoint = find_checkpoint(run)
    origin = export_checkpoint(checkpoint, out, dtype, folder)
    beside = f"config and tokenizer of {origin}" if origin else "the character tokenizer"
    click.echo(f"{out}: the policy of {checkpoint} in {dtype}, with {beside}")

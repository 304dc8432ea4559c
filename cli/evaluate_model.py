"""The models of ours that ``seed eval POLICY FILE...`` asks: checkpoints and model folders."""

import contextlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seed.cli.backends import open_backend
from seed.cli.checkpoints import restored
from seed.reference.evaluation.benchmarks import MAX_TOKENS
from seed.reference.evaluation.model_policy import ModelPolicy
from seed.reference.tasks.task import tokenizer_of

if TYPE_CHECKING:
    from seed.spec.config import Config

CONCURRENCY = 64
"""Responses decoded together if nothing else is said, ..."""
CACHE_BYTES = 2 << 30
"""... but not more than this has room for with their keys and values."""
PROMPT_SHARE = 2
"""A model folder's responses may fill 1 / 2 of the positions that the model knows."""


@contextlib.contextmanager
def opened_model(
    path: Path, settings: Sequence[str], options: Mapping[str, Any]
) -> Iterator[ModelPolicy[Any]]:
    """A checkpoint, run directory or model folder, loaded.

    Args:
        path: Of it.
        settings: Overrides of its configuration.
        options: Of the command line.

    Raises:
        SeedError: What is wrong with it.
    """
    if is_model_folder(path):
        from seed.reference.training.start import initial_state, with_start

        config = folder_config(path, settings, options["max_tokens"])
        with open_backend(config, trains=False) as backend:
            config = with_start(config, backend)
            state = initial_state(backend, config)
            digest = config.start.sha256
            source: dict[str, Any] = {"kind": "folder", "path": str(path), "sha256": digest}
            together = options["concurrency"] or decoded_together(config)
            yield ModelPolicy(backend, state, config, tokenizer_of(config), source, together)
        return
    with restored(path, settings) as model:
        config = model.config
        source = {"kind": "checkpoint", "path": str(model.path), "seed": config.seed}
        source |= {"settings": list(settings)} if settings else {}
        together = options["concurrency"] or decoded_together(config)
        tokenizer = tokenizer_of(config)
        yield ModelPolicy(model.backend, model.state, config, tokenizer, source, together)


def is_model_folder(path: Path) -> bool:
    """Whether a path is a folder as transformers writes them."""
    return (path / "config.json").is_file()


def folder_config(path: Path, settings: Sequence[str], most_tokens: int | None) -> "Config":
    """A configuration with the sizes and the tokenizer of a model folder.

    Torch computes where it is installed, and NumPy elsewhere.

    Args:
        path: The folder.
        settings: Overrides.
        most_tokens: Of a response; None for what the model's positions allow.

    Raises:
        SeedError: FOREIGN_MODEL, UNREADABLE_FILE, UNKNOWN_KEY, ILLEGAL_VALUE.
    """
    from seed.reference.pretrained.folder import Folder
    from seed.spec.config_files import composed, layers_of

    has_torch = importlib.util.find_spec("torch") is not None
    folder = Folder(path)
    known = int(folder.config.get("max_position_embeddings", PROMPT_SHARE * MAX_TOKENS))
    layers = layers_of(
        None,
        "grpo",
        settings,
        backend="scaled" if has_torch else "reference",
        model=folder.model.model_dump(),
        tokenizer={"path": str(path)},
        start={"model": str(path)},
        rollout={"max_response_tokens": most_tokens or min(MAX_TOKENS, known // PROMPT_SHARE)},
    )
    return composed(layers)


def decoded_together(config: "Config") -> int:
    """Responses whose keys and values fit into ``CACHE_BYTES``, from 1 to ``CONCURRENCY``."""
    model = config.model
    numbers = 2 * model.layers * model.key_value_heads * model.head_width
    positions = config.data.max_prompt_tokens + config.rollout.max_response_tokens
    width = 8 if config.precision == "float64" else 4
    return max(1, min(CONCURRENCY, CACHE_BYTES // (numbers * positions * width)))

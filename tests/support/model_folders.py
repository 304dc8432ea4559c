"""Runs that start from a model folder."""

import json
from pathlib import Path

from seed.reference.backend import ReferenceBackend
from seed.reference.pretrained.folder import settings_of_model
from seed.reference.training.start import with_start
from seed.spec.config import Config
from tests.support.small_runs import small_config


def config_from(folder: Path, *overrides: str) -> Config:
    """The configuration of a small GRPO run from a model folder, with the character tokenizer."""
    settings = settings_of_model(folder).items()
    sizes = [f"model.{name}={json.dumps(value)}" for name, value in settings]
    config = small_config("grpo", *sizes, f"start.model={folder}", *overrides)
    return with_start(config, ReferenceBackend())

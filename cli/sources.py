"""What ``--model``, ``--data`` and ``--eval-data`` stand for: settings of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PRESET_OF_MODELS = "smollm2"
"""The preset of a run from a model folder, if no other is named."""


def from_model(folder: Path) -> dict[str, Any]:
    """A pretrained model: its sizes, its weights and its tokenizer."""
    from seed.reference.pretrained.folder import settings_of_model

    return {
        "model": settings_of_model(folder),
        "start": {"model": str(folder), "checkpoint": "", "step": 0, "sha256": ""},
        "tokenizer": {"path": str(folder), "sha256": ""},
    }


def from_data(train: Sequence[str], evaluation: Sequence[str]) -> dict[str, Any]:
    """Files and built-in text tasks in place of puzzle families, with what suits the tasks."""
    from seed.reference.data.open_source import TEXT_TASKS, task_name

    settings: dict[str, Any] = {}
    for name in filter(None, map(task_name, train)):
        for setting, value in TEXT_TASKS[name].settings.items():
            section, _, key = setting.rpartition(".")
            _section(settings, section)[key] = value
    data = _section(settings, "data")
    data |= {"train": list(train), "families": [], "difficulties": {}} if train else {}
    data |= {"evaluation": list(evaluation)} if evaluation else {}
    return settings


def _section(settings: dict[str, Any], path: str) -> dict[str, Any]:
    for name in path.split("."):
        settings = settings.setdefault(name, {})
    return settings

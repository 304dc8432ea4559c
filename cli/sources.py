"""What ``--model``, ``--data``, ``--eval-data`` and ``--chats`` stand for: settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EPOCHS = 2.0
RATES = {"learning_rate": 2e-5, "final_learning_rate": 2e-6, "schedule": "cosine"}
"""Of SFT on chats: those of the report (4.1)."""
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


def from_chats(
    chats: Sequence[str], overrides: Mapping[str, Any], has_model: bool, trains: bool
) -> dict[str, Any]:
    """Chats for SFT: two epochs of them, with the learning rates of the report on a given model.

    With ``rollout.steps=0`` the run is SFT alone: it trains on the problems that are named, or on
    none.

    Args:
        chats: Files.
        overrides: What was typed as ``section.key=value``.
        has_model: Whether the run starts from a pretrained model.
        trains: Whether an option names problems to train on.

    Source: report 4.1.
    """
    settings: dict[str, Any] = {"data": {"chats": list(chats)}}
    typed = overrides.get("supervised", {})
    supervised: dict[str, Any] = {"stop_accuracy": 0.0}
    if "steps" not in typed:
        supervised["epochs"] = EPOCHS
    if has_model:
        supervised["optimizer"] = dict(RATES)
    settings["supervised"] = supervised
    if overrides.get("rollout", {}).get("steps") != 0:
        return settings
    settings["value_pretraining"] = {"steps": 0}
    if not trains and not {"train", "families"} & set(overrides.get("data", {})):
        settings["data"] |= {"train": [], "families": [], "difficulties": {}}
    return settings


def _section(settings: dict[str, Any], path: str) -> dict[str, Any]:
    for name in path.split("."):
        settings = settings.setdefault(name, {})
    return settings

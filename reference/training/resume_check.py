"""What a resume demands of the settings: the run that goes on is the run that began."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from seed.reference.rewards.sources import located as located_functions
from seed.reference.training.progress import Progress
from seed.reference.training.run_directory import RunDirectory
from seed.reference.training.value_start import located_value_model
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.software import differences, software

MAY_DIFFER = (
    *("backend", "parallel", "run"),
    *("start.checkpoint", "start.model", "start.value_model", "tokenizer.path"),
    "reward.sha256",
)
"""Sections and settings that may change between a run and its resume.

They say who computes, what is written and where the first weights lie (their digest may not
change). The numbers of another backend or layout differ by rounding. A digest of a reward function
that was deleted is not checked.
"""


def check_resume(config: Config, directory: RunDirectory, checkpoint: Path) -> str:
    """Refuse what would go on as another run than the one that wrote the checkpoint.

    Returns:
        What differs in the software; empty if nothing does, or if the checkpoint does not say it.

    Raises:
        SeedError: FOREIGN_CHECKPOINT for other settings or other reward functions, UNREADABLE_FILE
            for missing lines.
    """
    manifest = read_manifest(checkpoint)
    check_same_settings(config, manifest["config"], checkpoint)
    located_functions(config.reward)
    progress = Progress.from_json(manifest["progress"])
    if progress.phase == "supervised":  # later the checkpoint has the value model
        located_value_model(config)
    directory.check_lines(progress.step, progress.schedule_bytes)
    return differences(manifest.get("software", {}), software(config.backend))


def check_same_settings(config: Config, saved_tree: Mapping[str, Any], checkpoint: Path) -> None:
    """Refuse a configuration that is not the one of the checkpoint, with what differs first.

    Settings that the version that saved the checkpoint did not have are not compared.

    Args:
        config: From ``config.toml``, which a person may have edited.
        saved_tree: The whole configuration that the checkpoint holds.
        checkpoint: The ``step_N`` folder to continue from.

    Raises:
        SeedError: FOREIGN_CHECKPOINT.
    """
    for name, value, saved in _pairs(type(config), config.model_dump(mode="json"), saved_tree):
        if saved != value and not _may_differ(name):
            raise SeedError(
                Reason.FOREIGN_CHECKPOINT,
                f"config.toml has {name}={value}, but {checkpoint} was saved with"
                f" {name}={saved}; set it back (what may differ: {', '.join(MAY_DIFFER)}), or"
                f" start another run from these weights: seed run --from {checkpoint}",
            )


def _may_differ(name: str) -> bool:
    return name in MAY_DIFFER or name.partition(".")[0] in MAY_DIFFER


def _pairs(
    section: type[BaseModel], tree: Mapping[str, Any], saved: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Dotted name, value and saved value of every setting that both sides have."""
    for name in [name for name in tree if name in saved]:
        kind = section.model_fields[name].annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _pairs(kind, tree[name], saved[name], f"{path}{name}.")
        else:
            yield f"{path}{name}", tree[name], saved[name]

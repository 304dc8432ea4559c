"""A run that version 0.1 wrote resumes as if it had been written today."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.training import trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec import renames
from seed.spec.observer import SilentObserver
from tests.support.small_runs import KillAfter, Killed, lasting_bytes, new_run, small_config

EVERYTHING_RENAMED = (
    "algorithm.kl_weight=0.01",
    "rollout.srs_alpha=0.5",
    "rollout.at_staleness_bound=drop",
    "rollout.continue_with=snapshot",
    "run.checkpoint_every=1",
    "run.keep_checkpoints=9",
)


def backwards(names: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Keys of nested mappings under other names."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(item, names) for key, item in value.items()}
    return [renamed(item, names) for item in value] if isinstance(value, list) else value


def old_metrics(line: dict[str, Any]) -> dict[str, Any]:
    """A metrics line of version 0.1: SFT had no prefix."""
    in_sft = line["phase"] == "supervised"
    names = {
        new: old
        for old, new in renames.METRICS.items()
        if not new.startswith("policy/") or old.startswith("policy_") is not in_sft
    }
    return {names.get(key, key): value for key, value in line.items()}


def old_event(line: dict[str, Any]) -> dict[str, Any]:
    event = backwards(renames.EVENTS).get(line["event"], line["event"])
    fields: dict[str, Any] = renamed(line, backwards(renames.EVENT_FIELDS))
    return fields | {"event": event}


def old_settings(tree: dict[str, Any]) -> dict[str, Any]:
    """Sections and keys of version 0.1."""
    settings = {section: dict(keys) for section, keys in tree.items() if isinstance(keys, dict)}
    for old, new in renames.SETTINGS.items():
        section, key = new.split(".")
        settings[section][old.partition(".")[2]] = settings[section].pop(key)
    for name, values in renames.VALUES.items():
        section, key = name.split(".")
        settings[section][key] = backwards(values).get(
            settings[section][key], settings[section][key]
        )
    return tree | settings


def make_old(path: Path) -> None:
    """Rewrite a run as version 0.1 wrote it."""
    for name, translate in (("metrics.jsonl", old_metrics), ("schedule.jsonl", old_event)):
        lines = [json.loads(line) for line in (path / name).read_text().splitlines()]
        text = "".join(json.dumps(translate(line), sort_keys=True) + "\n" for line in lines)
        (path / name).write_text(text)
    text = (path / "config.toml").read_text().replace('= "drop"', '= "evict"')
    for old, new in renames.SETTINGS.items():
        text = text.replace(f"{new.partition('.')[2]} = ", f"{old.partition('.')[2]} = ")
    (path / "config.toml").write_text(text)
    for folder in (path / "snapshots").glob("policy_version_*"):
        folder.rename(folder.with_name(folder.name.replace("policy_version", "publication")))
    for manifest in path.glob("*/*/manifest.json"):
        make_old_checkpoint(manifest.parent)


def make_old_checkpoint(folder: Path) -> None:
    """Names and format of version 0.1."""
    with h5py.File(folder / "state.h5", "a") as file:
        for new, old in backwards(renames.CHECKPOINT_PARTS).items():
            if new in file:
                file.move(new, old)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.pop("manifest_sha256")
    progress = renamed(manifest["progress"], backwards(renames.PROGRESS))
    progress.pop("schedule_bytes", None)
    if "books" in progress:
        schedule = renamed(progress["books"]["schedule"], backwards(renames.SCHEDULE))
        progress["books"] = progress["books"] | {"schedule": schedule}
    manifest |= {
        "format": "seed-checkpoint-1",
        "sha256": hashlib.sha256((folder / "state.h5").read_bytes()).hexdigest(),
        "config": old_settings(manifest["config"]),
        "progress": progress,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("overrides", [(), EVERYTHING_RENAMED], ids=["default", "everything"])
def test_a_run_of_version_0_1_resumes_to_the_same_bytes(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    config = small_config("vapo", *overrides)
    trainer.train(new_run(tmp_path / "whole", config))
    path = tmp_path / "killed"
    with pytest.raises(Killed):
        trainer.train(new_run(path, config, KillAfter(10)))
    (path / "schedule.jsonl").touch()
    make_old(path)
    assert "reward_mean" in (path / "metrics.jsonl").read_text()
    directory, found = RunDirectory.resume(path)
    assert found == config
    trainer.train(Run.resume(ReferenceBackend(), found, directory, SilentObserver()))
    resumed, whole = lasting_bytes(path), lasting_bytes(tmp_path / "whole")
    last = max((tmp_path / "whole" / "checkpoints").iterdir(), key=lambda p: int(p.name[5:])).name
    compared = [name for name in whole if name.endswith(".jsonl") or f"/{last}/" in name]
    assert len(compared) > 10
    assert {name: resumed[name] for name in compared} == {name: whole[name] for name in compared}


def test_a_norm_that_was_on_or_off_is_named_today() -> None:
    saved = {"model": {"query_key_norm": True}, "rollout": {"at_staleness_bound": "evict"}}
    today = {"model": {"query_key_norm": "head"}, "rollout": {"at_staleness_bound": "drop"}}
    assert renames.current_settings(saved) == today

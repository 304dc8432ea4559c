"""What a run leaves on disk: appended lines, and whole files published by a rename.

    config.toml  metrics.jsonl  timings.jsonl  samples.jsonl  rollouts/  checkpoints/step_N
    summary.json  report.html  .lock

``metrics.jsonl`` and ``samples.jsonl`` hold nothing that depends on the clock, so two equal runs
write equal bytes; seconds go to ``timings.jsonl``. On resume everything after the checkpoint is cut
off and written again, byte for byte. No file is edited in place: a kill at any moment leaves what
was there or what follows it (``spec.atomic_files``).
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from seed.reference.pretrained.export import KEPT_MODEL
from seed.reference.training import rollout_files
from seed.reference.training.kept_model import keep_model, with_kept_model
from seed.reference.training.run_lock import LOCK
from seed.spec.atomic_files import (
    PARTIAL,
    append_whole,
    flush,
    remove_atomically,
    sweep,
    write_atomically,
    written,
)
from seed.spec.checkpoint_format import check_state, read_manifest
from seed.spec.config import Config
from seed.spec.config_files import to_toml, validated
from seed.spec.datatypes import ScoredRollout
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import OLD_SNAPSHOT, current_event, current_metrics, current_settings
from seed.spec.text_files import read_text

STEP_LINES = ("metrics.jsonl", "timings.jsonl", "samples.jsonl")
TRANSLATIONS = {"metrics.jsonl": current_metrics, "schedule.jsonl": current_event}
"""How lines of earlier versions are read."""
SCHEDULE = "schedule.jsonl"
"""Only a streaming run has one."""


def find_checkpoint(path: Path) -> Path:
    """The folder itself if it is a checkpoint, else the newest checkpoint of that run directory.

    Raises:
        SeedError: NOT_A_CHECKPOINT.
    """
    if not path.is_dir():
        line = f"{path} is not a folder; give a checkpoints/step_N or a run directory"
        raise SeedError(Reason.NOT_A_CHECKPOINT, line)
    return RunDirectory(path).newest_checkpoint() or path


@contextmanager
def older_offered(checkpoint: Path) -> Iterator[None]:
    """Where a checkpoint turns out to be damaged, name the newest whole one of its run.

    Raises:
        SeedError: The error of the block.
    """
    try:
        yield
    except SeedError as error:
        if error.reason is not Reason.DAMAGED_CHECKPOINT:
            raise
        whole = None
        with suppress(SeedError):
            whole, _ = RunDirectory(checkpoint.parent.parent).newest_whole_checkpoint()
        if whole is None:
            raise
        raise SeedError(error.reason, f"{error.line}; the newest whole one is {whole}") from None


class RunDirectory:
    """The folder of one run, open for writing. Steps are counted over all phases.

    Of several processes that run the same loop one ``writes``; for the others every change is
    silently left out.
    """

    def __init__(self, path: Path, writes: bool = True) -> None:
        self.path = path
        self.writes = writes
        self.pending: dict[int, list[ScoredRollout]] = {}

    @classmethod
    def create(cls, path: Path, config: Config) -> "RunDirectory":
        """Start a new run.

        Raises:
            SeedError: RUN_DIRECTORY_IN_USE if anything is there already; nothing is overwritten.
        """
        cls.require_free(path)
        with written(path):
            path.mkdir(parents=True, exist_ok=True)
            sweep(path)
            (path / "checkpoints").mkdir(exist_ok=True)
            for name in STEP_LINES:
                (path / name).touch()
        keep_model(config, path)
        # The last of them: with it the folder is a run that can be resumed.
        write_atomically(path / "config.toml", to_toml(config))
        return cls(path)

    @staticmethod
    def require_free(path: Path) -> None:
        """Refuse a place that a new run cannot have.

        A folder in which a kill ended a start before ``config.toml`` was written is free.

        Raises:
            SeedError: RUN_DIRECTORY_IN_USE, UNWRITABLE_FILE.
        """
        if path.exists() and not (path.is_dir() and all(map(_is_of_a_start, path.iterdir()))):
            raise SeedError(
                Reason.RUN_DIRECTORY_IN_USE,
                f"{path} is not empty; choose another --out, or continue it with: seed run --resume"
                f" {path}",
            )
        above = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            what = "cannot be written to" if above.is_dir() else "is no folder"
            line = f"{path}: {above} {what}; choose another --out"
            raise SeedError(Reason.UNWRITABLE_FILE, line)

    @classmethod
    def resume(cls, path: Path) -> tuple["RunDirectory", Config]:
        """Open an existing run and read its configuration.

        Raises:
            SeedError: NOT_A_RUN_DIRECTORY.
        """
        file = path / "config.toml"
        if not file.is_file():
            way_on = "give the folder of an earlier seed run"
            if path.is_dir() and all(map(_is_of_a_start, path.iterdir())):
                way_on = f"no run has begun there; start one with --out {path}"
            line = f"{path} holds no config.toml; {way_on}"
            raise SeedError(Reason.NOT_A_RUN_DIRECTORY, line)
        try:
            tree = tomllib.loads(read_text(file))
        except tomllib.TOMLDecodeError as error:
            raise SeedError(
                Reason.NOT_A_RUN_DIRECTORY, f"{file} is not readable TOML: {error}"
            ) from None
        try:
            return cls(path), with_kept_model(validated(current_settings(tree)), path)
        except SeedError as error:
            raise SeedError(error.reason, f"{file}: {error.line}") from None

    def checkpoint_directory(self, step: int) -> Path:
        """Where the checkpoint after ``step`` lives."""
        return self.path / "checkpoints" / f"step_{step}"

    def checkpoint_steps(self) -> list[int]:
        """Steps that have a published checkpoint, ascending; other names in the folder are not."""
        names = [path.name for path in (self.path / "checkpoints").glob("step_*")]
        return sorted(int(name[5:]) for name in names if re.fullmatch(r"step_\d+", name))

    def newest_checkpoint(self) -> Path | None:
        """The published checkpoint of the largest step, if there is one."""
        steps = self.checkpoint_steps()
        return self.checkpoint_directory(steps[-1]) if steps else None

    def newest_whole_checkpoint(self) -> tuple[Path | None, list[str]]:
        """The checkpoint to continue from: damaged ones are passed over.

        Returns:
            The newest whole one, None if the run has none at all; and a line for each newer one,
            with its damage.

        Raises:
            SeedError: DAMAGED_CHECKPOINT if there are some and all are damaged.
        """
        damages = []
        for step in reversed(self.checkpoint_steps()):
            checkpoint = self.checkpoint_directory(step)
            try:
                for part in (checkpoint, *self._snapshots_of(step)):
                    check_state(part, read_manifest(part))
            except SeedError as error:
                if error.reason not in (Reason.DAMAGED_CHECKPOINT, Reason.NOT_A_CHECKPOINT):
                    raise
                damages.append(error.line)
            else:
                return checkpoint, damages
        if damages:
            line = (
                f"no checkpoint is whole: {'; '.join(damages)}; start a new run with another --out"
            )
            raise SeedError(Reason.DAMAGED_CHECKPOINT, line)
        return None, []

    def drop_old_checkpoints(self, keep: int, spared: Sequence[int]) -> None:
        """Delete all but the ``keep`` newest checkpoints and those of the ``spared`` steps."""
        for step in self.checkpoint_steps()[:-keep] if self.writes else ():
            if step not in spared:
                remove_atomically(self.checkpoint_directory(step))

    def snapshot_directory(self, policy_version: int) -> Path:
        """Where the weights of a policy version lie that unfinished samples continue with."""
        return self.path / "snapshots" / f"policy_version_{policy_version}"

    def drop_snapshots(self, spared: Sequence[int]) -> None:
        """Delete all snapshots but the spared ones and those that a checkpoint needs.

        A resume may have to go back to an older checkpoint, whose unfinished samples go on too.
        """
        if not self.writes:
            return
        kept = {self.snapshot_directory(version) for version in spared}
        for step in self.checkpoint_steps():
            with suppress(SeedError):  # nobody can go back to a damaged one
                kept.update(self._snapshots_of(step))
        for path in (self.path / "snapshots").glob("policy_version_*"):
            if path not in kept:
                remove_atomically(path)

    def _snapshots_of(self, step: int) -> list[Path]:
        """Snapshots that the unfinished samples of a checkpoint go on with.

        Raises:
            SeedError: As ``read_manifest``.
        """
        versions = needed_snapshots(read_manifest(self.checkpoint_directory(step)))
        return [self.snapshot_directory(version) for version in versions]

    def append(self, name: str, line: dict[str, Any]) -> None:
        """Add one JSON object to a ``.jsonl`` file."""
        self.append_all(name, [line])

    def append_all(self, name: str, lines: Sequence[dict[str, Any]]) -> None:
        """Add JSON objects to a ``.jsonl`` file; NaN becomes null, which JSON knows."""
        if not self.writes or not lines:
            return
        texts = [json.dumps(_without_nan(line), sort_keys=True) + "\n" for line in lines]
        append_whole(self.path / name, "".join(texts).encode())

    def read(self, name: str) -> list[dict[str, Any]]:
        """All whole lines of a ``.jsonl`` file; a last line cut by a kill is left out.

        Raises:
            SeedError: UNREADABLE_FILE names the first line that is damaged.
        """
        path = self.path / name
        lines = _content(path).split(b"\n")[:-1]
        translate = TRANSLATIONS.get(name, dict)
        return [translate(_step_line(path, *numbered)) for numbered in enumerate(lines, start=1)]

    def read_json(self, name: str) -> dict[str, Any]:
        """A whole JSON file, empty if there is none.

        Raises:
            SeedError: UNREADABLE_FILE.
        """
        path = self.path / name
        try:
            content = json.loads((_content(path) or b"{}").decode())
        except (ValueError, RecursionError) as error:
            line = f"{path} is not readable JSON: {error}; put it back as it was, or take it away"
            raise SeedError(Reason.UNREADABLE_FILE, line) from None
        return dict(content)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Publish a whole JSON file."""
        if self.writes:
            text = json.dumps(_without_nan(content), indent=1) + "\n"
            write_atomically(self.path / name, text)

    def keep_rollouts(self, step: int, scored: Sequence[ScoredRollout]) -> None:
        """Remember a step's rollouts until the next checkpoint publishes them."""
        if self.writes:
            self.pending[step] = list(scored)

    def publish_rollouts(self) -> None:
        """Write the rollouts since the last checkpoint as a file of their own."""
        rollout_files.publish(self.path, self.pending)
        self.pending.clear()

    def flush_lines(self) -> None:
        """Wait until all lines are on the disk, so that none is missing beside a checkpoint."""
        for name in (*STEP_LINES, SCHEDULE) if self.writes else ():
            if (self.path / name).exists():
                flush(self.path / name)

    def size(self, name: str) -> int:
        """Bytes of a file, 0 if there is none."""
        path = self.path / name
        return path.stat().st_size if path.exists() else 0

    def cut_after(self, step: int, schedule_bytes: int = -1) -> None:
        """Forget everything written after ``step``, for a resume from its checkpoint.

        What a kill left half-written is deleted. Checkpoints of later steps are damaged ones; they
        get the name ``damaged_step_N``. What version 0.1 wrote gets today's names.

        Args:
            step: Of the checkpoint.
            schedule_bytes: Size of schedule.jsonl then; -1 if the checkpoint does not say it.

        Raises:
            SeedError: UNREADABLE_FILE if a rollouts.h5 of an earlier version is damaged.
        """
        if not self.writes:
            return
        for folder in (self.path, self.path / "checkpoints", self.path / "snapshots"):
            sweep(folder)
        if schedule_bytes >= 0 and (self.path / SCHEDULE).exists():
            schedule = (self.path / SCHEDULE).read_bytes()
            write_atomically(self.path / SCHEDULE, schedule[:schedule_bytes])
        for name in (*STEP_LINES, *([SCHEDULE] if (self.path / SCHEDULE).exists() else [])):
            lines = [line for line in self.read(name) if line["step"] <= step]
            text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
            write_atomically(self.path / name, text)
        rollout_files.drop_after(self.path, step)
        for later in [number for number in self.checkpoint_steps() if number > step]:
            self._set_aside(self.checkpoint_directory(later))
        for old in (self.path / "snapshots").glob(f"{OLD_SNAPSHOT}*"):
            old.rename(self.snapshot_directory(int(old.name.removeprefix(OLD_SNAPSHOT))))

    def check_lines(self, step: int, schedule_bytes: int = -1) -> None:
        """Refuse metrics or a schedule that lack what was written before a checkpoint.

        Args:
            step: Of the checkpoint.
            schedule_bytes: As of ``cut_after``.

        Raises:
            SeedError: UNREADABLE_FILE.
        """
        way_on = "put the file back as it was, or start another run from the weights with --from"
        # A variant of ``seed ablate`` begins where the SFT of its seed ended.
        steps = [line["step"] for line in self.read("metrics.jsonl")]
        missing = sorted({*range(steps[0] if steps else 1, step + 1)} - {*steps})
        if missing:
            raise SeedError(
                Reason.UNREADABLE_FILE,
                f"{self.path / 'metrics.jsonl'} lacks {len(missing)} of the steps before the"
                f" checkpoint of step {step}: {missing[0]} to {missing[-1]}; {way_on}",
            )
        if (size := self.size(SCHEDULE)) < schedule_bytes:
            raise SeedError(
                Reason.UNREADABLE_FILE,
                f"{self.path / SCHEDULE} has {size} bytes, {schedule_bytes - size} less than at"
                f" the checkpoint of step {step}; {way_on}",
            )

    def _set_aside(self, checkpoint: Path) -> None:
        aside = checkpoint.with_name(f"damaged_{checkpoint.name}")
        if aside.exists():
            remove_atomically(aside)
        checkpoint.rename(aside)


def needed_snapshots(manifest: Mapping[str, Any]) -> list[int]:
    """Policy versions that the unfinished samples of a checkpoint go on with."""
    rollout_state = manifest["progress"].get("rollout_state")
    if not rollout_state or manifest["config"]["rollout"].get("continue_with") != "snapshot":
        return []
    samples = rollout_state["schedule"]["samples"].values()
    return sorted({s["newest"] for s in samples if s["tokens"] and not s["finished"]})


def _content(path: Path) -> bytes:
    """The bytes of a file, none if there is no file.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {error.strerror}") from None


def _step_line(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """The JSON object of a line; every line of a run has its step."""
    fields, fault = {}, ""
    try:
        fields = json.loads(line.decode())
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8: {error.reason} at byte {error.start}"
    except (ValueError, RecursionError) as error:
        fault = f"is not JSON: {error}"
    if not fault and not (isinstance(fields, dict) and type(fields.get("step")) is int):
        fault = "is no object with a step"
    if fault:
        way_on = "put the file back as it was, or take the line out if you can do without it"
        line_number = f"{path}: line {number} {fault}"
        raise SeedError(Reason.UNREADABLE_FILE, f"{line_number}; {way_on}")
    return dict(fields)


def _is_of_a_start(path: Path) -> bool:
    """Whether a file or folder is what ``RunDirectory.create`` makes before ``config.toml``."""
    if path.name == "checkpoints":
        return path.is_dir() and not any(path.iterdir())
    if path.name == KEPT_MODEL:
        return path.is_dir()
    if path.name in STEP_LINES:
        return path.is_file() and path.stat().st_size == 0
    return path.name in (LOCK, f".config.toml{PARTIAL}")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value

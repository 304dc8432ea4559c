"""Where the files of section ``data`` are, and that a resumed run has the ones it began with."""

import hashlib
from functools import lru_cache
from pathlib import Path

from seed.reference.data.index import split_entry
from seed.reference.data.open_source import task_name
from seed.spec.config_model import DataConfig
from seed.spec.errors import Reason, SeedError

SHOWN_DIGITS = 12


def located(data: DataConfig) -> DataConfig:
    """The section with absolute paths of its files and their digests.

    Raises:
        SeedError: As ``check_digests``, UNREADABLE_FILE.
    """
    names = {entry: _absolute(entry) for entry in (*data.train, *data.evaluation)}
    chats = tuple(str(Path(path).resolve()) for path in data.chats)
    update = {
        "train": tuple(names[entry] for entry in data.train),
        "evaluation": tuple(names[entry] for entry in data.evaluation),
        "chats": chats,
        "weights": {names.get(entry, entry): weight for entry, weight in data.weights.items()},
    }
    found = DataConfig.model_validate(data.model_dump() | update)
    check_digests(found)
    digests = {path: digest(path) for path in _paths(found)}
    return found.model_copy(update={"sha256": digests})


def check_digests(data: DataConfig) -> None:
    """Refuse files that have changed since the run began.

    Raises:
        SeedError: FOREIGN_CHECKPOINT, UNREADABLE_FILE.
    """
    for path in _paths(data):
        began_with = data.sha256.get(path)
        if began_with and digest(path) != began_with:
            raise SeedError(
                Reason.FOREIGN_CHECKPOINT,
                f"{path} has sha256 {digest(path)[:SHOWN_DIGITS]}…, the run began with"
                f" data.sha256={began_with[:SHOWN_DIGITS]}…; put the file back, or start another"
                " run with the new problems: seed run --from",
            )


def digest(path: str) -> str:
    """SHA-256 of a file in hexadecimal.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    try:
        status = Path(path).stat()
        return _digest(path, status.st_size, status.st_mtime_ns)
    except OSError as failure:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {failure.strerror}") from None


@lru_cache(64)
def _digest(path: str, _size: int, _changed: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _absolute(entry: str) -> str:
    if task_name(entry):
        return entry
    domain, path = split_entry(entry)
    return f"{domain}={Path(path).resolve()}" if domain else str(Path(path).resolve())


def _paths(data: DataConfig) -> list[str]:
    entries = (*data.train, *data.evaluation)
    return [*(split_entry(entry)[1] for entry in entries if not task_name(entry)), *data.chats]

"""Whole files of lines that appear at once or not at all, and never in place of another."""

from collections.abc import Iterable
from pathlib import Path

from seed.spec.atomic_files import temporary_path
from seed.spec.errors import Reason, SeedError


def check_free(out: Path) -> None:
    """Refuse a name that is taken or cannot be used, before any work is done.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    if out.exists():
        raise _taken(out)
    if not out.parent.is_dir():
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: there is no folder {out.parent}")


def publish(out: Path, lines: Iterable[str]) -> None:
    """Write a file of lines at once.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    check_free(out)
    try:
        with (
            temporary_path(out, replace=False) as temporary,
            temporary.open("w", encoding="utf-8") as file,
        ):
            file.writelines(line + "\n" for line in lines)
    except FileExistsError:  # another process has written it in the meantime
        raise _taken(out) from None
    except OSError as failure:
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: {failure.strerror}") from None


def _taken(out: Path) -> SeedError:
    return SeedError(Reason.FILE_EXISTS, f"{out} exists; choose another --out")

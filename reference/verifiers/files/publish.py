"""Whole files of lines that appear at once or not at all, and never in place of another."""

import os
from collections.abc import Iterable
from pathlib import Path

from seed.spec.atomic_files import write_atomically
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
    if not os.access(out.parent, os.W_OK):
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: {out.parent} cannot be written to")


def publish(out: Path, lines: Iterable[str]) -> None:
    """Write a file of lines at once.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    check_free(out)
    content = "".join(line + "\n" for line in lines)
    try:
        write_atomically(out, content, replace=False)
    except FileExistsError:  # another process has written it in the meantime
        raise _taken(out) from None


def _taken(out: Path) -> SeedError:
    return SeedError(Reason.FILE_EXISTS, f"{out} exists; choose another --out")

"""Whole files that appear at once or not at all, and never in place of another."""

import os
from collections.abc import Iterable
from pathlib import Path

from seed.spec.errors import Reason, SeedError


def check_free(out: Path) -> None:
    """Refuse a name that is taken or cannot be, before any work is done.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    if out.exists():
        raise SeedError(Reason.FILE_EXISTS, f"{out} exists; choose another --out")
    if not out.parent.is_dir():
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: there is no folder {out.parent}")


def publish(out: Path, lines: Iterable[str]) -> None:
    """Write lines aside and give them their name at the end.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    check_free(out)
    aside = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        aside.rename(out)
    except OSError as failure:
        aside.unlink(missing_ok=True)
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: {failure.strerror}") from None

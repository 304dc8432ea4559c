"""How much memory this machine can still give: what the system says is available, and its limits.

Sources: ``/proc/meminfo`` (MemAvailable counts free pages and those that can be dropped), swap
space, and the limits of the control groups of the process (containers, Slurm jobs). Elsewhere than
on Linux: all memory of the machine.
"""

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
GROUPS = Path("/sys/fs/cgroup")


def available_bytes(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """Bytes that this process and its children can still take, swap space included."""
    text = read(proc / "meminfo")
    if not text:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    of_machine = sum(kibibytes(text, name) for name in ("MemAvailable", "SwapFree")) * 1024
    return min([of_machine, *left_in_groups(proc, groups)])


def left_in_groups(proc: Path, groups: Path) -> Iterator[int]:
    """What is left of the limit of each control group that this process is in.

    Pages of files that can be dropped (inactive_file) count as left.
    """
    for line in read(proc / "self" / "cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers not in ("", "memory"):
            continue
        top = groups / "memory" if controllers else groups
        names = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes")
            if controllers
            else ("memory.max", "memory.current")
        )
        folder = top / path.lstrip("/")
        for group in (folder, *folder.parents):
            limit, used = (read(group / name).strip() for name in names)
            if limit.isdigit() and used.isdigit():
                yield int(limit) - int(used) + dropped(read(group / "memory.stat"))
            if group == top:
                break


def dropped(statistics: str) -> int:
    """Bytes of inactive file pages in ``memory.stat``."""
    fields = (line.split() for line in statistics.splitlines())
    return sum(int(field[1]) for field in fields if field[:1] == ["inactive_file"])


def kibibytes(text: str, name: str) -> int:
    """An entry of ``/proc/meminfo`` in KiB; 0 where it is missing."""
    lines = (line.split() for line in text.splitlines())
    return next((int(line[1]) for line in lines if line[:1] == [f"{name}:"]), 0)


def read(path: Path) -> str:
    """A file's text; empty where it cannot be read."""
    try:
        return path.read_text()
    except OSError:
        return ""

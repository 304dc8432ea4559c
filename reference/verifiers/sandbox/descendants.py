"""All processes that a process has started and they in turn, from what /proc tells of every
process.
"""

import contextlib
import os


def descendants(ancestor: int) -> list[int]:
    """Find the processes below one, orphans excepted.

    Args:
        ancestor: A process id.

    Returns:
        Their ids, parents first; none where there is no /proc.
    """
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
                # "pid (name) state parent ...": a name may hold spaces and parentheses, so cut
                # behind the last one.
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        young = children.get(waiting.pop(), [])
        found += young
        waiting += young
    return found

"""The descendants of a process, from /proc."""

import contextlib
import os


def descendants(ancestor: int) -> list[int]:
    """The ids of the processes below one, parents first, orphans excepted.

    There are none where there is no /proc.
    """
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
                # "pid (name) state parent ...": a name may hold spaces and parentheses, so cut
                # behind the last one.
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
    below: list[int] = []
    waiting = [ancestor]
    while waiting:
        children_of_next = children.get(waiting.pop(), [])
        below += children_of_next
        waiting += children_of_next
    return below

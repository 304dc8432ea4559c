"""Lists, dicts and sets of the program of which the tests hold copies, kept equal to the originals.

test reads ``stack.items``   a copy crosses, and is remembered with its owner and its name
test changes the copy        before the next request the original is changed in the same way
a call changes the original  after it the copy is changed in the same way
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from seed.reference.verifiers.programs import wire

MUTABLE = (list, dict, set, bytearray, deque)
MOST_REMEMBERED = 32
"""Copies that are kept equal, the last ones read: each costs a message for every call."""


class Copies:
    """The copies that the tests of one program hold.

    Args:
        read: Reads an attribute of an object by its number.
        write: Sets what an attribute holds.
        written: Writes a value for a message, so that a change is seen.
    """

    def __init__(
        self,
        read: Callable[[int, str], Any],
        write: Callable[[int, str, Any], None],
        written: Callable[[Any], Any],
    ) -> None:
        self.read = read
        self.write = write
        self.written = written
        self.held: dict[tuple[int, str], tuple[Any, Any]] = {}

    def remembered(self, number: int, attribute: str, value: Any) -> Any:
        """The copy that the tests hold already, brought up to date; or the new one, remembered."""
        key = number, attribute
        if not isinstance(value, MUTABLE):
            self.held.pop(key, None)
            return value
        held, _ = self.held.get(key, (value, None))
        if type(held) is not type(value):
            held = value
        elif held is not value:
            put_back(held, value)
        self.held.pop(key, None)
        self.held[key] = held, self.written(held)
        if len(self.held) > MOST_REMEMBERED:
            self.held.pop(next(iter(self.held)))
        return held

    def send(self) -> None:
        """Change the originals as the tests have changed their copies."""
        for (number, attribute), (held, before) in list(self.held.items()):
            now = self.written(held)
            if now != before:
                self.held[number, attribute] = held, now
                self.write(number, attribute, held)

    def fetch(self) -> None:
        """Change the copies as the program has changed the originals."""
        for number, attribute in list(self.held):
            try:
                value = self.read(number, attribute)
            except Exception:  # the attribute is gone: its copy stays as it is
                self.held.pop((number, attribute), None)
                continue
            self.remembered(number, attribute, value)


def put_back(original: Any, changed: Any) -> None:
    """Do to the judge's own object what the program did to its copy.

    The object itself is changed, not replaced: a test may hold it under several names, and looks at
    it after the call.

    Raises:
        TypeError: It has become something else.
    """
    if type(original) is not type(changed):
        raise TypeError
    if isinstance(original, list | bytearray):
        original[:] = changed
    elif isinstance(original, deque):
        original.clear()
        original.extend(changed)
    elif isinstance(original, dict | set):
        original.clear()
        original.update(changed)
    elif type(original).__name__ in wire.NODES:
        original.__dict__.update(changed.__dict__)
    else:
        raise TypeError

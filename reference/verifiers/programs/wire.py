"""Values that cross between the judge and the solution: plain tagged data in JSON, never code,
never pickle.

============  ==============================================  ===================================================
value         on the wire                                     remark
============  ==============================================  ===================================================
None, bool    as JSON                                         so are str and float (NaN and Infinity too)
int           as JSON, or ``["i", "-1f…"]``                   hexadecimal from 64 bits on: decimal digits are slow
complex       ``["c", real, imaginary]``
bytes         ``["b", "00ff…"]``
list          ``["l", …]``
tuple         ``["t", …]``                                    a named tuple becomes a tuple
set           ``["s", …]``, frozenset ``["f", …]``
dict          ``["d", key, value, key, value, …]``            any key; a Counter or defaultdict becomes a dict
range         ``["r", start, stop, step]``
iterator      ``["g", …]``                                    drained, at most ``MOST_ITEMS`` of it
list, tree    ``["n", class, [value, link, …], …]``           LeetCode's nodes; a link is the place of a row or null
the rest      ``["h", number, type]``                         a handle: the object stays on its side
============  ==============================================  ===================================================

Subclasses are reduced to the builtin type itself: whatever ``__eq__`` says over there, what arrives
here is compared here. A message is eight bytes of length, most significant first, then that much
JSON.
"""

import itertools
import json
import os
import select
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

LENGTH = struct.Struct(">Q")

MOST_BYTES = 32 << 20
"""Longest message: twice the longest standard output, and a bound on what a hostile solution can
make the judge remember.
"""

MOST_ITEMS = 1_000_000
"""Values in one message: contest answers hold at most some hundred thousand. A value that refers to
itself is refused by it.
"""

DEEPEST = 200
"""Nesting: beyond any real answer, below what Python's own JSON reader and comparison can
recurse.
"""

MOST_BITS = 1 << 17
"""Length of an integer, about 39000 decimal digits: more than any expected answer has, less than
arithmetic gets slow on.
"""

SMALL = 1 << 63
NODES: Mapping[str, tuple[str, ...]] = {"ListNode": ("next",), "TreeNode": ("left", "right")}
"""LeetCode's node classes and their links; their content is in ``val``."""

Opaque = Callable[[Any], list[Any]]
Unknown = Callable[[str, list[Any]], Any]


class WireError(Exception):
    """A message cannot be written or read: too long, too deep, or no message at all."""


class Ended(WireError):
    """The other side has closed its end."""


class Late(WireError):
    """The other side has not answered in time."""


class Encoder:
    """Writes one message's values.

    Args:
        opaque: Writes what is no plain data, as a list whose first member is a tag, or raises
            ``WireError``.
    """

    def __init__(self, opaque: Opaque) -> None:
        self.opaque = opaque
        self.left = MOST_ITEMS

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Write a value as JSON values.

        Raises:
            WireError: It is too large or too deep.
        """
        self.left -= 1
        if depth > DEEPEST or self.left < 0:
            raise WireError(
                f"a value has more than {DEEPEST} levels"
                if depth > DEEPEST
                else f"more than {MOST_ITEMS} values"
            )
        if value is None or value is True or value is False:
            return value
        if isinstance(value, int):
            return _integer(int.__int__(value))
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, complex):
            return ["c", value.real, value.imag]
        if isinstance(value, bytes | bytearray):
            return ["b", bytes(value).hex()]
        if isinstance(value, range):
            return ["r", *map(_integer, (value.start, value.stop, value.step))]
        return self._container(value, depth + 1)

    def _container(self, value: Any, depth: int) -> Any:
        kinds: tuple[tuple[Any, str], ...] = (
            (list, "l"),
            (tuple, "t"),
            (set, "s"),
            (frozenset, "f"),
        )
        for kind, tag in kinds:
            if isinstance(value, kind):
                return [tag, *(self.encode(member, depth) for member in kind.__iter__(value))]
        if isinstance(value, dict):
            return ["d", *(self.encode(part, depth) for pair in dict.items(value) for part in pair)]
        if isinstance(value, Iterator):
            return [
                "g",
                *(self.encode(member, depth) for member in itertools.islice(value, MOST_ITEMS + 1)),
            ]
        if type(value).__name__ in NODES:
            return self._nodes(value, depth)
        if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
            return self.encode(value.item(), depth)
        return self.opaque(value)

    def _nodes(self, root: Any, depth: int) -> list[Any]:
        """Write linked nodes as rows, not nested: a list of 10000 nodes is no deep value, and a
        cycle is no endless one.
        """
        kind = type(root).__name__
        places, order, rows = {id(root): 0}, [root], []
        for node in order:  # grows while it is walked
            links = [getattr(node, link, None) for link in NODES[kind]]
            for target in links:
                if target is not None and id(target) not in places:
                    places[id(target)] = len(order)
                    order.append(target)
                    if len(order) > MOST_ITEMS:
                        raise WireError(f"more than {MOST_ITEMS} nodes")
            places_of_links = [None if target is None else places[id(target)] for target in links]
            rows.append([self.encode(getattr(node, "val", None), depth), *places_of_links])
        return ["n", kind, *rows]


class Decoder:
    """Reads values; whatever the other side sent, the answer is a plain value or ``WireError``.

    Args:
        nodes: Name -> class of the nodes on this side.
        unknown: Reads a tag that is not in the table (a handle), or raises ``WireError``.
    """

    def __init__(self, nodes: Mapping[str, Any], unknown: Unknown) -> None:
        self.nodes = nodes
        self.unknown = unknown

    def decode(self, written: Any) -> Any:
        """Read a value that ``Encoder.encode`` wrote.

        Raises:
            WireError: Nobody wrote this.
        """
        if not isinstance(written, list):
            return written if not isinstance(written, dict) else _refuse("an object")
        try:
            tag, *parts = written
            return self._tagged(tag, parts)
        except (
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
            OverflowError,
            RecursionError,
        ) as failure:
            raise WireError(f"not a value: {type(failure).__name__}") from failure

    def _tagged(self, tag: str, parts: list[Any]) -> Any:
        if tag in ("l", "t", "s", "f", "g"):
            members = [self.decode(part) for part in parts]
            made_by: dict[str, Callable[[list[Any]], Any]] = {
                "l": list,
                "t": tuple,
                "s": set,
                "f": frozenset,
                "g": iter,
            }
            return made_by[tag](members)
        if tag == "d":
            members = [self.decode(part) for part in parts]
            return dict(zip(members[::2], members[1::2], strict=True))
        if tag == "i":
            return (
                int(parts[0], 16)
                if len(parts[0]) * 4 <= MOST_BITS + 8
                else _refuse("a long integer")
            )
        if tag == "c":
            return complex(float(parts[0]), float(parts[1]))
        if tag == "b":
            return bytes.fromhex(parts[0])
        if tag == "r":
            return range(*(self.decode(part) for part in parts))
        if tag == "n":
            return self._nodes(parts[0], parts[1:])
        return self.unknown(tag, parts)

    def _nodes(self, kind: str, rows: list[Any]) -> Any:
        # Made without __init__: a solution may have a class of its own with another signature.
        nodes = [self.nodes[kind].__new__(self.nodes[kind]) for _ in rows]
        for node, (content, *links) in zip(nodes, rows, strict=True):
            node.val = self.decode(content)
            for name, place in zip(NODES[kind], links, strict=True):
                setattr(node, name, None if place is None else nodes[place])
        return nodes[0]


class Channel:
    """Two pipes: messages out, messages in, with a time limit on waiting."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming = incoming
        self.outgoing = outgoing

    def send(self, message: Any) -> None:
        """Write a message, waiting for the reader if need be.

        Raises:
            WireError: It is too long; ``Ended``: nobody is left to read it.
        """
        content = json.dumps(message).encode("ascii")
        if len(content) > MOST_BYTES:
            raise WireError(f"a message of {len(content)} bytes is longer than {MOST_BYTES}")
        rest = memoryview(LENGTH.pack(len(content)) + content)
        try:
            while rest:
                rest = rest[os.write(self.outgoing, rest) :]
        except BrokenPipeError as failure:
            raise Ended("the other side is gone") from failure

    def receive(self, seconds: float | None = None) -> Any:
        """Wait for a message.

        Args:
            seconds: How long at most; None: for ever.

        Raises:
            Late, Ended, WireError: See the classes.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        if length > MOST_BYTES:
            raise WireError(f"a message of {length} bytes is longer than {MOST_BYTES}")
        try:
            return json.loads(self._read(length, deadline))
        except (ValueError, RecursionError) as failure:
            raise WireError("no JSON") from failure

    def _read(self, length: int, deadline: float | None) -> bytes:
        content = bytearray()
        while len(content) < length:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.incoming], [], [], left)[0]:
                    raise Late("no answer in time")
            part = os.read(self.incoming, min(length - len(content), 1 << 20))
            if not part:
                raise Ended("the other side is gone")
            content += part
        return bytes(content)


def _integer(value: int) -> int | list[str]:
    if -SMALL < value < SMALL:
        return value
    if value.bit_length() > MOST_BITS:
        raise WireError(f"an integer has more than {MOST_BITS} bits")
    return ["i", f"{value:x}"]


def _refuse(what: str) -> Any:
    raise WireError(f"{what} is no value")

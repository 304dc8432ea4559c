"""Values that cross between the judge and the solution: tagged data in JSON, no code, no pickle.

- None, bool, str, float: as JSON, with NaN and Infinity.
- int: as JSON; from 64 bits on ``["i", "-1f…"]``, hexadecimal, since decimal digits are slow.
- complex: ``["c", real, imaginary]``.
- bytes: ``["b", "00ff…"]``.
- list: ``["l", …]``.
- tuple: ``["t", …]``; named tuple: ``["N", [class, object, name, [field, …]], …]``, where class and
  object are numbers as in handles, or null on the judge's side.
- set: ``["s", …]``; frozenset: ``["f", …]``.
- dict: ``["d", key, value, key, value, …]``, any key; ``["m", kind, factory, key, value, …]`` for a
  Counter, OrderedDict or defaultdict, whose factory is a builtin type or null.
- views of a dict: ``["V", "keys" | "values" | "items", …]``; deque: ``["q", longest, …]``.
- Decimal, Fraction, date, time, datetime, timedelta: ``["v", kind, part, …]``.
- builtin types, Ellipsis, NotImplemented: ``["T", name]``.
- NumPy array of numbers, truth values or text: ``["A", type of its members, shape, …]``.
- range: ``["r", start, stop, step]``.
- iterator: ``["g", …]``, read to its end, at most ``MOST_ITEMS`` members, if it is the tests' own;
  one of the program's is a handle, from which members are fetched.
- LeetCode's linked lists and trees: ``["n", class, [value, link, …], …]``, one row a node; a link
  is the index of a row or null.
- anything else: ``["h", number, type]``, a handle; the object stays where it is.

Subclasses are reduced to the builtin type itself: whatever their ``__eq__`` does in the solution's
process, the values are compared in the judge's process.
"""

import builtins
import itertools
import keyword
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from seed.reference.verifiers.programs.standard_values import (
    MOST_BITS,
    WireError,
    array_head,
    builtin_type,
    dict_view,
    made_array,
    parts_of,
    refuse,
    standard_value,
)

MOST_BYTES = 32 << 20
"""Longest message: twice the longest standard output, and a bound on the judge's memory."""

MOST_ITEMS = 1_000_000
"""Values in one message: contest answers hold at most some hundred thousand.

It also stops a value that refers to itself.
"""

DEEPEST = 200
"""Nesting: more than any real answer, less than Python's JSON reader and comparison can recurse."""

SMALL = 1 << 63
"""Integers below it are written as JSON numbers."""

NODES: Mapping[str, tuple[str, ...]] = {"ListNode": ("next",), "TreeNode": ("left", "right")}
"""LeetCode's node classes and their links; their content is in ``val``."""

MAPPINGS: Mapping[str, Any] = {
    "Counter": Counter,
    "OrderedDict": OrderedDict,
    "defaultdict": defaultdict,
}
VIEWS: Mapping[str, Any] = {"keys": KeysView, "values": ValuesView, "items": ItemsView}
MOST_FIELDS = 255
"""Of a named tuple: the judge makes a class of them."""

MALFORMED = (
    *(TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError),
    ImportError,
)
"""What is raised where values are read from lists that nobody wrote."""

Opaque = Callable[[Any], list[Any]]
Unknown = Callable[[str, list[Any]], Any]
Numbers = Callable[[Any], list[Any]]


class Encoder:
    """Writes one message's values.

    Args:
        opaque: Writes what is no plain data, as a list whose first member is a tag, or raises
            ``WireError``.
        numbers: Numbers of the class of a named tuple and of itself.
        lazily: Whether iterators are opaque.
    """

    def __init__(
        self, opaque: Opaque, numbers: Numbers = lambda value: [None, None], lazily: bool = False
    ) -> None:
        self.opaque = opaque
        self.numbers = numbers
        self.lazily = lazily
        self.remaining = MOST_ITEMS

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Write a value as JSON values.

        Raises:
            WireError: It is too large or too deep.
        """
        self.remaining -= 1
        if depth > DEEPEST:
            raise WireError(f"a value has more than {DEEPEST} levels")
        if self.remaining < 0:
            raise WireError(f"more than {MOST_ITEMS} values")
        if value is None or value is True or value is False:
            return value
        # Subclasses are read by the method of the builtin type, never by their own.
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
        fields = getattr(type(value), "_fields", None)
        if isinstance(value, tuple) and isinstance(fields, tuple):
            head = [*self.numbers(value), type(value).__name__, list(fields)]
            return ["N", head, *(self.encode(member, depth) for member in tuple.__iter__(value))]
        kinds: dict[str, Any] = {"l": list, "t": tuple, "s": set, "f": frozenset}
        for tag, kind in kinds.items():
            if isinstance(value, kind):
                return [tag, *(self.encode(member, depth) for member in kind.__iter__(value))]
        if isinstance(value, dict):
            content = itertools.chain.from_iterable(dict.items(value))
            head = _mapping_head(value)
            return [*head, *(self.encode(member, depth) for member in content)]
        if isinstance(value, deque):
            longest = value.maxlen
            return ["q", longest, *(self.encode(member, depth) for member in deque.__iter__(value))]
        for name, view in VIEWS.items():
            if isinstance(value, view) and type(value).__module__ == "builtins":
                return ["V", name, *(self.encode(member, depth) for member in value)]
        if (parts := parts_of(value)) is not None:
            return ["v", *(self.encode(part, depth) for part in parts)]
        name = value.__name__ if isinstance(value, type) else ""
        if value is Ellipsis or value is NotImplemented:
            name = "Ellipsis" if value is Ellipsis else "NotImplemented"
        if name and getattr(builtins, name, None) is value:
            return ["T", name]
        if type(value).__name__ == "ndarray" and (array := array_head(value)):
            return [*array, *(self.encode(member, depth) for member in value.ravel().tolist())]
        if isinstance(value, Iterator) and not self.lazily:
            members = itertools.islice(value, MOST_ITEMS + 1)
            return ["g", *(self.encode(member, depth) for member in members)]
        if type(value).__name__ in NODES:
            return self._nodes(value, depth)
        if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
            return self.encode(value.item(), depth)
        return self.opaque(value)

    def _nodes(self, root: Any, depth: int) -> list[Any]:
        """Write linked nodes as rows, not nested.

        So a list of 10000 nodes is not too deep, and a cycle ends.
        """
        kind = type(root).__name__
        indices, order, rows = {id(root): 0}, [root], []
        for node in order:  # grows while it is walked
            links = [getattr(node, link, None) for link in NODES[kind]]
            for target in links:
                if target is not None and id(target) not in indices:
                    indices[id(target)] = len(order)
                    order.append(target)
                    if len(order) > MOST_ITEMS:
                        raise WireError(f"more than {MOST_ITEMS} nodes")
            linked_indices = [None if target is None else indices[id(target)] for target in links]
            rows.append([self.encode(getattr(node, "val", None), depth), *linked_indices])
        return ["n", kind, *rows]


class Decoder:
    """Reads values: whatever was sent, the result is a plain value or ``WireError``.

    Args:
        nodes: Name -> class of the nodes on this side.
        record: Makes a named tuple of the head and the members that were written.
        unknown: Reads a tag that is not in the table (a handle), or raises ``WireError``.
    """

    def __init__(self, nodes: Mapping[str, Any], unknown: Unknown, record: Any = None) -> None:
        self.nodes = nodes
        self.unknown = unknown
        self.record = record or named_tuple

    def decode(self, written: Any) -> Any:
        """Read a value that ``Encoder.encode`` wrote.

        Raises:
            WireError: Nobody wrote this.
        """
        if not isinstance(written, list):
            return written if not isinstance(written, dict) else refuse("an object")
        try:
            tag, *content = written
            return self._tagged(tag, content)
        except MALFORMED as failure:
            raise WireError(f"not a value: {type(failure).__name__}") from failure

    def _tagged(self, tag: str, content: list[Any]) -> Any:
        if tag in ("l", "t", "s", "f", "g"):
            members = [self.decode(written) for written in content]
            makers: dict[str, Any] = {"l": list, "t": tuple, "s": set, "f": frozenset, "g": iter}
            return makers[tag](members)
        if tag == "d":
            members = [self.decode(written) for written in content]
            return dict(zip(members[::2], members[1::2], strict=True))
        if tag == "m":
            return self._mapping(*content)
        if tag == "q":
            return deque([self.decode(written) for written in content[1:]], content[0])
        if tag == "N":
            return self.record(content[0], [self.decode(written) for written in content[1:]])
        if tag == "V":
            return dict_view(content[0], [self.decode(written) for written in content[1:]])
        if tag == "v":
            return standard_value(*(self.decode(written) for written in content))
        if tag == "A":
            members = [self.decode(written) for written in content[2:]]
            return made_array(content[0], content[1], members)
        if tag == "T":
            return builtin_type(content[0])
        if tag == "i":
            is_long = len(content[0]) * 4 > MOST_BITS + 8
            return refuse("a long integer") if is_long else int(content[0], 16)
        if tag == "c":
            return complex(float(content[0]), float(content[1]))
        if tag == "b":
            return bytes.fromhex(content[0])
        if tag == "r":
            return range(*(self.decode(written) for written in content))
        if tag == "n":
            return self._nodes(content[0], content[1:])
        return self.unknown(tag, content)

    def _mapping(self, kind: str, factory: Any, *content: Any) -> Any:
        members = [self.decode(written) for written in content]
        pairs = zip(members[::2], members[1::2], strict=True)
        if kind == "defaultdict":
            return defaultdict(builtin_type(factory) if factory else None, pairs)
        made = MAPPINGS[kind]()
        made.update(pairs if kind == "OrderedDict" else dict(pairs))
        return made

    def _nodes(self, kind: str, rows: list[Any]) -> Any:
        # Made without __init__: a solution may have a class of its own with another signature.
        nodes = [self.nodes[kind].__new__(self.nodes[kind]) for _ in rows]
        for node, (content, *links) in zip(nodes, rows, strict=True):
            node.val = self.decode(content)
            for name, index in zip(NODES[kind], links, strict=True):
                setattr(node, name, None if index is None else nodes[index])
        return nodes[0]


def named_tuple(head: list[Any], members: list[Any]) -> Any:
    """Make a named tuple of a class of its own."""
    return record_class(head[2], head[3])(*members)


def record_class(name: Any, fields: Any) -> Any:
    """Make a class of named tuples; names that are none are refused.

    Raises:
        WireError: The fields are no names.
    """
    names = [name, *fields] if isinstance(fields, list) and len(fields) <= MOST_FIELDS else [None]
    if not all(isinstance(n, str) and n.isidentifier() and n.isascii() for n in names):
        return refuse("a named tuple without names")
    return namedtuple("Record" if keyword.iskeyword(name) else name, fields)


def _mapping_head(value: Any) -> list[Any]:
    for name, kind in MAPPINGS.items():
        if isinstance(value, kind):
            factory: Any = getattr(value, "default_factory", None)
            is_builtin = isinstance(factory, type) and factory.__module__ == "builtins"
            return ["m", name, factory.__name__ if is_builtin else None]
    return ["d"]


def _integer(value: int) -> int | list[str]:
    if -SMALL < value < SMALL:
        return value
    if value.bit_length() > MOST_BITS:
        raise WireError(f"an integer has more than {MOST_BITS} bits")
    return ["i", f"{value:x}"]

"""Objects of the program as the tests see them: what a test does with one is done in its process.

==================  ==============================================================================
``Handle``          any object: attributes, calls, items, operators, ``with``, ``isinstance``
``Members``         an iterator or a generator: its members are fetched when they are wanted
``awaited``         a coroutine that waits for one of the program's
==================  ==============================================================================

Who decides:

- Two objects are equal if they are the same one, or if their class says so and they keep equal
  values: the values are compared here. If the class says so of unequal values, nobody can tell:
  ``error``. What the class keeps is the program's choice, as in any test that compares two of its
  objects.
- An object equals no plain value. If it says it does and the tests name its class: ``error``.
- An operation with a plain value of the test gives an object or ``error``, never a plain value:
  ``abs(f(x) - 0.5) < 1e-6`` must not be decided by a class whose objects are near everything.
"""

import types
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, NoReturn, Protocol

from seed.reference.verifiers.programs.operations import BINARY, COPIES

OWN = ("_remote", "_number", "_kind", "_mixed")
READABLE = ("__name__", "__qualname__", "__members__", "__wrapped__", "__defaults__", "__code__")
"""Attributes with two underscores that are read; Python looks for protocols by the others."""

ITERATORS = {"generator": types.GeneratorType} | {
    kind.__name__: kind for kind in (map, zip, filter, enumerate, reversed)
}
SINGLY, MOST_AT_ONCE = 64, 1024
"""Members fetched one at a time, so that a generator runs as far as the test asks; then more."""


class Connection(Protocol):
    """What objects need of the connection to their program; ``remote`` is it."""

    def read(self, number: int, attribute: str) -> Any:
        """Fetch an attribute."""

    def write(self, number: int, attribute: str, value: Any) -> None:
        """Set an attribute."""

    def call(self, number: int, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Call an object."""

    def operate(self, name: str, *operands: Any) -> Any:
        """Perform an operation."""

    def operate_both(self, name: str, first: Any, second: Any) -> Any:
        """Perform an operation of two operands."""

    def equal(self, first: int, second: int) -> bool:
        """Whether two objects are equal."""

    def equals_plain(self, handle: "Handle", value: Any) -> bool:
        """Whether an object equals a plain value."""

    def is_instance(self, instance: Any, kind: "Handle") -> bool:
        """Whether something is an object of a class."""

    def members_awaited(self, number: int) -> AsyncIterator[Any]:
        """The members of an asynchronous iterator."""

    def refuse(self, why: str) -> NoReturn:
        """End the tests."""


Fetch = Callable[[int], tuple[bool, list[Any]]]


class Reference:
    """What any object of the program has: a number, attributes, and that it can be called."""

    _mixed = False
    _remote: Connection
    _number: int
    _kind: str

    def __init__(self, remote: Connection, number: int, kind: str) -> None:
        for name, value in zip(OWN, (remote, number, kind), strict=False):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        """Read an attribute there; not those by which Python itself looks for protocols."""
        if name.startswith("__") and name not in READABLE:
            raise AttributeError(name)
        return self._remote.read(self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute there."""
        self._remote.write(self._number, name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it there."""
        return self._remote.call(self._number, arguments, keywords)

    def __repr__(self) -> str:
        """Name its type; the program is not called, so messages about failures cannot fail."""
        return f"<{self._kind} of the program>"

    def __reduce_ex__(self, _: Any) -> Any:
        """Refuse to be pickled."""
        self._remote.refuse("an object of the program cannot be pickled")


class Handle(Reference):
    """An object in the program's process."""

    def __eq__(self, other: object) -> bool:
        """Decide by identity, or by what both objects keep; see the module."""
        if not isinstance(other, Reference):
            return self._remote.equals_plain(self, other)
        return other._number == self._number or self._remote.equal(self._number, other._number)

    def __hash__(self) -> int:
        """Call its ``__hash__``."""
        return self._plain("hash", int)

    def __bool__(self) -> bool:
        """Ask it, as an assertion asks a function that returns a truth value."""
        return self._plain("bool", bool)

    def __len__(self) -> int:
        """Call its ``__len__``."""
        return self._plain("len", int)

    def __str__(self) -> str:
        """Call its ``__str__``."""
        return self._plain("str", str)

    def __format__(self, form: str) -> str:
        """Call its ``__format__``."""
        return self._plain("format", str, form)

    def __int__(self) -> int:
        """Call its ``__int__``."""
        return self._plain("int", int)

    def __index__(self) -> int:
        """Call its ``__index__``."""
        return self._plain("index", int)

    def __float__(self) -> float:
        """Call its ``__float__``."""
        return self._plain("float", float)

    def __complex__(self) -> complex:
        """Call its ``__complex__``."""
        return self._plain("complex", complex)

    def __iter__(self) -> Iterator[Any]:
        """Iterate there."""
        return iter(self._operate("iter"))

    def __contains__(self, member: Any) -> bool:
        """Look for a member among those that it iterates over: the comparison is made here."""
        return any(own is member or own == member for own in self)

    def __enter__(self) -> Any:
        """Enter its context."""
        return self._operate("enter")

    def __exit__(self, kind: Any, raised: BaseException | None, trace: Any) -> bool:
        """Leave its context; it may swallow an exception, but no failed assertion."""
        if raised is not None and not isinstance(raised, Exception):
            return False
        name, text = (None, "") if raised is None else (kind.__name__, str(raised)[:500])
        swallowed = self._operate("exit", name, text) is True
        return swallowed and not isinstance(raised, AssertionError)

    async def __aenter__(self) -> Any:
        """Enter its asynchronous context."""
        return await self._remote.read(self._number, "__aenter__")()

    async def __aexit__(self, kind: Any, raised: Any, trace: Any) -> bool:
        """Leave its asynchronous context; exceptions go on."""
        await self._remote.read(self._number, "__aexit__")(None, None, None)
        return False

    def __aiter__(self) -> AsyncIterator[Any]:
        """Iterate there, asynchronously."""
        return self._remote.members_awaited(self._number)

    def __instancecheck__(self, instance: Any) -> bool:
        """Whether something is an object of this class."""
        return self._remote.is_instance(instance, self)

    def __subclasscheck__(self, subclass: Any) -> bool:
        """Whether something is a subclass of this class."""
        return self._remote.operate("issubclass", subclass, self) is True

    def _operate(self, name: str, *operands: Any) -> Any:
        return self._remote.operate(name, self, *operands)

    def _plain(self, name: str, kind: type, *operands: Any) -> Any:
        if self._mixed:
            self._remote.refuse("only the program could tell what an operation with it gives")
        value = self._operate(name, *operands)
        if type(value) is not kind:
            raise TypeError(f"__{name}__ returned no {kind.__name__}")
        return value


class Members:
    """An iterator of the program.

    Args:
        reference: The iterator itself.
        fetch: Fetches up to a number of members: whether it has ended, and the members.
    """

    def __init__(self, reference: Reference, fetch: Fetch) -> None:
        self._reference = reference
        self._number = reference._number
        self._fetch = fetch
        self._waiting: list[Any] = []
        self._fetched = 0
        self._ended = False

    # mypy forbids a property in place of ``__class__``; ``isinstance`` asks it.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Be a generator, a map or the like for ``isinstance``, if it is one there."""
        return ITERATORS.get(self._reference._kind, Members)

    def __iter__(self) -> "Members":
        """Be an iterator."""
        return self

    def __next__(self) -> Any:
        """The next member."""
        if not self._waiting and not self._ended:
            wanted = 1 if self._fetched < SINGLY else min(self._fetched, MOST_AT_ONCE)
            self._ended, members = self._fetch(wanted)
            self._fetched += len(members)
            self._waiting = members[::-1]
        if not self._waiting:
            raise StopIteration
        return self._waiting.pop()

    def __getattr__(self, name: str) -> Any:
        """``send``, ``throw``, ``close`` and other attributes."""
        return getattr(self._reference, name)

    def __repr__(self) -> str:
        """Name its type."""
        return repr(self._reference)


class _Types(type):
    """Makes ``isinstance(x, TypeOf)`` what ``isinstance(x, type)`` is."""

    def __instancecheck__(cls, instance: Any) -> bool:
        """Whether something is a class, of the tests or of the program."""
        if isinstance(instance, Handle):
            return instance._remote.operate("isinstance", instance, type) is True
        return isinstance(instance, type)


class TypeOf(metaclass=_Types):
    """What tests have in place of ``type``: it knows the classes of the program's objects."""

    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        """Tell the class of an object, or make a class."""
        if len(arguments) == 1 and isinstance(arguments[0], Handle):
            return arguments[0]._remote.read(arguments[0]._number, "__class__")
        if len(arguments) == 1 and isinstance(arguments[0], Members):
            return arguments[0].__class__
        return type(*arguments, **keywords)


def _operator(name: str, reflected: bool) -> Callable[[Handle, Any], Any]:
    def operate(self: Handle, other: Any) -> Any:
        operands = (other, self) if reflected else (self, other)
        return self._remote.operate_both(name, *operands)

    return operate


def _unary(name: str) -> Callable[..., Any]:
    def operate(self: Handle, *operands: Any) -> Any:
        value = self._operate(name, *operands)
        if self._mixed and not isinstance(value, Reference):
            self._remote.refuse("only the program could tell what an operation with it gives")
        return mixed(value) if self._mixed else value

    return operate


def mixed(value: Any) -> Any:
    """Mark an object that an operation with a plain value of the tests has given."""
    if isinstance(value, Reference):
        object.__setattr__(value, "_mixed", True)
    return value


def _give_operators() -> None:
    """Give ``Handle`` the methods of all operators."""
    for name in BINARY:
        bare = name.rstrip("_")
        setattr(Handle, f"__{bare}__", _operator(name, reflected=False))
        if name not in ("lt", "le", "gt", "ge") and not name.startswith("i"):
            setattr(Handle, f"__r{bare}__", _operator(name, reflected=True))
    for name in ("neg", "pos", "invert", "abs", "round", "reversed", *COPIES):
        setattr(Handle, f"__{name}__", _unary(name))
    # Set here like the operators above, so the class does not declare it.
    Handle.__deepcopy__ = lambda self, _: self._operate("deepcopy")  # type: ignore[attr-defined]
    for name in ("getitem", "setitem", "delitem"):
        setattr(Handle, f"__{name}__", _unary(name))


_give_operators()

"""The judge's view of the program: its functions and objects as things that tests call and compare.

A call sends its arguments, waits, puts what the call changed into the caller's own lists and dicts,
and returns a plain value or raises: a builtin exception of the same name, or one whose class is
made here and has the same builtin classes above it. What the program printed meanwhile is printed
here, so that tests can look at it. What is no plain value is one of ``handles``.
"""

import builtins
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any, NoReturn

from seed.reference.verifiers import frames
from seed.reference.verifiers.programs import surroundings, wire
from seed.reference.verifiers.programs.copies import Copies, put_back
from seed.reference.verifiers.programs.counterparts import (
    NUMBER,
    Counterparts,
    SolutionError,
    described,
    numbers,
)
from seed.reference.verifiers.programs.handles import Handle, Members, Reference, mixed
from seed.reference.verifiers.programs.solution import CALLBACK
from seed.reference.verifiers.programs.standard_values import WireError

PROGRAM = 0
"""The handle of the program's own names."""

DEEPEST_COMPARISON = 100


class SolutionFault(BaseException):
    """The program ended, took too long or broke the protocol.

    A ``BaseException``, so that no ``except Exception`` of a test swallows it.
    """


class TestsFault(BaseException):
    """The tests need what cannot be done; the program is not to blame."""

    __test__ = False  # for pytest, which takes the name for a group of tests


class Remote:
    """The connection to one program.

    Attributes:
        used: How often the tests have called the program or got a plain value of it.
        fault: The first ``SolutionFault``; it decides whatever the tests did with the exception.
        refused: The first reason why nobody can tell; it decides too.
    """

    def __init__(self, channel: frames.Channel, call_seconds: float, load_seconds: float) -> None:
        self.channel = channel
        self.call_seconds = call_seconds
        self.load_seconds = load_seconds
        self.used = 0
        self.fault = ""
        self.refused = ""
        self.lock, self.waiting = threading.RLock(), 0
        self.callables: list[Any] = []
        self.counterparts = Counterparts(self._decoded, self.read)
        self.named: set[int] = set()
        self.comparing = 0
        self.handles: dict[int, Any] = {}
        self.own_stdin, self.own_input = sys.stdin, builtins.input
        self.known_input: Any = builtins.input
        self.copies = Copies(self._read, self._write, self._written)
        nodes: dict[str, type] = {name: getattr(surroundings, name) for name in wire.NODES}
        self.decoder = wire.Decoder(nodes, self._unknown, self.counterparts.record)

    def defined(self, names: Sequence[str]) -> list[str]:
        """List which of some names the program has defined; waits until it has been loaded.

        Raises:
            SolutionFault: It cannot be loaded.
        """
        reply = self._request(["names", *names], self.load_seconds)
        if reply[0] == "raise":
            raised = self.counterparts.exception(reply[1], reply[2])
            text = f"{raised}" if type(raised) is SolutionError else described(raised)
            self._fail(f"the program cannot be loaded: {text}")
        defined = self._decoded(reply[1])
        return [name for name in names if isinstance(defined, list) and name in defined]

    def read(self, number: int, attribute: str) -> Any:
        """Fetch an attribute of an object by number, ``PROGRAM`` for the program's own names."""
        self._prepare()
        value = self._read(number, attribute)
        value = self.copies.remembered(number, attribute, value)
        self.used += not isinstance(value, Handle)
        if number == PROGRAM and isinstance(value, Handle):
            self.named.add(value._number)
        return value

    def _prepare(self) -> None:
        """Before the program runs: give it what the tests have changed, and their input."""
        self.copies.send()
        if sys.stdin is not self.own_stdin and (text := sys.stdin.read()):
            self._request(["stdin", str(text)], self.call_seconds)
        if builtins.input is not self.known_input:
            self.known_input = builtins.input
            number = None if builtins.input is self.own_input else len(self.callables)
            self.callables.append(builtins.input)
            self._request(["input", number], self.call_seconds)

    def _read(self, number: int, attribute: str) -> Any:
        return self._value(self._request(["read", number, attribute], self.call_seconds))

    def write(self, number: int, attribute: str, value: Any) -> None:
        """Set an attribute of an object."""
        self._prepare()
        self._write(number, attribute, value)

    def _write(self, number: int, attribute: str, value: Any) -> None:
        self._value(
            self._request(["write", number, attribute, self._written(value)], self.call_seconds)
        )

    def operate(self, name: str, *operands: Any) -> Any:
        """Perform one of ``operations`` there."""
        self.used += 1
        self._prepare()
        written = [self._written(operand) for operand in operands]
        reply = self._request(["operate", name, *written], self.call_seconds)
        self.copies.fetch()
        return self._value(reply)

    def operate_both(self, name: str, first: Any, second: Any) -> Any:
        """Perform an operation of two operands, one of which may be a plain value of the tests."""
        value = self.operate(name, first, second)
        trusted = all(isinstance(x, Handle) and not x._mixed for x in (first, second))
        if trusted:
            return value
        if not isinstance(value, Reference):
            self.refuse(f"only the program could tell what {name} gives with a plain value")
        return mixed(value)

    def equal(self, first: int, second: int) -> bool:
        """Whether two objects are equal, by what they keep; see ``handles``."""
        reply = self.operate("compared", *(Handle(self, n, "object") for n in (first, second)))
        defined, equal, same_class, kept, also_kept = _five(reply)
        if defined is not True or equal is not True:
            return False
        self.comparing += 1
        if self.comparing > DEEPEST_COMPARISON:
            self.refuse("objects of the program refer to each other without end")
        kept_equal = same_class is True and bool(kept) and kept == also_kept
        self.comparing -= 1
        if not kept_equal:
            self.refuse("only the program could tell whether two of its objects are equal")
        return True

    def equals_plain(self, handle: Handle, value: Any) -> bool:
        """Whether an object equals a plain value: never, or nobody can tell; see ``handles``."""
        if value is None or isinstance(value, type) or callable(value):
            return getattr(value, NUMBER, None) == handle._number
        if type(value).__name__ == handle._kind and type(value).__module__ != "builtins":
            self.refuse(f"an object of type {handle._kind} does not cross")
        kind = self.read(handle._number, "__class__")
        is_named = isinstance(kind, Handle) and kind._number in self.named
        if is_named and self.operate("eq", handle, value) is True:
            self.refuse("only the program could tell whether its object equals a plain value")
        return False

    def is_instance(self, instance: Any, kind: Handle) -> bool:
        """Whether something is an object of a class of the program."""
        if isinstance(instance, Handle | Members):
            return self.operate("isinstance", instance, kind) is True
        if (number := getattr(type(instance), NUMBER, None)) is not None:
            made = Handle(self, number, "type")
            return number == kind._number or self.operate("issubclass", made, kind) is True
        builtin = type(instance)
        is_reduced = builtin.__module__ == "builtins" and builtin not in (bool, type(None))
        if is_reduced and self.operate("issubclass", kind, builtin) is True:
            self.refuse(f"a {builtin.__name__} crossed, and its class did not")
        return False

    def refuse(self, why: str) -> NoReturn:
        """End the tests: what they ask cannot be known, and the program is not to blame."""
        self.refused = self.refused or why
        raise TestsFault(why)

    def call(self, number: int, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Call an object of the program."""
        self.used += 1
        written = [self._written(argument) for argument in arguments]
        named = {name: self._written(argument) for name, argument in keywords.items()}
        self._prepare()
        reply = self._request(["call", number, written, named], self.call_seconds)
        self.copies.fetch()
        value = self._value(reply)
        # After an exception nothing is put back: a reply that raises carries no arguments.
        originals = {str(index): argument for index, argument in enumerate(arguments)} | keywords
        try:
            for key, changed in reply[2].items():
                put_back(originals[key], self._decoded(changed))
        except (KeyError, TypeError, AttributeError, IndexError):
            self._fail("the program broke the protocol: arguments that were not given")
        return value

    def _request(self, message: list[Any], seconds: float) -> list[Any]:
        """Send a request and wait for its reply; of several threads one at a time."""
        self.waiting += 1
        with self.lock:
            self.waiting -= 1
            return self._exchange(message, seconds)

    def _exchange(self, message: list[Any], seconds: float) -> list[Any]:
        try:
            self.channel.send(message)
            reply = self.channel.receive(seconds)
            # While the program runs it may call functions that it was given as arguments; each gets
            # the whole time limit again, since the tests' own code takes part of it.
            while isinstance(reply, list) and reply[:1] == ["back"]:
                self.channel.send(self._call_back(reply))
                reply = self.channel.receive(seconds)
        except frames.Late:
            if self.waiting:
                self.refuse("a call waits for another one, and calls are made one at a time")
            self._fail(f"a call took longer than {seconds:g} s")
        except frames.Closed:
            self._fail("the program's process ended")
        except (frames.FrameError, WireError, MemoryError) as failure:
            self._fail(f"the program broke the protocol: {failure}")
        known = isinstance(reply, list) and reply[:1] in (["value"], ["raise"])
        if not known or len(reply) not in (3, 4):
            self._fail("the program broke the protocol: no answer")
        if len(reply) == 4 and isinstance(reply[3], str):
            sys.stdout.write(reply[3])
        return reply

    def _call_back(self, message: list[Any]) -> Any:
        try:
            _, number, arguments = message
            function = self.callables[number]
            return self._written(function(*[self._decoded(argument) for argument in arguments]))
        except (ValueError, TypeError, IndexError):
            return self._fail("the program broke the protocol: a call back of nothing")

    def _value(self, reply: list[Any]) -> Any:
        if reply[0] == "raise":
            raise self.counterparts.exception(reply[1], reply[2])
        return self._decoded(reply[1])

    def _decoded(self, written: Any) -> Any:
        try:
            return self.decoder.decode(written)
        except (WireError, RecursionError, MemoryError) as failure:
            return self._fail(f"the program broke the protocol: {failure}")

    def _written(self, value: Any) -> Any:
        try:
            return wire.Encoder(self._opaque, numbers).encode(value)
        except WireError as failure:
            why = f"the tests hand over a value that cannot cross: {failure}"
            raise TestsFault(why) from failure

    def _opaque(self, value: Any) -> list[Any]:
        if isinstance(value, Reference | Members):
            return ["h", value._number]
        if (number := getattr(value, NUMBER, None)) is not None:
            return ["h", number]
        if callable(value):
            self.callables.append(value)
            return [CALLBACK, len(self.callables) - 1]
        raise WireError(f"an object of type {type(value).__name__}")

    def _unknown(self, tag: str, content: list[Any]) -> Any:
        number = content[0]
        if type(number) is not int:
            raise WireError("an unknown tag")
        if tag in ("h", "y"):
            # One for each object of the program, so that ``is`` tells them apart as it does there.
            if number not in self.handles:
                handle = Handle(self, number, str(content[1]))
                is_handle = tag == "h"
                self.handles[number] = (
                    handle if is_handle else Members(handle, self._fetcher(number))
                )
            return self.handles[number]
        if tag == "w":
            return self._awaited(number)
        if tag == "a":
            return self.members_awaited(number)
        if tag == "e":
            return self.counterparts.exception_class(number, str(content[1]), content[2])
        raise WireError("an unknown tag")

    def _fetcher(self, number: int) -> Any:
        fetched = 0

        def fetch(count: int) -> tuple[bool, list[Any]]:
            nonlocal fetched
            self.used += 1
            ended, members = _two(self._value(self._request(["next", number, count], self._each)))
            fetched += len(members)
            if fetched > wire.MOST_ITEMS or len(members) > count:
                self._fail(f"an iterator has more than {wire.MOST_ITEMS} members")
            return ended is True, members

        return fetch

    @property
    def _each(self) -> float:
        return self.call_seconds

    async def _awaited(self, number: int) -> Any:
        self.used += 1
        return self._value(self._request(["await", number], self.call_seconds))

    async def members_awaited(self, number: int) -> AsyncIterator[Any]:
        """The members of an asynchronous iterator."""
        for _ in range(wire.MOST_ITEMS):
            ended, members = _two(self._value(self._request(["anext", number], self._each)))
            for member in members:
                yield member
            if ended is True:
                return

    def _fail(self, why: str) -> Any:
        self.fault = self.fault or why
        raise SolutionFault(why)


def _two(value: Any) -> tuple[Any, list[Any]]:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], list):
        return value[0], value[1]
    raise SolutionFault("the program broke the protocol: no members")


def _five(value: Any) -> list[Any]:
    if isinstance(value, list) and len(value) == 5:
        return value
    raise SolutionFault("the program broke the protocol: no comparison")

"""The judge's view of the program: its functions and objects as things that tests call and compare.

A call sends its arguments, waits, puts what the call changed into the caller's own lists and dicts,
and returns a plain value or raises the builtin exception of the same name. What is no plain value
is a ``Handle``. It is equal to itself and to nothing else: if the program decided whether two
things are equal, it would mark its own work.
"""

import builtins
from collections.abc import Iterator, Sequence
from typing import Any

from seed.reference.verifiers import frames
from seed.reference.verifiers.programs import surroundings, wire
from seed.reference.verifiers.programs.solution import CALLBACK

PROGRAM = 0
"""The handle of the program's own names."""


class SolutionFault(BaseException):
    """The program ended, took too long or broke the protocol.

    A ``BaseException``, so that no ``except Exception`` of a test swallows it.
    """


class SolutionError(Exception):
    """The program raised an exception that is not builtin, or one that would end an interpreter."""


class TestsFault(BaseException):
    """The tests need what cannot be done; the program is not to blame."""

    __test__ = False  # for pytest, which takes the name for a group of tests


class Remote:
    """The connection to one program.

    Attributes:
        used: How often the tests have called the program or got a plain value of it.
        fault: The first ``SolutionFault``; it decides whatever the tests did with the exception.
    """

    def __init__(self, channel: frames.Channel, call_seconds: float, load_seconds: float) -> None:
        self.channel = channel
        self.call_seconds = call_seconds
        self.load_seconds = load_seconds
        self.used = 0
        self.fault = ""
        self.callables: list[Any] = []
        nodes: dict[str, type] = {name: getattr(surroundings, name) for name in wire.NODES}
        self.decoder = wire.Decoder(nodes, self._unknown)

    def defined(self, names: Sequence[str]) -> list[str]:
        """List which of some names the program has defined; waits until it has been loaded.

        Raises:
            SolutionFault: It cannot be loaded.
        """
        reply = self._request(["names", *names], self.load_seconds)
        if reply[0] == "raise":
            self._fail(f"the program cannot be loaded: {reply[1]}: {reply[2]}")
        defined = self._decoded(reply[1])
        return [name for name in names if isinstance(defined, list) and name in defined]

    def read(self, number: int, attribute: str) -> Any:
        """Fetch an attribute of an object by number, ``PROGRAM`` for the program's own names."""
        value = self._value(self._request(["read", number, attribute], self.call_seconds))
        self.used += type(value) is not Handle
        return value

    def call(self, number: int, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Call an object of the program."""
        self.used += 1
        written = [self._written(argument) for argument in arguments]
        named = {name: self._written(argument) for name, argument in keywords.items()}
        reply = self._request(["call", number, written, named], self.call_seconds)
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
        try:
            self.channel.send(message)
            reply = self.channel.receive(seconds)
            # While the program runs it may call functions that it was given as arguments; each gets
            # the whole time limit again, since the tests' own code takes part of it.
            while isinstance(reply, list) and reply[:1] == ["back"]:
                self.channel.send(self._call_back(reply))
                reply = self.channel.receive(seconds)
        except frames.Late:
            self._fail(f"a call took longer than {seconds:g} s")
        except frames.Closed:
            self._fail("the program's process ended")
        except (frames.FrameError, wire.WireError, MemoryError) as failure:
            self._fail(f"the program broke the protocol: {failure}")
        if not isinstance(reply, list) or len(reply) != 3 or reply[0] not in ("value", "raise"):
            self._fail("the program broke the protocol: no answer")
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
            raise crossed(str(reply[1]), str(reply[2]))
        return self._decoded(reply[1])

    def _decoded(self, written: Any) -> Any:
        try:
            return self.decoder.decode(written)
        except (wire.WireError, RecursionError, MemoryError) as failure:
            return self._fail(f"the program broke the protocol: {failure}")

    def _written(self, value: Any) -> Any:
        try:
            return wire.Encoder(self._opaque).encode(value)
        except wire.WireError as failure:
            why = f"the tests hand over a value that cannot cross: {failure}"
            raise TestsFault(why) from failure

    def _opaque(self, value: Any) -> list[Any]:
        if type(value) is Handle:
            return ["h", value._number]
        if callable(value):
            self.callables.append(value)
            return [CALLBACK, len(self.callables) - 1]
        raise wire.WireError(f"an object of type {type(value).__name__}")

    def _unknown(self, tag: str, content: list[Any]) -> Any:
        if tag == "h" and isinstance(content[0], int):
            return Handle(self, content[0], str(content[1]))
        raise wire.WireError("an unknown tag")

    def _fail(self, why: str) -> Any:
        self.fault = self.fault or why
        raise SolutionFault(why)


class Handle:
    """An object in the program's process."""

    def __init__(self, remote: Remote, number: int, kind: str) -> None:
        self._remote = remote
        self._number = number
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        """Read an attribute there; not those by which Python itself looks for protocols."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._remote.read(self._number, name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it there."""
        return self._remote.call(self._number, arguments, keywords)

    def __eq__(self, other: object) -> bool:
        """Compare the numbers of the objects; the program is not called."""
        return type(other) is Handle and other._number == self._number

    def __hash__(self) -> int:
        """Hash by identity, as ``__eq__`` compares."""
        return hash(self._number)

    def __len__(self) -> int:
        """Call its ``__len__``."""
        return self._plain("__len__", int)

    def __bool__(self) -> bool:
        """Be true, as objects are: the program must not decide an assertion."""
        return True

    def __iter__(self) -> Iterator[Any]:
        """Fetch all its members."""
        return iter(self._call_method("__iter__"))

    def __next__(self) -> Any:
        """Fetch the next member."""
        return self._call_method("__next__")

    def __getitem__(self, key: Any) -> Any:
        """Fetch one member."""
        return self._call_method("__getitem__", key)

    def __str__(self) -> str:
        """Call its ``__str__``."""
        return self._plain("__str__", str)

    def __repr__(self) -> str:
        """Name its type; the program is not called, so messages about failures cannot fail."""
        return f"<{self._kind} of the program>"

    def _call_method(self, method: str, *arguments: Any) -> Any:
        return self._remote.read(self._number, method)(*arguments)

    def _plain(self, method: str, kind: type) -> Any:
        value = self._call_method(method)
        if type(value) is not kind:
            raise SolutionError(f"{method} returned no {kind.__name__}")
        return value


def crossed(name: str, text: str) -> Exception:
    """Make the exception that the program raised.

    Builtin exceptions keep their type, so that tests can expect them.
    """
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return SolutionError(f"{name}: {text}")
    try:
        exception: Exception = kind(text)
    except TypeError:  # UnicodeDecodeError and its like want more than a text
        return SolutionError(f"{name}: {text}")
    exception.__dict__["of_the_program"] = True
    return exception


def put_back(original: Any, changed: Any) -> None:
    """Do to the judge's own argument what the call did to its copy.

    The object itself is changed, not replaced: a test may hold it under several names, and looks at
    it after the call.

    Raises:
        TypeError: It has become something else.
    """
    if type(original) is not type(changed):
        raise TypeError
    if isinstance(original, list | bytearray):
        original[:] = changed
    elif isinstance(original, dict | set):
        original.clear()
        original.update(changed)
    elif type(original).__name__ in wire.NODES:
        original.__dict__.update(changed.__dict__)
    else:
        raise TypeError

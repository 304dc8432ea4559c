"""The judge's side of the conversation: the program's functions and objects as things that tests
can call and compare.

A call sends its arguments, waits, puts what the call changed into the caller's own lists and dicts,
and returns a plain value or raises the builtin exception of the same name. What is no plain value
is a ``Handle``: equal to itself and to nothing else, because to ask the program whether two things
are equal is to let it mark its own work.
"""

import builtins
from collections.abc import Iterator, Sequence
from typing import Any

from seed.reference.verifiers.programs import surroundings, wire
from seed.reference.verifiers.programs.solution import CALLBACK

PROGRAM = 0
"""The handle of the program's own names."""


class SolutionFault(BaseException):
    """The program ended, took too long or broke the protocol. No ``except Exception`` of a test may
    swallow it.
    """


class SolutionError(Exception):
    """The program raised an exception that is not builtin, or one that would end an interpreter."""


class TestsFault(BaseException):
    """The tests ask for what cannot be done; the program is not to blame."""

    __test__ = False  # for pytest, which takes the name for a group of tests


class Remote:
    """The conversation with one program.

    Attributes:
        used: How often the tests have called the program or got a plain value of it.
        fault: The first ``SolutionFault``; it decides whatever the tests did with the exception.
    """

    def __init__(self, channel: wire.Channel, call_seconds: float, load_seconds: float) -> None:
        self.channel = channel
        self.call_seconds = call_seconds
        self.load_seconds = load_seconds
        self.used = 0
        self.fault = ""
        self.callables: list[Any] = []
        nodes: dict[str, type] = {name: getattr(surroundings, name) for name in wire.NODES}
        self.decoder = wire.Decoder(nodes, self._unknown)

    def defined(self, names: Sequence[str]) -> list[str]:
        """Ask which of some names the program has defined; waits until the program has been loaded.

        Raises:
            SolutionFault: It cannot be loaded.
        """
        answer = self._request(["names", *names], self.load_seconds)
        if answer[0] == "raise":
            self._fail(f"the program cannot be loaded: {answer[1]}: {answer[2]}")
        found = self._decoded(answer[1])
        return [name for name in names if isinstance(found, list) and name in found]

    def read(self, number: int, attribute: str) -> Any:
        """Fetch an attribute of the program's object; one of the program's own names with
        ``PROGRAM``.
        """
        value = self._value(self._request(["read", number, attribute], self.call_seconds))
        self.used += type(value) is not Handle
        return value

    def call(self, number: int, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Call an object of the program."""
        self.used += 1
        written = [self._written(argument) for argument in arguments]
        named = {name: self._written(argument) for name, argument in keywords.items()}
        answer = self._request(["call", number, written, named], self.call_seconds)
        value = self._value(answer)
        given = {**{str(place): argument for place, argument in enumerate(arguments)}, **keywords}
        try:
            for place, changed in answer[2].items():
                put_back(given[place], self._decoded(changed))
        except (KeyError, TypeError, AttributeError, IndexError):
            self._fail("the program broke the protocol: arguments that were not given")
        return value

    def _request(self, message: list[Any], seconds: float) -> list[Any]:
        try:
            self.channel.send(message)
            answer = self.channel.receive(seconds)
            while isinstance(answer, list) and answer[:1] == ["back"]:
                self.channel.send(self._answer_back(answer))
                answer = self.channel.receive(seconds)
        except wire.Late:
            self._fail(f"a call took longer than {seconds:g} s")
        except wire.Ended:
            self._fail("the program's process ended")
        except (wire.WireError, MemoryError) as failure:
            self._fail(f"the program broke the protocol: {failure}")
        if not isinstance(answer, list) or len(answer) != 3 or answer[0] not in ("value", "raise"):
            self._fail("the program broke the protocol: no answer")
        return answer

    def _answer_back(self, message: list[Any]) -> Any:
        try:
            _, number, arguments = message
            function = self.callables[number]
            return self._written(function(*[self._decoded(argument) for argument in arguments]))
        except (ValueError, TypeError, IndexError):
            return self._fail("the program broke the protocol: a call back of nothing")

    def _value(self, answer: list[Any]) -> Any:
        if answer[0] == "raise":
            raise crossed(str(answer[1]), str(answer[2]))
        return self._decoded(answer[1])

    def _decoded(self, written: Any) -> Any:
        try:
            return self.decoder.decode(written)
        except (wire.WireError, RecursionError, MemoryError) as failure:
            return self._fail(f"the program broke the protocol: {failure}")

    def _written(self, value: Any) -> Any:
        try:
            return wire.Encoder(self._opaque).encode(value)
        except wire.WireError as failure:
            raise TestsFault(
                f"the tests hand over a value that cannot cross: {failure}"
            ) from failure

    def _opaque(self, value: Any) -> list[Any]:
        if type(value) is Handle:
            return ["h", value._number]
        if callable(value):
            self.callables.append(value)
            return [CALLBACK, len(self.callables) - 1]
        raise wire.WireError(f"an object of type {type(value).__name__}")

    def _unknown(self, tag: str, parts: list[Any]) -> Any:
        if tag == "h" and isinstance(parts[0], int):
            return Handle(self, parts[0], str(parts[1]))
        raise wire.WireError("an unknown tag")

    def _fail(self, why: str) -> Any:
        self.fault = self.fault or why
        raise SolutionFault(why)


class Handle:
    """An object that lives in the program's process."""

    def __init__(self, remote: Remote, number: int, kind: str) -> None:
        self._remote = remote
        self._number = number
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        """Read an attribute over there; not those by which Python itself looks for protocols."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._remote.read(self._number, name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it over there."""
        return self._remote.call(self._number, arguments, keywords)

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same object over there; it is not asked."""
        return type(other) is Handle and other._number == self._number

    def __hash__(self) -> int:
        """Hash by identity, as ``__eq__`` compares."""
        return hash(self._number)

    def __len__(self) -> int:
        """Ask for its length."""
        return self._plain("__len__", int)

    def __bool__(self) -> bool:
        """Hold for true, as objects are; asking would let the program answer an assertion."""
        return True

    def __iter__(self) -> Iterator[Any]:
        """Fetch all its members."""
        return iter(self._ask("__iter__"))

    def __next__(self) -> Any:
        """Fetch the next member."""
        return self._ask("__next__")

    def __getitem__(self, key: Any) -> Any:
        """Fetch one member."""
        return self._ask("__getitem__", key)

    def __str__(self) -> str:
        """Ask for its text."""
        return self._plain("__str__", str)

    def __repr__(self) -> str:
        """Name its type; nothing is asked, so that messages about failures cannot fail."""
        return f"<{self._kind} of the program>"

    def _ask(self, method: str, *arguments: Any) -> Any:
        return self._remote.read(self._number, method)(*arguments)

    def _plain(self, method: str, kind: type) -> Any:
        value = self._ask(method)
        if type(value) is not kind:
            raise SolutionError(f"{method} returned no {kind.__name__}")
        return value


def crossed(name: str, text: str) -> Exception:
    """Make the exception that the program raised: builtin ones keep their type, so that tests can
    expect them.
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

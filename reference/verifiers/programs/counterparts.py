"""Classes that the judge makes for those of the program: named tuples and exceptions.

A named tuple crosses with its members, an exception with its text and arguments; whatever else a
test asks of them, methods and attributes, is read in the program's process.
"""

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from seed.reference.verifiers.programs import wire
from seed.reference.verifiers.programs.standard_values import WireError

NUMBER, OWN_NUMBER, SAID = "_number_of_class", "_number_of_object", "_said_text"
"""What classes and objects that are made here remember of those of the program."""


class SolutionError(Exception):
    """The program raised an exception that is not builtin, or one that would end an interpreter."""


class Counterparts:
    """Makes them, one class for each class of the program.

    Args:
        decoded: Reads a value of a message.
        read: Reads an attribute of an object by its number.
    """

    def __init__(self, decoded: Callable[[Any], Any], read: Callable[[int, str], Any]) -> None:
        self.decoded = decoded
        self.read = read
        self.classes: dict[Any, Any] = {}

    def record(self, head: list[Any], members: list[Any]) -> Any:
        """Make a named tuple, of one class for each class of the program."""
        number, own_number, name, fields = head
        if type(number) is not int or type(own_number) is not int:
            raise WireError("a named tuple without numbers")
        key = number, tuple(fields)
        if key not in self.classes:
            base = wire.record_class(name, fields)
            members_of = {NUMBER: number, "__getattr__": self._reader()}
            self.classes[key] = type(base.__name__, (base,), members_of)
        made = self.classes[key](*members)
        made.__dict__[OWN_NUMBER] = own_number
        return made

    def exception_class(self, number: int, name: str, bases: Any) -> Any:
        """Make a class of exceptions, with the builtin classes above it that the program's has."""
        if number not in self.classes:
            above = [self.decoded(base) for base in bases] if isinstance(bases, list) else []
            kinds = [k for k in above if isinstance(k, type) and issubclass(k, Exception)]
            content = {NUMBER: number, "__getattr__": self._reader(), "__str__": _said}
            self.classes[number] = type(name, tuple(kinds) or (SolutionError,), content)
        return self.classes[number]

    def exception(self, kind: Any, content: Any) -> Exception:
        """The exception of a reply: its class, and its text, arguments and number."""
        text, arguments, number = content if isinstance(content, list) else (content, [], None)
        made = self.decoded(kind) if isinstance(kind, list) else str(kind)
        given = self.decoded(arguments) if arguments else []
        given = given if isinstance(given, list) else []
        if isinstance(made, str):
            return crossed(made, str(text), given)
        if not (isinstance(made, type) and issubclass(made, Exception)):
            return SolutionError(str(text))
        exception: Exception = made.__new__(made)
        exception.args = tuple(given)
        exception.__dict__.update({"of_the_program": True, SAID: str(text), OWN_NUMBER: number})
        return exception

    def _reader(self) -> Any:
        def read(owner: Any, name: str) -> Any:
            number = owner.__dict__.get(OWN_NUMBER)
            if name.startswith("_") or type(number) is not int:
                raise AttributeError(name)
            return self.read(number, name)

        return read


def crossed(name: str, text: str, arguments: Sequence[Any] = ()) -> Exception:
    """Make the exception that the program raised.

    Builtin exceptions keep their type, so that tests can expect them, and their arguments, if they
    say the same text.
    """
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return SolutionError(f"{name}: {text}")
    for given in (arguments, (text,)):
        try:
            exception: Exception = kind(*given)
            if str(exception) != text and given is arguments:
                continue
        except Exception:  # UnicodeDecodeError and its like want more than a text
            continue
        exception.__dict__["of_the_program"] = True
        return exception
    return SolutionError(f"{name}: {text}")


def numbers(value: Any) -> list[Any]:
    """The numbers of the class of a named tuple and of itself; None for the tests' own."""
    kept = getattr(value, "__dict__", {})
    return [getattr(type(value), NUMBER, None), kept.get(OWN_NUMBER)]


def described(raised: Exception) -> str:
    """Class and text of an exception."""
    return f"{type(raised).__name__}: {raised}"


def _said(exception: Any) -> str:
    """The text that an exception of the program says."""
    return str(exception.__dict__.get(SAID, ", ".join(map(str, exception.args))))

"""Values of the standard library and of NumPy that cross: their parts, and how they are made again.

What arrives is never trusted: it becomes one of the values named here or ``WireError``.
"""

import builtins
import datetime
import importlib
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

MOST_BITS = 1 << 17
"""Length of an integer, about 39000 decimal digits.

Expected answers are shorter, and arithmetic is still fast.
"""

MEMBERS = re.compile(r"[<>|=][biufcU]\d{1,3}")
"""Types of the members of a NumPy array that cross: truth values, numbers, text."""


class WireError(Exception):
    """A value cannot be written or read: too large, too deep, or no value at all."""


def parts_of(value: Any) -> list[Any] | None:
    """The parts of a value of the standard library; None if it is none."""
    if isinstance(value, Decimal):
        return ["decimal", Decimal.__str__(value)]
    if isinstance(value, Fraction):
        return ["fraction", int(value.numerator), int(value.denominator)]
    if isinstance(value, datetime.datetime):
        return ["datetime", datetime.datetime.isoformat(value)]
    if isinstance(value, datetime.date):
        return ["date", datetime.date.isoformat(value)]
    if isinstance(value, datetime.time):
        return ["time", datetime.time.isoformat(value)]
    if isinstance(value, datetime.timedelta):
        return ["timedelta", value.days, value.seconds, value.microseconds]
    return None


def standard_value(kind: str, *parts: Any) -> Any:
    """Make the value of which ``parts_of`` gave the parts."""
    if kind == "decimal":
        return Decimal(parts[0]) if len(parts[0]) <= MOST_BITS else refuse("a long number")
    if kind == "fraction":
        return Fraction(*parts)
    if kind == "timedelta":
        return datetime.timedelta(*parts)
    kinds: dict[str, Any] = {
        "datetime": datetime.datetime,
        "date": datetime.date,
        "time": datetime.time,
    }
    return kinds[kind].fromisoformat(parts[0])


def array_head(value: Any) -> list[Any]:
    """The head of a NumPy array; empty if its members are objects."""
    text = str(value.dtype.str)
    is_plain = type(value).__module__ == "numpy" and MEMBERS.fullmatch(text)
    return ["A", text, list(map(int, value.shape))] if is_plain and value.ndim else []


def made_array(members_type: str, shape: list[int], members: list[Any]) -> Any:
    """Make an array of its members."""
    if not MEMBERS.fullmatch(members_type) or math.prod(shape) != len(members):
        return refuse("an array of another shape")
    numpy = importlib.import_module("numpy")
    return numpy.array(members, dtype=members_type).reshape(shape)


def dict_view(kind: str, members: list[Any]) -> Any:
    """Make a view of a dict of its members."""
    if kind == "keys":
        return dict.fromkeys(members).keys()
    return dict(members).items() if kind == "items" else dict(enumerate(members)).values()


def builtin_type(name: Any) -> Any:
    """Find a builtin type, Ellipsis or NotImplemented by its name."""
    kind = getattr(builtins, name, None)
    is_single = kind is Ellipsis or kind is NotImplemented
    return kind if isinstance(kind, type) or is_single else refuse("a type that is not builtin")


def refuse(kind: str) -> Any:
    """Say that something is no value."""
    raise WireError(f"{kind} is no value")

"""Operations that tests perform on the program's objects: named by the judge, performed there.

``enter`` and ``exit`` are the halves of ``with``; the others are functions of ``operator``,
``builtins`` and ``copy`` of the same name.
"""

import builtins
import copy
import operator
from collections.abc import Callable, Mapping
from typing import Any

BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and_", "or_", "xor", "lshift", "rshift", "lt", "le", "gt", "ge"),
    *("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ior", "iand", "ixor"),
)
UNARY = ("neg", "pos", "invert", "index")
ITEMS = ("getitem", "setitem", "delitem")
FUNCTIONS = (
    *("abs", "bool", "complex", "divmod", "float", "hash", "int", "iter", "len", "reversed"),
    *("round", "str", "format", "isinstance", "issubclass"),
)
COPIES = ("copy", "deepcopy")


def enter(manager: Any) -> Any:
    """Enter a context, as ``with`` does."""
    return type(manager).__enter__(manager)


def leave(manager: Any, name: str | None, text: str) -> bool:
    """Leave a context, with an exception if one is named; whether the manager swallows it."""
    kind = getattr(builtins, name, Exception) if name else None
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return bool(type(manager).__exit__(manager, None, None, None))
    try:
        raised: Exception = kind(text)
    except TypeError:  # UnicodeDecodeError and its like want more than a text
        raised = Exception(text)
    return bool(type(manager).__exit__(manager, type(raised), raised, None))


def state(value: Any) -> dict[str, Any]:
    """What an object keeps, in its dict and its slots."""
    kept = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and not name.startswith("__"):
                kept[name] = getattr(value, name)
    return kept


def compared(first: Any, second: Any) -> list[Any]:
    """What the judge needs to decide whether two objects of the program are equal.

    Returns:
        Whether their class defines equality, whether it calls them equal, whether they have one
        class, and what each keeps.
    """
    kinds = type(first), type(second)
    defined = any(getattr(kind, "__eq__", None) is not object.__eq__ for kind in kinds)
    if not defined:
        return [False, first is second, kinds[0] is kinds[1], {}, {}]
    equal = first == second
    return [True, equal is True, kinds[0] is kinds[1], state(first), state(second)]


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in (*BINARY, *UNARY, *ITEMS)},
    **{name: getattr(builtins, name) for name in FUNCTIONS},
    **{name: getattr(copy, name) for name in COPIES},
    "eq": operator.eq,
    "contains": operator.contains,
    "enter": enter,
    "exit": leave,
    "compared": compared,
}

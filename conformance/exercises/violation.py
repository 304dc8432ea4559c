"""How a property says that it does not hold: what was compared, and both sides."""

from typing import Any

import numpy as np

TOLERANCE = 1e-9
"""Relative and absolute: far above rounding, far below any mistake in a formula."""


class Violation(AssertionError):
    """A property does not hold.

    Attributes:
        relation: What should hold, in words.
        sides: Name and value of what was compared.
    """

    def __init__(self, relation: str, **sides: Any) -> None:
        self.relation = relation
        self.sides = {name.replace("_", " "): value for name, value in sides.items()}
        lines = [relation, *(f"  {name}: {shown(value)}" for name, value in self.sides.items())]
        super().__init__("\n".join(lines))


def agree(computed: Any, expected: Any, what: str, **context: Any) -> None:
    """Require two arrays or numbers to be equal within rounding, NaN only where NaN is expected.

    Args:
        computed: From the function under test.
        expected: What the property says.
        what: What they are, in words.
        context: Other values to show, by name.

    Raises:
        Violation: They differ.
    """
    if not np.allclose(computed, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
        raise Violation(what, computed=computed, expected=expected, **context)


def require(condition: Any, relation: str, **sides: Any) -> None:
    """Require something to hold everywhere.

    Raises:
        Violation: It does not.
    """
    if not np.all(condition):
        raise Violation(relation, **sides)


def shown(value: Any) -> str:
    """A value as a person wants to read it: short numbers, and 0 and 1 for false and true."""
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    if isinstance(value, str | bool | int) or value is None:
        return repr(value)
    try:
        array = np.asarray(value)
    except ValueError:
        return repr(value)
    if array.dtype == bool:
        array = array.astype(int)
    if array.dtype.kind not in "iuf":
        return repr(value)
    if array.ndim == 0:
        return f"{array.item():.6g}"
    return np.array2string(
        array, max_line_width=78, threshold=60, formatter={"float_kind": lambda x: f"{x:.6g}"}
    )

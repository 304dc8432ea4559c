"""A function under test: its calls are kept, and what it returns must have the right form."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seed.conformance.exercises.violation import Violation


@dataclass
class Call:
    """One call.

    Attributes:
        arguments: By name, as they were before the call.
        result: In words or as a value; a call that raises has none.
    """

    arguments: Mapping[str, Any]
    result: Any = None
    returned: bool = False


class Recorder:
    """A function that notes its calls.

    Args:
        function: Under test.
        solution: A function of the same arguments whose results have the right form. Only their
            form is looked at.
    """

    def __init__(self, function: Callable[..., Any], solution: Callable[..., Any]) -> None:
        self.function, self.solution = function, solution
        self.names = list(inspect.signature(solution).parameters)
        self.calls: list[Call] = []

    def __call__(self, *arguments: Any) -> Any:
        """Call the function, and check the form of what it returns.

        Raises:
            Violation: The form is wrong, or an argument was changed.
        """
        call = Call(dict(zip(self.names, arguments, strict=True)))
        self.calls.append(call)
        handed = [copied(argument) for argument in arguments]
        call.result = self.function(*handed)
        call.returned = True
        for name, before, after in zip(self.names, arguments, handed, strict=True):
            if not np.array_equal(before, after, equal_nan=np.asarray(before).dtype.kind == "f"):
                raise Violation(f"The function changes its argument {name}; it should not.")
        return of_form(call.result, self.solution(*arguments))


def copied(argument: Any) -> Any:
    """A copy, so that a function that writes into its arguments spoils only itself."""
    return argument.copy() if isinstance(argument, np.ndarray) else argument


def of_form(result: Any, model: Any) -> Any:
    """The result as an array or number, or as a tuple of them, if it has the form of the model.

    Raises:
        Violation: It has another form.
    """
    if isinstance(model, tuple):
        if not isinstance(result, tuple | list) or len(result) != len(model):
            raise Violation(f"The function should return a tuple of {len(model)} values.")
        return tuple(of_form(part, of_model) for part, of_model in zip(result, model, strict=True))
    if result is None:
        raise Violation("The function returns None: is a return missing?")
    try:
        array = np.asarray(result, dtype=float)
    except (TypeError, ValueError):
        raise Violation("What the function returns is not a number or array of numbers.") from None
    if array.shape != np.shape(model):
        what = f"of shape {np.shape(model)}" if np.ndim(model) else "a single number"
        raise Violation(f"The result should be {what}, and it has shape {array.shape}.")
    return array if array.ndim else float(array)

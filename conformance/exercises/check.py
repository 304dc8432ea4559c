"""Check a function against properties: the first that fails, with its smallest counter-example."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seed.conformance.exercises.draws import Draw, draws
from seed.conformance.exercises.recorder import Call, Recorder

Property = Callable[[Callable[..., Any], Draw], None]
"""A function that calls another one and raises ``Violation``; its docstring says what holds."""

SHOWN_CALLS = 2
"""Calls of a counter-example that are shown, the last ones: a property compares two at most."""


@dataclass(frozen=True)
class Failure:
    """A property that does not hold.

    Attributes:
        statement: The property in words.
        calls: The calls of the counter-example.
        why: What was compared, or what was raised.
    """

    statement: str
    calls: Sequence[Call]
    why: Exception


def statement_of(made: Property) -> str:
    """What a property says: its docstring, in one line."""
    return " ".join((made.__doc__ or "").split())


def first_failure(
    made: Property, function: Callable[..., Any], solution: Callable[..., Any]
) -> Failure | None:
    """The smallest draw for which a property does not hold.

    Args:
        made: The property.
        function: Under test.
        solution: A function that is right; its results show which form a result should have.

    Returns:
        None if it holds for all draws.
    """
    for draw in draws():
        recorder = Recorder(function, solution)
        try:
            with np.errstate(all="ignore"):
                made(recorder, draw)
        except Exception as why:  # whatever a function under test raises is its answer
            return Failure(statement_of(made), recorder.calls[-SHOWN_CALLS:], why)
    return None


def assert_holds(made: Property, function: Callable[..., Any]) -> None:
    """Let a test fail where a property does not hold of a function of the reference."""
    failure = first_failure(made, function, function)
    if failure is not None:
        raise failure.why

"""What a student reads after a check: which property fails, the smallest counter-example, or none.

gae: property 2 of 10 does not hold

  With lambda = 1 and gamma = 1, advantage plus value is the return: ...

  the smallest counter-example found
    gae(
      rewards_BS = [[0.5 -1]]
      ...
    ) returned [[...]]

  advantage + value against return
    computed: [[...]]
    expected: [[...]]
"""

import traceback
from textwrap import wrap

from seed.conformance.exercises.catalogue import Exercise
from seed.conformance.exercises.check import Failure
from seed.conformance.exercises.recorder import Call
from seed.conformance.exercises.violation import Violation, shown

INDENT, WIDTH = "  ", 76


def failed_text(exercise: Exercise, number: int, failure: Failure, file: str) -> str:
    """The text for a property that does not hold.

    Args:
        exercise: Whose property it is.
        number: Place of the property, from 1.
        failure: What was found.
        file: The student's file.
    """
    if isinstance(failure.why, NotImplementedError):
        return f"{exercise.name}: still blank: write {exercise.function} in {file}"
    head = f"{exercise.name}: property {number} of {len(exercise.properties)} does not hold"
    lines = ["", *wrap(failure.statement, WIDTH), "", "the smallest counter-example found"]
    for call in failure.calls:
        lines += [INDENT + line for line in call_lines(exercise.function, call)]
    lines += ["", *why_lines(failure.why, file)]
    return "\n".join([head, *((INDENT + line).rstrip() for line in lines)])


def call_lines(function: str, call: Call) -> list[str]:
    """A call with its arguments, and what it returned."""
    lines = [f"{function}("]
    for name, value in call.arguments.items():
        lines += labelled(f"{INDENT}{name} = ", value)
    if not call.returned:
        return [*lines, ") did not return"]
    return [*lines, *labelled(") returned ", call.result)]


def labelled(label: str, value: object) -> list[str]:
    """A value after its label; further lines of an array begin below its first."""
    first, *more = shown(value).splitlines()
    return [label + first, *(" " * len(label) + line for line in more)]


def why_lines(why: Exception, file: str) -> list[str]:
    """What was compared, or what the function raised."""
    if isinstance(why, Violation):
        sides = [line for name, value in why.sides.items() for line in labelled(f"{name}: ", value)]
        return [why.relation, *(INDENT + line for line in sides)]
    return [f"the function raised {raised(why, file)}"]


def raised(why: BaseException, file: str) -> str:
    """An exception in a line, with its place in the student's file if it comes from there."""
    frames = [f for f in traceback.extract_tb(why.__traceback__) if f.filename == file]
    at = f"{file}, line {frames[-1].lineno}: " if frames else ""
    if isinstance(why, SyntaxError) and why.lineno:
        at = f"{file}, line {why.lineno}: "
    return f"{at}{type(why).__name__}: {getattr(why, 'msg', None) or why}".rstrip(": ")


def passed_text(exercise: Exercise) -> str:
    """The line after success."""
    count = len(exercise.properties)
    return f"{exercise.name}: all {count} properties hold. Well done! Compare: {exercise.compare}"


def endless_text(exercise: Exercise, number: int, seconds: float) -> str:
    """The text for a function that does not come back; ``number`` is that of the property."""
    what = "while the file was loaded"
    if number:
        what = f"in property {number} of {len(exercise.properties)}"
    return (
        f"{exercise.name}: no answer within {seconds:g} s, {what}: does a loop in the file never"
        " end?"
    )

"""What a built-in task is told, and the form that a response must have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TaskSettings:
    """Settings of a built-in task.

    Attributes:
        largest: Largest number that is asked about; 0 = the task's own.
        shots: Worked examples in front; 0 = as many as the task likes.
        demonstrations: How many SFT reads.
        held_out_problems: Most held-out problems; 0 = the task's own number.
        seed: Run seed; keys the training problems.
    """

    largest: int = 0
    shots: int = 0
    demonstrations: int = 1
    held_out_problems: int = 0
    seed: int = 0


def format_fault(instance: Mapping[str, Any], response: str) -> str:
    """Why a response has not the form that its problem asks for; empty if it has.

    Args:
        instance: Of a problem; ``format``, where there is one, is a regular expression that the
            whole response must match.
        response: Any text; bounded by the token limit of a response.
    """
    pattern = instance.get("format", "")
    if not pattern or re.fullmatch(pattern, response, re.DOTALL):
        return ""
    return f"the response has not the form {pattern}"

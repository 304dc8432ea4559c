"""The numbers of a run as trackers take them: flat names, one value each.

A number keeps its name in ``metrics.jsonl``; a nested one is ``reward/accuracy_by_family/maze``.
Held-out scores are ``evaluation/FAMILY/FIGURE``. Curves are left out: lists, and mappings whose
keys are numbers, such as ``advantage/lambda_by_length``.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any


def scalars(line: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Names and values of the finite numbers in a line of ``metrics.jsonl``, ``step`` excepted."""
    for key, value in line.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and not all(map(is_number, value)):
            yield from scalars(value, f"{name}/")
        elif isinstance(value, int | float) and math.isfinite(value) and name != "step":
            yield name, float(value)


def score_scalars(scores: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Names and values of held-out scores."""
    return scalars({"evaluation": scores})


def is_number(text: str) -> bool:
    """Whether a key is a number, so that its mapping is a curve."""
    try:
        float(text)
    except ValueError:
        return False
    return True

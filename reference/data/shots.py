"""Few-shot prompts: worked examples in front of a problem."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seed.spec.datatypes import Problem


def with_shots(problem: Problem, shots: Sequence[Problem]) -> Problem:
    """A problem with worked examples in front, as messages; a verifier reads its text alone."""
    if not shots:
        return problem
    own = problem.messages or ({"role": "user", "content": problem.prompt},)
    rules = tuple(m for m in own if m["role"] in ("system", "developer"))
    worked: list[Mapping[str, str]] = []
    for shot in shots:
        asked = shot.messages or ({"role": "user", "content": shot.prompt},)
        worked += [m for m in asked if m["role"] not in ("system", "developer")]
        worked.append({"role": "assistant", "content": shot.demonstration})
    return replace(problem, messages=(*rules, *worked, *own[len(rules) :]))

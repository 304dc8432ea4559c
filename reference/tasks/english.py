"""Puzzles for language models: the rules in English, then the compact prompt."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.datatypes import Problem


def english_prompt(family: str, instance: Mapping[str, Any]) -> str:
    """What a model reads that was not trained on compact prompts: rules, blank line, prompt."""
    rules = FAMILIES[family]
    return f"{rules.RULES}\n\n{rules.prompt(instance)}"


def in_english(problem: Problem) -> Problem:
    """A drawn puzzle as a line of a file: a prompt in English, and the verifier of such lines.

    That verifier finds the answer in what a language model writes around it; a family's own reads
    the bare answer only.
    """
    text = english_prompt(problem.family, problem.instance)
    puzzle = {"family": problem.family, "instance": dict(problem.instance)}
    return replace(
        problem,
        prompt=text,
        messages=({"role": "user", "content": text},),
        instance={"domain": "puzzle", "puzzle": puzzle, "row": {}},
    )

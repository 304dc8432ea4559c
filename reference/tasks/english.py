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
    """A drawn puzzle as a chat message in English; everything else stays as it is."""
    text = english_prompt(problem.family, problem.instance)
    return replace(problem, messages=({"role": "user", "content": text},))

"""The rules of a run's families in English, each with a worked example, in a fold of the page."""

from collections.abc import Iterable
from functools import lru_cache
from html import escape

from seed.cli.report.samples import GRID_FAMILIES, answer_grid, prompt_grid
from seed.reference.tasks.problems import distinct_problems
from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.config_model import DataConfig
from seed.spec.datatypes import Problem
from seed.spec.errors import SeedError

EXAMPLE_SEED = 1


def family_section(data: DataConfig) -> str:
    """One fold per family of the run."""
    folds = (family_fold(name, data.difficulties.get(name, ())) for name in data.families)
    note = (
        "A prompt is written in few characters; this is what they mean. The example is solved by"
        " the family's own solver: the demonstration is what SFT teaches, the answer is the same"
        " without the reasoning."
    )
    return f'<h2>The problems</h2><p class="soft">{note}</p>{"".join(folds)}'


def family_fold(name: str, levels: Iterable[int]) -> str:
    """Rules and example of a family, folded; a family that is not known here has its name alone."""
    if name not in FAMILIES:
        return ""
    family = FAMILIES[name]
    level = min(levels, default=family.LEVELS[0])
    problem = example(name, level)
    shown = example_html(problem) if problem else ""
    return (
        f"<details><summary>{escape(name)}: rules and an example</summary>"
        f"<p>{escape(family.RULES)}</p>{shown}</details>"
    )


@lru_cache
def example(name: str, level: int) -> Problem | None:
    """A training problem of a family; None if the level has none."""
    try:
        return next(distinct_problems(name, level, 1, EXAMPLE_SEED, held_out=False))
    except SeedError:
        return None


def example_html(problem: Problem) -> str:
    """Prompt, demonstration and answer."""
    has_grid = problem.family in GRID_FAMILIES
    parts = (
        (f"prompt (level {problem.difficulty})", problem.prompt, prompt_grid(problem.prompt)),
        ("demonstration", problem.demonstration, ""),
        ("answer", problem.answer, answer_grid(problem.answer)),
    )
    items = (
        f"<dt>{name}</dt><dd><code>{escape(text)}</code>{grid if has_grid else ''}</dd>"
        for name, text, grid in parts
    )
    return f"<dl>{''.join(items)}</dl>"

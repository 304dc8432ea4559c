"""The puzzle families of a configuration as a ``spec.problem_source.ProblemSource``."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from seed.reference.tasks.english import in_english
from seed.reference.tasks.problems import level_problem, problem_set, training_problem
from seed.spec.config_model import DataConfig
from seed.spec.datatypes import Problem
from seed.spec.philox import generator
from seed.spec.problem_source import Stratum

HELD_OUT_SEED = 0
"""Held-out problems are the same whatever the seed of a run, so that runs can be compared."""


class PuzzleSource:
    """Problems that are drawn from the families and difficulties of ``data``."""

    def __init__(
        self, data: DataConfig, held_out_problems: int, seed: int, english: bool = False
    ) -> None:
        """Draw nothing yet.

        Args:
            data: Families, difficulties, demonstrations.
            held_out_problems: ``evaluation.problems``.
            seed: Run seed; keys the training problems.
            english: Whether prompts are messages for a language model, see ``english``.
        """
        self.data, self.held_out_problems, self.seed = data, held_out_problems, seed
        self._written = in_english if english else _as_drawn
        self.groups = data.families

    def training(self, index: int) -> Problem:
        """Behind the demonstrations: training on what was shown would teach little."""
        return self._drawn(self.data.demonstrations + index)

    def held_out(self) -> list[Problem]:
        """Families, and the difficulties of each family, take turns."""
        families, levels = self.data.families, self.data.difficulties
        wanted = self.held_out_problems
        problems = problem_set(families, levels, wanted, HELD_OUT_SEED, held_out=True)
        return list(map(self._written, problems))

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """The first ``data.demonstrations`` problems of the stream with a solution each.

        The share ``data.bare_share`` of the solutions gives the answer without reasoning.
        """
        problems = [self._drawn(index) for index in range(self.data.demonstrations)]
        draws = generator(self.seed, "bare demonstrations").random(len(problems))
        return [
            (problem, problem.answer if draw < self.data.bare_share else problem.demonstration)
            for problem, draw in zip(problems, draws, strict=True)
        ]

    def of_level(self, family: str, difficulty: int, count: int) -> Iterator[Problem]:
        """Some training problems of one level, not those of the stream."""
        for index in range(count):
            drawn = training_problem((family,), {family: (difficulty,)}, index, self.seed)
            yield self._written(drawn)

    def strata(self) -> list[Stratum]:
        """Families have equal shares, and a family's levels as often as they are named."""
        families, levels = self.data.families, self.data.difficulties
        return [
            Stratum(
                family,
                level,
                count / len(levels[family]) / len(families),
                returns=False,
                problem=partial(self._of_level, family, level),
            )
            for family in families
            for level, count in Counter(levels[family]).items()
        ]

    def _of_level(self, family: str, level: int, place: int) -> Problem:
        return self._written(level_problem(family, level, place, self.seed))

    def _drawn(self, index: int) -> Problem:
        families, levels = self.data.families, self.data.difficulties
        return self._written(training_problem(families, levels, index, self.seed))


def _as_drawn(problem: Problem) -> Problem:
    return problem

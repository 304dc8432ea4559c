"""Built-in task ``gsm_symbolic``: GSM8K's problems with other names and numbers, by reasoning-gym.

Needs the package ``reasoning-gym`` (Apache-2.0). Its hundred templates come with worked answers.
Held out by a hash of the text: the templates are the same on both sides, the numbers are not.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from seed.reference.data.messages import fingerprint
from seed.reference.data.shots import with_shots
from seed.reference.data.task_settings import TaskSettings
from seed.reference.tasks.puzzle_source import HELD_OUT_SEED
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import word_of
from seed.spec.problem_source import Stratum

NAME = "gsm_symbolic"
HELD_OUT_PROBLEMS = 200
HELD_OUT_ONE_IN = 8
SIZE = 2**16
"""Items of one data set of the package; the stream goes on to the next."""

PLACES = 16
"""Items in a row that an index of the stream may take; the first of the right split is it."""

SYSTEM = "Solve the problem step by step. Write #### and the number on the last line."


class GsmSymbolic:
    """An endless stream of grade-school problems."""

    groups = (NAME,)

    def __init__(self, settings: TaskSettings) -> None:
        """Load the package.

        Raises:
            SeedError: BACKEND_MISSING.
        """
        try:
            import reasoning_gym  # noqa: F401  # whether it loads is asked here, before the run
        except ImportError as failure:
            line = f"{NAME} needs reasoning-gym: pip install reasoning-gym ({failure})"
            raise SeedError(Reason.BACKEND_MISSING, line) from None
        self.settings = settings
        examples = _of_split(_items(HELD_OUT_SEED, 0), range(SIZE), held_out=False)
        self._shots = list(islice(examples, settings.shots))

    def training(self, index: int) -> Problem:
        """The first training item among the ``PLACES`` of an index, behind the demonstrations."""
        return with_shots(self._training(self.settings.demonstrations + index), self._shots)

    def held_out(self) -> list[Problem]:
        """Distinct problems, the same in every run; a larger set begins with the smaller one."""
        wanted = self.settings.held_out_problems or HELD_OUT_PROBLEMS
        problems: dict[str, Problem] = {}
        items = _items(HELD_OUT_SEED, 0)
        for problem in _of_split(items, range(SIZE), held_out=True):
            problems.setdefault(problem.id, problem)
            if len(problems) == wanted:
                break
        return [with_shots(problem, self._shots) for problem in problems.values()]

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """The beginning of the stream with the package's worked answers."""
        problems = [self._training(number) for number in range(self.settings.demonstrations)]
        return [(with_shots(problem, self._shots), problem.demonstration) for problem in problems]

    def strata(self) -> list[Stratum]:
        """One: the package draws its problems at one level."""
        return [Stratum(NAME, 1, 1.0, returns=False, problem=self.training)]

    def _training(self, number: int) -> Problem:
        block, first = divmod(number * PLACES, SIZE)
        items = _items(self.settings.seed, block)
        problems = _of_split(items, range(first, first + PLACES), held_out=False)
        return next(problem for problem in problems if problem not in self._shots)


@lru_cache(4)
def _items(seed: int, block: int) -> Any:
    """A data set of the package. It keys an item by the sum of its seed and the item's place."""
    from reasoning_gym import create_dataset

    return create_dataset(NAME, seed=word_of(f"{NAME}/{seed}/{block}"), size=SIZE)


def _of_split(items: Any, places: range, held_out: bool) -> Iterator[Problem]:
    for place in places:
        problem = _problem(items[place])
        if (fingerprint((), problem.prompt) % HELD_OUT_ONE_IN == 0) == held_out:
            yield problem


def _problem(item: dict[str, Any]) -> Problem:
    text, answer = item["question"], str(item["answer"])
    worked = str(item["metadata"]["answer_cot"]).strip()
    demonstration = worked if "####" in worked else f"{worked}\n#### {answer}"
    return Problem(
        id=f"{NAME}/{fingerprint((), text):016x}",
        family=NAME,
        difficulty=1,
        prompt=text,
        instance={"domain": "math", "reference": answer, "row": {}},
        demonstration=demonstration,
        answer=f"#### {answer}",
        messages=({"role": "system", "content": SYSTEM}, {"role": "user", "content": text}),
    )

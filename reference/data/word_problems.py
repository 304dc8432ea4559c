"""Built-in task ``word-problems``: small sums about people and things, in the chat format.

    user       Ruth has 5 pens. Omar gives Ruth 3 more. Ruth loses 2 of them. How many pens ...?
    assistant  5 + 3 = 8
               8 - 2 = 6
               #### 6

One or two steps. A sum of two numbers, in whichever order and also as the difference that undoes
it, is held out or trained on: all steps of a training problem are training sums, all steps of a
held-out problem are held-out sums. So no held-out step was ever seen in training, however worded.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np

from seed.reference.data.shots import with_shots
from seed.reference.data.task_settings import TaskSettings
from seed.reference.tasks.puzzle_source import HELD_OUT_SEED
from seed.spec.datatypes import Problem
from seed.spec.philox import generator
from seed.spec.problem_source import Stratum

NAME = "word-problems"
SMALLEST = 2
LARGEST = 9
HELD_OUT_PROBLEMS = 200
HELD_OUT_ONE_IN = 4
ANSWER = r"(?:.*\n)?#### ?\d+\s*"
"""The form of a response: whatever working, and a last line with the number."""

LEVEL_SHARES = {1: 0.69, 2: 0.31}
"""Steps -> share of the training stream. Of the wordings 5/8 have one step and 3/8 two, and all
steps of a training problem are training sums."""

SYSTEM = (
    "Solve the problem step by step, one equation per line. Write #### and the answer on the last"
    " line."
)
NAMES = (
    "Ruth",
    "Omar",
    "Lena",
    "Ivan",
    "Mei",
    "Paul",
    "Sara",
    "Noah",
    "Aisha",
    "Tom",
    "Eva",
    "Raj",
)
THINGS: tuple[str, ...] = (
    "pens",
    "apples",
    "coins",
    "books",
    "shells",
    "stamps",
    "cards",
    "marbles",
    "eggs",
)
THINGS += ("stickers", "buttons", "flowers", "keys", "cups", "balls", "stones")
BEGINNINGS = (
    "{name} has {n} {things}.",
    "{name} puts {n} {things} on the table.",
    "There are {n} {things} in {name}'s bag.",
    "In the morning {name} has {n} {things}.",
    "{name} keeps {n} {things} in a box.",
    "{name} brings {n} {things} to school.",
)
GAINS = (
    "{other} gives {name} {n} more.",
    "Then {name} buys {n} more {things}.",
    "{name} finds {n} more {things} at home.",
    "Later {name} gets another {n} from {other}.",
    "{other} adds {n} {things}.",
    "A neighbour brings {name} {n} {things}.",
)
LOSSES = (
    "{name} gives {n} of them to {other}.",
    "{name} loses {n} of them.",
    "Then {name} sells {n} of the {things}.",
    "{other} borrows {n} {things} from {name}.",
    "{n} of the {things} break.",
    "{name} leaves {n} of them with {other}.",
)
QUESTIONS = (
    "How many {things} does {name} have now?",
    "How many {things} has {name} left in the end?",
    "How many {things} are there now?",
    "What is the number of {things} that {name} has now?",
)
COMPARISONS = (
    "{name} has {n} {things}. {other} has {m} more. How many {things} does {other} have?",
    "{name} has {n} {things} and {other} has {m}. How many {things} do they have together?",
    "{name} picks {n} {things} on Monday and {m} on Tuesday. How many {things} is that in all?",
    "There are {n} {things} on one shelf and {m} on another. How many {things} are on both?",
)


class WordProblems:
    """Problems with numbers from 2 to ``largest``."""

    groups = (NAME,)

    def __init__(self, settings: TaskSettings) -> None:
        """Draw the worked examples, the same in every run."""
        self.settings = settings
        self._largest = settings.largest or LARGEST
        self._shots: list[Problem] = []
        random = generator(HELD_OUT_SEED, NAME, "shots")
        for _ in range(settings.shots):
            self._shots.append(self._drawn(random, held_out=False))

    def training(self, index: int) -> Problem:
        """A fresh problem for every index."""
        random = generator(self.settings.seed, NAME, index)
        return with_shots(self._drawn(random, held_out=False), self._shots)

    def held_out(self) -> list[Problem]:
        """Distinct problems, the same in every run; a larger set begins with the smaller one."""
        wanted = self.settings.held_out_problems or HELD_OUT_PROBLEMS
        random = generator(HELD_OUT_SEED, NAME, "held-out")
        problems: dict[str, Problem] = {}
        while len(problems) < wanted:
            problem = self._drawn(random, held_out=True)
            problems.setdefault(problem.id, problem)
        return [with_shots(problem, self._shots) for problem in problems.values()]

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """Worked training problems of a stream of their own."""
        count, seed = self.settings.demonstrations, self.settings.seed
        streams = (generator(seed, NAME, "demonstrations", number) for number in range(count))
        problems = [self._drawn(random, held_out=False) for random in streams]
        return [(with_shots(problem, self._shots), problem.demonstration) for problem in problems]

    def strata(self) -> list[Stratum]:
        """By number of steps, which is the level."""
        return [
            Stratum(NAME, level, share, returns=False, problem=partial(self._of_level, level))
            for level, share in LEVEL_SHARES.items()
        ]

    def _of_level(self, level: int, place: int) -> Problem:
        random = generator(self.settings.seed, NAME, "level", level, place)
        problem = self._drawn(random, held_out=False, level=level)
        return replace(with_shots(problem, self._shots), difficulty=level)

    def _drawn(self, random: np.random.Generator, held_out: bool, level: int = 0) -> Problem:
        """A problem of a split, with ``level`` steps; 0 = with any number."""
        while True:
            text, steps = _draw(random, self._largest)
            if level not in (0, len(steps)):
                continue
            if all(is_held_out(step) == held_out for step in steps):
                problem = _problem(text, steps)
                if problem not in self._shots:
                    return problem


Step = tuple[int, str, int]


def is_held_out(step: Step) -> bool:
    """Whether the sum behind a step is held out: one in ``HELD_OUT_ONE_IN``, in every run.

    ``8 - 3`` has the sum ``3 + 5`` behind it.
    """
    first, sign, second = step
    low, high = sorted((first, second) if sign == "+" else (first - second, second))
    digest = sha256(f"{NAME}:{low}+{high}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % HELD_OUT_ONE_IN == 0


def value(step: Step) -> int:
    """The number that a step gives."""
    return step[0] + step[2] if step[1] == "+" else step[0] - step[2]


def _draw(random: np.random.Generator, largest: int) -> tuple[str, list[Step]]:
    """A wording and its steps; no number on the way is below 1."""
    name, other = (str(word) for word in random.choice(NAMES, 2, replace=False))
    words = {"name": name, "other": other, "things": str(random.choice(THINGS))}
    if random.integers(4) == 0:
        n, m = (int(number) for number in random.integers(SMALLEST, largest + 1, 2))
        text = str(random.choice(COMPARISONS)).format(n=n, m=m, **words)
        return text, [(n, "+", m)]
    have = int(random.integers(SMALLEST, largest + 1))
    sentences, steps = [str(random.choice(BEGINNINGS)).format(n=have, **words)], list[Step]()
    for _ in range(int(random.integers(1, 3))):
        number = int(random.integers(SMALLEST, largest + 1))
        is_gain = number >= have or bool(random.integers(2))
        steps.append((have, "+" if is_gain else "-", number))
        have = value(steps[-1])
        sentences.append(str(random.choice(GAINS if is_gain else LOSSES)).format(n=number, **words))
    sentences.append(str(random.choice(QUESTIONS)).format(**words))
    return " ".join(sentences), steps


def _problem(text: str, steps: Sequence[Step]) -> Problem:
    answer = value(steps[-1])
    work = "".join(f"{a} {sign} {b} = {value((a, sign, b))}\n" for a, sign, b in steps)
    instance: dict[str, Any] = {"domain": "math", "reference": str(answer), "format": ANSWER}
    demonstration = f"{work}#### {answer}"
    return Problem(
        id=f"{NAME}/{sha256(text.encode()).hexdigest()[:12]}",
        family=NAME,
        difficulty=1,
        prompt=text,
        instance=instance | {"row": {"steps": len(steps)}},
        demonstration=demonstration,
        answer=f"#### {answer}",
        messages=({"role": "system", "content": SYSTEM}, {"role": "user", "content": text}),
    )

"""The training problems of a run as questions, asked as the run asks them."""

from collections.abc import Callable
from dataclasses import dataclass

from seed.reference.data.task_settings import format_fault
from seed.reference.evaluation.benchmarks import ASKED, Benchmark
from seed.reference.evaluation.questions import Question, QuestionSet
from seed.reference.tasks.problems import verify
from seed.reference.tasks.task import problems_of
from seed.reference.verifiers.files.lines import digest
from seed.spec.config import Config
from seed.spec.datatypes import Outcome, Problem

NAME = "training"
VISITS = 20
"""Places of the stream that are looked at for each problem that is wanted."""


@dataclass(frozen=True)
class TrainingQuestions:
    """Questions, and what the run demands of a response beside the verdict.

    Attributes:
        questions: The set.
        fault: Of a question and a response: why it has not the form of the run; empty if it has.
    """

    questions: QuestionSet
    fault: Callable[[Question, str], str]


def training_questions(config: Config, count: int) -> TrainingQuestions:
    """The first distinct problems of a run's training stream.

    Args:
        config: Of the run.
        count: How many; fewer if the stream does not have them.
    """
    source, problems = problems_of(config), dict[str, Problem]()
    for place in range(VISITS * count):
        if len(problems) == count:
            break
        problem = source.training(place)
        problems.setdefault(problem.id, problem)
    by_key = {_question(problem).key: problem for problem in problems.values()}
    questions = tuple(map(_question, problems.values()))
    benchmark = Benchmark(NAME, "training problems", "", ASKED)

    def fault(question: Question, text: str) -> str:
        problem = by_key[question.key]
        if "domain" in problem.instance:
            return format_fault(problem.instance, text)
        right = config.tokenizer.path or verify(problem, text).outcome is Outcome.CORRECT
        return "" if right else "not in the form that the run reads"

    return TrainingQuestions(QuestionSet(NAME, NAME, benchmark, questions), fault)


def _question(problem: Problem) -> Question:
    instance = problem.instance
    is_line = "domain" in instance
    puzzle = instance.get("puzzle") if is_line else _puzzle(problem)
    stable = digest(f"{problem.id}\n{problem.prompt}".encode("utf-8", "surrogatepass"))
    return Question(
        key=f"{NAME}/{stable}",
        id=problem.id,
        benchmark=NAME,
        messages=problem.messages or ({"role": "user", "content": problem.prompt},),
        domain=instance["domain"] if is_line else "puzzle",
        problem=problem.prompt,
        reference=str(instance.get("reference") or ""),
        tests=instance.get("tests"),
        puzzle=puzzle,
        group=problem.family,
    )


def _puzzle(problem: Problem) -> dict[str, object]:
    return {"family": problem.family, "instance": dict(problem.instance)}

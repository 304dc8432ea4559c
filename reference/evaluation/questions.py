"""Problems of a benchmark's file, each as what a policy is asked and what a verifier needs.

Rows are read by the schemas of ``reference.data``; questions with options are made into one text
here. A row that cannot be used stops the evaluation before anything is sampled, with its number.
Two kinds are left out and counted instead: a collected puzzle whose task no family has, and a
program that no test can judge, since several outputs are right or it talks to another one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from seed.reference.data.files import RowFile
from seed.reference.data.messages import Unusable
from seed.reference.data.schemas import RowRules, read_row
from seed.reference.evaluation.benchmarks import PROMPT_OF, Benchmark, benchmark_of, names_of
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.files.lines import digest, fields_of
from seed.reference.verifiers.programs.suite import suite_of
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.verify import DOMAINS, Item

OPTIONS = ("options", "choices")
RIGHT = ("answer_letter", "answer_index", "answer", "Answer")
"""Columns that name the right option."""
STATEMENTS = ("problem", "question", "Question", "prompt")
"""Columns of the statement of a question with options."""
WRONG_OPTIONS = tuple(f"Incorrect Answer {number}" for number in (1, 2, 3))
IDS = ("id", "question_id", "uuid", "Record ID")
LETTERS = "ABCDEFGHIJKLMNOPQRST"

Message = Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """One problem of an evaluation.

    Attributes:
        key: Stable name: the benchmark and a digest of id and problem, whatever the file's order.
        id: As in the file, or the digest where it has none.
        benchmark: Name under which it is scored.
        messages: What a language model is asked, as chat messages.
        compact: What a policy that writes in characters is asked; empty if there is no such form.
        domain: Of ``spec.verify.DOMAINS``.
        problem: The statement, as the verifier reads it.
        reference: The correct answer (math, judge).
        tests: Tests of a program (code).
        puzzle: Family and instance (puzzle).
        group: Text of the benchmark's column ``by``.
        principles: Of the judge; empty for those in force.
    """

    key: str
    id: str
    benchmark: str
    messages: tuple[Message, ...]
    domain: str
    problem: str
    compact: str = ""
    reference: str = ""
    tests: Any = None
    puzzle: Mapping[str, Any] | None = None
    group: str = ""
    principles: str = ""

    def item(self, response: str) -> Item:
        """What a verifier judges."""
        return Item(
            id=self.key,
            domain=self.domain,
            problem=self.problem,
            response=response,
            reference=self.reference,
            tests=self.tests,
            puzzle=self.puzzle,
            principles=self.principles,
        )

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


@dataclass(frozen=True)
class QuestionSet:
    """The problems of one file.

    Attributes:
        name: Under which they are scored.
        path: The file, as it was named.
        benchmark: What the file is.
        questions: In the order of the file.
        left_out: Why lines were left out -> how many.
    """

    name: str
    path: str
    benchmark: Benchmark
    questions: tuple[Question, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_questions(
    paths: Sequence[Path], protocol: str = "", limit: int | None = None, wording: str = ""
) -> list[QuestionSet]:
    """Read the files of an evaluation.

    Args:
        paths: Files of rows: JSONL, gzip, Parquet.
        protocol: Name of the benchmark of all files; empty to recognise each.
        limit: Most problems of a file. They are drawn by the digest of the problem: the same ones
            whatever the order of the file, and all of a smaller limit.
        wording: What is asked in place of the benchmark's own wording, with ``{problem}``.

    Raises:
        SeedError: UNREADABLE_FILE, UNKNOWN_NAME, ILLEGAL_COMBINATION, BACKEND_MISSING.
    """
    opened = [RowFile(path) for path in paths]
    files = [(file.path, benchmark_of(file.path, _first_line(file), protocol)) for file in opened]
    if wording:
        files = [(path, replace(benchmark, prompt=wording)) for path, benchmark in files]
    sets = []
    for rows, (path, benchmark), name in zip(opened, files, names_of(files), strict=True):
        left_out: Counter[str] = Counter()
        questions = _distinct(path, _questions(rows, benchmark, name, left_out))
        if not questions:
            why = "; ".join(left_out) or "it is empty"
            raise SeedError(Reason.UNREADABLE_FILE, f"{path} holds no problem of {name}: {why}")
        if limit is not None:
            kept = set(sorted(question.key for question in questions)[:limit])
            questions = [question for question in questions if question.key in kept]
        sets.append(QuestionSet(name, str(path), benchmark, tuple(questions), left_out))
    return sets


def question_of(fields: Mapping[str, Any]) -> Question:
    """A question as ``Question.as_json`` has written it."""
    return Question(**{**fields, "messages": tuple(fields["messages"])})


def _first_line(file: RowFile) -> bytes:
    return next((line for _, _, line in file.lines()), b"")


def _distinct(path: Path, questions: Iterator[Question]) -> list[Question]:
    """The questions; a second one of the same id and problem is refused."""
    seen: dict[str, Question] = {}
    for question in questions:
        if question.key in seen:
            line = f"{path}: id={question.id!r} is there twice; legal: one line per problem"
            raise SeedError(Reason.UNREADABLE_FILE, line)
        seen[question.key] = question
    return list(seen.values())


def _questions(
    file: RowFile, benchmark: Benchmark, name: str, left_out: Counter[str]
) -> Iterator[Question]:
    for number, _, line in file.lines():
        row, fault = fields_of(line)
        try:
            if fault:
                raise Unusable(fault)
            yield _question(row, benchmark, name)
        except Unusable as why:
            if not _may_be_left_out(row):
                what = f"{file.path} line {number}: {why} ({benchmark.title})"
                raise SeedError(Reason.UNREADABLE_FILE, what) from None
            left_out[str(why)] += 1


def _may_be_left_out(row: Mapping[str, Any]) -> bool:
    is_collected = "task" in row and "meta" in row
    return row.get("needs_checker") is True or "official_tests" in row or is_collected


def _question(row: Mapping[str, Any], benchmark: Benchmark, name: str) -> Question:
    rules = RowRules(domain=benchmark.domain)
    problem = read_row(_with_options(row), name, rules).problem
    domain = problem.instance["domain"]
    if domain not in DOMAINS:
        raise Unusable(f"domain={domain!r} must be one of {', '.join(DOMAINS)}")
    targets = {field: problem.instance.get(field) for field in ("reference", "tests", "puzzle")}
    identity = problem.id.removeprefix(f"{problem.family}/")
    stable = digest(f"{identity}\n{problem.prompt}".encode("utf-8", "surrogatepass"))
    puzzle = targets["puzzle"]
    by = puzzle["family"] if puzzle and benchmark.by == "family" else row.get(benchmark.by, "")
    return Question(
        key=f"{name}/{stable}",
        id=identity,
        benchmark=name,
        messages=_asked(problem, benchmark),
        domain=domain,
        problem=problem.prompt,
        compact=FAMILIES[puzzle["family"]].prompt(puzzle["instance"]) if puzzle else "",
        reference=str(targets["reference"] or ""),
        tests=targets["tests"],
        puzzle=puzzle,
        group="" if by is None else str(by),
        principles=benchmark.principles,
    )


def _asked(problem: Problem, benchmark: Benchmark) -> tuple[Message, ...]:
    """What a language model is asked; messages of the file are asked as they are."""
    if problem.messages:
        return problem.messages
    domain = problem.instance["domain"]
    text = _told_of_tests(problem) if domain == "code" else problem.prompt
    wording = benchmark.prompt or PROMPT_OF[domain]
    return ({"role": "user", "content": wording.format(problem=text)},)


def _told_of_tests(problem: Problem) -> str:
    """The statement of a program with what its tests take for granted."""
    suite, text = suite_of(problem.instance["tests"]), problem.prompt.strip()
    if suite["kind"] == "check" and suite["prompt"]:
        return f"Complete this Python function.\n\n```python\n{text}\n```"
    if suite["kind"] == "stdio":
        return f"{text}\n\nThe program reads standard input and writes standard output."
    return text


def _with_options(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A question with options as a problem whose reference is a letter; any other row as it is."""
    if "Correct Answer" in row:
        return _shuffled(row)
    options = next((row[column] for column in OPTIONS if row.get(column)), None)
    if options is None:
        return row
    right = next((row[column] for column in RIGHT if row.get(column) is not None), None)
    return _lettered(row, _texts(options), right)


def _texts(options: Any) -> list[str]:
    texts = list(options.values()) if isinstance(options, dict) else options
    fits = isinstance(texts, list) and 2 <= len(texts) <= len(LETTERS)
    if not fits or not all(isinstance(text, str) for text in texts):
        raise Unusable(f"options must be 2 to {len(LETTERS)} texts")
    return list(texts)


def _lettered(row: Mapping[str, Any], options: Sequence[str], right: Any) -> dict[str, Any]:
    """Statement and options; the right one is named by letter, by number from 0 or by its text."""
    if isinstance(right, str) and right in options:
        right = options.index(right)
    if isinstance(right, str) and len(right.strip()) == 1:
        right = LETTERS.find(right.strip().upper())
    if not isinstance(right, int) or not 0 <= right < len(options):
        raise Unusable(f"answer={right!r} names none of the {len(options)} options")
    statement = next((row[column] for column in STATEMENTS if row.get(column)), None)
    if not isinstance(statement, str):
        raise Unusable(f"the problem is missing; legal columns: {', '.join(STATEMENTS)}")
    lines = [f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=False)]
    identity = next((row[column] for column in IDS if row.get(column) is not None), "")
    return {
        "id": identity,
        "problem": "\n".join([statement, "", *lines]),
        "reference": LETTERS[right],
    }


def _shuffled(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of GPQA: four options in an order of their own for each problem, always equal."""
    options = [row.get(name) for name in ("Correct Answer", *WRONG_OPTIONS)]
    texts = [text.strip() for text in _texts(options)]
    statement = str(row.get("Question"))
    order = sorted(texts, key=lambda option: digest(f"{statement}\n{option}".encode()))
    return _lettered(row, order, order.index(texts[0]))

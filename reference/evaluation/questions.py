"""Problems of a benchmark's file, each as what a policy is asked and what a verifier needs.

Every column is read by name; the names are those of the published files and of ``seed verify``. A
line that cannot be used stops the evaluation before anything is sampled, with its number.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seed.reference.evaluation.benchmarks import (
    ANSWERS,
    PROMPT_OF,
    Benchmark,
    benchmark_of,
    names_of,
)
from seed.reference.importers.lines import Counts, problem_line
from seed.reference.verifiers.domains import NEEDS
from seed.reference.verifiers.files.file import opened
from seed.reference.verifiers.files.lines import digest, fields_of, raw_lines
from seed.spec.errors import Reason, SeedError
from seed.spec.verify import DOMAINS, Item

PROBLEMS = ("problem", "question", "prompt", "Problem", "Question", "question_content", "text")
"""Columns of a statement, the one that counts first."""
IDS = ("id", "task_id", "unique_id", "question_id", "uuid", "Record ID")
OPTIONS = ("options", "choices")
WRONG_OPTIONS = tuple(f"Incorrect Answer {number}" for number in (1, 2, 3))
LETTERS = "ABCDEFGHIJKLMNOPQRST"
FINAL = "####"
"""Before the answer of a worked solution of GSM8K."""

Message = Mapping[str, str]


class Unusable(ValueError):
    """A line that is no problem; the text says why."""


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
    paths: Sequence[Path], protocol: str = "", limit: int | None = None
) -> list[QuestionSet]:
    """Read the files of an evaluation.

    Args:
        paths: JSONL files.
        protocol: Name of the benchmark of all files; empty to recognise each.
        limit: Most problems of a file. They are drawn by the digest of the problem: the same ones
            whatever the order of the file, and all of a smaller limit.

    Raises:
        SeedError: UNREADABLE_FILE, UNKNOWN_NAME, ILLEGAL_COMBINATION.
    """
    files = [(path, benchmark_of(path, _first_line(path), protocol)) for path in paths]
    sets = []
    for (path, benchmark), name in zip(files, names_of(files), strict=True):
        left_out: dict[str, int] = {}
        questions = _distinct(path, _questions(path, benchmark, name, left_out))
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


def _first_line(path: Path) -> bytes:
    with opened(path) as file:
        return next((line for line in raw_lines(file) if line.strip()), b"")


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
    path: Path, benchmark: Benchmark, name: str, left_out: dict[str, int]
) -> Iterator[Question]:
    counts = Counts()
    with opened(path) as file:
        for number, line in enumerate(raw_lines(file), start=1):
            if not line.strip():
                continue
            try:
                row = _row(line, number, benchmark, counts)
                if row is not None:
                    yield _question(row, benchmark, name)
            except Unusable as fault:
                what = f"{path} line {number}: {fault} ({benchmark.title})"
                raise SeedError(Reason.UNREADABLE_FILE, what) from None
    reasons = {f"no family for task {task}": count for task, count in counts.no_family.items()}
    for task in counts.tasks.values():
        for reason, count in task.unsuited.items():
            reasons[reason] = reasons.get(reason, 0) + count
    left_out |= reasons


def _row(
    line: bytes, number: int, benchmark: Benchmark, counts: Counts
) -> Mapping[str, Any] | None:
    """The columns of a line; a collected puzzle is translated, None if no family has its task."""
    fields, fault = fields_of(line)
    if fault:
        raise Unusable(fault)
    if not (benchmark.domain == "puzzle" and "meta" in fields and "puzzle" not in fields):
        return fields
    read = problem_line(line, number, counts)
    if counts.unreadable:
        raise Unusable(counts.unreadable[-1].partition(": ")[2])
    return read


def _question(row: Mapping[str, Any], benchmark: Benchmark, name: str) -> Question:
    domain = benchmark.domain or row.get("domain")
    if domain not in DOMAINS:
        raise Unusable(f"domain={domain!r} must be one of {', '.join(DOMAINS)}")
    given = _messages(row)
    problem = given[-1]["content"] if given else _text(row, PROBLEMS, "problem")
    needs, asked = READERS[domain](row, problem)
    problem = needs.pop("problem", problem)
    if needs[NEEDS[domain]] in (None, "", [], {}):
        raise Unusable(f"{NEEDS[domain]} is empty")
    wording = benchmark.prompt or PROMPT_OF[domain]
    messages = given or ({"role": "user", "content": wording.format(problem=asked)},)
    identity = next((str(row[column]) for column in IDS if row.get(column) is not None), "")
    stable = digest(f"{identity}\n{problem}".encode("utf-8", "surrogatepass"))
    compact = row.get("prompt") if domain == "puzzle" else ""
    group = row.get(benchmark.by) if benchmark.by else ""
    if benchmark.by == "family" and domain == "puzzle":
        group = needs["puzzle"].get("family")
    return Question(
        key=f"{name}/{stable}",
        id=identity or stable,
        benchmark=name,
        messages=messages,
        domain=domain,
        problem=problem,
        compact=compact if isinstance(compact, str) else "",
        group="" if group is None else str(group),
        **needs,
    )


def _messages(row: Mapping[str, Any]) -> tuple[Message, ...]:
    """The chat messages of a line that has some: they are asked as they are."""
    for column in ("messages", "prompt"):
        messages = row.get(column)
        if isinstance(messages, list) and messages:
            if all(isinstance(m, dict) and {"role", "content"} <= m.keys() for m in messages):
                return tuple({"role": m["role"], "content": m["content"]} for m in messages)
            raise Unusable(f"{column} must be a list of objects with role and content")
    return ()


def _text(row: Mapping[str, Any], columns: Sequence[str], name: str) -> str:
    """The text of the first of the columns that is there; numbers become text."""
    for column in columns:
        value = row.get(column)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int | float):
            return str(value)
        if isinstance(value, str) and value.strip():
            return value
        raise Unusable(f"{column} must be a text that is not empty")
    raise Unusable(f"{name} is missing; legal columns: {', '.join(columns)}")


def _answered(row: Mapping[str, Any], problem: str) -> tuple[dict[str, Any], str]:
    """Mathematics: the reference, or the options with the letter of the right one."""
    if "Correct Answer" in row:
        return _shuffled(row, problem)
    options = next((row[column] for column in OPTIONS if column in row), None)
    if options:
        return _with_options(row, problem, _texts(options))
    reward = row.get("reward_model")
    if isinstance(reward, dict):
        row = {"answer": reward.get("ground_truth")}
    answer = _text(row, ANSWERS, "answer")
    if FINAL in answer:
        answer = answer.rpartition(FINAL)[2].strip()
    return {"reference": answer}, problem


def _texts(options: Any) -> list[str]:
    texts = options.values() if isinstance(options, dict) else options
    texts = list(texts) if isinstance(texts, list) or isinstance(options, dict) else []
    if not 2 <= len(texts) <= len(LETTERS) or not all(isinstance(text, str) for text in texts):
        raise Unusable(f"options must be 2 to {len(LETTERS)} texts")
    return texts


def _with_options(
    row: Mapping[str, Any], problem: str, options: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """Statement and options; the right one is named by letter, by number from 0 or by its text."""
    right = next((row[c] for c in ("answer_letter", "answer", "Answer") if c in row), None)
    if isinstance(right, str) and right in options:
        right = options.index(right)
    if isinstance(right, str) and len(right.strip()) == 1:
        right = LETTERS.find(right.strip().upper())
    if not isinstance(right, int) or not 0 <= right < len(options):
        raise Unusable(f"answer={right!r} names none of the {len(options)} options")
    lines = [f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=False)]
    whole = "\n".join([problem, "", *lines])
    return {"reference": LETTERS[right], "problem": whole}, whole


def _shuffled(row: Mapping[str, Any], problem: str) -> tuple[dict[str, Any], str]:
    """The columns of GPQA: four options in an order of their own for each problem, always equal."""
    right = _text(row, ("Correct Answer",), "answer").strip()
    options = [right, *(_text(row, (name,), name).strip() for name in WRONG_OPTIONS)]
    options.sort(key=lambda option: digest(f"{problem}\n{option}".encode()))
    return _with_options({"answer": options.index(right)}, problem, options)


def _judged(row: Mapping[str, Any], problem: str) -> tuple[dict[str, Any], str]:
    return {"reference": _text(row, ANSWERS, "answer")}, problem


def _puzzle(row: Mapping[str, Any], problem: str) -> tuple[dict[str, Any], str]:
    if not isinstance(row.get("puzzle"), dict):
        raise Unusable("puzzle must be an object with family and instance")
    return {"puzzle": row["puzzle"]}, problem


def _program(row: Mapping[str, Any], problem: str) -> tuple[dict[str, Any], str]:
    """Tests in a shape of ``reference.verifiers.programs.verifier``, and what is asked."""
    for column in ("tests", "test", "test_list", "input_output"):
        if row.get(column):
            tests = _json(row[column], column)
            break
    else:
        raise Unusable("tests is missing; legal columns: tests, test, test_list, input_output")
    if isinstance(tests, str):
        entry = row.get("entry_point") or ""
        suite = {"kind": "check", "source": tests, "entry": entry, "prompt": problem}
        code = f"Complete this Python function.\n\n```python\n{problem.strip()}\n```"
        return {"tests": suite if entry else tests}, code if entry else problem
    if isinstance(tests, list) and all(isinstance(test, str) for test in tests):
        setup = row.get("test_setup_code") or row.get("test_imports") or ""
        setup = "\n".join(setup) if isinstance(setup, list) else setup
        shown = "\n".join(tests)
        asked = f"{problem.strip()}\n\nYour code must pass these tests:\n\n```python\n{shown}\n```"
        return {"tests": {"kind": "asserts", "asserts": tests, "setup": setup}}, asked
    named = isinstance(tests, dict) and (tests.get("fn_name") or tests.get("entry"))
    if named or (isinstance(tests, dict) and tests.get("kind") in ("check", "asserts")):
        return {"tests": tests}, problem
    channel = "The program reads standard input and writes standard output."
    return {"tests": tests}, f"{problem.strip()}\n\n{channel}"


def _json(value: Any, column: str) -> Any:
    """A value that some files keep as JSON in a text."""
    if column == "input_output" and isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise Unusable(f"{column} must be JSON") from None
    return value


READERS = {"math": _answered, "judge": _judged, "puzzle": _puzzle, "code": _program}

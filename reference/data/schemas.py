"""The schemas of problem files: a row of a file becomes a problem.

A row is a JSON object; a column that holds null is missing. The first schema of ``SCHEMAS`` that
fits the columns of a row reads it, unless ``data.columns`` says which column is which. What a
verifier needs is checked here, so that a run never meets a row that cannot be judged.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from seed.reference.data.messages import Messages, Unusable, chat, plain_text
from seed.reference.data.targets import DOMAINS, checked, reference_text
from seed.reference.importers.lines import Counts, problem_line
from seed.reference.verifiers.response import final_answer
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError

Fields = Mapping[str, Any]

OURS: tuple[str, ...] = ("id", "problem", "messages", "domain", "reference", "tests", "puzzle")
OURS += ("demonstration", "split", "dataset")
"""Fields of our own schema: the keys of ``data.columns``."""

CONSTANT = "="
"""In ``data.columns``, ``domain = "=judge"`` gives every row the same value."""

TRAINING = ("train", "training")
HELD_OUT: tuple[str, ...] = (
    "test",
    "validation",
    "valid",
    "val",
    "dev",
    "eval",
    "evaluation",
    "held_out",
)
HELD_OUT += ("held-out", "heldout")
"""What a ``split`` may say, in any case."""

IN_PLACE = ("problem", "messages", "tests", "puzzle")
"""Columns that a problem holds elsewhere under their own names."""

HASHES = "####"
ID_DIGITS = 12
MAX_ID_CHARACTERS = 200
SHOWN_ASSERTS = 3
ASSERTED = re.compile(r"assert\s+\(?\s*(?:not\s+)?(?:\w+\.)?(\w+)\(")


@dataclass(frozen=True)
class Reading:
    """What a schema finds in a row.

    Attributes:
        prompt: A text or a list of chat messages.
        domain: math, code, puzzle, judge or custom; empty if only the target tells.
        reference, tests, puzzle: What the domain's verifier compares with; None where not given.
        demonstration: A worked answer; empty if there is none.
        dataset: What accuracy is reported by; empty for the name of the file.
        split: As in the row; empty if there is none.
        id: As in the row; empty if there is none.
    """

    prompt: Any
    domain: str = ""
    reference: Any = None
    tests: Any = None
    puzzle: Any = None
    demonstration: Any = ""
    dataset: Any = ""
    split: Any = ""
    id: Any = ""


@dataclass(frozen=True)
class Schema:
    """How the rows of one kind of file are recognised and read.

    Attributes:
        name: What people call it.
        needs: Columns that must be there; of ``a|b`` one of them.
        becomes: What the columns become, for the documentation.
        read: Reads a row that has them.
        fits: What must hold besides.
    """

    name: str
    needs: tuple[str, ...]
    becomes: str
    read: Callable[[Fields], Reading]
    fits: Callable[[Fields], bool] = field(default=lambda row: True)

    @cached_property
    def one_of_each(self) -> tuple[frozenset[str], ...]:
        """``needs`` as sets."""
        return tuple(frozenset(need.split("|")) for need in self.needs)

    def matches(self, row: Fields) -> bool:
        """Whether a row is of this schema."""
        columns = row.keys()
        for names in self.one_of_each:  # a loop, as every row of a large file comes by
            if names.isdisjoint(columns):
                return False
        return self.fits(row)


def _ours(row: Fields) -> Reading:
    given = {name: row[name] for name in OURS if name in row}
    prompt = given.pop("messages", None) or given.get("problem", "")
    given.pop("problem", None)
    tests = given.get("tests")
    if tests is not None:
        given["tests"] = _with_entry(tests, row, plain_text(prompt))
        given.setdefault("demonstration", _solution(row, given["tests"]))
        prompt = _with_asserts(prompt, tests)
    return Reading(prompt, **given)


def _verl(row: Fields) -> Reading:
    model, extra = row["reward_model"], row.get("extra_info")
    if not isinstance(model, Mapping) or model.get("ground_truth") is None:
        raise Unusable("reward_model.ground_truth is missing")
    extra = extra if isinstance(extra, Mapping) else {}
    about = {"dataset": row.get("data_source", ""), "split": extra.get("split") or ""}
    truth = model["ground_truth"]
    if row.get("ability") in ("code", "coding"):
        return Reading(row["prompt"], tests=_parsed(truth), **about)
    worked = _worked(extra.get("answer"))
    return Reading(row["prompt"], reference=truth, demonstration=worked, **about)


def _humaneval(row: Fields) -> Reading:
    tests = {name: row[name] for name in ("test", "entry_point", "prompt")}
    worked = _solution(row, tests)
    return Reading(row["prompt"], tests=tests, demonstration=worked, id=row.get("task_id", ""))


def _mbpp(row: Fields) -> Reading:
    setup = row.get("test_setup_code") or "\n".join(row.get("test_imports", ()))
    tests = {"test_list": row["test_list"], "test_setup_code": setup}
    prompt = _with_asserts(row.get("text") or row.get("prompt"), row["test_list"])
    worked = _fenced(row.get("code"))
    return Reading(prompt, tests=tests, demonstration=worked, id=row.get("task_id", ""))


def _collection(row: Fields) -> Reading:
    return _of_collection(row, str(row["task"]), row["problem"])


def _gsm8k(row: Fields) -> Reading:
    reference = row["answer"].rpartition(HASHES)[2].strip()
    return Reading(row["question"], reference=reference, demonstration=row["answer"])


def _reasoning_gym(row: Fields) -> Reading:
    metadata = row["metadata"]
    task = str(metadata.get("source_dataset") or "unnamed")
    line = {"id": "row", "task": task, "problem": row["question"], "answer": row["answer"]}
    line |= {"meta": metadata, "source": "reasoning-gym"}
    reading = _of_collection(line, task, row["question"])
    worked = metadata.get("answer_cot")
    if reading.puzzle is not None or not isinstance(worked, str):
        return reading
    return Reading(reading.prompt, reading.domain, reading.reference, demonstration=worked)


def _verifiers(row: Fields) -> Reading:
    prompt = row.get("prompt") or row.get("question")
    answer = row["answer"]
    return Reading(prompt, reference=answer, dataset=row.get("task", ""))


def _trl(row: Fields) -> Reading:
    for name in ("answer", "ground_truth", "label"):
        if name in row:
            return Reading(row["prompt"], reference=row[name])
    return Reading(row["prompt"], reference=_final(row["solution"]))


def _mathematics(row: Fields) -> Reading:
    prompt = next(row[name] for name in ("problem", "Problem") if name in row)
    solution = next((row[name] for name in ("solution", "Solution") if name in row), "")
    names = ("answer", "Answer", "expected_answer", "ground_truth")
    answer = next((row[name] for name in names if name in row), None)
    reference = _final(solution) if answer is None else answer
    identity = next((row[name] for name in ("id", "ID", "unique_id") if name in row), "")
    return Reading(prompt, reference=reference, demonstration=_worked(solution), id=identity)


def _unmarked(row: Fields) -> Reading:
    """A prompt and nothing to compare with: only a reward function can judge it."""
    prompt = next(
        row[name] for name in ("messages", "prompt", "problem", "question") if name in row
    )
    return Reading(prompt, domain="custom")


SCHEMAS = (
    Schema(
        "collection",
        ("task", "problem", "answer", "meta", "source"),
        "tasks of Enigmata and reasoning-gym with one of our puzzle families: domain puzzle, in our"
        " words; a number as answer: math",
        _collection,
    ),
    Schema(
        "ours",
        ("problem|messages", "reference|tests|puzzle"),
        "as they stand; domain code with tests, puzzle with puzzle, else math; demonstration ="
        " canonical_solution of a code row",
        _ours,
    ),
    Schema(
        "ours, custom",
        ("problem|messages", "domain"),
        "domain custom: a reward function judges",
        _ours,
        lambda row: row["domain"] == "custom",
    ),
    Schema(
        "verl",
        ("prompt", "reward_model"),
        "reference = reward_model.ground_truth (tests if ability is code), dataset = data_source,"
        " split = extra_info.split, demonstration = extra_info.answer",
        _verl,
    ),
    Schema(
        "HumanEval",
        ("prompt", "test", "entry_point"),
        "domain code; demonstration = prompt and canonical_solution",
        _humaneval,
    ),
    Schema(
        "MBPP",
        ("text|prompt", "test_list"),
        "domain code; the assertions follow the problem, as they name the function; demonstration ="
        " code",
        _mbpp,
    ),
    Schema(
        "GSM8K",
        ("question", "answer"),
        "reference = what follows ####, demonstration = answer",
        _gsm8k,
        lambda row: isinstance(row["answer"], str) and HASHES in row["answer"],
    ),
    Schema(
        "reasoning-gym",
        ("question", "answer", "metadata"),
        "as a collection; demonstration = metadata.answer_cot",
        _reasoning_gym,
        lambda row: isinstance(row["metadata"], Mapping),
    ),
    Schema("verifiers", ("question|prompt", "answer", "info"), "reference = answer", _verifiers),
    Schema(
        "TRL",
        ("prompt", "solution|answer|ground_truth|label"),
        "reference = answer, or the final answer of solution",
        _trl,
    ),
    Schema("question and answer", ("question", "answer"), "reference = answer", _verifiers),
    Schema(
        "problem and answer",
        ("problem|Problem", "answer|Answer|expected_answer|ground_truth|solution"),
        "reference = answer, or the final answer of solution; demonstration = solution",
        _mathematics,
    ),
    Schema(
        "prompts alone",
        ("messages|prompt|problem|question",),
        "domain custom: a reward function judges",
        _unmarked,
    ),
)
"""The first that fits reads a row."""


@dataclass(frozen=True)
class RowRules:
    """What the settings say about rows.

    Attributes:
        columns: ``data.columns``: field of ours -> column of the file (``a.b`` looks into objects),
            or ``=value`` for a constant.
        domain: Domain of all rows that do not name one; empty to tell it from the columns.
        custom: A reward function judges, so a row needs nothing to compare with.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""
    custom: bool = False

    def __post_init__(self) -> None:
        """Refuse names that are no field of ours.

        Raises:
            SeedError: UNKNOWN_NAME.
        """
        for name in self.columns:
            if name not in OURS:
                line = f"data.columns.{name} is no field; legal are {', '.join(OURS)}"
                raise SeedError(Reason.UNKNOWN_NAME, line)


@dataclass(frozen=True)
class ReadRow:
    """A problem, the schema that read it and the split that its row names (empty: none)."""

    problem: Problem
    schema: str
    split: str


def read_row(row: Fields, dataset: str, rules: RowRules) -> ReadRow:
    """Read a row as a problem.

    Args:
        row: The columns of a row.
        dataset: Name of the file, which accuracy is reported by unless the row names another.
        rules: What the settings say.

    Raises:
        Unusable: The text says why.
    """
    present = {name: value for name, value in row.items() if value is not None}
    mapped = _mapped(present, rules.columns)
    merged = present | mapped
    schema = next((schema for schema in SCHEMAS if schema.matches(merged)), None)
    if schema is None:
        raise Unusable(f"no schema has the columns {', '.join(map(str, merged)) or '(none)'}")
    reading = _overridden(schema.read(merged), merged, mapped, rules)
    name = reading.dataset if isinstance(reading.dataset, str) and reading.dataset else dataset
    return ReadRow(_problem(reading, present, name, rules), schema.name, _split(reading.split))


def _mapped(row: Fields, columns: Mapping[str, str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for ours, column in columns.items():
        if column.startswith(CONSTANT):
            out[ours] = column.removeprefix(CONSTANT)
            continue
        value: Any = row.get(column)
        if value is None and "." in column:
            value = row
            for part in column.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            raise Unusable(f"column {column} (data.columns.{ours}) is missing")
        out[ours] = value
    return out


def _overridden(reading: Reading, row: Fields, mapped: Fields, rules: RowRules) -> Reading:
    """The reading with what ``data.columns`` says in its place, and the row's split."""
    given = {name: mapped[name] for name in OURS if name in mapped and name != "problem"}
    prompt = given.pop("messages", None) or mapped.get("problem", reading.prompt)
    values = {name: getattr(reading, name) for name in reading.__dataclass_fields__}
    values |= given | {"prompt": prompt}
    values["split"] = values["split"] or row.get("split", "")
    if not values["domain"] or (values["domain"] == "custom" and rules.domain):
        values["domain"] = rules.domain
    return Reading(**values)


def _problem(reading: Reading, row: Fields, dataset: str, rules: RowRules) -> Problem:
    messages, text = chat(reading.prompt)
    domain = _domain(reading)
    targets = {name: getattr(reading, name) for name in ("reference", "tests", "puzzle")}
    if domain == "custom" and not rules.custom:
        raise Unusable("there is nothing to compare with, and no reward function (--reward)")
    instance = checked(domain, targets, rules.custom)
    instance["row"] = {name: row[name] for name in row if name not in IN_PLACE}
    demonstration = reading.demonstration
    if not isinstance(demonstration, str):
        raise Unusable(f"demonstration must be text, not {type(demonstration).__name__}")
    return Problem(
        id=f"{dataset}/{_id(reading.id, messages, text)}",
        family=dataset,
        difficulty=1,
        prompt=text,
        instance=instance,
        demonstration=demonstration,
        answer=demonstration,
        messages=messages,
    )


def _domain(reading: Reading) -> str:
    if reading.domain:
        if reading.domain not in DOMAINS:
            raise Unusable(f"domain={reading.domain!r} must be one of {', '.join(DOMAINS)}")
        return reading.domain
    told = {"tests": "code", "puzzle": "puzzle"}
    return next((told[name] for name in told if getattr(reading, name) is not None), "math")


def _id(given: Any, messages: Messages, text: str) -> str:
    """The row's own id, else a digest of what the policy reads."""
    if isinstance(given, str | int) and 0 < len(str(given)) <= MAX_ID_CHARACTERS:
        return str(given)
    read = json.dumps([*messages, text], sort_keys=True)
    return sha256(read.encode("utf-8", "surrogatepass")).hexdigest()[:ID_DIGITS]


def _split(given: Any) -> str:
    """``train``, ``test`` or empty."""
    if given in ("", None):
        return ""
    name = str(given).strip().lower()
    if name in TRAINING:
        return "train"
    if name in HELD_OUT:
        return "test"
    legal = ", ".join((*TRAINING, *HELD_OUT))
    raise Unusable(f"split={given!r} must be one of {legal}")


def _final(solution: Any) -> str:
    """The final answer of a worked solution, found as in a response."""
    found = final_answer(reference_text(solution)).text
    if not found:
        raise Unusable("solution has no final answer, such as a box")
    return found


def _worked(text: Any) -> str:
    return text if isinstance(text, str) else ""


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _with_entry(tests: Any, row: Fields, problem: str) -> Any:
    """Tests of HumanEval and MBPP with what stands in columns beside them."""
    if row.get("needs_checker") is True and not _has_checker(tests):
        raise Unusable("several outputs may be right (needs_checker), and there is no checker")
    if isinstance(tests, str) and isinstance(row.get("entry_point"), str):
        return {"test": tests, "entry_point": row["entry_point"], "prompt": problem}
    if _asserts(tests) and row.get("test_setup_code"):
        return {"test_list": tests, "test_setup_code": row["test_setup_code"]}
    return tests


def _solution(row: Fields, tests: Any) -> str:
    """``canonical_solution`` as a response: of HumanEval it is what follows the prompt."""
    code = row.get("canonical_solution")
    if isinstance(code, str) and isinstance(tests, Mapping) and "prompt" in tests:
        code = f"{tests['prompt']}{code}"
    return _fenced(code)


def _fenced(code: Any) -> str:
    """A program as a response; empty if there is none."""
    if not isinstance(code, str) or not code.strip():
        return ""
    lines = code.replace("\r\n", "\n").strip("\n")
    return f"```python\n{lines}\n```"


def _has_checker(tests: Any) -> bool:
    return isinstance(tests, Mapping) and bool(tests.get("checker"))


def _asserts(tests: Any) -> list[str]:
    """The assertions of MBPP-like tests; empty for other tests."""
    if isinstance(tests, Mapping):
        tests = tests.get("test_list")
    is_list = isinstance(tests, Sequence) and not isinstance(tests, str)
    return list(tests) if is_list and all(isinstance(test, str) for test in tests) else []


def _with_asserts(prompt: Any, tests: Any) -> Any:
    """A problem with its first assertions behind it, unless it names the function itself.

    MBPP's problems do not say what their function is called.
    """
    asserts = _asserts(tests)
    named = ASSERTED.search(asserts[0]) if asserts else None
    if named is None or not isinstance(prompt, str) or named[1] in prompt:
        return prompt
    shown = "\n".join(asserts[:SHOWN_ASSERTS])
    return f"{prompt}\n\nThe program must pass these tests:\n{shown}"


def _of_collection(row: Fields, task: str, problem: Any) -> Reading:
    """A collected puzzle in our words; a problem with a number as answer where we lack a family."""
    counts = Counts()
    line = problem_line(json.dumps(row).encode(), 1, counts)
    if line is not None:
        return Reading(line["problem"], "puzzle", puzzle=line["puzzle"], id=_own_id(row))
    answer = str(row["answer"]).strip()
    if counts.no_family and re.fullmatch(r"-?\d+(\.\d+)?", answer):
        return Reading(problem, "math", reference=answer, id=_own_id(row))
    reasons = [reason for count in counts.tasks.values() for reason in count.unsuited]
    reasons += [fault.partition(": ")[2] for fault in counts.unreadable]
    why = reasons[0] if reasons else "no puzzle family and no number as answer"
    raise Unusable(f"task {task}: {why}")


def _own_id(row: Fields) -> Any:
    return "" if row["id"] == "row" else row["id"]

"""The schemas of problem files: a row of a file becomes a problem.

A row is a JSON object; a column that holds null is missing. The first schema of ``SCHEMAS`` that
fits the columns of a row reads it, unless ``data.columns`` says which column is which. What a
verifier needs is checked here, so that a run never meets a row that cannot be judged.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from seed.reference.data.contests import codeforces, livecodebench
from seed.reference.data.messages import Messages, Unusable, chat
from seed.reference.data.readers import (
    HASHES,
    OURS,
    Fields,
    Reading,
    collection,
    gsm8k,
    humaneval,
    mathematics,
    mbpp,
    ours,
    reasoning_gym,
    trl,
    unmarked,
    verifiers,
    verl,
)
from seed.reference.data.targets import DOMAINS, checked
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError

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

ID_DIGITS = 12
MAX_ID_CHARACTERS = 200


@dataclass(frozen=True)
class Schema:
    """How the rows of one kind of file are recognised and read.

    Attributes:
        name: What people call it.
        needs: Columns that must be there; of ``a|b`` one of them.
        becomes: What the columns become, for the documentation.
        read: Reads a row that has them.
        fits: What must hold besides.
        moved: Columns that the problem holds in another form, which may be large.
    """

    name: str
    needs: tuple[str, ...]
    becomes: str
    read: Callable[[Fields], Reading]
    fits: Callable[[Fields], bool] = field(default=lambda row: True)
    moved: tuple[str, ...] = ()

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


SCHEMAS = (
    Schema(
        "collection",
        ("task", "problem", "answer", "meta", "source"),
        "tasks of Enigmata and reasoning-gym with one of our puzzle families: domain puzzle, in our"
        " words; a number as answer: math",
        collection,
    ),
    Schema(
        "ours",
        ("problem|messages", "reference|tests|puzzle"),
        "as they stand; domain code with tests, puzzle with puzzle, else math; demonstration ="
        " canonical_solution of a code row",
        ours,
    ),
    Schema(
        "ours, custom",
        ("problem|messages", "domain"),
        "domain custom: a reward function judges",
        ours,
        lambda row: row["domain"] == "custom",
    ),
    Schema(
        "verl",
        ("prompt", "reward_model"),
        "reference = reward_model.ground_truth (tests if ability is code), dataset = data_source,"
        " split = extra_info.split, demonstration = extra_info.answer",
        verl,
    ),
    Schema(
        "HumanEval",
        ("prompt", "test", "entry_point"),
        "domain code; demonstration = prompt and canonical_solution",
        humaneval,
    ),
    Schema(
        "MBPP",
        ("text|prompt", "test_list"),
        "domain code; the assertions follow the problem, as they name the function; demonstration ="
        " code",
        mbpp,
    ),
    Schema(
        "LiveCodeBench",
        ("question_content", "public_test_cases"),
        "domain code; tests = public_test_cases and private_test_cases, packed or not, with"
        " metadata.func_name; starter_code follows the problem",
        livecodebench,
        moved=("public_test_cases", "private_test_cases"),
    ),
    Schema(
        "Codeforces",
        ("description", "official_tests"),
        "domain code; tests = examples and official_tests; several right outputs, interaction or"
        " files instead of standard input: unusable",
        codeforces,
        moved=("official_tests",),
    ),
    Schema(
        "GSM8K",
        ("question", "answer"),
        "reference = what follows ####, demonstration = answer",
        gsm8k,
        lambda row: isinstance(row["answer"], str) and HASHES in row["answer"],
    ),
    Schema(
        "reasoning-gym",
        ("question", "answer", "metadata"),
        "as a collection; demonstration = metadata.answer_cot",
        reasoning_gym,
        lambda row: isinstance(row["metadata"], Mapping),
    ),
    Schema("verifiers", ("question|prompt", "answer", "info"), "reference = answer", verifiers),
    Schema(
        "TRL",
        ("prompt", "solution|answer|ground_truth|label"),
        "reference = answer, or the final answer of solution",
        trl,
    ),
    Schema("question and answer", ("question", "answer"), "reference = answer", verifiers),
    Schema(
        "problem and answer",
        ("problem|Problem", "answer|Answer|expected_answer|ground_truth|solution"),
        "reference = answer, or the final answer of solution; demonstration = solution",
        mathematics,
    ),
    Schema(
        "prompts alone",
        ("messages|prompt|problem|question",),
        "domain custom: a reward function judges",
        unmarked,
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
    kept = {name: value for name, value in present.items() if name not in schema.moved}
    return ReadRow(_problem(reading, kept, name, rules), schema.name, _split(reading.split))


def _mapped(row: Fields, columns: Mapping[str, str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, column in columns.items():
        if column.startswith(CONSTANT):
            out[name] = column.removeprefix(CONSTANT)
            continue
        value: Any = row.get(column)
        if value is None and "." in column:
            value = row
            for part in column.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            raise Unusable(f"column {column} (data.columns.{name}) is missing")
        out[name] = value
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

"""A row of any schema as a line of ours: one problem, its target, and every other column.

    {"id", "problem" | "messages", "domain", "reference" | "tests" | "puzzle", "demonstration"?,
     "split"?, "dataset", … other columns, such as source, licence, level}

Read again, a line gives the same problem; written again, the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seed.reference.cleaning.stage import Change, Decision, Record
from seed.reference.data.readers import OURS
from seed.reference.data.schemas import SCHEMAS, RowRules, read_row

RENAMED = "original_"
TARGETS = ("reference", "tests", "puzzle")
TAKEN = frozenset(name for schema in SCHEMAS for need in schema.needs for name in need.split("|"))
"""Columns that would make a schema before ours fit, or hold what ours has under another name."""
USED_UP = (
    *("test_list", "test", "code", "canonical_solution", "test_setup_code", "test_imports"),
    *("entry_point", "Solution", "ID", "unique_id", "task_id", "prompt", "reward_model"),
)
"""Columns whose content is in ``tests``, ``demonstration``, ``id`` or ``problem``."""
SOURCE_NEEDED = "source"
"""Needed by the schema of collections, which needs four columns more: it may stay."""


def our_row(record: Record) -> dict[str, Any]:
    """The columns of our schema for a row that is a problem."""
    assert record.read is not None
    problem, read = record.read.problem, record.read
    row: dict[str, Any] = {"id": record.id}
    if problem.messages:
        row["messages"] = [dict(message) for message in problem.messages]
    else:
        row["problem"] = problem.prompt
    row["domain"] = problem.instance["domain"]
    row |= {name: problem.instance[name] for name in TARGETS if name in problem.instance}
    if problem.demonstration:
        row["demonstration"] = problem.demonstration
    if read.split:
        row["split"] = read.split
    row["dataset"] = problem.family
    return row | _others(record.fields, row)


def _others(fields: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Other columns; those whose name a schema needs are kept under another one."""
    held = [value for value in row.values() if isinstance(value, str)]
    others: dict[str, Any] = {}
    for name, value in fields.items():
        if name in OURS or value is None or name in USED_UP or value in held:
            continue
        if name in TAKEN and type(value) in (int, float) and str(value) in held:
            continue
        others[_free(name)] = value
    return others


def _free(name: str) -> str:
    is_taken = name in TAKEN and name not in (SOURCE_NEEDED, "info", "metadata", "meta")
    return f"{RENAMED}{name}" if is_taken else name


def line_of(row: Mapping[str, Any]) -> bytes:
    """A row as JSON; characters as they are, unless they are no Unicode."""
    try:
        return json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(row).encode()


def changed(record: Record, row: Mapping[str, Any]) -> Record:
    """The record of another row at the same place.

    Raises:
        Unusable: The row is no problem.
    """
    read = read_row(row, record.file, RowRules(custom=True))
    return replace(record, content=line_of(row), fields=row, read=read)


def rewritten(record: Record, statement: str, reference: str) -> Record:
    """A problem with another statement and reference; what it was is kept in ``original``.

    A worked answer ends in the old reference, so it is kept there as well.

    Raises:
        Unusable: The new row is no problem.
    """
    row = our_row(record)
    original = {"problem": record.statement, "reference": record.reference}
    if "demonstration" in row:
        original["demonstration"] = row.pop("demonstration")
    if "messages" in row:
        row["messages"][-1]["content"] = statement
    else:
        row["problem"] = statement
    row |= {"reference": reference, "original": row.get("original", original)}
    return changed(record, row)


class Import:
    """Writes every problem as a line of ours."""

    rules = ("imported",)

    def __call__(self, record: Record) -> Decision:
        """Translate a row; one that is a line of ours already stays as it is."""
        row = our_row(record)
        if list(record.fields.items()) == list(row.items()):
            return None
        return Change("imported", changed(record, row))

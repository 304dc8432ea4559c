"""One line of a file of collected puzzles, converted into a line for ``seed verify`` and ``audit``.

    {"id": "a1", "task": "maze", "problem": "…", "answer": …, "meta": {…},
     "source": "… Enigmata …", "licence": "…"}

=======  ========================================================================================
id       text; it is kept
task     the collection's name of the puzzle
problem  the collection's prompt; it is not kept, since its way to answer is not ours
answer   the collection's answer, any JSON
meta     the collection's own record, see ``enigmata`` and ``reasoning_gym``
source   text that names the collection; it is kept, and so is ``licence``
=======  ========================================================================================

The line written has the problem as ``seed puzzles generate`` writes it, our rules in English and
our compact prompt; the collection's answer in the form of our prompt as ``response``; and ``label``
``correct``, since the collection says so. ``claim`` is true where the answer only claims something,
see ``reference.importers.reading``. To evaluate a model, put its response in place of this one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seed.reference.importers import enigmata, reasoning_gym
from seed.reference.importers.reading import Converted, Line, Reader, Unreadable, Unsuited
from seed.reference.tasks.english import english_prompt
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.files.lines import fields_of
from seed.reference.verifiers.response import plain

COLLECTIONS: Mapping[str, Mapping[str, Reader]] = {
    "Enigmata": enigmata.TASKS,
    "reasoning-gym": reasoning_gym.TASKS,
}
"""What ``source`` must name, and the tasks that are read."""


class NoFamily(Exception):
    """No family has this task; the text is the task's name."""


@dataclass
class TaskCount:
    """What became of the lines of one task.

    Attributes:
        lines: All of them.
        read: Those that were converted; ``claims`` of these have an answer that only claims
            something.
        unsuited: The reasons why the others were not.
    """

    lines: int = 0
    read: int = 0
    claims: int = 0
    unsuited: Counter[str] = field(default_factory=Counter)


@dataclass
class Counts:
    """What became of all lines.

    Attributes:
        tasks: Counts by task.
        no_family: Lines of tasks without a family.
        unreadable: Unreadable lines with their numbers.
    """

    tasks: dict[str, TaskCount] = field(default_factory=dict)
    no_family: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)


def problem_line(line: bytes, number: int, counts: Counts) -> dict[str, Any] | None:
    """Read line ``number`` (from 1) without its end and count it; None if none can be written."""
    try:
        fields = _fields(line)
        reader = _reader(fields)
    except Unreadable as fault:
        counts.unreadable.append(f"line {number}: {fault}")
        return None
    except NoFamily as task:
        counts.no_family[str(task)] += 1
        return None
    count = counts.tasks.setdefault(fields["task"], TaskCount())
    count.lines += 1
    try:
        converted = reader(Line(fields["problem"], _bare(fields["answer"]), fields["meta"]))
        written = _written(fields, converted)
    except Unsuited as reason:
        count.unsuited[str(reason)] += 1
        return None
    except Unreadable as fault:
        count.lines -= 1
        counts.unreadable.append(f"line {number}: {fault}")
        return None
    except Exception as failure:
        # A reader that fails has met a line that nobody thought of; the others are still read.
        count.lines -= 1
        counts.unreadable.append(
            f"line {number}: {fields['task']} cannot be read: {type(failure).__name__}: {failure}"
        )
        return None
    count.read += 1
    count.claims += converted.claimed
    return written


def _fields(line: bytes) -> Mapping[str, Any]:
    fields, fault = fields_of(line)
    if fault:
        raise Unreadable(fault)
    for name in ("id", "task", "problem", "source"):
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise Unreadable(f"{name} must be text" if name in fields else f"{name} is missing")
    if not isinstance(fields.get("meta"), dict):
        raise Unreadable("meta must be an object" if "meta" in fields else "meta is missing")
    if "answer" not in fields:
        raise Unreadable("answer is missing")
    return fields


def _bare(answer: Any) -> Any:
    """An answer without blanks, line ends and end tokens around it; a model may have written it."""
    return plain(answer).strip() if isinstance(answer, str) else answer


def _reader(fields: Mapping[str, Any]) -> Reader:
    source, task = fields["source"].lower(), fields["task"]
    for name, tasks in COLLECTIONS.items():
        if name.lower() in source:
            if task not in tasks:
                raise NoFamily(task)
            return tasks[task]
    raise Unreadable(f"source must name one of {', '.join(COLLECTIONS)}")


def _written(fields: Mapping[str, Any], converted: Converted) -> dict[str, Any]:
    kept = {name: fields[name] for name in ("task", "source", "licence") if name in fields}
    return {
        "id": fields["id"],
        "domain": "puzzle",
        "problem": english_prompt(converted.family, converted.instance),
        "puzzle": {"family": converted.family, "instance": converted.instance},
        "prompt": FAMILIES[converted.family].prompt(converted.instance),
        "response": converted.response,
        "label": "correct",
        "claim": converted.claimed,
    } | kept

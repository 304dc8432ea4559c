"""Readers of rows: what the columns of one kind of file say about a problem.

Each takes a row that has the columns of its schema (``schemas``) and gives a ``Reading``, or raises
``Unusable`` with the reason.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seed.reference.data.messages import Unusable, plain_text
from seed.reference.data.targets import reference_text
from seed.reference.importers.lines import Counts, problem_line
from seed.reference.verifiers.response import final_answer

Fields = Mapping[str, Any]

OURS: tuple[str, ...] = ("id", "problem", "messages", "domain", "reference", "tests", "puzzle")
OURS += ("demonstration", "split", "dataset")
"""Fields of our own schema: the keys of ``data.columns``."""

HASHES = "####"
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


def ours(row: Fields) -> Reading:
    """Our own columns, as they stand."""
    given = {name: row[name] for name in OURS if name in row}
    prompt = given.pop("messages", None) or given.get("problem", "")
    given.pop("problem", None)
    tests = given.get("tests")
    if tests is not None:
        given["tests"] = _with_entry(tests, row, plain_text(prompt))
        given.setdefault("demonstration", _solution(row, given["tests"]))
        prompt = _with_asserts(prompt, tests)
    return Reading(prompt, **given)


def verl(row: Fields) -> Reading:
    """A row of verl."""
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


def humaneval(row: Fields) -> Reading:
    """A row of HumanEval."""
    tests = {name: row[name] for name in ("test", "entry_point", "prompt")}
    worked = _solution(row, tests)
    return Reading(row["prompt"], tests=tests, demonstration=worked, id=row.get("task_id", ""))


def mbpp(row: Fields) -> Reading:
    """A row of MBPP; its problem names no function, so assertions follow it."""
    setup = row.get("test_setup_code") or "\n".join(row.get("test_imports", ()))
    tests = {"test_list": row["test_list"], "test_setup_code": setup}
    prompt = _with_asserts(row.get("text") or row.get("prompt"), row["test_list"])
    worked = _fenced(row.get("code"))
    return Reading(prompt, tests=tests, demonstration=worked, id=row.get("task_id", ""))


def collection(row: Fields) -> Reading:
    """A task of Enigmata or reasoning-gym, as our importers write it."""
    return _of_collection(row, str(row["task"]), row["problem"])


def gsm8k(row: Fields) -> Reading:
    """A row of GSM8K: the answer stands behind the last ``####``."""
    reference = row["answer"].rpartition(HASHES)[2].strip()
    return Reading(row["question"], reference=reference, demonstration=row["answer"])


def reasoning_gym(row: Fields) -> Reading:
    """A row of reasoning-gym."""
    metadata = row["metadata"]
    task = str(metadata.get("source_dataset") or "unnamed")
    line = {"id": "row", "task": task, "problem": row["question"], "answer": row["answer"]}
    line |= {"meta": metadata, "source": "reasoning-gym"}
    reading = _of_collection(line, task, row["question"])
    worked = metadata.get("answer_cot")
    if reading.puzzle is not None or not isinstance(worked, str):
        return reading
    return Reading(reading.prompt, reading.domain, reading.reference, demonstration=worked)


def verifiers(row: Fields) -> Reading:
    """Question and answer."""
    prompt = row.get("prompt") or row.get("question")
    answer = row["answer"]
    return Reading(prompt, reference=answer, dataset=row.get("task", ""))


def trl(row: Fields) -> Reading:
    """A prompt, and an answer or a worked solution."""
    for name in ("answer", "ground_truth", "label"):
        if name in row:
            return Reading(row["prompt"], reference=row[name])
    return Reading(row["prompt"], reference=_final(row["solution"]))


def mathematics(row: Fields) -> Reading:
    """A problem of mathematics."""
    prompt = next(row[name] for name in ("problem", "Problem") if name in row)
    solution = next((row[name] for name in ("solution", "Solution") if name in row), "")
    names = ("answer", "Answer", "expected_answer", "ground_truth")
    answer = next((row[name] for name in names if name in row), None)
    reference = _final(solution) if answer is None else answer
    identity = next((row[name] for name in ("id", "ID", "unique_id") if name in row), "")
    return Reading(prompt, reference=reference, demonstration=_worked(solution), id=identity)


def unmarked(row: Fields) -> Reading:
    """A prompt and nothing to compare with: only a reward function can judge it."""
    prompt = next(
        row[name] for name in ("messages", "prompt", "problem", "question") if name in row
    )
    return Reading(prompt, domain="custom")


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

"""A file of responses as a policy."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed.reference.evaluation.policies import Ask, Failure, OneProcess, Response
from seed.reference.evaluation.questions import Question
from seed.reference.verifiers.files.file import opened
from seed.reference.verifiers.files.lines import fields_of, raw_lines
from seed.spec.errors import Reason, SeedError


@dataclass(frozen=True)
class StoredResponses(OneProcess):
    """A file of responses, matched with the problems by id.

    Attributes:
        path: The file, or the folder of an evaluation.
        digest: Of its bytes.
        responses: Key of a question -> its responses, in order.
        unknown: Responses that belong to no problem.
    """

    path: Path
    digest: str
    responses: Mapping[str, Sequence[Response]]
    unknown: int = 0

    def most(self, benchmark: str) -> int:
        """The largest number of responses to one problem of a benchmark."""
        counts = [
            1 + max(one.sample for one in given)
            for key, given in self.responses.items()
            if key.startswith(f"{benchmark}/")
        ]
        return max(counts, default=0)

    def record(self) -> dict[str, Any]:
        """File and digest."""
        return {"kind": "responses", "file": str(self.path), "sha256": self.digest}

    def respond(self, asks: Sequence[Ask]) -> Iterator[Response | Failure]:
        """What the file holds."""
        for ask in asks:
            given = {one.sample: one for one in self.responses.get(ask.question.key, ())}
            if ask.sample in given:
                yield given[ask.sample]
            else:
                yield Failure(ask, f"{self.path} has no such response")


def stored_responses(path: Path, questions: Sequence[Question]) -> StoredResponses:
    """Read a file of responses.

    A line has ``id`` and ``response``, or ``responses`` for several; optional are ``sample``,
    ``finish``, ``tokens`` and, where ids of two benchmarks are equal, ``benchmark``. Several lines
    of one id are its samples, in order.

    Args:
        path: JSONL.
        questions: Whose ids the lines name.

    Raises:
        SeedError: UNREADABLE_FILE, with the line.
    """
    by_id: dict[str, list[str]] = {}
    for question in questions:
        by_id.setdefault(question.id, []).append(question.key)
    keys = {question.key for question in questions}
    responses: dict[str, list[Response]] = {}
    unknown, content = 0, hashlib.sha256()
    with opened(path) as file:
        for number, line in enumerate(raw_lines(file), start=1):
            content.update(line + b"\n")
            if not line.strip():
                continue
            fields, fault = fields_of(line)
            texts = _texts_of(fields)
            fault = fault or ("" if texts is not None else "response must be text, responses texts")
            if fault:
                raise SeedError(Reason.UNREADABLE_FILE, f"{path} line {number}: {fault}")
            key = _key(fields, by_id, keys, f"{path} line {number}")
            unknown += 0 if key else len(texts or ())
            for text in texts or () if key else ():
                _add(responses.setdefault(key, []), key, text, fields, f"{path} line {number}")
    return StoredResponses(path, content.hexdigest(), responses, unknown)


def _texts_of(fields: Mapping[str, Any]) -> list[str] | None:
    texts = fields.get("responses", [fields.get("response")])
    is_text = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    return texts if is_text else None


def _key(
    fields: Mapping[str, Any], by_id: Mapping[str, Sequence[str]], keys: set[str], place: str
) -> str:
    """The question of a line; empty if it belongs to none."""
    if fields.get("key") in keys:
        return str(fields["key"])
    identity = fields.get("id")
    if identity is None:
        raise SeedError(Reason.UNREADABLE_FILE, f"{place}: id is missing")
    named = by_id.get(str(identity), ())
    benchmark = fields.get("benchmark")
    if len(named) > 1 and benchmark is not None:
        named = [key for key in named if key.startswith(f"{benchmark}/")]
    if len(named) > 1:
        line = f"{place}: id={identity!r} names problems of several files; legal: a benchmark, too"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    return named[0] if named else ""


def _add(
    responses: list[Response], key: str, text: str, fields: Mapping[str, Any], place: str
) -> None:
    sample = fields.get("sample", len(responses)) if "responses" not in fields else len(responses)
    tokens, finish = fields.get("tokens"), fields.get("finish")
    if not isinstance(sample, int) or sample < 0 or sample in {one.sample for one in responses}:
        line = f"{place}: sample={sample!r} must be a number from 0 that the id does not have yet"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    reasoning = fields.get("reasoning")
    responses.append(
        Response(
            key=key,
            sample=sample,
            text=text,
            finish=finish if isinstance(finish, str) else "",
            tokens=tokens if isinstance(tokens, int) else None,
            reasoning=reasoning if isinstance(reasoning, str) else "",
        )
    )

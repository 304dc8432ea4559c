"""A file of responses as a policy."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed.reference.evaluation.policies import Ask, Failure, OneProcess, Response
from seed.reference.evaluation.questions import Question
from seed.reference.verifiers.files.file import opened
from seed.reference.verifiers.files.lines import fields_of, raw_lines
from seed.spec.errors import Reason, SeedError


@dataclass(frozen=True)
class Names:
    """Which question a line of responses belongs to.

    Attributes:
        by_id: Id -> keys of the questions with it.
        keys: Of all questions.
    """

    by_id: Mapping[str, Sequence[str]]
    keys: frozenset[str]


@dataclass(frozen=True)
class StoredResponses(OneProcess):
    """A file of responses, matched with the problems by id. Their texts stay in the file.

    Attributes:
        path: The file, or the folder of an evaluation.
        digest: Of its bytes.
        names: Of the questions.
        samples: Key of a question -> numbers of its responses.
        unknown: Responses that belong to no problem.
    """

    path: Path
    digest: str
    names: Names
    samples: Mapping[str, Sequence[int]]
    unknown: int = 0

    def most(self, benchmark: str) -> int:
        """The largest number of responses to one problem of a benchmark."""
        counts = [
            1 + max(given) for key, given in self.samples.items() if key.startswith(f"{benchmark}/")
        ]
        return max(counts, default=0)

    def record(self) -> dict[str, Any]:
        """File and digest."""
        return {"kind": "responses", "file": str(self.path), "sha256": self.digest}

    def respond(self, asks: Sequence[Ask]) -> Iterator[Response | Failure]:
        """What the file holds, in its order."""
        wanted = {(ask.question.key, ask.sample): ask for ask in asks}
        for response in _responses(self.path, self.names):
            if response is not None and response.name in wanted:
                del wanted[response.name]
                yield response
        for ask in wanted.values():
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
    names = Names(by_id, frozenset(question.key for question in questions))
    samples: dict[str, list[int]] = {}
    unknown, content = 0, hashlib.sha256()
    for response in _responses(path, names, content.update):
        if response is None:
            unknown += 1
        else:
            samples.setdefault(response.key, []).append(response.sample)
    return StoredResponses(path, content.hexdigest(), names, samples, unknown)


def _responses(
    path: Path, names: Names, digest: Callable[[bytes], None] = lambda line: None
) -> Iterator[Response | None]:
    """The responses of a file, one after the other; None for one that belongs to no problem.

    Args:
        path: The file.
        names: Of the questions.
        digest: Called with every line.

    Raises:
        SeedError: UNREADABLE_FILE, with the line.
    """
    taken: dict[str, set[int]] = {}
    with opened(path) as file:
        for number, line in enumerate(raw_lines(file), start=1):
            digest(line + b"\n")
            if not line.strip():
                continue
            fields, fault = fields_of(line)
            texts = _texts_of(fields)
            fault = fault or ("" if texts is not None else "response must be text, responses texts")
            if fault:
                raise SeedError(Reason.UNREADABLE_FILE, f"{path} line {number}: {fault}")
            key = _key(fields, names, f"{path} line {number}")
            for text in texts or ():
                if not key:
                    yield None
                    continue
                of_key = taken.setdefault(key, set())
                yield _response(of_key, key, text, fields, f"{path} line {number}")


def _texts_of(fields: Mapping[str, Any]) -> list[str] | None:
    texts = fields.get("responses", [fields.get("response")])
    is_text = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    return texts if is_text else None


def _key(fields: Mapping[str, Any], names: Names, place: str) -> str:
    """The question of a line; empty if it belongs to none."""
    if fields.get("key") in names.keys:
        return str(fields["key"])
    identity = fields.get("id")
    if identity is None:
        raise SeedError(Reason.UNREADABLE_FILE, f"{place}: id is missing")
    named = names.by_id.get(str(identity), ())
    benchmark = fields.get("benchmark")
    if len(named) > 1 and benchmark is not None:
        named = [key for key in named if key.startswith(f"{benchmark}/")]
    if len(named) > 1:
        line = f"{place}: id={identity!r} names problems of several files; legal: a benchmark, too"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    return named[0] if named else ""


def _response(
    taken: set[int], key: str, text: str, fields: Mapping[str, Any], place: str
) -> Response:
    """A response of a line; its number joins those that are taken."""
    sample = fields.get("sample", len(taken)) if "responses" not in fields else len(taken)
    tokens, finish = fields.get("tokens"), fields.get("finish")
    if not isinstance(sample, int) or sample < 0 or sample in taken:
        line = f"{place}: sample={sample!r} must be a number from 0 that the id does not have yet"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    taken.add(sample)
    reasoning = fields.get("reasoning")
    return Response(
        key=key,
        sample=sample,
        text=text,
        finish=finish if isinstance(finish, str) else "",
        tokens=tokens if isinstance(tokens, int) else None,
        reasoning=reasoning if isinstance(reasoning, str) else "",
    )

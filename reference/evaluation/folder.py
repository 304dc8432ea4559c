"""The folder of an evaluation: what was asked, every response, every verdict, the scores.

    evaluation.json   policy, sampling, benchmarks, verifier: what makes two evaluations the same
    problems.jsonl    one line per problem, all that its verifier needs
    responses.jsonl   {"key", "id", "benchmark", "sample", "response", "finish", "tokens"}
    verdicts.jsonl    {"key", "sample", "response": digest, "verdict", "reward", "extracted", "why"}
    scores.json       written anew at the end
    evaluation.html   the same

Responses and verdicts are appended as they come, so their order is not fixed; ``key`` and
``sample`` name a response. A kill loses what was being written, at most the last line of a file;
``--resume`` removes that line and goes on with what is missing.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from seed.reference.evaluation.policies import Response
from seed.reference.evaluation.questions import Question, question_of
from seed.reference.verifiers.files.file import append, appended, opened
from seed.reference.verifiers.files.lines import digest
from seed.reference.verifiers.files.publish import publish
from seed.reference.verifiers.verdict import Judgement
from seed.spec.atomic_files import write_atomically
from seed.spec.errors import Reason, SeedError

RECORD, PROBLEMS = "evaluation.json", "problems.jsonl"
RESPONSES, VERDICTS = "responses.jsonl", "verdicts.jsonl"
SCORES, PAGE = "scores.json", "evaluation.html"
VERSION = "version"

Content = TypeVar("Content")
Name = tuple[str, int]
"""Key of the problem and number of the sample: the stable name of a response."""


def is_evaluation(path: Path) -> bool:
    """Whether a path is the folder of an evaluation."""
    return (path / RECORD).is_file()


class Lines(Mapping[Name, Content]):
    """The lines of a file by name. They stay on the disk, and are read when they are asked for.

    Attributes:
        path: The file.
        starts: Name -> where its line begins.
    """

    def __init__(self, path: Path, content_of: Callable[[dict[str, Any]], Content]) -> None:
        """No lines yet.

        Args:
            path: The file.
            content_of: Reads a line.
        """
        self.path, self.content_of = path, content_of
        self.starts: dict[Name, int] = {}

    def __getitem__(self, name: Name) -> Content:
        """Read a line."""
        start = self.starts[name]
        with self.path.open("rb") as file:
            file.seek(start)
            return self.content_of(json.loads(file.readline()))

    def __iter__(self) -> Iterator[Name]:
        """The names, in the order of the lines."""
        return iter(self.starts)

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.starts)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a line; nothing is read."""
        return name in self.starts


class Folder:
    """An evaluation on the disk; responses and verdicts stay there.

    Writing needs ``opened_for_writing``.

    Attributes:
        path: The folder.
        record: Content of ``evaluation.json``.
        questions: Problems by key.
        responses: By name.
        truncated: Whether each response was cut off at the token limit; None where nobody knows.
        verdicts: Lines of ``verdicts.jsonl`` by name.
    """

    def __init__(self, path: Path, record: dict[str, Any], questions: Sequence[Question]) -> None:
        self.path = path
        self.record = record
        self.questions = {question.key: question for question in questions}
        self.responses = Lines(path / RESPONSES, response_of)
        self.truncated: dict[Name, bool | None] = {}
        self.verdicts: Lines[Mapping[str, Any]] = Lines(path / VERDICTS, lambda line: line)
        self._files: dict[str, BinaryIO] = {}

    @classmethod
    def create(cls, path: Path, record: dict[str, Any], questions: Sequence[Question]) -> "Folder":
        """Begin an evaluation in a folder that does not exist or is empty.

        Raises:
            SeedError: FILE_EXISTS, UNWRITABLE_FILE.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            taken = any(path.iterdir())
        except OSError as failure:
            raise SeedError(Reason.UNWRITABLE_FILE, f"{path}: {failure.strerror}") from None
        if taken:
            line = f"{path} is not empty; choose another --out, or continue it with --resume"
            raise SeedError(Reason.FILE_EXISTS, line)
        publish(path / PROBLEMS, (json.dumps(question.as_json()) for question in questions))
        publish(path / RECORD, [json.dumps(record, indent=1)])
        return cls(path, record, questions)

    @classmethod
    def read(cls, path: Path) -> "Folder":
        """Read an evaluation, finished or not.

        Raises:
            SeedError: UNREADABLE_FILE.
        """
        if not is_evaluation(path):
            line = f"{path} is no evaluation: it has no {RECORD}"
            raise SeedError(Reason.UNREADABLE_FILE, line)
        try:
            record = json.loads((path / RECORD).read_text(encoding="utf-8"))
            questions = [question_of(line) for _, line in _whole_lines(path / PROBLEMS)]
        except (OSError, ValueError, TypeError, KeyError) as failure:
            raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {failure}") from None
        folder = cls(path, record, questions)
        folder._read_lines()
        return folder

    def _read_lines(self) -> None:
        digests: dict[Name, str] = {}
        for start, line in _whole_lines(self.path / RESPONSES):
            response = response_of(line)
            self.responses.starts[response.name] = start
            self.truncated[response.name] = response.truncated
            digests[response.name] = text_digest(response.text)
        for start, line in _whole_lines(self.path / VERDICTS):
            name = line["key"], line["sample"]
            if digests.get(name) == line["response"]:
                self.verdicts.starts[name] = start

    @contextmanager
    def opened_for_writing(self, note: Callable[[str], None] = lambda line: None) -> Iterator[None]:
        """Append to the files, for this process alone; half a last line is removed.

        ``note`` is told where the file system has no locks.

        Raises:
            SeedError: UNWRITABLE_FILE.
        """
        with ExitStack() as stack:
            for name in (RESPONSES, VERDICTS):
                file = stack.enter_context(appended(self.path / name, True, note))
                _remove_half_line(file)
                self._files[name] = file
            yield
            self._files = {}

    def add_response(self, response: Response) -> None:
        """Keep a response."""
        line = {
            "key": response.key,
            "id": self.questions[response.key].id,
            "benchmark": self.questions[response.key].benchmark,
            "sample": response.sample,
            "response": response.text,
            "finish": response.finish,
            "tokens": response.tokens,
        }
        line |= {"reasoning": response.reasoning} if response.reasoning else {}
        self.responses.starts[response.name] = self._append(RESPONSES, line)
        self.truncated[response.name] = response.truncated

    def add_verdict(self, response: Response, judgement: Judgement) -> None:
        """Keep the verdict on a response."""
        named = {"key": response.key, "sample": response.sample}
        line = named | {"response": text_digest(response.text)} | judgement.as_json()
        self.verdicts.starts[response.name] = self._append(VERDICTS, line)

    def extend(self, record: dict[str, Any]) -> None:
        """Take a record that asks for more samples.

        Raises:
            SeedError: FOREIGN_OUTPUT, UNWRITABLE_FILE.
        """
        check_same(self.path, self.record, record)
        if _leaves(record) != _leaves(self.record):
            self.record = record
            self.write(RECORD, json.dumps(record, indent=1) + "\n")

    def write(self, name: str, content: str) -> None:
        """Write a file that is not appended to anew: record, scores or page.

        Raises:
            SeedError: UNWRITABLE_FILE.
        """
        write_atomically(self.path / name, content.encode("utf-8", "replace"))

    def _append(self, name: str, line: Mapping[str, Any]) -> int:
        """Add a line to a file; where it begins."""
        file = self._files[name]
        start = os.fstat(file.fileno()).st_size
        append(self.path / name, file, json.dumps(line).encode("ascii") + b"\n")
        return start


def response_of(line: Mapping[str, Any]) -> Response:
    """A response as ``Folder.add_response`` writes it."""
    return Response(
        key=line["key"],
        sample=line["sample"],
        text=line["response"],
        finish=line["finish"],
        tokens=line["tokens"],
        reasoning=line.get("reasoning", ""),
    )


def text_digest(text: str) -> str:
    """What a verdict remembers of the response it is about."""
    return digest(text.encode("utf-8", "surrogatepass"))


def check_same(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse to continue another evaluation.

    More samples are no other evaluation. Neither are files at another place, whose problems are
    compared, or another version of this software.

    Args:
        path: The folder.
        found: Its record.
        wanted: What the command asks for now.

    Raises:
        SeedError: FOREIGN_OUTPUT, with the first field that differs.
    """
    before, now = _leaves(found), _leaves(wanted)
    was: Any
    is_now: Any
    for name in [*now, *(name for name in before if name not in now)]:
        was, is_now = before.get(name), now.get(name)
        may_grow = name.endswith(".samples") and isinstance(was, int) and isinstance(is_now, int)
        if was == is_now or (may_grow and max(was, is_now) == is_now):
            continue
        line = f"{path} was begun with {name}={json.dumps(was)}, not {json.dumps(is_now)}"
        line += "; resume with that, or choose another --out"
        raise SeedError(Reason.FOREIGN_OUTPUT, line)


def _leaves(record: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The fields of a record that must be equal, with dotted names."""
    leaves: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            leaves |= _leaves(value, f"{above}{name}.")
        elif name not in (VERSION, "file", "path"):
            leaves[f"{above}{name}"] = value
    return leaves


def _whole_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Where each line begins, and the line; none if the file does not exist.

    A kill may have cut the last one short.
    """
    if not path.exists():
        return
    start = 0
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield start, json.loads(line)
            except ValueError:
                what = f"{path} line {number} is not JSON; it was changed since it was written"
                raise SeedError(Reason.UNREADABLE_FILE, what) from None
            start += len(line)


def _remove_half_line(file: BinaryIO) -> None:
    """Cut a file behind its last line feed and stay there."""
    end = 0
    for line in file:
        if line.endswith(b"\n"):
            end += len(line)
    file.truncate(end)
    file.seek(end)

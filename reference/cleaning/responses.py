"""What models answered: N judged answers per problem, or N scores, joined with problems by id.

Files that are read, in any mixture:

    the folder of `seed eval`          its verdicts, extracted answers and tokens
    lines with ``verdict``             what `seed verify` writes; ``extracted`` and ``tokens`` help
    lines with ``response(s)``         judged here by the domain's verifier
    lines with ``score`` or ``scores``  of a reward model, for prompts that no verifier decides;
                                        ``before`` and ``after`` of an earlier run of RL

``id`` is the problem's, or the problem's and ``#`` and a number where every line needs its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from statistics import fmean, median
from typing import Any

from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.stage import Record
from seed.reference.evaluation.folder import Folder, is_evaluation
from seed.reference.verifiers.files.file import opened
from seed.reference.verifiers.files.lines import fields_of, raw_lines
from seed.reference.verifiers.mathematics.normal_forms import normal_form
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Request
from seed.spec.datatypes import Outcome
from seed.spec.errors import Reason, SeedError
from seed.spec.verify import DOMAINS, Item

LONGEST_SHOWN = 200
JUDGED = (str(Outcome.CORRECT), str(Outcome.WRONG), str(Outcome.ERROR))


@dataclass(slots=True)
class Answers:
    """All that is known of one problem.

    Attributes:
        correct, wrong, errors: Numbers of judged answers.
        wrong_answers: Extracted wrong answers in normal form, with their numbers.
        tokens: Lengths of judged answers, where they are told.
        scores: Of a reward model.
        before, after: Scores before and after an earlier run of RL; None where not told.
        pending: Responses that are still to be judged, with their tokens.
    """

    correct: int = 0
    wrong: int = 0
    errors: int = 0
    wrong_answers: Counter[str] = field(default_factory=Counter)
    tokens: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    before: float | None = None
    after: float | None = None
    pending: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Answers with a verdict; errors have none."""
        return self.correct + self.wrong

    def add_verdict(self, outcome: str, extracted: str, tokens: Any) -> None:
        """Count one judged answer."""
        if outcome == Outcome.ERROR:
            self.errors += 1
            return
        if outcome == Outcome.CORRECT:
            self.correct += 1
        else:
            self.wrong += 1
            if answer := normal_form(extracted)[:LONGEST_SHOWN]:
                self.wrong_answers[answer] += 1
        if type(tokens) is int:
            self.tokens.append(tokens)

    def as_json(self) -> dict[str, Any]:
        """For the file of rows that wait for a decision."""
        shown: dict[str, Any] = {"correct": self.correct, "wrong": self.wrong}
        shown["wrong_answers"] = dict(self.wrong_answers.most_common(5))
        if self.tokens:
            shown["median_tokens"] = median(self.tokens)
        if self.scores:
            shown["mean_score"] = round(fmean(self.scores), 6)
        return shown


def read_answers(paths: Iterable[Path]) -> dict[str, Answers]:
    """All files, by id.

    Raises:
        SeedError: UNREADABLE_FILE, with the line.
    """
    found: dict[str, Answers] = {}
    for path in paths:
        if is_evaluation(path):
            _add_evaluation(Folder.read(path), found)
        else:
            for place, fields in _lines(path):
                _add_line(fields, place, found)
    return found


@dataclass
class Joined:
    """Rows and their answers.

    Attributes:
        answers: By id of the problem.
        figures: Counts for the report.
    """

    answers: dict[str, Answers]
    figures: dict[str, int]

    def of(self, record: Record) -> Answers | None:
        """The answers to a row; None if there are none."""
        return self.answers.get(record.id)


def join(rows: Rows, given: Mapping[str, Answers], pool: Pool) -> Joined:
    """Find the rows of the answers, and judge what is not judged yet.

    Args:
        rows: The problems.
        given: Of ``read_answers``.
        pool: Where responses are judged.

    Raises:
        SeedError: ILLEGAL_COMBINATION if no answer belongs to any row.
    """
    by_id: dict[str, Answers] = {}
    used: set[str] = set()

    def requests() -> Iterator[Request]:
        for record in rows.records():
            names = [name for name in (record.id, *numbered.get(record.id, ())) if name in given]
            if record.read is None or not names or record.id in by_id:
                continue
            used.update(names)
            merged = by_id[record.id] = _merged([given[name] for name in names])
            for text, tokens in merged.pending if record.domain in DOMAINS else ():
                waiting.append((merged, tokens))
                yield Request(_item(record, text), "")

    numbered: dict[str, list[str]] = {}
    for name in given:
        problem, sign, _ = name.rpartition("#")
        if sign:
            numbered.setdefault(problem, []).append(name)
    waiting: list[tuple[Answers, Any]] = []
    for place, judgement in enumerate(pool.judge(requests())):
        answers, tokens = waiting[place]
        verdict = judgement.verdict
        answers.add_verdict(str(verdict.outcome), verdict.extracted, tokens)
    if not by_id:
        line = "--responses: no id there is the id of a problem; legal: id, or id#number"
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    figures = {"problems_with_answers": len(by_id), "answers_of_no_problem": len(given) - len(used)}
    figures["answers_judged_here"] = len(waiting)
    figures["answers_without_verdict"] = sum(one.errors for one in by_id.values())
    return Joined(by_id, figures)


def _add_evaluation(folder: Folder, found: dict[str, Answers]) -> None:
    for (key, _), verdict in sorted(folder.verdicts.items()):
        answers = found.setdefault(folder.questions[key].id, Answers())
        response = folder.responses[key, verdict["sample"]]
        answers.add_verdict(verdict["verdict"], verdict["extracted"] or "", response.tokens)


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with opened(path) as file:
        for number, line in enumerate(raw_lines(file), start=1):
            if line.strip():
                fields, fault = fields_of(line)
                if fault:
                    raise SeedError(Reason.UNREADABLE_FILE, f"{path} line {number}: {fault}")
                yield f"{path} line {number}", fields


def _add_line(fields: Mapping[str, Any], place: str, found: dict[str, Answers]) -> None:
    identity = fields.get("id")
    if not isinstance(identity, str | int) or identity == "":
        raise SeedError(Reason.UNREADABLE_FILE, f"{place}: id is missing")
    answers, tokens = found.setdefault(str(identity), Answers()), fields.get("tokens")
    if "verdict" in fields:
        if fields["verdict"] not in JUDGED:
            line = f"{place}: verdict={fields['verdict']!r} must be one of {', '.join(JUDGED)}"
            raise SeedError(Reason.UNREADABLE_FILE, line)
        answers.add_verdict(fields["verdict"], str(fields.get("extracted") or ""), tokens)
        return
    texts = fields.get("responses", [fields["response"]] if "response" in fields else [])
    scores = fields.get("scores", [fields["score"]] if "score" in fields else [])
    is_text = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    is_score = isinstance(scores, list) and all(map(_is_number, scores))
    pair = [fields.get(name) for name in ("before", "after")]
    has_pair = all(map(_is_number, pair))
    if not (is_text and is_score and (texts or scores or has_pair)):
        line = (
            f"{place}: verdict, response (texts), score (numbers), or before and after is missing"
        )
        raise SeedError(Reason.UNREADABLE_FILE, line)
    answers.pending += [(text, tokens) for text in texts]
    answers.scores += [float(score) for score in scores]
    if has_pair:
        answers.before, answers.after = pair


def _merged(parts: list[Answers]) -> Answers:
    """The answers of several ids of one problem."""
    whole = Answers()
    for part in parts:
        whole.correct += part.correct
        whole.wrong += part.wrong
        whole.errors += part.errors
        whole.wrong_answers.update(part.wrong_answers)
        whole.tokens += part.tokens
        whole.scores += part.scores
        whole.pending += part.pending
        if part.before is not None:
            whole.before, whole.after = part.before, part.after
    return whole


def _item(record: Record, response: str) -> Item:
    assert record.read is not None
    instance = record.read.problem.instance
    return Item(
        id=record.id,
        domain=record.domain,
        problem=record.statement,
        response=response,
        reference=record.reference,
        tests=instance.get("tests"),
        puzzle=instance.get("puzzle"),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)

"""Rejection sampling: which of the responses to a problem become demonstrations.

    right      the verifier says so, and the response ended by itself
    distinct   no earlier one is the same but for capitals, blanks and kinds of characters
    kept       at most K of them: the shortest, or a seeded choice

Source: report 4.1 (rejection sampling with the verifier); the distinct right responses of RFT,
arXiv 2308.01825 section 3.2. How many are kept of a problem, no paper says.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from seed.reference.data.messages import normalised
from seed.reference.evaluation.folder import Folder
from seed.reference.evaluation.policies import Response
from seed.reference.evaluation.questions import Question
from seed.spec.datatypes import Outcome
from seed.spec.philox import generator

Choice = Literal["shortest", "random"]
Fault = Callable[[Question, str], str]


@dataclass
class Report:
    """What came of the responses.

    Attributes:
        problems: Problems that were asked.
        responses: Responses that there are.
        solved: Problems with a right response.
        right: Right responses.
        kept: Those that were written.
        left_out: Why the other responses were not -> how many.
    """

    problems: int = 0
    responses: int = 0
    solved: int = 0
    right: int = 0
    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """All fields, and the share of the responses that are right."""
        rate = self.right / self.responses if self.responses else 0.0
        return vars(self) | {"left_out": dict(self.left_out), "rate": rate}

    def lines(self) -> list[str]:
        """For a person."""
        rate = 100 * self.right / self.responses if self.responses else 0.0
        out = [
            f"{self.solved} of {self.problems} problems solved, {self.right} of {self.responses}"
            f" responses right ({rate:.1f} %), {self.kept} kept"
        ]
        if self.left_out:
            reasons = "; ".join(f"{count} {why}" for why, count in self.left_out.most_common())
            out.append(f"not kept: {reasons}")
        return out


@dataclass(frozen=True)
class Rejection:
    """How responses are chosen.

    Attributes:
        most: Of a problem, >= 1.
        choice: ``shortest`` or ``random``.
        seed: Keys the random choice.
        fault: What else is wrong with a response that the verifier calls right.
    """

    most: int
    choice: Choice = "random"
    seed: int = 0
    fault: Fault = lambda question, text: ""

    def rows(self, folder: Folder) -> tuple[list[str], Report]:
        """Lines of demonstrations, and the report.

        Args:
            folder: Problems, responses and verdicts.
        """
        by_key: dict[str, list[Response]] = {key: [] for key in folder.questions}
        for response in sorted(folder.responses.values(), key=lambda one: one.sample):
            by_key[response.key].append(response)
        report = Report(problems=len(by_key), responses=len(folder.responses))
        lines = []
        for key, responses in by_key.items():
            question = folder.questions[key]
            right = list(self._right(question, responses, folder, report))
            report.right += len(right)
            report.solved += bool(right)
            distinct = _distinct(right)
            report.left_out["the same as another"] += len(right) - len(distinct)
            chosen = self.chosen(key, distinct)
            report.left_out[f"beyond the {self.most} of a problem"] += len(distinct) - len(chosen)
            lines += [json.dumps(_row(question, response)) for response in chosen]
        report.kept = len(lines)
        report.left_out = +report.left_out
        return lines, report

    def chosen(self, key: str, distinct: Sequence[Response]) -> list[Response]:
        """At most ``most`` responses to a problem, in the order of their samples."""
        if self.choice == "shortest":
            order = sorted(range(len(distinct)), key=lambda place: len(distinct[place].text))
        else:
            random = generator(self.seed, "rejection", key)
            order = [int(place) for place in random.permutation(len(distinct))]
        return [distinct[place] for place in sorted(order[: self.most])]

    def _right(
        self, question: Question, responses: Iterable[Response], folder: Folder, report: Report
    ) -> Iterable[Response]:
        for response in responses:
            verdict = folder.verdicts.get(response.name)
            outcome = str(verdict["verdict"]) if verdict else "not judged"
            if outcome == Outcome.CORRECT and response.truncated:
                outcome = "cut off at the token limit"
            elif outcome == Outcome.CORRECT:
                outcome = self.fault(question, response.text) or Outcome.CORRECT
            if outcome == Outcome.CORRECT:
                yield response
            else:
                report.left_out[str(outcome)] += 1


def _distinct(responses: Iterable[Response]) -> list[Response]:
    """The first of those that are the same."""
    first: dict[str, Response] = {}
    for response in responses:
        first.setdefault(normalised(response.text), response)
    return list(first.values())


def _row(question: Question, response: Response) -> Mapping[str, Any]:
    """A row that is a problem with a demonstration, and a chat for SFT."""
    messages = [dict(message) for message in question.messages]
    row = {"id": question.id, "messages": messages, "domain": question.domain}
    for name in ("reference", "tests", "puzzle"):
        if value := getattr(question, name):
            row[name] = value
    row["demonstration"] = response.text
    return row | ({"reasoning": response.reasoning} if response.reasoning else {})

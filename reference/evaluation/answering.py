"""Ask a policy and judge its responses at the same time; keep both, and score what is kept.

Responses are stored as they come and judged by a pool of verifiers while the policy goes on. What
an earlier run has stored is neither asked nor judged again. Texts stay on the disk, all but those
that wait for a verdict.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from seed.reference.evaluation.folder import Folder
from seed.reference.evaluation.policies import Ask, Failure, Policy, Response
from seed.reference.evaluation.scores import Mark, scores_json
from seed.reference.verifiers.judge import NoJudge, configured_judge
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.service import Service
from seed.reference.verifiers.runner.worker import Request
from seed.reference.verifiers.verdict import Judgement
from seed.spec.datatypes import Outcome
from seed.spec.errors import Reason, SeedError

Listener = Callable[[Judgement], None]
MOST_WAITING = 1000
"""Responses without a verdict in memory; the policy waits for the oldest of more."""


@dataclass
class Failures:
    """Responses that the policy did not give: how many, and the first reason."""

    count: int = 0
    reason: str = ""


class Judges:
    """Verdicts while the policy answers, for as long as the ``with`` block lasts."""

    def __init__(self, pool: Pool, verifier: str, folder: Folder, report: Listener) -> None:
        """Start nothing yet.

        Args:
            pool: The workers.
            verifier: ``path.py:function``; empty for that of each domain.
            folder: Where verdicts are kept.
            report: Called with each of them.
        """
        self.service = Service(pool)
        self.verifier, self.folder, self.report = verifier, folder, report
        self.waiting: dict[int, Response] = {}

    def __enter__(self) -> "Judges":
        """Start nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the verdicts on all that was submitted; after Ctrl-C or SIGTERM, for none."""
        try:
            if not (kind and issubclass(kind, KeyboardInterrupt)):
                for number in list(self.waiting):
                    self._keep(number)
        finally:
            self.service.close()

    def submit(self, response: Response) -> None:
        """Have a response judged, and keep the verdicts that have come."""
        item = self.folder.questions[response.key].item(response.text)
        self.waiting[self.service.submit(Request(item, self.verifier))] = response
        while self.waiting:
            oldest = next(iter(self.waiting))
            if len(self.waiting) <= MOST_WAITING and not self.service.is_done(oldest):
                break
            self._keep(oldest)

    def _keep(self, number: int) -> None:
        """Wait for a verdict and write it down."""
        (judgement,) = self.service.replies([number])
        assert isinstance(judgement, Judgement)  # no function was called
        self.folder.add_verdict(self.waiting.pop(number), judgement)
        self.report(judgement)


def wanted(asks: Sequence[Ask], folder: Folder) -> list[int]:
    """Places of the asks whose responses the folder does not have yet."""
    return [
        place
        for place, ask in enumerate(asks)
        if (ask.question.key, ask.sample) not in folder.responses
    ]


def answer_and_judge(
    policy: Policy, asks: Sequence[Ask], folder: Folder, judges: Judges
) -> Failures:
    """Keep the responses of a policy and have them judged, with those that have no verdict yet.

    Args:
        policy: Who answers.
        asks: What the folder does not have yet.
        folder: Open for writing.
        judges: At work.

    Raises:
        SeedError: POLICY_FAILED, UNWRITABLE_FILE.
    """
    failures = Failures()
    for name in [name for name in folder.responses if name not in folder.verdicts]:
        judges.submit(folder.responses[name])
    for answer in policy.respond(asks):
        if isinstance(answer, Failure):
            failures.count += 1
            failures.reason = failures.reason or answer.why
        else:
            folder.add_response(answer)
            judges.submit(answer)
    return failures


def marks_of(folder: Folder, samples: Mapping[str, int]) -> dict[str, dict[str, list[Mark]]]:
    """What scores need of every response: benchmark -> key -> marks in the order of samples.

    Args:
        folder: The evaluation.
        samples: Responses per problem of each benchmark.
    """
    marks: dict[str, dict[str, list[Mark]]] = {name: {} for name in samples}
    for key, question in folder.questions.items():
        of_problem = marks[question.benchmark].setdefault(key, [])
        for sample in range(samples[question.benchmark]):
            name = key, sample
            if name not in folder.responses:
                continue
            verdict = folder.verdicts.get(name)
            outcome = Outcome(verdict["verdict"]) if verdict else None
            extracted = verdict["extracted"] if verdict else ""
            of_problem.append(Mark(outcome, extracted, folder.truncated[name]))
    return marks


def all_scores(folder: Folder) -> dict[str, Any]:
    """``scores_json`` of every benchmark of an evaluation, by name."""
    benchmarks = folder.record["benchmarks"]
    marks = marks_of(folder, {name: entry["samples"] for name, entry in benchmarks.items()})
    groups = {key: question.group for key, question in folder.questions.items()}
    return {
        name: scores_json(marks[name], groups, entry["samples"], entry["domains"])
        for name, entry in benchmarks.items()
    }


def check_judge(domains: Iterable[str], verifier: str) -> None:
    """Refuse an evaluation whose answers only a judge can compare, if none is configured.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    if "judge" in domains and not verifier:
        try:
            configured_judge(os.environ)
        except NoJudge as missing:
            line = f"a benchmark needs a judge: {missing}; or a --verifier of your own"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line) from None

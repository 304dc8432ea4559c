"""Verdicts on rollouts: judged in worker processes while other responses still decode.

A rollout is handed over as soon as it ends (``submit``); at the end of the step ``collect`` gives
the verdicts in the order of the rollouts. Who judges:

- puzzles that are drawn: their family, in this process, in microseconds
- lines of files: the verifier of their domain, as in ``seed verify``
- ``reward.functions``: functions of the user, in place of the verifier or beside it

A verdict depends on its response alone, or for a function of the batch form on the responses to one
prompt that are collected together. So it depends neither on the number of workers nor on their
speed, and a resumed run gets the same ones where the judges are deterministic.

With functions the reward is

    R = sum over the functions that apply of weight * score

where ``verifier`` scores ``reward.correct`` or ``reward.wrong``. Accuracy, by which dynamic
sampling filters, is the word of ``verifier`` if it is among them, else of the first function that
applies: what it says itself (a bool, ``acc``, ``verdict``), or whether its score is at least
``reward.threshold``.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from seed.reference.data.task_settings import format_fault
from seed.reference.rewards.function import Answer, Score
from seed.reference.tasks.problems import verify
from seed.reference.tasks.task import any_problem, tokenizer_of
from seed.reference.verifiers.runner.pool import Pool, default_jobs
from seed.reference.verifiers.runner.service import Service
from seed.reference.verifiers.runner.worker import Limits, Reply
from seed.reference.verifiers.runner.worker import Request as Work
from seed.reference.verifiers.verdict import Judgement, error
from seed.spec.config import Config
from seed.spec.config_rl import VERIFIER, RewardConfig
from seed.spec.datatypes import Finish, Outcome, Problem, Request, Rollout, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.verify import DOMAINS, Item

Group = tuple[str, int]
"""Problem and visit, which the responses to one prompt share."""


@dataclass(frozen=True)
class Submitted:
    """What workers have been asked.

    Attributes:
        rollouts: The response to judge; for functions of the batch form all responses of a call.
        numbers: Judge -> number of its request.
    """

    rollouts: tuple[Rollout, ...]
    numbers: Mapping[str, int]


class Verdicts:
    """The judges of a run; only the main process submits and collects.

    Attributes:
        weights: ``verifier`` or a function's address -> weight.
        names: Function's address -> its name in metrics and samples.
        takes_batches: Addresses of the functions of the batch form, known after ``check``.
    """

    def __init__(
        self, settings: RewardConfig, decode: Callable[[Iterable[int]], str], group_size: int
    ) -> None:
        """Start nothing yet.

        Args:
            settings: Section ``reward``.
            decode: Text of a response.
            group_size: Responses to one prompt of a training step.
        """
        self.settings, self.decode, self.group_size = settings, decode, group_size
        self.weights: Mapping[str, float] = dict(settings.functions) or {VERIFIER: 1.0}
        self.names = names_of(settings.functions)
        self.takes_batches: list[str] = []
        limits = Limits(settings.time_limit or None, settings.memory_limit, settings.isolation)
        self.service = Service(Pool(settings.workers or default_workers(), limits))
        # While the trainer collects, remote workers go on and another thread submits.
        self.lock = threading.Lock()
        self.single: dict[Request, Submitted] = {}
        self.ended: dict[Group, dict[int, Rollout]] = {}
        self.batches: dict[Group, Submitted] = {}

    def check(self, problem: Problem) -> None:
        """Load every function in a worker, and see whether its parameters can be filled.

        Nothing is called. It must come before the first ``submit``.

        Args:
            problem: Any of the run.

        Raises:
            SeedError: VERIFIER_FAILED.
        """
        call = {"responses": [described(problem, "", ())], "only_check": True}
        functions = [judge for judge in self.weights if judge != VERIFIER]
        numbers = [self.service.submit(Work(None, address, call)) for address in functions]
        replies = zip(functions, self.service.replies(numbers), strict=True)
        self.takes_batches = [address for address, reply in replies if _loaded(address, reply)]

    def submit(self, rollout: Rollout) -> None:
        """Have a response judged that has ended; returns at once."""
        if not self._needs_workers(rollout.request.problem):
            return
        with self.lock:
            self._submit_single(rollout)
            if self.takes_batches:
                group = self.ended.setdefault(_group(rollout), {})
                group[rollout.request.sample] = rollout
                if len(group) == self.group_size:
                    self._submit_batch(_in_order(group.values()))

    def forget(self, rollout: Rollout) -> None:
        """Give up a response that has ended and that nobody will collect."""
        with self.lock:
            self.ended.get(_group(rollout), {}).pop(rollout.request.sample, None)
            self._withdraw(self.single.pop(rollout.request, None))

    def collect(self, rollouts: Sequence[Rollout]) -> list[Verdict]:
        """The verdicts on responses, in their order; waits for those that are not there yet.

        What was not submitted is judged now.
        """
        with self.lock:
            submitted = self._taken(rollouts)
        scores = self._scores(submitted)
        return [self._verdict(rollout, scores.get(rollout.request, {})) for rollout in rollouts]

    def is_judged(self, rollout: Rollout) -> bool:
        """Whether all verdicts on a submitted response are there, so that nobody would wait."""
        numbers = self.single[rollout.request].numbers.values()
        return all(map(self.service.is_done, numbers))

    def take_seconds(self) -> dict[str, float]:
        """Entries of ``timings.jsonl`` since the last call; none where no worker has judged."""
        if not self.service.submitted:
            return {}
        return self.service.take_seconds()

    def close(self) -> None:
        """Kill the workers."""
        self.service.close()

    def _needs_workers(self, problem: Problem) -> bool:
        return is_line(problem) or bool(self.names)

    def _taken(self, rollouts: Sequence[Rollout]) -> list[Submitted]:
        """What workers have been asked, or are asked now, about responses."""
        at_work = [r for r in rollouts if self._needs_workers(r.request.problem)]
        groups: dict[Group, list[Rollout]] = {}
        for rollout in at_work:
            self._submit_single(rollout)
            groups.setdefault(_group(rollout), []).append(rollout)
        submitted = [self.single.pop(rollout.request) for rollout in at_work]
        if self.takes_batches:
            for key, group in groups.items():
                self._submit_batch(_in_order(group))
                submitted.append(self.batches.pop(key))
                self.ended.pop(key, None)
        return submitted

    def _submit_single(self, rollout: Rollout) -> None:
        """Ask the judges that look at one response, unless they have been asked about this one."""
        before = self.single.get(rollout.request)
        if before is not None and before.rollouts == (rollout,):
            return
        self._withdraw(before)
        problem, text = rollout.request.problem, self.decode(rollout.response_tokens)
        numbers = {}
        for judge in self.weights:
            if judge != VERIFIER and judge not in self.takes_batches:
                call = {"responses": [described(problem, text, rollout.response_tokens)]}
                numbers[judge] = self.service.submit(Work(None, judge, call))
            elif judge == VERIFIER and has_verifier(problem):
                numbers[judge] = self.service.submit(Work(item_of(problem, text)))
        self.single[rollout.request] = Submitted((rollout,), numbers)

    def _submit_batch(self, rollouts: tuple[Rollout, ...]) -> None:
        """Ask the functions of the batch form, unless they have been asked about these."""
        key = _group(rollouts[0])
        before = self.batches.get(key)
        if before is not None and before.rollouts == rollouts:
            return
        self._withdraw(before)
        responses = [
            described(r.request.problem, self.decode(r.response_tokens), r.response_tokens)
            for r in rollouts
        ]
        numbers = {
            address: self.service.submit(Work(None, address, {"responses": responses}))
            for address in self.takes_batches
        }
        self.batches[key] = Submitted(rollouts, numbers)

    def _withdraw(self, submitted: Submitted | None) -> None:
        if submitted is not None:
            self.service.forget(submitted.numbers.values())

    def _scores(self, submitted: Sequence[Submitted]) -> dict[Request, dict[str, Score | Verdict]]:
        """What each judge says about each response."""
        numbers = [number for one in submitted for number in one.numbers.values()]
        replies = dict(zip(numbers, self.service.replies(numbers), strict=True))
        scores: dict[Request, dict[str, Score | Verdict]] = {}
        for one in submitted:
            for judge, number in one.numbers.items():
                for rollout, score in zip(one.rollouts, _parts(replies[number], one), strict=True):
                    scores.setdefault(rollout.request, {})[judge] = score
        return scores

    def _verdict(self, rollout: Rollout, scores: Mapping[str, Score | Verdict]) -> Verdict:
        """The verdict on one response from what its judges say."""
        problem = rollout.request.problem
        said = dict(scores)
        if VERIFIER in self.weights and not is_line(problem):
            said[VERIFIER] = verify(problem, self.decode(rollout.response_tokens))
        judged = said.get(VERIFIER)
        if isinstance(judged, Verdict) and judged.outcome is Outcome.CORRECT and is_line(problem):
            text = self.decode(rollout.response_tokens)
            said[VERIFIER] = in_form(problem, text, rollout.finish, judged)
        if not self.names:
            only = said[VERIFIER]
            return only if isinstance(only, Verdict) else Verdict(Outcome.ERROR, "", only.error)
        return self._combined({judge: said[judge] for judge in self.weights if judge in said})

    def _combined(self, said: Mapping[str, Score | Verdict]) -> Verdict:
        """Verdict and reward from several judges, in the order of ``reward.functions``."""
        scores = {judge: self._as_score(one) for judge, one in said.items()}
        for judge, score in scores.items():
            if score.error:
                what = f"reward function {judge}" if judge != VERIFIER else VERIFIER
                return Verdict(Outcome.ERROR, "", f"{what}: {score.error}")
        applying = {judge: score for judge, score in scores.items() if score.value is not None}
        if not applying:
            return Verdict(Outcome.ERROR, "", "no reward function applies to the response")
        values = {judge: score.value or 0.0 for judge, score in applying.items()}
        reward = sum(self.weights[judge] * value for judge, value in values.items())
        if not isfinite(reward):
            why = f"the weighted sum of rewards is {reward}, must be a finite number"
            return Verdict(Outcome.ERROR, "", why)
        first = VERIFIER if VERIFIER in applying else next(iter(applying))
        decisive = applying[first]
        correct = decisive.correct
        if correct is None:
            correct = values[first] >= self.settings.threshold
        return Verdict(
            Outcome.CORRECT if correct else Outcome.WRONG,
            decisive.extracted,
            decisive.why or f"{self._name(first)} gives {values[first]:g}",
            reward=reward,
            scores={self._name(judge): value for judge, value in values.items()},
            columns=self._columns(applying),
        )

    def _as_score(self, said: Score | Verdict) -> Score:
        if isinstance(said, Score):
            return said
        if said.outcome is Outcome.ERROR:
            return Score(error=said.why)
        is_correct = said.outcome is Outcome.CORRECT
        value = self.settings.correct if is_correct else self.settings.wrong
        return Score(value, is_correct, said.extracted, said.why)

    def _columns(self, applying: Mapping[str, Score]) -> dict[str, Any]:
        """The columns of all functions; with the function's name where there are several."""
        several = len(self.names) > 1
        return {
            f"{self._name(judge)}.{column}" if several else column: value
            for judge, score in applying.items()
            for column, value in score.columns.items()
        }

    def _name(self, judge: str) -> str:
        return self.names.get(judge, judge)


def verdicts_of(config: Config) -> Verdicts:
    """The judges of a configuration; nothing is started yet."""
    decode = tokenizer_of(config).decode
    return Verdicts(config.reward, decode, config.rollout.samples_per_prompt)


def check_verdicts(config: Config) -> None:
    """Load the reward functions in a worker, and see whether they can be called.

    Raises:
        SeedError: VERIFIER_FAILED.
    """
    with closing(verdicts_of(config)) as verdicts:
        if problem := any_problem(config):
            verdicts.check(problem)


def is_line(problem: Problem) -> bool:
    """Whether the problem is a line of a file; others are puzzles that were drawn."""
    return "domain" in problem.instance


def has_verifier(problem: Problem) -> bool:
    """Whether ``seed verify`` knows the domain of a line: all but ``custom``."""
    return problem.instance.get("domain") in DOMAINS


def item_of(problem: Problem, text: str) -> Item:
    """A response as ``seed verify`` reads it."""
    instance = problem.instance
    is_drawn = not is_line(problem)
    puzzle = {"family": problem.family, "instance": dict(instance)} if is_drawn else None
    return Item(
        id=problem.id,
        domain="puzzle" if is_drawn else instance["domain"],
        problem=problem.prompt,
        response=text,
        reference="" if is_drawn else instance.get("reference") or "",
        tests=None if is_drawn else instance.get("tests"),
        puzzle=puzzle or instance.get("puzzle"),
    )


def in_form(problem: Problem, text: str, finish: Finish, verdict: Verdict) -> Verdict:
    """A correct verdict, or ``wrong`` for a response without the form that its problem asks for."""
    if not problem.instance.get("format"):
        return verdict
    fault = format_fault(problem.instance, text)
    if finish is not Finish.EOS:
        fault = "the response does not end"
    return replace(verdict, outcome=Outcome.WRONG, why=fault) if fault else verdict


def described(problem: Problem, text: str, tokens: Sequence[int]) -> dict[str, Any]:
    """A response as ``reference.rewards.function`` reads it."""
    row = dict(problem.instance.get("row") or {}) if is_line(problem) else {}
    return {
        **vars(item_of(problem, text)),
        "family": problem.family,
        "messages": [dict(message) for message in problem.messages],
        "response_ids": list(tokens),
        "row": row,
    }


def names_of(functions: Iterable[str]) -> dict[str, str]:
    """Address -> name in metrics: the function's, with the file's where two are called alike."""
    addresses = [address for address in functions if address != VERIFIER]
    short = {address: address.rpartition(":")[2] for address in addresses}
    long = {
        address: f"{Path(address.rpartition(':')[0]).stem}.{name}"
        for address, name in short.items()
    }
    names = {
        address: name if list(short.values()).count(name) == 1 else long[address]
        for address, name in short.items()
    }
    clashes = len(set(names.values())) < len(names)
    return {address: address for address in addresses} if clashes else names


def default_workers() -> int:
    """One core is left to the process that decodes."""
    return max(1, default_jobs() - 1)


def _loaded(address: str, reply: Reply) -> bool:
    """Whether a function is of the batch form.

    Raises:
        SeedError: VERIFIER_FAILED if it cannot be loaded or its parameters cannot be filled.
    """
    if isinstance(reply, Judgement):
        line = f"reward function {address}: {reply.verdict.why}"
        raise SeedError(Reason.VERIFIER_FAILED, line)
    return reply.takes_batches


def _parts(reply: Reply, submitted: Submitted) -> Sequence[Score | Verdict]:
    """A reply, cut into what it says about each response."""
    if isinstance(reply, Answer):
        if len(reply.scores) == len(submitted.rollouts):
            return reply.scores
        reply = error("the worker sent something that is no verdict")
    return [reply.verdict] * len(submitted.rollouts)


def _group(rollout: Rollout) -> Group:
    return rollout.request.problem.id, rollout.request.draw


def _in_order(rollouts: Iterable[Rollout]) -> tuple[Rollout, ...]:
    return tuple(sorted(rollouts, key=lambda rollout: rollout.request.sample))

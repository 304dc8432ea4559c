"""The model behind the server: all requests in one continuous batch.

Threads of the server submit responses that are wanted and wait for what is drawn. The process that
computes, or all processes of a job, repeat

    plan    rank 0 says which responses enter and which leave; all ranks are told
    decode  a few tokens of every response in the slots
    tell    rank 0 hands what was drawn to the threads

A rollout worker has one temperature and one nucleus, so there is a worker for each pair that is in
use, at most ``MOST_WORKERS``. Responses enter in the order in which they came; one whose settings
find no worker waits until a worker is empty, and those behind it wait, too.

The randomness of a response is keyed by its prompt and its seed: the run's seed and purpose
``evaluation``, the prompt's name, and the low and high 32 bits of the seed as sample and draw. So
``seed eval`` draws the same tokens through the server as from the checkpoint itself, whatever else
is in the batch; the last digits of sums may depend on the batch.
"""

import hashlib
import queue
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from seed.reference.evaluation.model_policy import sampling_of
from seed.reference.evaluation.policies import Settings, request_id
from seed.reference.serving.growing_text import GrowingText, Token
from seed.reference.serving.request_error import RequestError, illegal
from seed.reference.serving.requests import Limits, Prompt, Wanted
from seed.reference.serving.texts import Texts
from seed.spec.backend import Backend, RolloutWorker
from seed.spec.config import Config
from seed.spec.datatypes import Finish, Problem, Request, Rollout, Sampling, unanswered
from seed.spec.errors import SeedError

State = TypeVar("State")
MOST_WORKERS = 4
"""Pairs of temperature and nucleus at a time; each worker has its copy of prepared weights."""
BLOCK = 4
"""Tokens between two looks at requests that come, stop texts and cancellations."""
IDLE_SECONDS = 0.5
"""How often an idle server looks whether it should stop."""
LOW_WORD = 2**32 - 1


@dataclass(frozen=True)
class Update:
    """What a response has grown by.

    Attributes:
        text: May be shown.
        tokens: That may be shown.
        finish: ``stop`` or ``length`` at its end; empty before.
        drawn: All tokens drawn, the end included.
        failure: Why there will be no more; None if all is well.
    """

    text: str = ""
    tokens: tuple[Token, ...] = ()
    finish: str = ""
    drawn: int = 0
    failure: RequestError | None = None


@dataclass(eq=False)
class Choice:
    """One response that is wanted.

    Attributes:
        request: Whose tokens are sampled.
        settings: Temperature and nucleus, and the server's token limit.
        max_tokens: The request's own limit.
        growing: Its text so far.
        updates: For the thread that waits.
        cancelled: Whether nobody waits any more.
    """

    request: Request
    settings: Settings
    max_tokens: int
    growing: GrowingText
    updates: "queue.SimpleQueue[Update]" = field(default_factory=queue.SimpleQueue)
    cancelled: bool = False
    ended: bool = False

    def take(self, rollout: Rollout) -> None:
        """Tell what a rollout has more than before."""
        if self.ended:
            return
        growing, text = self.growing, ""
        drawn = zip(rollout.response_tokens, rollout.log_probs, strict=True)
        for token, log_prob in list(drawn)[growing.drawn : self.max_tokens]:
            text += growing.feed(token, log_prob)
            if growing.stopped:
                break
        finish = self._finish(rollout)
        if finish:
            self.ended = True
            text += growing.finish()
            finish = "stop" if growing.stopped else finish
        tokens = growing.tokens(is_whole=bool(finish))
        if text or tokens or finish:
            self.updates.put(Update(text, tuple(tokens), finish, growing.drawn))

    def _finish(self, rollout: Rollout) -> str:
        """Why the response is at its end; empty if it is not."""
        drawn = self.growing.drawn
        is_whole = drawn == len(rollout.response_tokens)
        if self.growing.stopped or (is_whole and rollout.finish is Finish.EOS):
            return "stop"
        return "length" if drawn == self.max_tokens else ""

    def fail(self, failure: RequestError) -> None:
        """Tell that there will be no more."""
        if not self.ended:
            self.ended = True
            self.updates.put(Update(failure=failure))


@dataclass(frozen=True)
class Plan:
    """What every rank does next.

    Attributes:
        enter: Responses for free slots, with their settings.
        leave: Responses that are not needed any more.
    """

    enter: tuple[tuple[Settings, Request], ...]
    leave: tuple[tuple[Settings, Request], ...]


class Service(Generic[State]):
    """Answers requests with one model.

    Attributes:
        limits: Of requests.
        texts: Between texts and tokens.
        workers: By settings, those used last at the end.
    """

    def __init__(
        self,
        backend: Backend[State],
        state: State,
        config: Config,
        texts: Texts,
        limits: Limits,
        slots: int,
    ) -> None:
        """Serve the policy of a state.

        Args:
            backend: What computes.
            state: The weights.
            config: Of the model.
            texts: Of the model.
            limits: Of requests.
            slots: Responses decoded side by side.
        """
        data = config.data.model_copy(update={"max_prompt_tokens": limits.max_prompt_tokens})
        self.backend, self.state = backend, state
        self.config = config.model_copy(update={"data": data})
        self.texts, self.limits, self.slots = texts, limits, slots
        self.workers: dict[Settings, RolloutWorker] = {}
        self.waiting: deque[Choice] = deque()
        self.running: dict[Request, Choice] = {}
        self.changed = threading.Condition()
        self.failure: RequestError | None = None
        self.stopping = False
        self.submitted = 0

    def submit(self, wanted: Wanted) -> list[Choice]:
        """Queue the responses of a request, prompt by prompt.

        Raises:
            RequestError: 400 if the model cannot read a prompt, 429 if the queue is full, 503 if
                the service is at its end.
        """
        prompts = [self._read(prompt) for prompt in wanted.prompts]
        if self.limits.queue < wanted.choices * len(prompts):
            line = f"{wanted.choices * len(prompts)} responses are more than this server queues;"
            line += f" legal: at most {self.limits.queue}"
            raise RequestError(HTTPStatus.BAD_REQUEST, line, "n")
        with self.changed:
            if self.failure is not None:
                raise self.failure
            if len(self.waiting) + wanted.choices * len(prompts) > self.limits.queue:
                line = f"{len(self.waiting)} responses are waiting, of at most {self.limits.queue}"
                raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, line, code="queue_full")
            choices = [
                self._choice(wanted, name, tokens, number)
                for name, tokens in prompts
                for number in range(wanted.choices)
            ]
            self.waiting += choices
            self.changed.notify()
        return choices

    def cancel(self, choices: Sequence[Choice]) -> None:
        """Stop drawing responses that nobody waits for."""
        with self.changed:
            for choice in choices:
                choice.cancelled = True
            self.changed.notify()

    def stop(self) -> None:
        """End ``run``, and with it every response that is not complete."""
        with self.changed:
            self.stopping = True
            self.changed.notify()

    def run(self) -> None:
        """Answer until ``stop``; on every rank of a job."""
        try:
            while (plan := self.backend.on_rank_zero(self._plan)) is not None:
                self._decode(plan)
        finally:
            self._end()

    def _read(self, prompt: Prompt) -> tuple[str, tuple[int, ...]]:
        """Name and tokens of a prompt.

        Raises:
            RequestError: 400.
        """
        field_name = "messages" if prompt.messages else "prompt"
        try:
            tokens = prompt.tokens or self.texts.read(prompt)
        except SeedError as error:
            raise RequestError(HTTPStatus.BAD_REQUEST, error.line, field_name) from None
        most, vocabulary = self.limits.max_prompt_tokens, self.config.model.vocabulary
        if not 1 <= len(tokens) <= most:
            line = f"{field_name} has {len(tokens)} tokens; legal: 1 to {most}"
            code = "context_length_exceeded"
            raise RequestError(HTTPStatus.BAD_REQUEST, line, field_name, code)
        if max(tokens) >= vocabulary:
            raise illegal(field_name, max(tokens), f"token ids below {vocabulary}")
        if prompt.messages:
            return request_id(prompt.messages), tokens
        digest = hashlib.sha256(str(list(tokens)).encode()).hexdigest()
        return f"completion/{digest[:16]}", tokens

    def _choice(self, wanted: Wanted, name: str, tokens: tuple[int, ...], number: int) -> Choice:
        assert wanted.seed is not None
        seed = wanted.seed + number
        # Two clients may want the same, so the instance tells their requests apart.
        instance: dict[str, Any] = {"number": self.submitted}
        self.submitted += 1
        problem = Problem(name, "served", 1, "", instance, "", "")
        top_p = wanted.top_p if wanted.temperature else 1.0  # the most probable token is in any
        return Choice(
            request=Request(problem, tokens, seed & LOW_WORD, (seed >> 32) & LOW_WORD),
            settings=Settings(wanted.temperature, top_p, self.limits.max_tokens),
            max_tokens=wanted.max_tokens,
            growing=GrowingText(self.texts.incremental(), wanted.stops),
        )

    def _plan(self) -> Plan | None:
        """What to do next; None to stop. At rank 0."""
        with self.changed:
            if not (self.running or self.waiting or self.stopping):
                self.changed.wait(IDLE_SECONDS)
            if self.stopping:
                return None
            done = [one for one in self.running.values() if one.cancelled or one.ended]
            for choice in done:
                del self.running[choice.request]
            self.waiting = deque(one for one in self.waiting if not one.cancelled)
            enter = self._entering()
        leave = tuple((choice.settings, choice.request) for choice in done)
        return Plan(tuple((one.settings, one.request) for one in enter), leave)

    def _entering(self) -> list[Choice]:
        """The first of the queue, as long as there are slots and workers for them."""
        in_use = {choice.settings for choice in self.running.values()}
        entering: list[Choice] = []
        while self.waiting and len(self.running) < self.slots:
            in_use.add(self.waiting[0].settings)
            if len(in_use) > MOST_WORKERS:
                break
            choice = self.waiting.popleft()
            self.running[choice.request] = choice
            entering.append(choice)
        return entering

    def _decode(self, plan: Plan) -> None:
        """Follow a plan, and decode a block of tokens."""
        for settings, worker in self.workers.items():
            if leaving := {request for one, request in plan.leave if one == settings}:
                worker.preempt(leaving)
        for settings in dict.fromkeys(settings for settings, _ in plan.enter):
            entering = [unanswered(request) for one, request in plan.enter if one == settings]
            self._worker(settings).add(entering)
        for worker in self.workers.values():
            if worker.running:
                finished = worker.decode(BLOCK)
                self._tell([*finished, *worker.progress()])

    def _worker(self, settings: Settings) -> RolloutWorker:
        """The worker of some settings, which may take the place of an empty one."""
        worker = self.workers.pop(settings, None)
        if worker is None:
            idle = [one for one, worker in self.workers.items() if not worker.running]
            if len(self.workers) >= MOST_WORKERS:
                del self.workers[idle[0]]
            sampling: Sampling = sampling_of(settings, self.texts.ends)
            worker = self.backend.rollout_worker(
                self.state, self.config, self.slots, sampling, "evaluation"
            )
        self.workers[settings] = worker
        return worker

    def _tell(self, rollouts: Sequence[Rollout]) -> None:
        """Hand what was drawn to those who wait. At rank 0; others have nobody waiting."""
        for rollout in rollouts:
            choice = self.running.get(rollout.request)
            if choice is not None:
                choice.take(rollout)

    def _end(self) -> None:
        """Refuse what waits, and what comes."""
        line = "the server is shutting down"
        with self.changed:
            self.failure = RequestError(HTTPStatus.SERVICE_UNAVAILABLE, line, code="shutting_down")
            for choice in (*self.running.values(), *self.waiting):
                choice.fail(self.failure)
            self.running.clear()
            self.waiting.clear()

"""A model of ours that answers, a checkpoint or a model folder, through its backend."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from seed.reference.evaluation.policies import (
    LENGTH,
    STOP,
    Ask,
    Failure,
    Response,
    Settings,
    request_id,
)
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Finish, Problem, Request, Rollout, Sampling, unanswered
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import Tokenizer

Answer = TypeVar("Answer")
State = TypeVar("State")
DECODE_STEPS = 16
"""Tokens between two looks at which responses have ended."""
SMALLEST_NUCLEUS = 1e-12
"""A nucleus that holds the most probable token alone: temperature 0."""


@dataclass(frozen=True)
class ModelPolicy(Generic[State]):
    """A model in a backend.

    Attributes:
        backend: What computes.
        state: The weights.
        config: Of the model; its seed keys the randomness, with the text of the prompt and the
            number of the sample.
        tokenizer: Of the model.
        source: What names the model in ``evaluation.json``.
        concurrency: Responses that are decoded together; no result depends on it.
    """

    backend: Backend[State]
    state: State
    config: Config
    tokenizer: Tokenizer
    source: dict[str, Any]
    concurrency: int = 64

    @property
    def most_tokens(self) -> int:
        """Token limit of a response if nothing else is said: that of the model's run."""
        return self.config.rollout.max_response_tokens

    @property
    def is_main_process(self) -> bool:
        """Whether this process keeps the responses."""
        return self.backend.is_main_process

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns at rank 0, on every rank."""
        return self.backend.on_rank_zero(compute)

    def record(self) -> dict[str, Any]:
        """Path and step."""
        return self.source

    def respond(self, asks: Sequence[Ask]) -> Iterator[Response | Failure]:
        """Answer so many at a time, on every rank of a job."""
        readable: list[tuple[Ask, Request]] = []
        failures: list[Failure] = []
        for ask in asks:
            try:
                readable.append((ask, self._request(ask)))
            except SeedError as unreadable:
                failures.append(Failure(ask, unreadable.line))
        if failures and not readable:
            line = f"the policy can read none of the problems: {failures[0].why}"
            raise SeedError(Reason.POLICY_FAILED, line)
        yield from failures
        for settings in dict.fromkeys(ask.settings for ask, _ in readable):
            yield from self._decoded([one for one in readable if one[0].settings == settings])

    def _decoded(self, asks: Sequence[tuple[Ask, Request]]) -> Iterator[Response]:
        """Responses to requests of equal settings; a free slot takes the next request."""
        waiting = deque(asks)
        ask_of = {request: ask for ask, request in asks}
        longest = max(len(request.prompt_tokens) for _, request in asks)
        sampling = sampling_of(asks[0][0].settings, self.tokenizer.ends)
        worker = self.backend.rollout_worker(
            self.state, self._with_room_for(longest), self.concurrency, sampling, "evaluation"
        )
        while waiting or worker.running:
            free = min(self.concurrency - worker.running, len(waiting))
            worker.add([unanswered(waiting.popleft()[1]) for _ in range(free)])
            for rollout in worker.decode(DECODE_STEPS):
                yield self._response(ask_of[rollout.request], rollout)

    def _with_room_for(self, prompt_tokens: int) -> Config:
        """The configuration with slots that hold a longer prompt."""
        room = max(prompt_tokens, self.config.data.max_prompt_tokens)
        data = self.config.data.model_copy(update={"max_prompt_tokens": room})
        return self.config.model_copy(update={"data": data})

    def _request(self, ask: Ask) -> Request:
        """The request of one response.

        Raises:
            SeedError: ILLEGAL_VALUE: the model cannot read the prompt.
        """
        question = ask.question
        compact = question.compact if self.config.tokenizer.path == "" else ""
        messages = ({"role": "user", "content": compact},) if compact else question.messages
        problem = Problem(
            id=request_id(messages),
            family=question.benchmark,
            difficulty=1,
            prompt=messages[-1]["content"],
            instance={"key": question.key},  # two problems may have one prompt
            demonstration="",
            answer="",
            messages=messages,
        )
        tokens = self.tokenizer.prompt(problem)
        if max(tokens) >= self.config.model.vocabulary:
            line = f"the prompt has a token beyond model.vocabulary={self.config.model.vocabulary}"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        return Request(problem, tokens, ask.settings.seed + ask.sample, 0)

    def _response(self, ask: Ask, rollout: Rollout) -> Response:
        return Response(
            key=ask.question.key,
            sample=ask.sample,
            text=self.tokenizer.decode(rollout.response_tokens),
            finish=LENGTH if rollout.finish is Finish.LENGTH else STOP,
            tokens=len(rollout.response_tokens),
        )


def sampling_of(settings: Settings, ends: frozenset[int]) -> Sampling:
    """The sampler's settings; temperature 0 is a nucleus of one token."""
    if settings.temperature == 0.0:
        return Sampling(1.0, SMALLEST_NUCLEUS, settings.max_tokens, ends)
    return Sampling(settings.temperature, settings.top_p, settings.max_tokens, ends)

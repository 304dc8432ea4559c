"""Who answers the problems of an evaluation: the contract, and a model behind a server.

A policy gives responses as they come, in any order; the one who asks keeps them. What a policy
cannot answer comes as a ``Failure`` with the reason: it is no response and never counts as wrong.
"""

import hashlib
import json
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from seed.reference.evaluation.questions import Message, Question
from seed.reference.rewards.chat_client import ChatClient, NoReply
from seed.spec.errors import Reason, SeedError

Answer = TypeVar("Answer")
FAILURES_IN_A_ROW = 10
"""So many requests without a reply, and none with one in between, end an evaluation."""
STOP, LENGTH = "stop", "length"
"""How a response ended: by itself, or at the token limit. Servers may say other things."""


@dataclass(frozen=True)
class Settings:
    """How responses are sampled.

    Attributes:
        temperature: >= 0; 0 takes the most probable token.
        top_p: Mass of the nucleus, in (0, 1].
        max_tokens: Token limit of a response, >= 1.
        seed: Of the requests; sample k of a problem is sent ``seed + k``.
    """

    temperature: float
    top_p: float
    max_tokens: int
    seed: int = 0


@dataclass(frozen=True)
class Ask:
    """One response that is wanted."""

    question: Question
    sample: int
    settings: Settings


@dataclass(frozen=True)
class Response:
    """One response.

    Attributes:
        key: Of the question.
        sample: Its number among the responses to the question, from 0.
        text: What is judged.
        finish: ``stop``, ``length`` or what a server says; empty if nobody knows.
        tokens: Number of tokens; None if nobody knows.
        reasoning: What a server keeps apart from the text; it is stored and not judged.
    """

    key: str
    sample: int
    text: str
    finish: str = ""
    tokens: int | None = None
    reasoning: str = ""

    @property
    def name(self) -> tuple[str, int]:
        """Key and sample."""
        return self.key, self.sample

    @property
    def truncated(self) -> bool | None:
        """Whether the token limit cut it off; None if nobody knows."""
        return self.finish == LENGTH if self.finish else None


@dataclass(frozen=True)
class Failure:
    """Why there is no response."""

    ask: Ask
    why: str


class Policy(Protocol):
    """Answers questions.

    Attributes:
        is_main_process: Whether this process keeps the responses; false on the other ranks of a
            job, which only compute.
    """

    @property
    def is_main_process(self) -> bool:
        """Whether this process keeps the responses."""
        ...

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns or raises at rank 0, the same in every process."""
        ...

    def record(self) -> dict[str, Any]:
        """What names the policy in ``evaluation.json``; no secret."""
        ...

    def respond(self, asks: Sequence[Ask]) -> Iterator[Response | Failure]:
        """Answer each of the asks once, in any order.

        Raises:
            SeedError: POLICY_FAILED: it is of no use to go on.
        """
        ...


class OneProcess:
    """A policy of one process."""

    is_main_process = True

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns."""
        return compute()


def request_id(messages: Sequence[Message]) -> str:
    """Name of a chat request: the same messages are the same problem to a sampler.

    The randomness of a response is keyed by this name and the number of its sample.
    """
    text = json.dumps([[m["role"], m["content"]] for m in messages], ensure_ascii=False)
    return f"chat/{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


@dataclass(frozen=True)
class ServerPolicy(OneProcess):
    """A model behind an OpenAI-compatible server.

    Attributes:
        client: The server.
        model: Name of the model there.
        concurrency: Most requests at a time.
    """

    client: ChatClient
    model: str
    concurrency: int = 8

    def record(self) -> dict[str, Any]:
        """Address and model."""
        return {"kind": "server", "url": self.client.url, "model": self.model}

    def respond(self, asks: Sequence[Ask]) -> Iterator[Response | Failure]:
        """Ask from several threads, which end with this generator or with the process."""
        waiting: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        answers: queue.SimpleQueue[Response | Failure] = queue.SimpleQueue()

        def serve() -> None:
            while (ask := waiting.get()) is not None:
                answers.put(self.answer(ask))

        count = min(self.concurrency, len(asks))
        for _ in range(count):
            # Daemons: Ctrl-C does not wait for the replies of a slow server.
            threading.Thread(target=serve, daemon=True).start()
        # An ask is handed out for each answer taken, so that a stop leaves few requests behind.
        for ask in asks[:count]:
            waiting.put(ask)
        failures = 0
        try:
            for number in range(len(asks)):
                answer = answers.get()
                failures = failures + 1 if isinstance(answer, Failure) else 0
                yield answer
                if isinstance(answer, Failure) and failures >= FAILURES_IN_A_ROW:
                    line = f"{self.client.url}: {failures} requests in a row failed: {answer.why}"
                    raise SeedError(Reason.POLICY_FAILED, line)
                if number + count < len(asks):
                    waiting.put(asks[number + count])
        finally:
            for _ in range(count):
                waiting.put(None)

    def answer(self, ask: Ask) -> Response | Failure:
        """One request."""
        settings = ask.settings
        fields: dict[str, Any] = {
            "model": self.model,
            "messages": list(ask.question.messages),
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": settings.max_tokens,
            "seed": settings.seed + ask.sample,
        }
        try:
            choice = self.client.complete(fields)
        except NoReply as failure:
            return Failure(ask, str(failure))
        if choice.text is None and not choice.reasoning:
            return Failure(ask, "the reply holds no text")
        return Response(
            key=ask.question.key,
            sample=ask.sample,
            text=choice.text or "",
            finish=choice.finish,
            tokens=choice.tokens,
            reasoning=choice.reasoning,
        )


def served_model(client: ChatClient, name: str) -> str:
    """The model to ask for: the one that is named, else the only one of the server.

    Raises:
        SeedError: POLICY_FAILED without a server; ILLEGAL_VALUE if it has several models.
    """
    if name:
        return name
    try:
        models = client.models()
    except NoReply as failure:
        line = f"{client.url}/models: {failure}; legal: a server that lists its models, or --model"
        raise SeedError(Reason.POLICY_FAILED, line) from None
    if len(models) != 1:
        listed = ", ".join(models) or "none"
        line = f"--model must be one of the models of {client.url}: {listed}"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    return models[0]

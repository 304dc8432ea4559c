"""A judge behind any OpenAI-compatible server, asked through ``chat_client``.

No readable verdict, finish reason "length": an error at once. Repeating the request until there is
a verdict would bias the verdicts. An error is never counted as a verdict. Requests are sent one at
a time.
"""

from dataclasses import dataclass
from typing import Any

from seed.reference.rewards.chat_client import ChatClient, NoReply
from seed.reference.rewards.judge_prompts import read_verdict, request_text
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.judge import Principles, Triplet

MAX_ANSWER_CHARACTERS = 20_000
"""A longer final answer is wrong without a request: the judge's context and cost are limited."""


@dataclass(frozen=True)
class HttpJudge:
    """Implements ``spec.judge.Judge``.

    Attributes:
        url: Base of the API, up to and including ``/v1``.
        model: Name of the model on that server.
        key: Sent as a bearer token if not empty; never part of a message.
        principles: How to judge.
        thinking: Whether the judge reasons first.
        timeout: Seconds of one attempt, from connection to last byte.
        attempts: Most attempts per verdict.
        pause: Seconds before the second attempt; doubles with each further one.
        temperature: Sampling temperature, >= 0; None sends none, for models that refuse the field.
    """

    url: str
    model: str
    key: str
    principles: Principles
    thinking: bool = True
    timeout: float = 120.0
    attempts: int = 4
    pause: float = 1.0
    temperature: float | None = 0.0

    def __call__(self, triplet: Triplet) -> Verdict:
        """Judge one answer; a failure is an error with its reason."""
        length = len(triplet.answer)
        if length > MAX_ANSWER_CHARACTERS:
            why = f"the answer has {length} characters, more than {MAX_ANSWER_CHARACTERS}"
            return Verdict(Outcome.WRONG, "", f"{why}; no judge was asked")
        try:
            prompt = request_text(triplet, self.principles, self.thinking)
            verdict, why = read_verdict(self._reply(prompt), self.principles.verdicts)
        except NoReply as failure:
            verdict, why = "", str(failure)
        if not verdict:
            return Verdict(Outcome.ERROR, "", f"{self.name}: {why}")
        is_correct = verdict == self.principles.verdicts[0]
        outcome = Outcome.CORRECT if is_correct else Outcome.WRONG
        return Verdict(outcome, verdict, f"{self.name} says {verdict}")

    @property
    def name(self) -> str:
        """Model, kind and version of the principles, for the verdicts."""
        kind = "thinking" if self.thinking else "direct"
        return f"judge {self.model} ({kind}, principles {self.principles.version})"

    def _reply(self, prompt: str) -> str:
        """The judge's text, after at most ``attempts`` attempts."""
        messages = [{"role": "user", "content": prompt}]
        body: dict[str, Any] = {"model": self.model, "messages": messages}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        client = ChatClient(self.url, self.key, self.timeout, self.attempts, self.pause)
        choice = client.complete(body)
        if choice.finish == "length":
            raise NoReply("the judge's reply was cut off by its token limit", retry=False)
        if choice.text is None:
            raise NoReply("the reply holds no text", retry=False)
        return choice.text

"""A judge behind any OpenAI-compatible server: ``POST BASE/chat/completions``, with patience and
without trust.

    429, 5xx, refused, cut off, timed out   asked again after 1, 2, 4 ... times ``pause`` seconds, or after Retry-After
    any other status, unreadable JSON       an error at once
    no readable verdict, finish "length"    an error at once: asking again until the judge says something would bias it

An error is never a verdict. The standard library does: one request at a time, nothing streamed.
Redirects are refused, because urllib would carry the key to wherever they lead.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from seed.reference.rewards.judge_prompts import YES, read_verdict, request_text
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.judge import Principles, Triplet

MAX_ANSWER_CHARACTERS = 20_000
"""A final answer that long is none: it is wrong, and the judge's context and purse are spared."""
MAX_REPLY_BYTES = 8 * 2**20
"""A reasoning of 32k tokens takes a few hundred kilobytes; more than this is not a reply."""
LONGEST_PAUSE = 30.0
"""Seconds that a server may ask us to wait before the next attempt."""
CHUNK = 65_536


class NoReply(Exception):
    """The server gave no usable reply; ``again`` says whether asking again can help, ``pause`` how
    long it asks to wait.
    """

    def __init__(self, why: str, again: bool, pause: float = 0.0) -> None:
        super().__init__(why)
        self.again = again
        self.pause = pause


class RefuseRedirects(urllib.request.HTTPRedirectHandler):
    """Turns every redirect into an error."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


@dataclass(frozen=True)
class ServerJudge:
    """Fulfils ``spec.judge.Judge``.

    Attributes:
        url: Base of the API, up to and including ``/v1``.
        model: Name of the model on that server.
        key: Sent as a bearer token if not empty; never part of a message.
        principles: How to judge.
        thinking: Whether the judge reasons first.
        timeout: Seconds of one attempt, from connection to last byte.
        attempts: Most attempts per verdict.
        pause: Seconds before the second attempt; doubles.
    """

    url: str
    model: str
    key: str
    principles: Principles
    thinking: bool = True
    timeout: float = 120.0
    attempts: int = 4
    pause: float = 1.0

    def __call__(self, triplet: Triplet) -> Verdict:
        """Ask the server; see the table above for what happens when it does not answer."""
        if len(triplet.answer) > MAX_ANSWER_CHARACTERS:
            why = (
                f"the answer has {len(triplet.answer)} characters, more than"
                f" {MAX_ANSWER_CHARACTERS}; no judge was asked"
            )
            return Verdict(Outcome.WRONG, "", why)
        try:
            said, why = read_verdict(
                self._reply(request_text(triplet, self.principles, self.thinking))
            )
        except NoReply as failure:
            said, why = "", str(failure)
        if not said:
            return Verdict(Outcome.ERROR, "", f"{self.name}: {why}")
        return Verdict(
            Outcome.CORRECT if said == YES else Outcome.WRONG, said, f"{self.name} says {said}"
        )

    @property
    def name(self) -> str:
        """Judge, kind and version of the principles, as verdicts name them."""
        return (
            f"judge {self.model} ({'thinking' if self.thinking else 'direct'}, principles"
            f" {self.principles.version})"
        )

    def _reply(self, prompt: str) -> str:
        """The judge's text, after as many attempts as it takes and is allowed."""
        for attempt in range(1, self.attempts + 1):
            try:
                return content_of(self._post(prompt))
            except NoReply as failure:
                if not failure.again or attempt == self.attempts:
                    tried = f" ({attempt} attempts)" if attempt > 1 else ""
                    raise NoReply(f"{failure}{tried}", again=False) from None
                time.sleep(min(max(failure.pause, self.pause * 2 ** (attempt - 1)), LONGEST_PAUSE))
        raise NoReply("no attempt was allowed", again=False)

    def _post(self, prompt: str) -> bytes:
        """One attempt: the body of a reply with status 200, read within the time limit."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0.0,
        }
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.key}"} if self.key else {}
        )
        url = f"{self.url.rstrip('/')}/chat/completions"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        deadline = time.monotonic() + self.timeout
        try:
            with urllib.request.build_opener(RefuseRedirects).open(
                request, timeout=self.timeout
            ) as response:
                return read_within(response, deadline)
        except urllib.error.HTTPError as error:
            with error:
                again = error.code == 429 or error.code >= 500
                raise NoReply(
                    f"the server answered with status {error.code}", again, retry_after(error)
                ) from None
        except (OSError, http.client.HTTPException) as error:
            # A refused connection, a time-out, a body that ends early. URLError is an OSError that
            # wraps the cause.
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            raise NoReply(
                f"no reply from the server: {type(cause).__name__}: {cause}", again=True
            ) from None


def read_within(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read a body to its end, within time and size; a server that drips bytes does not outwit the
    time limit.

    Raises:
        NoReply: Too late or too large.
        http.client.IncompleteRead: The body ended before its announced length.
    """
    announced, read = response.length, b""
    while part := response.read1(CHUNK):
        read += part
        if time.monotonic() > deadline:
            raise NoReply(
                "no reply from the server: the time limit passed while it was still sending",
                again=True,
            )
        if len(read) > MAX_REPLY_BYTES:
            raise NoReply(f"the reply has more than {MAX_REPLY_BYTES} bytes", again=False)
    if announced is not None and len(read) < announced:
        raise http.client.IncompleteRead(read, announced - len(read))
    return read


def content_of(body: bytes) -> str:
    """The text of the first choice of a chat completion.

    Raises:
        NoReply: It is not a chat completion, or it was cut off by a token limit.
    """
    try:
        choice = json.loads(body)["choices"][0]
        content, finish = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise NoReply("the reply is not a chat completion", again=False) from None
    if finish == "length":
        raise NoReply("the judge's reply was cut off by its token limit", again=False)
    if not isinstance(content, str):
        raise NoReply("the reply holds no text", again=False)
    return content


def retry_after(error: urllib.error.HTTPError) -> float:
    """Seconds that the server asks to wait; 0 if it does not say or says it as a date."""
    text = error.headers.get("Retry-After", "") if error.headers else ""
    return float(text) if text.isascii() and text.isdigit() else 0.0

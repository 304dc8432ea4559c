"""Requests to any OpenAI-compatible server: JSON over HTTP, with retries.

- Status 429 or 5xx, connection refused or cut off, time-out: another attempt after ``pause``, 2, 4,
  ... times ``pause`` seconds, or after Retry-After.
- Any other status: an error at once, with the beginning of what the server says about it, since a
  refused model name or temperature is corrected by who reads that. Unreadable JSON: an error too.

Requests are sent with the standard library; replies are not streamed, and may be compressed by gzip
or zlib. Redirects are refused, because urllib would send the key to their target. A client holds no
connection and may be used by several threads.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_REPLY_BYTES = 8 * 2**20
"""Reasoning of 32k tokens takes a few hundred kilobytes; more than this is not a reply."""
LONGEST_PAUSE = 30.0
"""Most seconds between two attempts, whatever Retry-After requests."""
CHUNK = 65_536
"""Bytes of one read."""
MOST_QUOTED = 200
"""Characters of what a server says about an error."""
EITHER_FORMAT = 47
"""``wbits`` of zlib: gzip or zlib, whichever the body has."""
TEXT_PARTS = ("text", "output_text", None)
"""Types of the parts that are the reply itself; others hold reasoning, or why nothing is said."""


class NoReply(Exception):
    """The server gave no usable reply.

    Attributes:
        retry: Whether another attempt can help.
        pause: Seconds to wait before it, by Retry-After.
    """

    def __init__(self, why: str, retry: bool, pause: float = 0.0) -> None:
        super().__init__(why)
        self.retry = retry
        self.pause = pause


class RefuseRedirects(urllib.request.HTTPRedirectHandler):
    """Makes every redirect an error."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


class Choice(NamedTuple):
    """The first choice of a chat completion.

    Attributes:
        text: The reply itself; None if it holds no text.
        reasoning: What the server keeps apart as reasoning (``reasoning_content``, ``reasoning``).
        finish: Why it ended, such as ``stop`` or ``length``; empty if the server does not say.
        tokens: Tokens of the completion by the server's count; None if it does not say.
    """

    text: str | None
    reasoning: str
    finish: str
    tokens: int | None


@dataclass(frozen=True)
class ChatClient:
    """One server.

    Attributes:
        url: Base of the API, up to and including ``/v1``.
        key: Sent as a bearer token if not empty; never part of a message.
        timeout: Seconds of one attempt, from connection to last byte.
        attempts: Most attempts per request.
        pause: Seconds before the second attempt; doubles with each further one.
    """

    url: str
    key: str = ""
    timeout: float = 120.0
    attempts: int = 4
    pause: float = 1.0

    def complete(self, fields: Mapping[str, Any]) -> Choice:
        """The first choice of ``POST BASE/chat/completions``.

        Raises:
            NoReply: After the last attempt.
        """
        return self._repeated("chat/completions", fields)

    def models(self) -> list[str]:
        """Names of the models that ``GET BASE/models`` lists.

        Raises:
            NoReply: No server, or no such list.
        """
        try:
            return [str(entry["id"]) for entry in json.loads(self._send("models", None))["data"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise NoReply("the reply is no list of models", retry=False) from None

    def _repeated(self, path: str, fields: Mapping[str, Any]) -> Choice:
        for attempt in range(1, self.attempts + 1):
            try:
                return choice_of(self._send(path, fields))
            except NoReply as failure:
                if not failure.retry or attempt == self.attempts:
                    count = f" ({attempt} attempts)" if attempt > 1 else ""
                    raise NoReply(f"{failure}{count}", retry=False) from None
                time.sleep(min(max(failure.pause, self.pause * 2 ** (attempt - 1)), LONGEST_PAUSE))
        raise NoReply("no attempt was allowed", retry=False)

    def _send(self, path: str, fields: Mapping[str, Any] | None) -> bytes:
        """One attempt: the body of a reply with status 200, read within the time limit."""
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        url = f"{self.url.rstrip('/')}/{path}"
        body = None if fields is None else json.dumps(fields).encode()
        request = urllib.request.Request(url, body, headers, method="POST" if body else "GET")
        opener = urllib.request.build_opener(RefuseRedirects)
        deadline = time.monotonic() + self.timeout
        try:
            with opener.open(request, timeout=self.timeout) as response:
                return decompressed(read_within(response, deadline))
        except urllib.error.HTTPError as error:
            with error:
                why, retry = f"status {error.code}", error.code == 429 or error.code >= 500
                pause = retry_after(error)
                if not retry and (reason := self._reason_of(error, deadline)):
                    why = f"{why}: {reason}"
                raise NoReply(f"the server answered with {why}", retry, pause) from None
        except (OSError, http.client.HTTPException) as error:
            # Connection refused, time-out, or a body that ends early. URLError wraps its cause.
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            why = f"{type(cause).__name__}: {cause}"
            raise NoReply(f"no reply from the server: {why}", retry=True) from None

    def _reason_of(self, error: urllib.error.HTTPError, deadline: float) -> str:
        """The server's own sentence about a refused request, cut, and never the key."""
        try:
            # The stub knows ``fp`` as any binary file; urllib puts the response there.
            body = decompressed(read_within(error.fp, deadline))  # type: ignore[arg-type]
        except (NoReply, OSError, http.client.HTTPException, AttributeError):
            return ""
        sentence = sentence_of(body.decode("utf-8", "replace"))
        sentence = sentence.replace(self.key, "[key]") if self.key else sentence
        return " ".join(sentence.split())[:MOST_QUOTED]


def decompressed(body: bytes) -> bytes:
    """A body without its gzip or zlib compression; no JSON begins as these do.

    Raises:
        NoReply: It cannot be decompressed, or becomes too large.
    """
    if body[:2] not in (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        return body
    reader = zlib.decompressobj(EITHER_FORMAT)
    try:
        plain = reader.decompress(body, MAX_REPLY_BYTES)
    except zlib.error:
        raise NoReply("the reply cannot be decompressed", retry=False) from None
    if reader.unconsumed_tail or not reader.eof:
        raise NoReply("the compressed reply is cut off or too large", retry=False)
    return plain


def sentence_of(body: str) -> str:
    """What an error of an API says: its ``error.message``, or the text itself."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return body
    for name in ("error", "message", "detail", "msg"):
        while isinstance(content, list) and content:
            content = content[0]
        if isinstance(content, dict) and name in content:
            content = content[name]
    return content if isinstance(content, str) else body


def read_within(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read a body to its end, until a deadline (of ``time.monotonic``) and up to a size limit.

    The time is checked after every read: the socket's time-out alone would allow a server to send
    single bytes forever.

    Raises:
        NoReply: Too late or too large.
        http.client.IncompleteRead: The body ended before its announced length.
    """
    announced, body = response.length, b""
    while chunk := response.read1(CHUNK):
        body += chunk
        if time.monotonic() > deadline:
            why = "the time limit passed while it was still sending"
            raise NoReply(f"no reply from the server: {why}", retry=True)
        if len(body) > MAX_REPLY_BYTES:
            raise NoReply(f"the reply has more than {MAX_REPLY_BYTES} bytes", retry=False)
    if announced is not None and len(body) < announced:
        raise http.client.IncompleteRead(body, announced - len(body))
    return body


def choice_of(body: bytes) -> Choice:
    """The first choice of a chat completion.

    Raises:
        NoReply: It is not a chat completion.
    """
    try:
        reply = json.loads(body)
        choice = reply["choices"][0]
        message = choice["message"]
        content, finish = message["content"], choice.get("finish_reason")
        reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
        tokens = (reply.get("usage") or {}).get("completion_tokens")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise NoReply("the reply is not a chat completion", retry=False) from None
    text = text_of_parts(content) if isinstance(content, list) else content
    return Choice(
        text=text if isinstance(text, str) else None,
        reasoning=reasoning if isinstance(reasoning, str) else "",
        finish=finish if isinstance(finish, str) else "",
        tokens=tokens if isinstance(tokens, int) else None,
    )


def text_of_parts(parts: list[Any]) -> str | None:
    """The text of a content in parts, reasoning left out; None if there is none."""
    if not all(isinstance(part, dict) for part in parts):
        return None
    texts = [part.get("text") for part in parts if part.get("type") in TEXT_PARTS]
    return "".join(text for text in texts if isinstance(text, str)) if texts else None


def retry_after(error: urllib.error.HTTPError) -> float:
    """Seconds of the Retry-After header; 0 without one or if it is a date."""
    text = error.headers.get("Retry-After", "") if error.headers else ""
    return float(text) if text.isascii() and text.isdigit() else 0.0

"""Requests of the OpenAI protocol: every field read, checked, and refused if it would be ignored.

    POST /v1/chat/completions   messages
    POST /v1/completions        prompt: a text, a list of texts, token ids, or a list of lists

What a field does not say is the server's default. Fields that this server cannot honour are legal
with their neutral value only, so nothing that a client asks for is silently left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from seed.reference.serving.request_error import RequestError, illegal

Message = Mapping[str, str]
LARGEST_SEED = 2**63
"""Seeds are 64-bit integers with a sign."""
MOST_STOPS, LONGEST_STOP = 16, 256
MOST_CHOICES = 128
HOTTEST = 2.0

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "presence_penalty": (0, None),
    "frequency_penalty": (0, None),
    "logit_bias": ({}, None),
    "top_logprobs": (0, None),
    "response_format": ({"type": "text"}, None),
    "tools": ([], None),
    "tool_choice": ("none", "auto", None),
    "functions": ([], None),
    "modalities": (["text"], None),
    "best_of": (1, None),
    "echo": (False, None),
    "suffix": ("", None),
}
"""Fields that only some values of leave as they are: what this server does anyway."""
UNREAD = (
    *("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"),
    *("parallel_tool_calls", "prompt_cache_retention"),
)
"""Fields that say nothing about the response."""


@dataclass(frozen=True)
class Limits:
    """What requests may ask for.

    Attributes:
        max_tokens: Most tokens of a response, and what is drawn if a request does not say.
        max_prompt_tokens: Most tokens of a prompt.
        queue: Most responses that wait for a slot.
        body_bytes: Largest body of a request.
    """

    max_tokens: int
    max_prompt_tokens: int
    queue: int
    body_bytes: int


@dataclass(frozen=True)
class Prompt:
    """What is to be continued: chat messages, a text, or token ids; the others are empty."""

    messages: tuple[Message, ...] = ()
    text: str = ""
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """A request.

    Attributes:
        model: Name of the model; empty for the one that is served.
        prompts: One for chat.
        is_chat: Which of the two protocols.
        temperature: >= 0; 0 takes the most probable token.
        top_p: Mass of the nucleus, in (0, 1].
        max_tokens: Most tokens of a response.
        choices: Responses to each prompt.
        seed: Keys the randomness of the first choice; the next one has the next seed. None: any.
        stops: Texts that end a response.
        log_probs: Whether tokens and their log-probabilities are wanted.
        streams: Whether the reply comes in pieces.
        usage_at_end: Whether a stream ends with the number of tokens.
    """

    model: str
    prompts: tuple[Prompt, ...]
    is_chat: bool
    temperature: float
    top_p: float
    max_tokens: int
    choices: int
    seed: int | None
    stops: tuple[str, ...]
    log_probs: bool
    streams: bool
    usage_at_end: bool


def read_request(body: bytes, is_chat: bool, limits: Limits) -> Wanted:
    """Read the body of a request.

    Raises:
        RequestError: 400.
    """
    fields = _Fields(_json_object(body))
    prompts = _chat_prompt(fields) if is_chat else _prompts(fields)
    streams = fields.boolean("stream")
    wanted = Wanted(
        model=fields.text("model"),
        prompts=prompts,
        is_chat=is_chat,
        temperature=fields.number("temperature", 1.0, 0.0, HOTTEST),
        top_p=fields.number("top_p", 1.0, 0.0, 1.0, without_least=True),
        max_tokens=_max_tokens(fields, limits),
        choices=fields.integer("n", 1, 1, MOST_CHOICES),
        seed=fields.integer_or_none("seed", -LARGEST_SEED, LARGEST_SEED - 1),
        stops=_stops(fields),
        log_probs=_log_probs(fields, is_chat),
        streams=streams,
        usage_at_end=_usage_at_end(fields, streams),
    )
    fields.refuse_rest()
    return wanted


class _Fields:
    """The fields of a request; those that were taken are gone."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def take(self, name: str) -> Any:
        return self.values.pop(name, None)

    def text(self, name: str) -> str:
        value = self.take(name)
        return "" if value is None else checked_text(name, value)

    def boolean(self, name: str) -> bool:
        value = self.take(name)
        if value is not None and type(value) is not bool:
            raise illegal(name, value, "true, false")
        return bool(value)

    def number(
        self, name: str, default: float, least: float, most: float, without_least: bool = False
    ) -> float:
        value = self.take(name)
        if value is None:
            return default
        fits = type(value) in (int, float) and least <= value <= most
        if not fits or (without_least and value == least):
            above = "above " if without_least else ""
            raise illegal(name, value, f"a number from {above}{least:g} to {most:g}")
        return float(value)

    def integer_or_none(self, name: str, least: int, most: int) -> int | None:
        value = self.take(name)
        if value is not None and not (type(value) is int and least <= value <= most):
            raise illegal(name, value, f"an integer from {least} to {most}")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        value = self.integer_or_none(name, least, most)
        return default if value is None else value

    def refuse_rest(self) -> None:
        """Refuse every field that was not taken and would change the response.

        Raises:
            RequestError: 400.
        """
        for name, value in self.values.items():
            if name in NEUTRAL:
                if not any(_is_same(value, one) for one in NEUTRAL[name]):
                    legal = ", ".join(json.dumps(one) for one in NEUTRAL[name] if one is not None)
                    raise illegal(name, value, f"{legal}, since this server has nothing else")
            elif name not in UNREAD:
                raise illegal(name, value, "no such field")


def _is_same(value: Any, neutral: Any) -> bool:
    """Equality, in which false is no 0."""
    return bool(value == neutral) and (type(value) is bool) == (type(neutral) is bool)


def checked_text(name: str, value: Any) -> str:
    """A text that UTF-8 can write.

    Raises:
        RequestError: 400.
    """
    if not isinstance(value, str):
        raise illegal(name, value, "a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise illegal(name, value, "a text without half of a surrogate pair") from None
    return value


def _json_object(body: bytes) -> dict[str, Any]:
    def no_number(name: str) -> None:
        raise ValueError(f"{name} is no JSON number")

    try:
        value = json.loads(body.decode(), parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        line = f"the body is no JSON: {error}"
        raise RequestError(HTTPStatus.BAD_REQUEST, line, code="invalid_json") from None
    if not isinstance(value, dict):
        line = "the body is no JSON object"
        raise RequestError(HTTPStatus.BAD_REQUEST, line, code="invalid_json")
    return value


def _chat_prompt(fields: _Fields) -> tuple[Prompt, ...]:
    messages = fields.take("messages")
    if not isinstance(messages, list) or not messages:
        raise illegal("messages", messages, "a list of messages, at least one")
    return (Prompt(messages=tuple(_message(n, one) for n, one in enumerate(messages))),)


def _message(number: int, message: Any) -> Message:
    """A message of texts only; a content in parts becomes one text."""
    place = f"messages[{number}]"
    if not isinstance(message, dict) or "role" not in message:
        raise illegal(place, message, "an object with role and content")
    content = message.get("content")
    if isinstance(content, list):
        parts = [part if isinstance(part, dict) else {} for part in content]
        if not all(part.get("type") == "text" for part in parts):
            raise illegal(f"{place}.content", content, 'a text, or parts of type "text"')
        content = "".join(checked_text(f"{place}.content", part.get("text")) for part in parts)
    text = {"role": message["role"], "content": content}
    for name, value in message.items():
        if name not in text and value is not None:
            text[name] = value
    return {name: checked_text(f"{place}.{name}", value) for name, value in text.items()}


def _prompts(fields: _Fields) -> tuple[Prompt, ...]:
    legal = "a text, a list of texts, a list of token ids, or a list of such lists"
    value = fields.take("prompt")
    if isinstance(value, str):
        return (Prompt(text=checked_text("prompt", value)),)
    if not isinstance(value, list) or not value or len(value) > MOST_CHOICES:
        raise illegal("prompt", value, f"{legal}, at most {MOST_CHOICES}")
    if _are_ids(value):
        return (Prompt(tokens=tuple(value)),)
    if all(isinstance(one, str) for one in value):
        return tuple(Prompt(text=checked_text("prompt", one)) for one in value)
    if all(isinstance(one, list) and one and _are_ids(one) for one in value):
        return tuple(Prompt(tokens=tuple(one)) for one in value)
    raise illegal("prompt", value, legal)


def _are_ids(values: Sequence[Any]) -> bool:
    return all(type(one) is int and one >= 0 for one in values)


def _max_tokens(fields: _Fields, limits: Limits) -> int:
    """``max_completion_tokens``, or ``max_tokens`` as it was called before."""
    names = ("max_completion_tokens", "max_tokens")
    newer, older = (fields.integer_or_none(name, 1, limits.max_tokens) for name in names)
    if newer is not None and older is not None and newer != older:
        raise illegal("max_tokens", older, f"max_completion_tokens={newer}, or one of the two")
    given = newer if newer is not None else older
    return limits.max_tokens if given is None else given


def _stops(fields: _Fields) -> tuple[str, ...]:
    value = fields.take("stop")
    texts = [] if value is None else [value] if isinstance(value, str) else value
    legal = f"a text, or up to {MOST_STOPS}, of 1 to {LONGEST_STOP} characters"
    if not isinstance(texts, list) or len(texts) > MOST_STOPS:
        raise illegal("stop", value, legal)
    for text in texts:
        if not 1 <= len(checked_text("stop", text)) <= LONGEST_STOP:
            raise illegal("stop", text, legal)
    return tuple(texts)


def _log_probs(fields: _Fields, is_chat: bool) -> bool:
    """Whether log-probabilities are wanted, which are those of the tokens that were drawn."""
    if is_chat:
        return fields.boolean("logprobs")
    value = fields.take("logprobs")
    if not (value is None or (type(value) is int and value == 0)):
        raise illegal("logprobs", value, "0: of the tokens that were drawn, without alternatives")
    return value is not None


def _usage_at_end(fields: _Fields, streams: bool) -> bool:
    options = fields.take("stream_options")
    if options is None:
        return False
    if not streams or not isinstance(options, dict):
        raise illegal("stream_options", options, "an object, with stream=true")
    nested = _Fields(dict(options))
    usage = nested.boolean("include_usage")
    nested.boolean("include_obfuscation")
    nested.refuse_rest()
    return usage

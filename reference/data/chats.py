"""Chats of files for SFT: rows of several forms become messages and the turns that are taught.

The columns of a row tell its form; the first of ``CHAT_FORMS`` that fits reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seed.reference.data.messages import Unusable, checked_message

Fields = Mapping[str, Any]
Message = Mapping[str, str]
ASSISTANT = "assistant"
ROLE_OF: Mapping[str, str] = {
    "human": "user",
    "user": "user",
    "gpt": ASSISTANT,
    "chatgpt": ASSISTANT,
    "model": ASSISTANT,
    "assistant": ASSISTANT,
    "system": "system",
}
"""``from`` of ShareGPT -> role."""
CALLS = ("tool_calls", "function_call")
REASONING = ("reasoning_content", "reasoning")
"""Keys of a message that hold reasoning apart from its content."""


@dataclass(frozen=True)
class Chat:
    """A chat, up to the last turn that is taught.

    Attributes:
        messages: Mappings with ``role`` and ``content``; an assistant's may have
            ``reasoning_content``.
        taught: Places of the assistant's messages that are taught, at least one.
        form: Name of the form that read it.
    """

    messages: tuple[Message, ...]
    taught: tuple[int, ...]
    form: str


@dataclass(frozen=True)
class Form:
    """How rows of one form are recognised and read.

    Attributes:
        name: What people call it.
        needs: Columns that must be there; of ``a|b`` one of them.
        becomes: What they become, for the documentation.
        read: The messages of a row that has them, not yet checked.
        fits: What must hold besides.
    """

    name: str
    needs: tuple[str, ...]
    becomes: str
    read: Callable[[Fields], Sequence[Any]]
    fits: Callable[[Fields], bool] = lambda row: True

    def matches(self, row: Fields) -> bool:
        """Whether a row is of this form."""
        has_all = all(any(name in row for name in need.split("|")) for need in self.needs)
        return has_all and self.fits(row)


def _first(row: Fields, *names: str) -> Any:
    return next((row[name] for name in names if name in row), "")


def _said(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def _system(row: Fields) -> list[Any]:
    return [_said("system", row["system"])] if row.get("system") else []


def _turns(prompt: Any) -> list[Any]:
    """A prompt as messages: they stand as they are, a text is the user's."""
    return list(prompt) if _is_list(prompt) else [_said("user", prompt)]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _demonstrated(row: Fields) -> Sequence[Any]:
    asked = [
        {**message, "weight": 0} if isinstance(message, Mapping) else message
        for message in _turns(_first(row, "messages", "problem"))
    ]
    return [*asked, _said(ASSISTANT, row["demonstration"])]


def _openai(row: Fields) -> Sequence[Any]:
    return [*_turns(row["messages"])]


def _sharegpt(row: Fields) -> Sequence[Any]:
    messages = _system(row)
    if not _is_list(row["conversations"]):
        raise Unusable("conversations must be a list of messages")
    for message in row["conversations"]:
        if isinstance(message, Mapping) and "from" in message:
            role = ROLE_OF.get(str(message["from"]).lower())
            if role is None:
                legal = ", ".join(ROLE_OF)
                raise Unusable(f"from={message['from']!r} of a message must be one of {legal}")
            others = {name: value for name, value in message.items() if name not in ("from",)}
            message = others | _said(role, message.get("value"))
        messages.append(message)
    return messages


def _alpaca(row: Fields) -> Sequence[Any]:
    earlier = [
        _said(role, text)
        for pair in row.get("history") or ()
        for role, text in zip(("user", ASSISTANT), pair, strict=True)
    ]
    parts = [text for text in (row["instruction"], row.get("input")) if text]
    if not all(isinstance(part, str) for part in parts):
        raise Unusable("instruction and input must be text")
    asked = _said("user", "\n\n".join(parts))
    return [*_system(row), *earlier, asked, _said(ASSISTANT, row["output"])]


def _completed(row: Fields) -> Sequence[Any]:
    completion = _first(row, "completion", "response")
    answer = list(completion) if _is_list(completion) else [_said(ASSISTANT, completion)]
    return [*_system(row), *_turns(_first(row, "prompt", "instruction", "question")), *answer]


CHAT_FORMS = (
    Form(
        "problem and demonstration",
        ("problem|messages", "demonstration"),
        "the problem or its messages, and the demonstration as the one turn that is taught; what"
        " `seed data sft` writes",
        _demonstrated,
        lambda row: bool(row["demonstration"]),
    ),
    Form(
        "messages",
        ("messages",),
        "as they stand (OpenAI): role, content; weight = 0 keeps a turn from being taught",
        _openai,
    ),
    Form(
        "ShareGPT",
        ("conversations",),
        "from and value: human or user, gpt, chatgpt, model or assistant, system; or role, content",
        _sharegpt,
    ),
    Form(
        "Alpaca",
        ("instruction", "output"),
        "instruction and input with a blank line between them; system, history of pairs",
        _alpaca,
    ),
    Form(
        "prompt and completion",
        ("prompt|instruction|question", "completion|response"),
        "texts or lists of messages; system",
        _completed,
    ),
)
"""The first that fits reads a row."""


def read_chat(row: Fields) -> Chat:
    """Read a row as a chat. What follows the last taught turn is left out.

    Raises:
        Unusable: The text says why.
    """
    present = {name: value for name, value in row.items() if value is not None}
    form = next((form for form in CHAT_FORMS if form.matches(present)), None)
    if form is None:
        raise Unusable(
            f"no form of chat has the columns {', '.join(map(str, present)) or '(none)'}"
        )
    given = form.read(present)
    messages = tuple(map(_message, given))
    places = [place for place, message in enumerate(messages) if message["role"] == ASSISTANT]
    if not places:
        raise Unusable("no message is the assistant's: nothing is taught")
    if not any(message["role"] != "system" for message in messages[: places[0]]):
        raise Unusable("the first message is the assistant's: there is nothing that it answers")
    taught = tuple(place for place in places if _is_taught(given[place]))
    if not taught:
        raise Unusable("weight = 0 in every turn of the assistant: nothing is taught")
    for place in taught:
        if not (messages[place]["content"].strip() or REASONING[0] in messages[place]):
            raise Unusable("a turn of the assistant is empty")
    return Chat(messages[: taught[-1] + 1], taught, form.name)


def _message(message: Any) -> Message:
    if isinstance(message, Mapping):
        for name in CALLS:
            if message.get(name):
                raise Unusable(f"a message has {name}; only text is read")
    checked = dict(checked_message(message))
    reasoning = next((message[name] for name in REASONING if message.get(name)), "")
    if reasoning and checked["role"] == ASSISTANT:
        if not isinstance(reasoning, str):
            raise Unusable(f"{REASONING[0]} of a message must be text")
        checked[REASONING[0]] = reasoning
    return checked


def _is_taught(message: Mapping[str, Any]) -> bool:
    """``weight`` of OpenAI's files: 0 or 1."""
    weight = message.get("weight")
    if weight not in (None, 0, 1):
        raise Unusable(f"weight={weight!r} of a message must be 0 or 1")
    return weight != 0

"""The prompt of a row: a text, or chat messages."""

import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

Messages = tuple[Mapping[str, str], ...]

ROLES = ("system", "developer", "user", "assistant", "tool")


class Unusable(Exception):
    """A row that cannot be a problem; the text says why, in one line."""


def chat(prompt: Any) -> tuple[Messages, str]:
    """Check a prompt.

    Args:
        prompt: A text, or a list of ``{"role", "content"}`` that ends with the user's; a content
            may be a list of parts of type text.

    Returns:
        The messages, none for a text, and the text of the problem: what the user says.

    Raises:
        Unusable: It is neither, or empty.
    """
    if isinstance(prompt, str):
        if not prompt.strip():
            raise Unusable("the problem is empty")
        return (), _writable(prompt)
    if not isinstance(prompt, Sequence) or not prompt:
        raise Unusable("the problem must be text or a list of messages")
    messages = tuple(checked_message(message) for message in prompt)
    if messages[-1]["role"] != "user":
        raise Unusable(f"the last message must be the user's, not {messages[-1]['role']}'s")
    return messages, plain_text(messages)


def plain_text(prompt: Any) -> str:
    """What the user says in a prompt that ``chat`` accepts; empty for others."""
    if isinstance(prompt, str):
        return prompt
    said = [m["content"] for m in prompt if isinstance(m, Mapping) and m.get("role") == "user"]
    return "\n\n".join(text for text in said if isinstance(text, str))


def fingerprint(messages: Messages, text: str) -> int:
    """64 bits that tell a problem, whatever its spelling in cases, blanks and kinds of characters.

    Two rows are the same problem if they have the same fingerprint. A system message does not
    matter.
    """
    said = [f"{m['role']}: {m['content']}" for m in messages if m["role"] not in ROLES[:2]]
    words = normalised("\n".join(said) if len(said) > 1 else text)
    return int.from_bytes(sha256(words.encode("utf-8")).digest()[:8], "big")


def normalised(text: str) -> str:
    """A text in lower case with single blanks and compatible characters (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def checked_message(message: Any) -> Mapping[str, str]:
    """A message with role and content as text.

    Raises:
        Unusable: It is none.
    """
    if not isinstance(message, Mapping):
        raise Unusable("a message must be an object with role and content")
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise Unusable(f"role={role!r} of a message must be one of {', '.join(ROLES)}")
    if isinstance(content, Sequence) and not isinstance(content, str):
        content = "".join(map(_part, content))
    if not isinstance(content, str) or not (content or role != "user"):
        raise Unusable(f"the content of the message of {role} must be text")
    return {"role": role, "content": _writable(content)}


def _part(part: Any) -> str:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    raise Unusable(f"a message has a part of type {kind}; only text is read")


def _writable(text: str) -> str:
    """Refuse half of a surrogate pair, which no tokenizer can write."""
    try:
        text.encode()
    except UnicodeEncodeError as failure:
        raise Unusable(f"the problem is no Unicode text: {failure.reason}") from None
    return text

"""Replies of the OpenAI protocol: whole, and in pieces."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seed.reference.serving.growing_text import Token
from seed.reference.serving.requests import Wanted
from seed.reference.serving.service import Update
from seed.reference.serving.texts import Texts


@dataclass(frozen=True)
class Reply:
    """What all parts of a reply have in common.

    Attributes:
        wanted: The request.
        model: Name of the model.
        prompt_tokens: Tokens of all its prompts.
        texts: Of the model.
        id: Of the reply.
        created: Seconds since 1970.
    """

    wanted: Wanted
    model: str
    prompt_tokens: int
    texts: Texts
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, choices: Sequence[Sequence[Update]]) -> dict[str, Any]:
        """The reply to a request that does not stream.

        Args:
            choices: Updates of each choice, to its end.
        """
        drawn = sum(updates[-1].drawn for updates in choices)
        choice = self._chat_choice if self.wanted.is_chat else self._completion_choice
        parts = [choice(number, _joined(updates)) for number, updates in enumerate(choices)]
        kind = "chat.completion" if self.wanted.is_chat else "text_completion"
        return self._frame(kind, parts) | {"usage": self.usage(drawn)}

    def opening(self, number: int) -> dict[str, Any]:
        """The first piece of a choice of a chat: who speaks."""
        delta = {"role": "assistant", "content": ""}
        choice = {"index": number, "delta": delta, "logprobs": None, "finish_reason": None}
        return self._piece([choice])

    def piece(self, number: int, update: Update) -> dict[str, Any]:
        """A piece of a choice."""
        if not self.wanted.is_chat:
            return self._piece([self._completion_choice(number, update)])
        delta = {"content": update.text} if update.text or not update.finish else {}
        choice = {
            "index": number,
            "delta": delta,
            "logprobs": self._chat_log_probs(update.tokens),
            "finish_reason": update.finish or None,
        }
        return self._piece([choice])

    def closing(self, drawn: int) -> dict[str, Any]:
        """The piece behind all choices, with the number of tokens."""
        return self._piece([]) | {"usage": self.usage(drawn)}

    def usage(self, drawn: int) -> dict[str, int]:
        """Numbers of tokens; those of an end and of a stop text are drawn, too."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": drawn,
            "total_tokens": self.prompt_tokens + drawn,
        }

    def _frame(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        prefix = "chatcmpl" if self.wanted.is_chat else "cmpl"
        frame = {"id": f"{prefix}-{self.id}", "object": kind, "created": self.created}
        return frame | {"model": self.model, "system_fingerprint": None, "choices": choices}

    def _piece(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        kind = "chat.completion.chunk" if self.wanted.is_chat else "text_completion"
        return self._frame(kind, choices)

    def _chat_choice(self, number: int, update: Update) -> dict[str, Any]:
        return {
            "index": number,
            "message": {"role": "assistant", "content": update.text},
            "logprobs": self._chat_log_probs(update.tokens),
            "finish_reason": update.finish,
        }

    def _completion_choice(self, number: int, update: Update) -> dict[str, Any]:
        log_probs: dict[str, Any] | None = None
        if self.wanted.log_probs:
            log_probs = {
                "tokens": [self.texts.token_text(one.id) for one in update.tokens],
                "token_logprobs": [one.log_prob for one in update.tokens],
                "top_logprobs": None,
                "text_offset": [one.offset for one in update.tokens],
            }
        return {
            "index": number,
            "text": update.text,
            "logprobs": log_probs,
            "finish_reason": update.finish or None,
        }

    def _chat_log_probs(self, tokens: Sequence[Token]) -> dict[str, Any] | None:
        if not self.wanted.log_probs:
            return None
        content = [
            {
                "token": self.texts.token_text(one.id),
                "logprob": one.log_prob,
                "bytes": list(self.texts.token_bytes(one.id)),
                "top_logprobs": [],
            }
            for one in tokens
        ]
        return {"content": content}


def _joined(updates: Sequence[Update]) -> Update:
    """All updates of a choice as one."""
    text = "".join(update.text for update in updates)
    tokens = tuple(token for update in updates for token in update.tokens)
    return Update(text, tokens, updates[-1].finish, updates[-1].drawn)

"""Incremental decoding: texts of a response while it grows, whose sum is the text of the whole.

A token need not be a text. An emoji is often three or four tokens of a byte or two each, a token of
a sentencepiece model loses its space at the beginning of a text, and a run of byte tokens is one
character or several replacement characters, which only its end decides.
"""

import re
from collections.abc import Callable, Sequence

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
BYTE_TOKEN = re.compile(r"<0x[0-9A-Fa-f]{2}>")


def before_stop(text: str, stops: Sequence[str]) -> str:
    """A text up to the first of the stop texts in it."""
    return text[: min((place for stop in stops if (place := text.find(stop)) >= 0), default=None)]


class IncrementalDecoder:
    """Decodes one response token by token.

    The texts of ``feed`` and that of ``finish`` together are ``decode`` of all ids.

    Only the newest tokens are decoded again: those since a token at whose end the text was
    complete. That token stays as context, since a first token may be written in another way.
    """

    def __init__(
        self,
        decode: Callable[[Sequence[int]], str],
        token_of: Callable[[int], str | None],
        ends: frozenset[int],
        stopping: frozenset[int] = frozenset(),
        stops: Sequence[str] = (),
    ) -> None:
        """Begin an empty text.

        Args:
            decode: Text of a sequence of ids.
            token_of: How the vocabulary writes an id.
            ends: Ids that end the text; they and what follows are not part of it.
            stopping: Those of ``ends`` whose own text is part of it up to a stop text.
            stops: The stop texts.
        """
        self.decode, self.token_of, self.ends = decode, token_of, ends
        self.stopping, self.stops = stopping, stops
        self.window: list[int] = []
        self.shown = 0
        self.ended = False

    def feed(self, token: int) -> str:
        """The text that is certain now and was not before; often empty."""
        if self.ended:
            return ""
        if token in self.ends:
            self.ended = True
            return self._rest_before_stop(token) if token in self.stopping else ""
        self.window.append(token)
        if BYTE_TOKEN.fullmatch(self.token_of(token) or ""):
            return ""
        text = self.decode(self.window)
        if text.endswith(REPLACEMENT):
            return ""
        new = text[self.shown :]
        self.window = [token]
        self.shown = len(self.decode(self.window))
        return new

    def _rest_before_stop(self, token: int) -> str:
        """The rest of the text, whose last token holds a stop text."""
        new = before_stop(self.decode([*self.window, token]), self.stops)[self.shown :]
        self.window, self.shown = [], 0
        return new

    def finish(self) -> str:
        """The rest of the text: what no further token can change any more."""
        new = self.decode(self.window)[self.shown :]
        self.window, self.shown, self.ended = [], 0, True
        return new

"""The text of one response while its tokens are drawn, up to a stop text."""

from collections.abc import Sequence
from dataclasses import dataclass

from seed.reference.text.incremental import IncrementalDecoder


@dataclass(frozen=True)
class Token:
    """A token of a response.

    Attributes:
        id: Of the vocabulary.
        log_prob: Under the distribution that it was drawn from.
        offset: Characters of the response before it.
    """

    id: int
    log_prob: float
    offset: int


class GrowingText:
    """Text and tokens that may be shown, as tokens come.

    A stop text may begin in one token and end in another, so text that could be its beginning is
    held back. The stop text, and tokens that begin in or behind it, are never shown.

    Attributes:
        drawn: Tokens fed, the end and those of a stop text as well.
        stopped: Whether a stop text has come.
    """

    def __init__(self, decoder: IncrementalDecoder, stops: Sequence[str]) -> None:
        """Begin an empty response.

        Args:
            decoder: Of this response.
            stops: Texts that end it; none is empty.
        """
        self.decoder, self.stops = decoder, tuple(stops)
        self.drawn, self.stopped = 0, False
        self._held = ""
        self._shown = self._decoded = 0
        self._tokens: list[Token] = []

    def feed(self, token: int, log_prob: float) -> str:
        """Take a token; what may be shown now and could not before."""
        self.drawn += 1
        if token not in self.decoder.ends:
            self._tokens.append(Token(token, log_prob, self._decoded))
        return self._take(self.decoder.feed(token))

    def finish(self) -> str:
        """The rest, when no further token comes."""
        rest = "" if self.stopped else self._take(self.decoder.finish())
        rest, self._held = rest + self._held, ""
        self._shown = self._decoded
        return rest

    def tokens(self, is_whole: bool) -> list[Token]:
        """Tokens that may be shown and were not yet.

        Args:
            is_whole: Whether the response is at its end: then also those without a text.
        """
        everything = is_whole and not self.stopped
        ready = [one for one in self._tokens if everything or one.offset < self._shown]
        self._tokens = self._tokens[len(ready) :]
        return ready

    def _take(self, text: str) -> str:
        """Show what cannot be part of a stop text."""
        self._decoded += len(text)
        text, self._held = self._held + text, ""
        places = [place for stop in self.stops if (place := text.find(stop)) >= 0]
        if places:
            self.stopped, shown = True, text[: min(places)]
            self._decoded = self._shown + len(shown)
        else:
            shown = text[: len(text) - self._possible_stop(text)]
            self._held = text[len(shown) :]
        self._shown += len(shown)
        return shown

    def _possible_stop(self, text: str) -> int:
        """Characters at the end of a text that a stop text may begin with."""
        longest = max(map(len, self.stops), default=0)
        for length in range(min(longest - 1, len(text)), 0, -1):
            if any(stop.startswith(text[-length:]) for stop in self.stops):
                return length
        return 0

"""A position in a text that moves to the right: what a recursive reader asks of its text."""

import re

DEEPEST = 60
"""Rules of a reader inside one another.

No answer comes near it, and it is far below Python's recursion limit.
"""


class Unreadable(Exception):
    """A text is not what its reader reads; the message is the reason in a verdict."""


class Cursor:
    """A position in a text, moving to the right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = self.depth = 0

    def rest(self) -> str:
        """What is still to be read, without blanks in front."""
        while self.text.startswith(" ", self.position):
            self.position += 1
        return self.text[self.position :]

    def take(self, *signs: str) -> str:
        """Move past the first of the signs that comes next and return it, or an empty text.

        A sign that ends in a letter is a command, and a letter after it would belong to its name:
        ``\\over`` does not match ``\\overline``.
        """
        rest = self.rest()
        for sign in signs:
            is_longer_name = sign[-1].isalpha() and rest[len(sign) : len(sign) + 1].isalpha()
            if rest.startswith(sign) and not is_longer_name:
                self.position += len(sign)
                return sign
        return ""

    def expect(self, sign: str) -> None:
        """Move past a sign that has to come."""
        if not self.take(sign):
            raise Unreadable(f"{sign!r} is missing before {self.rest()[:20]!r}")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Move past a pattern."""
        self.rest()
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def deeper(self) -> None:
        """Count one more level of nesting."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")

"""The contract of a tokenizer: between the texts of a problem and the token ids of a model."""

from collections.abc import Iterable
from typing import Protocol

from seed.spec.datatypes import Problem


class Tokenizer(Protocol):
    """Writes prompts and responses as token ids, and reads responses.

    Attributes:
        vocabulary: Ids are smaller. A model may know more (a padded embedding), or fewer where a
            task needs only some of the characters.
        end: Closes a demonstration; a member of ``ends``.
        ends: Every id that ends a response.
    """

    @property
    def vocabulary(self) -> int:
        """Number of token ids."""
        ...

    @property
    def end(self) -> int:
        """The id that closes a demonstration."""
        ...

    @property
    def ends(self) -> frozenset[int]:
        """Every id that ends a response."""
        ...

    def prompt(self, problem: Problem) -> tuple[int, ...]:
        """The ids that the policy reads before its response.

        Raises:
            SeedError: ILLEGAL_VALUE if the problem cannot be written.
        """
        ...

    def encode(self, text: str) -> tuple[int, ...]:
        """Write the text of a response, without end. No text becomes a special token.

        Raises:
            SeedError: ILLEGAL_VALUE if the text cannot be written.
        """
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """The text before the first id of ``ends``, or all of it if there is none."""
        ...

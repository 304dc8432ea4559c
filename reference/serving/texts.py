"""Between the texts of requests and the tokens of the model that is served."""

from dataclasses import dataclass
from typing import Protocol

from seed.reference.serving.requests import Prompt
from seed.reference.text.incremental import IncrementalDecoder
from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.spec import characters
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import Tokenizer


class Texts(Protocol):
    """What a server must know of a tokenizer beyond its contract.

    Attributes:
        ends: Every id that ends a response.
    """

    @property
    def ends(self) -> frozenset[int]:
        """Every id that ends a response."""
        ...

    def read(self, prompt: Prompt) -> tuple[int, ...]:
        """Ids of messages or of a plain text.

        Raises:
            SeedError: They cannot be written.
        """
        ...

    def token_text(self, token: int) -> str:
        """The text of one token, special ones as well."""
        ...

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one token, which need not be whole characters."""
        ...

    def incremental(self) -> IncrementalDecoder:
        """A decoder for one response."""
        ...


@dataclass(frozen=True)
class CharacterTexts:
    """One character a token: a chat is one message of the user."""

    ends: frozenset[int] = characters.ENDS

    def read(self, prompt: Prompt) -> tuple[int, ...]:
        """Ids of the text, or of the only message.

        Raises:
            SeedError: ILLEGAL_COMBINATION: other messages; ILLEGAL_VALUE: other characters.
        """
        if [message["role"] for message in prompt.messages] not in ([], ["user"]):
            line = "messages must be one message of the user: this model reads no conversations"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        texts = [message["content"] for message in prompt.messages]
        return characters.encode("".join((prompt.text, *texts)))

    def token_text(self, token: int) -> str:
        """Its character; the end is shown as nothing."""
        return characters.decode([token])

    def token_bytes(self, token: int) -> bytes:
        """Its character in UTF-8."""
        return self.token_text(token).encode()

    def incremental(self) -> IncrementalDecoder:
        """A decoder for one response."""
        return IncrementalDecoder(characters.decode, lambda _: None, self.ends)


@dataclass(frozen=True)
class LanguageTexts:
    """A pretrained model's tokenizer: chats pass through its template, texts are plain."""

    tokenizer: LanguageTokenizer

    @property
    def ends(self) -> frozenset[int]:
        """Every id that ends a response."""
        return self.tokenizer.ends

    def read(self, prompt: Prompt) -> tuple[int, ...]:
        """Ids of a chat, or of a text with what the tokenizer puts in front of it."""
        if prompt.messages:
            return self.tokenizer.prompt_of(
                self.tokenizer.with_system(prompt.messages, "the request")
            )
        return self.tokenizer.plain(prompt.text)

    def token_text(self, token: int) -> str:
        """Its text."""
        return self.tokenizer.text_of([token])

    def token_bytes(self, token: int) -> bytes:
        """Its bytes."""
        return self.tokenizer.bytes_of(token)

    def incremental(self) -> IncrementalDecoder:
        """A decoder for one response."""
        return self.tokenizer.incremental()


def texts_of(tokenizer: Tokenizer) -> Texts:
    """The texts of a model with this tokenizer."""
    if isinstance(tokenizer, LanguageTokenizer):
        return LanguageTexts(tokenizer)
    return CharacterTexts()

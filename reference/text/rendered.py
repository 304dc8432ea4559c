"""A prompt as a person wants to see it: its text, and beside every token its id."""

from collections.abc import Sequence

from seed.reference.text.chat_template import Message
from seed.reference.text.language_tokenizer import LanguageTokenizer

WIDTH = 88
"""Characters of a line of tokens, at most, unless one token is longer."""
SEPARATOR = "  "


def rendered(tokenizer: LanguageTokenizer, messages: Sequence[Message]) -> list[str]:
    """Lines that show a prompt: the text, then its tokens with their ids.

    A token is written as a Python string, so that spaces and line ends are seen; a byte of a
    character that takes several tokens is a replacement character.

    Args:
        tokenizer: Writes the prompt.
        messages: Mappings with ``role`` and ``content``.

    Raises:
        SeedError: ILLEGAL_VALUE: the template refuses the messages.
    """
    ids = tokenizer.prompt_of(messages)
    lines = [*tokenizer.text_of(ids).splitlines(), "", f"{len(ids)} tokens, each with its id:"]
    row = ""
    for number in ids:
        cell = f"{tokenizer.text_of([number])!r} {number}"
        if row and len(row) + len(SEPARATOR) + len(cell) > WIDTH:
            lines.append(row)
            row = ""
        row += (SEPARATOR if row else "") + cell
    return [*lines, row]

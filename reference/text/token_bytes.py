"""The bytes of single tokens, which need not be whole characters.

byte-level   a token is written with one letter a byte (GPT-2's ``bytes_to_unicode``): the
             printable bytes are themselves, all others the letters from U+0100 on
fallback     ``<0xE2>`` is a byte
all others   the text of the token
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from seed.reference.text.incremental import BYTE_TOKEN


@lru_cache(1)
def byte_of_letter() -> Mapping[str, int]:
    """The byte that each letter of a byte-level vocabulary stands for."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(0x100 + place): byte for place, byte in enumerate(others)}


def is_byte_level(rules: Mapping[str, Any]) -> bool:
    """Whether a parsed ``tokenizer.json`` writes one letter a byte."""
    decoder = rules.get("decoder") or {}
    parts = decoder.get("decoders") or [decoder]
    return any(part.get("type") == "ByteLevel" for part in parts)


def token_bytes(written: str | None, text: str, byte_level: bool) -> bytes:
    """The bytes of a token.

    Args:
        written: How the vocabulary writes it; None if it has no such token.
        text: How it is decoded when it stands alone.
        byte_level: Whether the vocabulary writes one letter a byte.
    """
    written, letters = written or "", byte_of_letter()
    if byte_level and written and all(letter in letters for letter in written):
        return bytes(letters[letter] for letter in written)
    if BYTE_TOKEN.fullmatch(written):
        return bytes([int(written[3:5], 16)])
    return text.encode()

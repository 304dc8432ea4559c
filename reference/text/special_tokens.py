"""Special tokens that data cannot forge.

A chat template writes special tokens as text, ``<|im_end|>``, and the tokenizer turns that text
into one id. So does the same text in a problem or in a demonstration, if nothing prevents it: a
problem could then close its own turn and open the assistant's. Here only the template's own special
tokens become ids:

1. In the texts of data every special token is broken by a mark, a character that occurs nowhere.
2. In the rendered prompt the special tokens that are left are the template's. They become aliases.
3. Without the marks, the prompt is encoded by a tokenizer that knows the aliases only; their ids
   are then replaced by those of the special tokens.

All else is as before, also what stands around a special token, so the ids of a harmless text do not
depend on which way it took. Ordinary added tokens such as ``<think>`` are part of the language: a
demonstration must be able to write them.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Rules

MARKS = range(0x100000, 0x10FFFE)
"""Characters for private use, of which one becomes the mark; aliases are written with others."""


class SpecialTokens:
    """The special tokens of a tokenizer, and how to write texts that merely look like them.

    Attributes:
        ids: Text of a special token -> its id.
        rules: The parsed ``tokenizer.json``.
    """

    def __init__(self, ids: Mapping[str, int], rules: Mapping[str, Any]) -> None:
        """Prepare to recognise them.

        Args:
            ids: Text of each special token -> its id.
            rules: The parsed ``tokenizer.json``, in which each is an added token.
        """
        self.ids, self.rules = dict(ids), rules
        longest_first = sorted(self.ids, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self._heads = {text[:cut] for text in self.ids for cut in range(1, len(text))}
        self._tails = {text[cut:] for text in self.ids for cut in range(1, len(text))}
        self._longest = max(map(len, self.ids), default=0)
        # A normaliser may turn what looks harmless into a special token, fullwidth letters say.
        self._hidden = rules.get("normalizer") is not None and any(
            token["normalized"] for token in rules["added_tokens"] if token["content"] in self.ids
        )

    def in_text(self, text: str) -> bool:
        """Whether a text holds a special token."""
        return self._hidden or self._pattern.search(text) is not None

    def at_edge(self, text: str) -> bool:
        """Whether a text could make a special token together with what stands around it."""
        core = text.strip()
        cuts = range(1, min(self._longest, len(core) + 1))
        joins = any(core[-cut:] in self._heads or core[:cut] in self._tails for cut in cuts)
        fills = 0 < len(core) < self._longest and any(core in special for special in self.ids)
        return joins or fills

    def mark_for(self, texts: Iterable[str]) -> str:
        """A character that occurs in none of the texts."""
        used = set().union(*texts)
        return next(chr(code) for code in MARKS if chr(code) not in used)

    def broken(self, text: str, mark: str) -> str:
        """A text of data with a mark in every special token, and at its ends where needed."""
        if self.at_edge(text):
            core = text.strip()
            text = text.replace(core, f"{mark}{core}{mark}", 1)
        while self._pattern.search(text):  # what breaks one may leave another that overlapped it
            text = self._pattern.sub(lambda found: found[0][0] + mark + found[0][1:], text)
        return text

    def encode(self, marked: str, mark: str) -> tuple[int, ...]:
        """Ids of a text in which only unbroken special tokens are special.

        Raises:
            SeedError: ILLEGAL_VALUE: the vocabulary writes ordinary text as a special token.
        """
        rules, aliases, renumbered = self._literal
        text = self._pattern.sub(lambda found: aliases[found[0]], marked).replace(mark, "")
        model = self.rules["model"]
        unknown = {self.ids.get(model.get("unk_token") or ""), model.get("unk_id")}
        by_id = {n: text for text, n in self.ids.items() if n not in unknown}
        ids = []
        for number in rules.encode(text, add_special_tokens=False).ids:
            if number not in renumbered and number in by_id:
                line = f"{by_id[number]!r} in a text cannot be written without its special token"
                raise SeedError(Reason.ILLEGAL_VALUE, f"{line}; legal: texts without it")
            ids.append(renumbered.get(number, number))
        return tuple(ids)

    @cached_property
    def _literal(self) -> "tuple[Rules, dict[str, str], dict[int, int]]":
        """The tokenizer that knows aliases only, the aliases, and its added ids -> true ids.

        Aliases are secret, so that no text holds one.
        """
        from tokenizers import Tokenizer as Rules

        secret = secrets.token_hex(8)
        aliases = {text: f"\U000f0000{secret}.{n}\U000f0001" for n, text in enumerate(self.ids)}
        added = [
            token | {"content": aliases.get(token["content"], token["content"])}
            for token in self.rules["added_tokens"]
        ]
        renamed = {**self.rules, "added_tokens": added, "post_processor": None}
        rules = unlimited(Rules.from_str(json.dumps(renamed)))
        true_ids = [token["id"] for token in self.rules["added_tokens"]]
        literal_ids = [rules.token_to_id(token["content"]) for token in added]
        pairs = zip(literal_ids, true_ids, strict=True)
        return rules, aliases, {ours: true for ours, true in pairs if ours is not None}


def unlimited(rules: "Rules") -> "Rules":
    """The same tokenizer without truncation and padding, which a file may ask for."""
    rules.no_truncation()
    rules.no_padding()
    return rules

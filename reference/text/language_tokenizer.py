"""The tokenizer of a pretrained model: ``tokenizer.json`` with its chat template.

    prompt   chat template over system message, earlier turns and the problem; no further BOS
    prompt   plain text with template="none"; BOS as tokenizer.json says
    ends     generation_config.eos_token_id, the tokenizer's eos, and every token that holds a text
             of tokenizer.stop

A rendered template holds its special tokens already. To add those of the tokenizer as well would
give two BOS (NVIDIA-NeMo/RL #855, sglang #888); to add none to plain text gives no BOS
(huggingface/trl #3520).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from seed.reference.text.chat_template import DATE, ChatTemplate, Message
from seed.reference.text.incremental import REPLACEMENT, IncrementalDecoder, before_stop
from seed.reference.text.special_tokens import SpecialTokens, unlimited
from seed.reference.text.token_bytes import is_byte_level, token_bytes
from seed.reference.text.tokenizer_files import TokenizerFiles, read_tokenizer_files
from seed.spec.config_text import TokenizerConfig
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Rules

ROLES = ("system", "developer", "user", "assistant", "tool")
"""Templates may build a special token from a role, so a role is no free text."""


class LanguageTokenizer:
    """Fulfils ``spec.tokenizer.Tokenizer`` from a model folder.

    Attributes:
        files: What was read of the folder.
        special: Its special tokens.
        end: The first stop text; without one the tokenizer's eos.
        ends: Every id that ends a response.
        stop: Texts that end a response.
        stopping: The ids among ``ends`` that hold something before a stop text, which belongs to
            the response.
    """

    def __init__(
        self,
        folder: Path | str,
        template: str = "chat",
        template_arguments: Mapping[str, Any] | None = None,
        system: str = "",
        stop: Sequence[str] = (),
        today: date = DATE,
    ) -> None:
        """Read a folder.

        Args:
            folder: Holds ``tokenizer.json``; see ``tokenizer_files``.
            template: ``chat`` = prompts pass through the chat template, ``none`` = plain text.
            template_arguments: Variables of the template, such as ``enable_thinking``.
            system: Text of a system message before every problem; empty = none.
            stop: Texts that end a response, each an ASCII character or an added token: what every
                token decides alone.
            today: The date that a template may ask for.

        Raises:
            SeedError: UNREADABLE_FILE, ILLEGAL_VALUE, ILLEGAL_COMBINATION, BACKEND_MISSING.
        """
        require("tokenizers", f"the tokenizer of {folder}", "pretrained")
        self.files = read_tokenizer_files(Path(folder))
        self.system, self.rules, self.special = system, *_rules_of(self.files)
        self.stop = tuple(stop)
        by_stop = [self._stopping(text) for text in stop]
        self.stopping = frozenset(n for holding in by_stop for n, later in holding.items() if later)
        self.end, self.ends = self._ends([n for holding in by_stop for n in holding])
        self.template: ChatTemplate | None = None
        if template == "chat":
            source, variables = self.files.template, dict(self.files.named)
            if not source:
                line = f"{folder} has no chat template; legal: tokenizer.template=none"
                raise SeedError(Reason.ILLEGAL_COMBINATION, line)
            variables |= template_arguments or {}
            self.template = ChatTemplate(source, str(folder), variables, today)

    @classmethod
    def of(cls, section: TokenizerConfig) -> Self:
        """The tokenizer of section ``tokenizer``, whose ``path`` is not empty.

        Raises:
            SeedError: As the constructor, and ILLEGAL_VALUE if ``sha256`` is another's.
        """
        tokenizer = cls(
            section.path,
            section.template,
            section.template_arguments,
            section.system,
            section.stop,
            date.fromisoformat(section.today),
        )
        digest = tokenizer.files.sha256
        if section.sha256 not in ("", digest):
            line = f"tokenizer.sha256={section.sha256}, but {section.path} has {digest}:"
            line += " other files than those that the run began with"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        return tokenizer

    @cached_property
    def vocabulary(self) -> int:
        """One more than the largest id."""
        return max(self.rules.get_vocab(with_added_tokens=True).values()) + 1

    def prompt(self, problem: Problem) -> tuple[int, ...]:
        """The ids that the policy reads before its response.

        Raises:
            SeedError: ILLEGAL_VALUE: the template refuses the messages, or a role is unknown;
                ILLEGAL_COMBINATION: two system messages.
        """
        return self.prompt_of(self.messages(problem))

    def messages(self, problem: Problem) -> Sequence[Message]:
        """The messages of a problem, with the system message in front.

        Raises:
            SeedError: ILLEGAL_COMBINATION.
        """
        own: Sequence[Message] = problem.messages
        return self.with_system(own or ({"role": "user", "content": problem.prompt},), problem.id)

    def with_system(self, messages: Sequence[Message], origin: str) -> Sequence[Message]:
        """Messages with the system message in front.

        Raises:
            SeedError: ILLEGAL_COMBINATION: they have one already.
        """
        if not self.system:
            return messages
        if messages[0].get("role") == "system":
            line = f"{origin} has a system message of its own beside tokenizer.system;"
            raise SeedError(Reason.ILLEGAL_COMBINATION, f"{line} legal: one of the two")
        return [{"role": "system", "content": self.system}, *messages]

    def prompt_of(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Ids of a prompt.

        Args:
            messages: Mappings with ``role`` and ``content``, the last one to be answered. As plain
                text, their contents with a blank line between them.

        Raises:
            SeedError: ILLEGAL_VALUE.
        """
        check_roles(messages)
        if self.template is None:
            return self.plain("\n\n".join(message["content"] for message in messages))
        written, mark = self.unforgeable(messages)
        return self.template_ids(self.render(written), mark)

    def unforgeable(self, messages: Sequence[Message]) -> tuple[Sequence[Message], str]:
        """Messages whose texts hold no special token, and the mark that broke those they held.

        The mark is empty if there was nothing to break.
        """
        assert self.template is not None
        texts = [value for message in messages for value in message.values() if type(value) is str]
        if not any(self.special.in_text(text) or self.special.at_edge(text) for text in texts):
            return messages, ""
        mark = self.special.mark_for([*texts, self.template.source])
        return self._broken(messages, mark), mark

    def template_ids(self, text: str, mark: str, continues: bool = False) -> tuple[int, ...]:
        """Ids of what the chat template wrote, in which its own special tokens are special.

        Args:
            text: All of it or a piece.
            mark: Of ``unforgeable``.
            continues: Whether it is a piece from the middle.

        Raises:
            SeedError: ILLEGAL_VALUE.
        """

        def encoded(text: str) -> tuple[int, ...]:
            if mark:
                return self.special.encode(text, mark)
            return tuple(self.rules.encode(text, add_special_tokens=False).ids)

        if not continues or self._newline is None:
            return encoded(text)
        ids, newline = encoded("\n" + text), self._newline
        return ids[len(newline) :] if ids[: len(newline)] == newline else encoded(text)

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt as the chat template writes it; with ``template="none"`` the plain text.

        Raises:
            SeedError: ILLEGAL_VALUE.
        """
        if self.template is None:
            return "\n\n".join(message["content"] for message in messages)
        return self.template.render(messages)

    def plain(self, text: str) -> tuple[int, ...]:
        """Ids of a plain text with what the tokenizer puts in front, such as BOS.

        What it puts behind, such as EOS, is left out: the text is to be continued.
        """
        example = self.rules.encode("x", add_special_tokens=True)
        return (*example.ids[: example.special_tokens_mask.index(0)], *self._encoded(text))

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of a response's text, which continues a prompt; no text becomes a special token.

        Raises:
            SeedError: ILLEGAL_VALUE: the vocabulary knows no way to write it.
        """
        if self._newline is None:
            return self._encoded(text)
        ids, newline = self._encoded("\n" + text), self._newline
        continues = ids[: len(newline)] == newline
        return ids[len(newline) :] if continues else self._encoded(text)

    def decode(self, ids: Iterable[int]) -> str:
        """The text before the first id of ``ends`` or a stop text, or all of it if there is none.

        Special tokens are written out. An id without a token, which a padded model may draw, is a
        replacement character.
        """
        before: list[int] = []
        for number in ids:
            if number in self.stopping:
                return before_stop(self.text_of([*before, number]), self.stop)
            if number in self.ends:
                break
            before.append(number)
        return self.text_of(before)

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of all ids, ends as well."""
        pieces: list[list[int]] = [[]]
        for number in ids:
            if number in self._known:
                pieces[-1].append(number)
            else:
                pieces.append([])
        return REPLACEMENT.join(map(self._text_of_known, pieces))

    def bytes_of(self, token: int) -> bytes:
        """The bytes of one token, which need not be whole characters."""
        level = is_byte_level(self.special.rules)
        return token_bytes(self.rules.id_to_token(token), self.text_of([token]), level)

    def incremental(self) -> IncrementalDecoder:
        """A decoder for one response that grows; see there."""
        return IncrementalDecoder(
            self.text_of, self.rules.id_to_token, self.ends, self.stopping, self.stop
        )

    @cached_property
    def _known(self) -> frozenset[int]:
        return frozenset(self.rules.get_vocab(with_added_tokens=True).values())

    @cached_property
    def _newline(self) -> tuple[int, ...] | None:
        """Ids of a line end, where the tokenizer writes the beginning of a text in its own way.

        A response is no beginning. Behind the line end it is written as within a text.
        """
        newline, alone = self._encoded("\n"), self._encoded("x")
        within = self._encoded("\nx")
        return None if (*newline, *alone) == within else newline

    def _text_of_known(self, ids: Sequence[int]) -> str:
        newline = self._newline or ()
        text: str = self.rules.decode([*newline, *ids], skip_special_tokens=False)
        if not newline:
            return text
        return text[len(self.rules.decode(newline, skip_special_tokens=False)) :]

    def _encoded(self, text: str) -> tuple[int, ...]:
        """Ids of ordinary text."""
        if not self.special.in_text(text):
            return tuple(self.rules.encode(text, add_special_tokens=False).ids)
        mark = self.special.mark_for([text])
        return self.special.encode(self.special.broken(text, mark), mark)

    def _broken(self, messages: Sequence[Message], mark: str) -> list[Message]:
        """Messages whose texts hold no special token any more."""
        return [
            {
                name: self.special.broken(value, mark)
                if name != "role" and isinstance(value, str)
                else value
                for name, value in message.items()
            }
            for message in messages
        ]

    def _ends(self, stops: Sequence[int]) -> tuple[int, frozenset[int]]:
        """The id that closes a demonstration, and every id that ends a response.

        Args:
            stops: Every id that holds a stop text, first the one that is the first text alone.

        Raises:
            SeedError: ILLEGAL_VALUE.
        """
        named = self.files.named.get("eos_token")
        eos = [] if named is None else [self.special.ids[named]]
        ends = [*stops, *eos, *self.files.generation_ends]
        if not ends:
            line = f"{self.files.folder} names no token that ends a response;"
            raise SeedError(Reason.ILLEGAL_VALUE, f"{line} legal: tokenizer.stop with one")
        return ends[0], frozenset(ends)

    def _stopping(self, stop: str) -> dict[int, bool]:
        """The ids that hold a stop text, and whether they hold something before it.

        The first one is the stop text alone. A longer text could be written in several tokens, and
        samplers look at one at a time.

        Raises:
            SeedError: ILLEGAL_VALUE.
        """
        added = {token.content: n for n, token in self.rules.get_added_tokens_decoder().items()}
        if stop in added:
            return {added[stop]: False}
        content = stop.encode()
        holding = self._holding(content) if len(stop) == 1 and stop.isascii() else {}
        alone = [number for number, found in holding.items() if found == content]
        if not alone:
            line = f"tokenizer.stop={stop!r} may be written in several tokens; legal: an ASCII"
            line += " character that is a token, such as '\\n', or an added token"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        written = self.encode(stop)
        first = written[0] if len(written) == 1 and written[0] in alone else min(alone)
        later = {number: not found.startswith(content) for number, found in holding.items()}
        return {first: False} | later

    def _holding(self, part: bytes) -> dict[int, bytes]:
        """The tokens that are not special and hold some bytes, with all of theirs."""
        level, special = is_byte_level(self.special.rules), set(self.special.ids.values())
        holding = {}
        for written, number in self.rules.get_vocab(with_added_tokens=True).items():
            if number not in special:
                text = written if level else self.text_of([number])
                content = token_bytes(written, text, level)
                if part in content:
                    holding[number] = content
        return holding


def located_tokenizer(section: TokenizerConfig) -> TokenizerConfig:
    """The section with an absolute path, its digest and the ids that end a response.

    Raises:
        SeedError: As ``LanguageTokenizer.of``.
    """
    if not section.path:
        return section
    tokenizer = LanguageTokenizer.of(section)
    found = {"sha256": tokenizer.files.sha256, "ends": tuple(sorted(tokenizer.ends))}
    return section.model_copy(update={"path": str(Path(section.path).resolve()), **found})


def check_roles(messages: Sequence[Message]) -> None:
    """Refuse what is no conversation.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    if not messages:
        raise SeedError(Reason.ILLEGAL_VALUE, "messages=[]; legal: one message at least")
    for message in messages:
        if message.get("role") not in ROLES:
            line = f"role {message.get('role')!r} of a message; legal: {', '.join(ROLES)}"
            raise SeedError(Reason.ILLEGAL_VALUE, line)


def _rules_of(files: TokenizerFiles) -> "tuple[Rules, SpecialTokens]":
    """The tokenizer, in which every token that is declared special is special.

    Raises:
        SeedError: UNREADABLE_FILE, ILLEGAL_VALUE.
    """
    from tokenizers import Tokenizer as Rules

    path = files.folder / "tokenizer.json"
    try:
        rules, parsed = Rules.from_str(files.rules), json.loads(files.rules)
    except Exception as error:  # the package raises Exception itself
        line = f"{path} is no tokenizer: {' '.join(str(error).split())}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None
    declared = {text: rules.token_to_id(text) for text in files.special}
    added = rules.get_added_tokens_decoder()
    declared |= {added[end].content: end for end in files.generation_ends if end in added}
    eos = files.named.get("eos_token")
    if eos is not None and declared[eos] is None:
        line = f"{path} has no token {eos!r}, the eos_token of tokenizer_config.json"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    changed = _declare(parsed, {text: n for text, n in declared.items() if n is not None})
    if changed:
        rules = Rules.from_str(json.dumps(parsed))
    ids = {token["content"]: token["id"] for token in parsed["added_tokens"] if token["special"]}
    return unlimited(rules), SpecialTokens(ids, parsed)


def _declare(parsed: dict[str, Any], special: Mapping[str, int]) -> bool:
    """Make tokens special in a parsed ``tokenizer.json``; whether that changed anything."""
    added = {token["content"]: token for token in parsed.setdefault("added_tokens", [])}
    changed = False
    for text, number in special.items():
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        known = added.get(text)
        if known is None:
            parsed["added_tokens"].append({"id": number, "content": text, **flags, "special": True})
        elif not known["special"]:
            known["special"] = True
        else:
            continue
        changed = True
    parsed["added_tokens"].sort(key=lambda token: token["id"])
    return changed

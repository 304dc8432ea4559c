"""Which tokens of a chat SFT teaches: the assistant's turns with their ends, and nothing else.

A turn is taught as it is sampled, so its tokens do not depend on what stands around them:

    prompt      P_i  the template over the messages before turn i, opening a response
    written     W_i  the template over the messages up to turn i
    response    R_i  W_i without P_i, up to the token that ends it
    sequence    P_n R_n of the last turn; it teaches every turn i with P_i R_i at its beginning

Prompts and responses are written as token ids one by one: no token belongs to two of them, so the
targets are exact. Many templates rewrite earlier turns, mostly by leaving their reasoning out. Such
a turn is no beginning of the whole, and is taught in a sequence of its own, P_i R_i. Where the
template rewrites the turn itself, or closes it with no token of ``ends``, R_i is the turn's text
and ``end``, as in RL.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seed.reference.text.language_tokenizer import LanguageTokenizer, check_roles
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import Tokenizer

Message = Mapping[str, str]
REASONING = "reasoning_content"
"""Key of a message that holds reasoning apart from its content, where a template writes it."""


@dataclass(frozen=True)
class TaughtSequence:
    """Token ids, and which of them SFT teaches.

    Attributes:
        tokens: Ids [T].
        is_taught: Whether each is a target [T]; the first never is.
    """

    tokens: tuple[int, ...]
    is_taught: tuple[bool, ...]

    def cut(self, limit: int) -> "TaughtSequence":
        """The first ``limit`` tokens."""
        return TaughtSequence(self.tokens[:limit], self.is_taught[:limit])


@dataclass(frozen=True)
class Turn:
    """An assistant's turn as texts.

    Attributes:
        prompt: P_i.
        response: R_i.
        is_open: Whether ``response`` lacks the token that ends it.
    """

    prompt: str
    response: str
    is_open: bool


def taught_sequences(
    tokenizer: Tokenizer, messages: Sequence[Message], taught: Collection[int]
) -> list[TaughtSequence]:
    """The sequences of a chat, in the order of their last turns.

    Args:
        tokenizer: Of the model.
        messages: Mappings with ``role`` and ``content``.
        taught: Places of the assistant's messages that are taught, at least one.

    Raises:
        SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION: tokenizer or template cannot write the chat.
    """
    if isinstance(tokenizer, LanguageTokenizer) and tokenizer.template is not None:
        return _Writer(tokenizer, messages, taught).sequences()
    return [_single(tokenizer, messages[:place], messages[place]) for place in sorted(taught)]


def _single(tokenizer: Tokenizer, before: Sequence[Message], turn: Message) -> TaughtSequence:
    """A turn without a chat template: prompt, text and end."""
    if REASONING in turn:
        line = f"{REASONING} needs a chat template that writes it"
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    if not isinstance(tokenizer, LanguageTokenizer) and len(before) != 1:
        line = "a model without a chat template reads one message of the user and a response"
        raise SeedError(Reason.ILLEGAL_COMBINATION, f"{line}, not {len(before) + 1} messages")
    prompt = tokenizer.prompt(_asked(before))
    return _joined([(prompt, False), ((*tokenizer.encode(turn["content"]), tokenizer.end), True)])


def _asked(messages: Sequence[Message]) -> Problem:
    return Problem("chat", "", 1, messages[-1]["content"], {}, "", "", tuple(messages))


def _joined(pieces: Sequence[tuple[Sequence[int], bool]]) -> TaughtSequence:
    tokens = tuple(token for ids, _ in pieces for token in ids)
    return TaughtSequence(tokens, tuple(taught for ids, taught in pieces for _ in ids))


class _Writer:
    """Writes one chat through the chat template of a tokenizer."""

    def __init__(
        self, tokenizer: LanguageTokenizer, messages: Sequence[Message], taught: Collection[int]
    ) -> None:
        check_roles(messages)
        written = list(tokenizer.with_system(messages, "the chat"))
        shift = len(written) - len(messages)
        self.tokenizer, self.places = tokenizer, [place + shift for place in sorted(taught)]
        self.messages, self.mark = tokenizer.unforgeable(written)
        special = tokenizer.special.ids.items()
        self.ends = [text for text, number in special if number in tokenizer.ends]

    def sequences(self) -> list[TaughtSequence]:
        """One that ends with the last turn, and one for each turn that it does not begin with."""
        turns = [self._turn(place) for place in self.places]
        out: list[TaughtSequence] = []
        while turns:
            last = turns.pop()
            whole = last.prompt + last.response
            members, rest, end = list[Turn](), list[Turn](), 0
            for turn in turns:
                stops = len(turn.prompt) + len(turn.response)
                is_part = not turn.is_open and last.prompt.startswith(turn.prompt + turn.response)
                if is_part and len(turn.prompt) >= end:
                    members.append(turn)
                    end = stops
                else:
                    rest.append(turn)
            out.append(self._encoded(whole, [*members, last]))
            turns = rest
        return out[::-1]

    def _encoded(self, whole: str, turns: Sequence[Turn]) -> TaughtSequence:
        pieces: list[tuple[Sequence[int], bool]] = []
        place = 0
        for turn in turns:
            start = len(turn.prompt)
            stops = start + len(turn.response)
            pieces.append((self._ids(whole[place:start], is_first=not place), False))
            ids = self._ids(whole[start:stops], is_first=False)
            pieces.append(((*ids, self.tokenizer.end) if turn.is_open else ids, True))
            place = stops
        return _joined(pieces)

    def _ids(self, text: str, is_first: bool) -> tuple[int, ...]:
        return self.tokenizer.template_ids(text, self.mark, continues=not is_first) if text else ()

    def _turn(self, place: int) -> Turn:
        message = self.messages[place]
        prompt = self._render(self.messages[:place], True)
        written = self._render(self.messages[: place + 1], False)
        content, reasoning = message["content"], message.get(REASONING, "")
        opener = self._opener(self.messages[:place], prompt)
        if written.startswith(prompt):
            response = written[len(prompt) :]
            if _has(opener + response, content) and _has(opener + response, reasoning):
                return self._closed(prompt, response)
        if reasoning:
            line = f"the chat template does not write {REASONING}; put it into content"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        # The prompt may have opened the response already, with <think> for instance.
        opened = _beyond(prompt, written) or _overlap(opener, content)
        if not content.startswith(opened):
            line = f"the chat template opens a response with {opened!r}, with which the"
            line += " assistant's turn does not begin"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        return Turn(prompt, content[len(opened) :], True)

    def _opener(self, messages: Sequence[Any], prompt: str) -> str:
        """What the template writes to open a response."""
        before = self._render(messages, False)
        return prompt[len(before) :] if prompt.startswith(before) else ""

    def _closed(self, prompt: str, response: str) -> Turn:
        """A turn up to the token that ends it, if the template writes one."""
        stops = max(
            (response.rfind(end) + len(end) for end in self.ends if end in response), default=0
        )
        if stops:
            return Turn(prompt, response[:stops], False)
        return Turn(prompt, response.rstrip(), True)

    def _render(self, messages: Sequence[Any], opens_response: bool) -> str:
        assert self.tokenizer.template is not None
        return self.tokenizer.template.render(messages, opens_response)


def _has(response: str, text: str) -> bool:
    """Whether a template wrote a text, whatever it did to blanks."""
    return "".join(text.split()) in "".join(response.split())


def _beyond(prompt: str, written: str) -> str:
    """The end of a prompt from where a text differs from it; empty if the text begins with it."""
    pairs = enumerate(zip(prompt, written, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), len(written))
    return prompt[same:]


def _overlap(opener: str, content: str) -> str:
    """The longest end of an opener with which a text begins, if it is more than blanks."""
    ends = (opener[place:] for place in range(len(opener)))
    return next((end for end in ends if end.strip() and content.startswith(end)), "")

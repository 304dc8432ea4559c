"""Other scenarios from a language model, kept only if they pass stated checks.

The checks cannot prove that two texts mean the same. They hold what carries the mathematics: every
formula and every number, the question word for word, and the words that limit what is counted.
Whatever fails one of them is not used, and the template's own text stays.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from seed.reference.exams.answer_rules import broken_answer_rules, numbers_in
from seed.reference.exams.statement_rules import statement_defects
from seed.reference.exams.structures import FORMULA
from seed.reference.rewards.chat_client import ChatClient, NoReply

LONGEST = 2.5
SHORTEST = 0.6
"""Length of a rewritten text as a multiple of the template's."""
TOKENS = 2048
"""Most tokens of a reply."""

PROMPT = """\
Rewrite the problem below so that it tells another story: other things, people or places.

- Keep every formula between dollar signs exactly as it is, and use each as often as it is used now.
- Keep every number, and add none.
- Keep every condition: words such as exactly, at least, at most, no, different, order, neighboring.
- Keep the last sentence word for word.
- Write the problem alone: no solution, no title, no remark.

Problem:
{}"""

LIMITING = re.compile(
    r"\b(?:exactly|at least|at most|no|not|never|nobody|neither|nor|only|all|every|each|any|one|"
    r"two|three|different|distinct|same|identical|equal|ordered|consecutive|neighboring|even|odd|"
    r"positive|nonnegative|strictly|larger|largest|smallest|least|fewer|more|independently|sum|"
    r"product|remainder|divisible|divides|multiple|probability|expected|square|inside|between)\b",
    re.I,
)
"""Words that limit what is asked for."""
NUMBER_WORD = re.compile(
    r"\b(?:zero|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|half|"
    r"twice|double|triple|once)\b",
    re.I,
)
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")


@dataclass(frozen=True)
class Rewriter:
    """A language model behind an OpenAI-compatible server.

    Attributes:
        client: The server.
        model: Its name there.
        temperature: Sampling temperature.
    """

    client: ChatClient
    model: str
    temperature: float = 0.7

    def rewrite(
        self, text: str, answer: int, is_known: Callable[[str], bool]
    ) -> tuple[str, dict[str, Any]]:
        """Another text for a problem.

        Args:
            text: Of the template.
            answer: To the problem; it must not stand in the new text.
            is_known: Whether a text overlaps with a known problem.

        Returns:
            The text to use, and a record: the model, whether its text is used, and the check that
            it failed.

        Raises:
            NoReply: The server gave no reply.
        """
        message = {"role": "user", "content": PROMPT.format(text)}
        fields = {"model": self.model, "messages": [message], "temperature": self.temperature}
        choice = self.client.complete(fields | {"max_tokens": TOKENS})
        if choice.finish == "length" or choice.text is None:
            raise NoReply("the reply is cut off or holds no text", retry=False)
        found = " ".join(choice.text.rpartition("</think>")[2].split())
        failed = next(failed_checks(text, found, answer), "")
        failed = failed or ("it overlaps with a known problem" if is_known(found) else "")
        record = {"model": self.model, "used": not failed, "failed_check": failed or None}
        return (text, record) if failed else (found, record | {"template_text": text})


def failed_checks(text: str, other: str, answer: int) -> Iterator[str]:
    """The checks that a rewritten text fails, in words."""
    if other == text:
        yield "the text is the same"
    if not SHORTEST * len(text) <= len(other) <= LONGEST * len(text):
        yield "the length differs too much"
    if Counter(FORMULA.findall(other)) != Counter(FORMULA.findall(text)):
        yield "a formula is missing, new or changed"
    if Counter(numbers_in(other)) != Counter(numbers_in(text)):
        yield "a number is missing or new"
    if last_sentence(other) != last_sentence(text):
        yield "the question is not word for word the same"
    for words, what in ((LIMITING, "limiting word"), (NUMBER_WORD, "number word")):
        before, after = (Counter(map(str.lower, words.findall(one))) for one in (text, other))
        if before != after:
            changed = sorted((before - after) | (after - before))
            yield f"{what} missing or new: {', '.join(changed)}"
    for rule, _ in (*statement_defects(other), *broken_answer_rules(other, str(answer))):
        yield rule


def last_sentence(text: str) -> str:
    """What follows the last end of a sentence."""
    return SENTENCE.split(text.strip())[-1]

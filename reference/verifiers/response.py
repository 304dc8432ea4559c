r"""The final answer of a response, as text: where the response says that it stands, nowhere else.

====  ============================================  ====================================
rank  place                                         example
====  ============================================  ====================================
1     the last box or ``<answer>``, whichever is    ``so \boxed{\frac{1}{2}}.``
      later; a box inside ``<answer>`` is opened    ``\boxed 5``, ``<answer>5</answer>``
2     the last sentence that announces it, in any   ``The final answer is 42.``
      of the languages of ``announcements``         ``**Answer:** B``, ``答案：42``
3     the last line, after four hashes              ``#### 42``
4     the last line, if it holds one bold span      ``**42**``
      or is a fenced block
5     the whole response, if it is one short line   ``x = 3``
====  ============================================  ====================================

Thinking is dropped up to the last ``</think>``; thinking that is never closed holds no answer. The
last mark wins and an earlier one is never a fallback, not even for a last box or tag that is cut
off: what a model takes back is not its answer. A bare number somewhere in the text is not an
answer. Every search is linear in the length of the response.

All domains read a response with the functions of this module, ``marks`` and ``announcements``; what
the text of an answer means is the business of each domain.
"""

import re
import unicodedata
from dataclasses import dataclass

from seed.reference.verifiers.announcements import announced_answer, without_announcement
from seed.reference.verifiers.marks import last_box, last_fenced, last_tagged, unmarked

LONGEST_BARE_ANSWER = 200
"""A response without any mark is an answer up to this length; longer lines are prose."""

THINKING = (("<think>", "</think>"), ("<thinking>", "</thinking>"))
INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0xAD, 0x61C]
)
"""Zero-width signs, marks of direction, byte order marks, soft hyphens."""

BLANKS = dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
END_TOKENS = re.compile(
    r"(?:\s*(?:<\|[A-Za-z_ |]{1,40}\|>|<｜[^｜<>]{1,40}｜>|</s>|<eos>|<end_of_turn>))+\s*\Z"
)
FENCE_LINE = re.compile(r"(?:`{3,}|~{3,})\s*\w*|\\[\[\]]|\$\$")
BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")


@dataclass(frozen=True)
class Extraction:
    """The text of an answer, None if there is none, and its place in the response."""

    text: str | None
    place: str


def final_answer(response: str) -> Extraction:
    """Find the final answer in any text, or why there is none."""
    answer_part = after_thinking(response)
    if answer_part is None:
        return Extraction(None, "the thinking part is never closed")
    marked = _marked(answer_part)
    if marked is not None:
        return marked
    announced = announced_answer(answer_part)
    if announced is not None:
        return Extraction(announced, "the announced answer")
    return _last_line(answer_part) or Extraction(None, "no box, no announced answer")


def after_thinking(response: str) -> str | None:
    """What follows the last ``</think>`` in plain characters; the whole text without thinking.

    None if thinking goes on to the end.
    """
    answer_part = without_thinking(response)
    return None if answer_part is None else plain(answer_part)


def without_thinking(response: str) -> str | None:
    """As ``after_thinking``, with all characters as they are: in a program they matter."""
    answer_part = response
    for opening, closing in THINKING:
        answer_part = answer_part.rpartition(closing)[2]
        if opening in answer_part:
            return None
    return answer_part


def plain(text: str) -> str:
    """The text with plain line ends and blanks, without invisible characters and end tokens."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return without_end_tokens(unicodedata.normalize("NFC", text.translate(INVISIBLE | BLANKS)))


def without_end_tokens(text: str) -> str:
    """The text without the tokens with which a model ends, and without blanks before them."""
    tail = text[-1000:]
    return text[: len(text) - len(tail)] + END_TOKENS.sub("", tail)


def _marked(answer_part: str) -> Extraction | None:
    """The last box or tag."""
    box, tag = last_box(answer_part), last_tagged(answer_part)
    # A box behind a tag that is never closed is later, too: the tag may only be spoken of.
    if tag is not None and (box is None or box.start < (tag.end if tag.text else tag.start)):
        if tag.text is None:
            return Extraction(None, "the last <answer> is never closed")
        inside = final_answer(tag.text)
        if "box" in inside.place and inside.text is None and "never" not in inside.place:
            return Extraction(unmarked(tag.text), "the last <answer>")
        return Extraction(inside.text, f"the last <answer>, {inside.place}")
    if box is None:
        return None
    if box.text is None:
        return Extraction(None, "the last box is never closed")
    return Extraction(without_announcement(box.text), "the last box")


def _last_line(answer_part: str) -> Extraction | None:
    fence = last_fenced(answer_part)
    if fence is not None and fence.text and not answer_part[fence.end :].strip():
        content = fence.text.strip()
        return Extraction(content, "the fenced last line") if "\n" not in content else None
    lines = [line.strip() for line in answer_part.splitlines()]
    lines = [line for line in lines if line and not FENCE_LINE.fullmatch(line)]
    if not lines:
        return None
    if lines[-1].startswith("####"):
        return Extraction(unmarked(lines[-1].lstrip("#")), "the line after ####")
    bold = BOLD.findall(lines[-1])
    if len(bold) == 1:
        return Extraction(unmarked(bold[0]), "the bold text of the last line")
    if len(lines) == 1 and len(lines[0]) <= LONGEST_BARE_ANSWER:
        return Extraction(unmarked(lines[0]), "the whole response")
    return None

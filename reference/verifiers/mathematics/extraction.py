r"""The final answer of a response, as text: where the response says that it stands, nowhere else.

====  ============================================  ====================================
rank  place                                         example
====  ============================================  ====================================
1     the last box, braces balanced                 ``so \boxed{\frac{1}{2}}.``
                                                    ``\fbox{5}``
2     the last sentence that announces it           ``The final answer is 42.``
                                                    ``**Answer:** B``
3     the last line, after four hashes              ``#### 42``
4     the last line, if it holds one bold span      ``**42**``
5     the whole response, if it is one short line   ``x = 3``
====  ============================================  ====================================

Everything up to the last ``</think>`` is dropped; thinking that is never closed holds no answer.
The last box wins and an earlier one is never a fallback, not even for a last box that is cut off:
what a model takes back is not its answer. A bare number somewhere in the text is not an answer.
Every search is linear in the length of the response.
"""

import re
from dataclasses import dataclass

LONGEST_BARE_ANSWER = 200
"""A response without any mark is an answer up to this length; longer lines are prose."""

OPEN, CLOSE = "<think>", "</think>"
BOXES = ("\\boxed", "\\fbox")
ANNOUNCEMENT = re.compile(
    r"\banswer(?:[ \t]+(?:to|for)\b[^\n.:]{0,80}?)?(?:\*\*)?[ \t]*"
    r"(?:\bis\b[ \t]*:?|:|=)[ \t]*(?:\*\*)?[ \t]*",
    re.IGNORECASE,
)
LEADING_ANNOUNCEMENT = re.compile(
    r"^(?:\\text(?:bf|rm)?\s*\{\s*)?(?:the\s+)?(?:final\s+)?answer\s*(?:is\b\s*:?|:|=)\s*\}?\s*",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(
    r"\.[ \t]+(?=[A-Z\\(])"
    r"|(?:[.,;]|(?<![ \t]))[ \t]++(?:because|since)\b"
    r"|,[ \t]+(?:which|where|as)\b",
    re.IGNORECASE,
)
"""A run of blanks is tried from its first blank only; from each of them it would take n^2 steps."""

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
    start = max(answer_part.rfind(box + "{") for box in BOXES)
    if start >= 0:
        content = braced(answer_part, answer_part.index("{", start))
        if content is None:
            return Extraction(None, "the last box is never closed")
        return Extraction(without_announcement(content), "the last box")
    nothing = Extraction(None, "no box, no announced answer")
    return _announced(answer_part) or _last_line(answer_part) or nothing


def after_thinking(response: str) -> str | None:
    """What follows the last ``</think>``; the whole text if there is no thinking.

    None if thinking goes on to the end.
    """
    answer_part = response[response.rfind(CLOSE) + len(CLOSE) :] if CLOSE in response else response
    return None if OPEN in answer_part else answer_part


def braced(text: str, start: int) -> str | None:
    """What stands between the brace at ``start`` and its partner; None without a partner.

    ``\\{`` and ``\\}`` are signs, not braces.
    """
    depth, index = 0, start
    while index < len(text):
        character = text[index]
        if character == "\\":
            index += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start + 1 : index]
        index += 1
    return None


def without_announcement(text: str) -> str:
    """Drop ``Answer:`` and the like from the front of an answer: ``\\text{Answer: } 5`` is 5."""
    announcement = LEADING_ANNOUNCEMENT.match(text)
    if not announcement:
        return text.strip()
    rest = text[announcement.end() :]
    # `\text{Answer: 5}` opens a group before the announcement and closes it after the answer.
    if rest.count("}") == rest.count("{") + 1 and rest.endswith("}"):
        rest = rest[:-1]
    return rest.strip()


def _announced(answer_part: str) -> Extraction | None:
    ends = [match.end() for match in ANNOUNCEMENT.finditer(answer_part)]
    if not ends:
        return None
    line = answer_part[ends[-1] :].lstrip().split("\n", 1)[0]
    end = SENTENCE_END.search(line)
    return Extraction(_unmarked(line[: end.start()] if end else line), "the announced answer")


def _last_line(answer_part: str) -> Extraction | None:
    lines = [line.strip() for line in answer_part.splitlines() if line.strip()]
    if not lines:
        return None
    if lines[-1].startswith("####"):
        return Extraction(_unmarked(lines[-1].lstrip("#")), "the line after ####")
    bold = BOLD.findall(lines[-1])
    if len(bold) == 1:
        return Extraction(_unmarked(bold[0]), "the bold text of the last line")
    if len(lines) == 1 and len(lines[0]) <= LONGEST_BARE_ANSWER:
        return Extraction(lines[0], "the whole response")
    return None


def _unmarked(text: str) -> str:
    return text.replace("**", "").strip().rstrip("`").lstrip("`").strip()

r"""Marks around an answer: boxes, ``<answer>`` tags, fences, signs of Markdown.

``\boxed{5}``, ``\boxed {5}``, ``\boxed 5``, ``\boxed\frac{1}{2}`` are boxes; ``\boxed`` before a
word of prose only speaks of one.
"""

import re
from dataclasses import dataclass

BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])\s*")
UNBRACED = re.compile(r"[-+−]?(?:\d[\d.,/^]*\d|\d)|[A-Za-z](?![A-Za-z'])")
COMMAND = re.compile(r"[-+]?\\[A-Za-z]+\s*")
TAG, END_TAG = "<answer>", "</answer>"
FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})(?P<words>[^\n`]*)$", re.MULTILINE)


@dataclass(frozen=True)
class Mark:
    """A marked part of a text.

    Attributes:
        start: Where its mark begins.
        end: Where its mark ends; the end of the text if it is never closed.
        text: What is marked; None if the mark is never closed.
    """

    start: int
    end: int
    text: str | None


def last_box(text: str) -> Mark | None:
    """The last box of a text; None if it has none."""
    for command in reversed(list(BOX.finditer(text))):
        start, position = command.start(), command.end()
        if text.startswith("{", position):
            content = braced(text, position)
            if content is None:
                return Mark(start, len(text), None)
            return Mark(start, position + len(content) + 2, content)
        if end := _unbraced_end(text, position):
            return Mark(start, end, text[position:end])
    return None


def last_tagged(text: str) -> Mark | None:
    """What the last ``<answer>`` holds; None without such a tag."""
    start = text.rfind(TAG)
    if start < 0:
        return None
    end = text.find(END_TAG, start)
    if end < 0:
        return Mark(start, len(text), None)
    return Mark(start, end + len(END_TAG), text[start + len(TAG) : end].strip())


def last_fenced(text: str) -> Mark | None:
    """The last fenced block, of back-ticks or tildes; None without one."""
    last, opened = None, None
    for fence in FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence["fence"].startswith(opened["fence"]) and not fence["words"].strip():
            content = text[opened.end() + 1 : max(opened.end() + 1, fence.start())]
            last, opened = Mark(opened.start(), fence.end(), content), None
    return last if opened is None else Mark(opened.start(), len(text), None)


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


def unmarked(text: str) -> str:
    """A text without the signs of Markdown around it: bold, back-ticks, headings, quotes."""
    text = re.sub(r"^(?:#{1,6}|>)[ \t]+", "", text.strip())
    text = text.replace("**", "").replace("__", "") if "**" in text else text
    return text.strip().strip("`").strip()


def _unbraced_end(text: str, position: int) -> int:
    """The end of an argument without braces; 0 if there is none."""
    if number := UNBRACED.match(text, position):
        return number.end()
    command = COMMAND.match(text, position)
    if command is None:
        return 0
    end = command.end()
    while text.startswith("{", end) and (content := braced(text, end)) is not None:
        end += len(content) + 2
    return end if end > command.end() else 0

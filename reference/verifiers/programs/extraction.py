"""Where the program is in a response: the last fenced Python block, or the whole answer.

    <think> … </think>  text  ```python  …  ```  text    the block; thinking is dropped
    text without a fence                                 all of it; running it shows if it is Python

A fence has three or more back-ticks or tildes and ends with as many: ``~~~``, a fence of four. Its
language is the first word behind it, whatever follows: ``python title="a.py"``, ``{.python}``,
``python:main.py``. Without a fence, ``<answer>`` and end tokens are no part of the program.

Only lines are looked at here: a response is hostile text, and Python's own parser must not see it
outside a sandbox. The characters of a program stay as they are: a no-break space is no indentation.
"""

import re

from seed.reference.verifiers.marks import last_tagged
from seed.reference.verifiers.response import without_end_tokens, without_thinking

OPENING = re.compile(r"(?P<indent>\s*)(?P<fence>`{3,}|~{3,})(?P<words>[^`]*)")
LANGUAGE = re.compile(r"[\s{.]*([\w+#-]*)")
LANGUAGES = ("python", "py", "python3", "py3", "pypy3", "ipython3")
BESIDE_TAGS = (
    (re.compile(r"(<answer>)[ \t]*(?=`{3}|~{3})"), r"\1\n"),
    (re.compile(r"^(\s*(?:`{3,}|~{3,}))[ \t]*(?=</answer>)", re.MULTILINE), r"\1\n"),
)


def program_of(response: str) -> str:
    """Find the program in any text.

    It is the last closed block that is marked as Python; without one, the last closed block without
    a mark; without one, the whole answer, provided that no fence is left open. Empty if there is
    none of these.
    """
    answer = without_thinking(response)
    if answer is None:
        return ""
    answer = without_end_tokens(answer.replace("\r\n", "\n"))
    for beside, apart in BESIDE_TAGS:
        answer = beside.sub(apart, answer)
    blocks, open_fence = _blocks(answer)
    for languages in (LANGUAGES, ("",)):
        for language, block in reversed(blocks):
            if language in languages:
                return block
    if blocks or open_fence:
        return ""
    tag = last_tagged(answer)
    return answer if tag is None else tag.text or ""


def _blocks(answer: str) -> tuple[list[tuple[str, str]], bool]:
    """Language and content of each fenced block, and whether the last one is still open."""
    blocks: list[tuple[str, str]] = []
    language, fence, indent = "", "", 0
    content: list[str] | None = None
    for line in answer.split("\n"):
        opening = OPENING.fullmatch(line)
        if content is None:
            if opening:
                words = LANGUAGE.match(opening["words"].lower())
                language = words[1] if words else ""
                fence, indent, content = opening["fence"], len(opening["indent"]), []
        elif opening and opening["fence"].startswith(fence) and not opening["words"].strip():
            blocks.append((language, "\n".join(content) + "\n"))
            content = None
        else:
            # A block inside a list is indented as a whole; what is indented less is left as it is.
            content.append(line[indent:] if not line[:indent].strip() else line)
    return blocks, content is not None

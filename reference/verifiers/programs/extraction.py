"""Where the program is in a response: the last fenced Python block, or the whole answer.

    <think> … </think>  text  ```python  …  ```  text    the block; thinking is dropped
    text without a fence                                 all of it; running it shows if it is Python

Only lines are looked at here: a response is hostile text, and Python's own parser must not see it
outside a sandbox.
"""

THINKING, ANSWER = "<think>", "</think>"
FENCE = "```"
LANGUAGES = ("python", "py", "python3")


def program_of(response: str) -> str:
    """Find the program in any text.

    It is the last closed block that is marked as Python; without one, the last closed block without
    a mark; without one, the whole answer, provided that no fence is left open. Empty if there is
    none of these.
    """
    _, _, answer = response.rpartition(ANSWER)
    if THINKING in answer:
        return ""
    blocks, open_fence = _blocks(answer.replace("\r\n", "\n"))
    for languages in (LANGUAGES, ("",)):
        for language, block in reversed(blocks):
            if language in languages:
                return block
    return "" if blocks or open_fence else answer


def _blocks(answer: str) -> tuple[list[tuple[str, str]], bool]:
    """Language and content of each fenced block, and whether the last one is still open."""
    blocks: list[tuple[str, str]] = []
    language, indent = "", 0
    content: list[str] | None = None
    for line in answer.split("\n"):
        text = line.strip()
        if content is None and text.startswith(FENCE):
            language = text[len(FENCE) :].strip().lower()
            indent, content = len(line) - len(line.lstrip()), []
        elif content is not None and text == FENCE:
            blocks.append((language, "\n".join(content) + "\n"))
            content = None
        elif content is not None:
            # A block inside a list is indented as a whole; what is indented less is left as it is.
            content.append(line[indent:] if not line[:indent].strip() else line)
    return blocks, content is not None

r"""The answer to a puzzle in a response of a language model, in every way of writing it.

    response -> where the answer stands -> its text without marks -> the form the family reads

Where it stands, and in this order: the last box or ``<answer>``, the last announcement, the last
fenced block, the bold text of the last line, or else the whole response. Thinking is dropped;
thinking that is never closed holds no answer. A later mark takes an earlier one back.

What is presentation, never the answer itself, so that every reading of it is tried:

=================  =============================================================================
everywhere         blanks and empty lines around it, ``**``, back-ticks, quotes, ``$``, ``\(``,
                   ``\text{}``, a trailing point, blanks beside an operator, full-width
                   characters, other scripts' minus, times and division signs, the other case
walks, roles       blanks, commas, arrows between the letters: ``A -> E -> B`` is AEB
lists              commas between the numbers: ``1, 3, 2`` is ``1 3 2``
grids              one line a row instead of ``/``, blanks between the cells, tables
cryptarithm        blanks between the digits: each letter is one digit
arithmetic         the ``=`` before the value may be missing: ``\boxed{45}``
other numbers      nothing more: ``8 5`` is not 85
=================  =============================================================================

What is no answer, though some graders count it: ``<think>LUL`` and ``<think>LUL</think>``, where
nothing is said after thinking; ``85+82 = 24`` for the target 167, which gives another result.

The rules of a family stay as strict as they are: they see each reading as a response of its own,
and the answer is right if one reading is. No family tells two answers apart by presentation alone.
"""

import re
from collections.abc import Iterator

from seed.reference.verifiers.announcements import announcement_ends, sentence
from seed.reference.verifiers.marks import last_box, last_fenced, last_tagged

WALKS = ("hamiltonian", "knights_and_knaves", "maze", "sliding", "stack_permutation", "equivalence")
LISTS = ("car_painting", "magic_square", "minesweeper", "twiddle")
GRIDS = (
    *("binario", "campsite", "hitori", "kakurasu", "light_up", "skyscraper", "star_battle"),
    *("sudoku", "zebra"),
)

MOST_CHARACTERS = 20_000
"""Of the text that is read for an answer: the longest answers have some hundred characters."""

LONGEST_BOLD = 5_000
"""Characters from the end in which bold text is looked for."""

MOST_READINGS = 60
"""Of one answer: three marks inside each other, with and without its point, in every form."""

SIGNS = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        **dict.fromkeys("−‐‑‒–—﹣", "-"),
        **dict.fromkeys("×·⋅∙∗✕✖⨯", "*"),
        **dict.fromkeys("÷∕⁄", "/"),
        "。": ".",
        "：": ":",
        "→": "->",
        "➝": "->",
        "↑": "U",
        "↓": "D",
        "←": "L",
    }
)
LATEX = (
    (re.compile(r"\\(?:times|cdot|ast)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"\\(?:to|rightarrow)(?![A-Za-z])"), "->"),
    (re.compile(r"\\(?:left|right|[,;!])(?![A-Za-z])"), ""),
    (re.compile(r"\\[dt]?frac\{([^{}]{1,99})\}\{([^{}]{1,99})\}"), r"((\1)/(\2))"),
    (re.compile(r"\\([#_%&])"), r"\1"),
)
PAIRS = (
    *(("**", "**"), ("__", "__"), ("```", "```"), ("`", "`"), ("$$", "$$"), ("$", "$")),
    *(("\\(", "\\)"), ("\\[", "\\]"), ('"', '"'), ("'", "'"), ("“", "”"), ("*", "*")),
    *((f"\\{name}{{", "}") for name in ("text", "texttt", "mathtt", "mathrm", "textbf", "mathbf")),
)
BESIDE_OPERATORS = re.compile(r" *([-+*/=:()]) *")
BETWEEN_LETTERS = re.compile(r"(?:[ ,;]|->|=>|(?<=\w)-(?=\w))+")
SEPARATORS = re.compile(r" *[,;] *")
BOLD_AT_END = re.compile(r"\*\*(?P<bold>[^\n]{1,4000}?)\*\*[.。]?\s*\Z")
FENCED = re.compile(r"`{3,}|~{3,}")
LABEL = re.compile(
    r"(?:(?:my|the|one|a|final|possible|correct|valid|shortest)\s+)*"
    r"(?:solution|result|expression|path|walk|route|moves|order|grid|assignment|output)"
    r"(?:\s+(?:is|are))?\s*[:：]|(?:so|thus|hence|therefore),?\s",
    re.IGNORECASE,
)
SPAN = re.compile(r"\*\*([^\n]{1,2000}?)\*\*|`([^`\n]{1,2000})`|\$\$([^\n]{1,2000}?)\$\$")
TABLE_RULE = re.compile(r"[|:\s+=-]*-[|:\s+=-]*")
ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]{1,12}\*?\}(?:\{[clr|@ ]{0,99}\})?|\\hline")


def answer_text(answer_part: str) -> tuple[str | None, str]:
    """Find the text that a response without its thinking gives as its answer.

    Returns:
        The text, None if there is none; and where it stands, or why there is none.
    """
    box, tag = last_box(answer_part), last_tagged(answer_part)
    if tag is not None and (box is None or box.start < tag.end):
        return answer_text(tag.text) if tag.text is not None else (None, "<answer> is never closed")
    if box is not None:
        return box.text, "the last box" if box.text is not None else "the last box is never closed"
    for end in announcement_ends(answer_part):
        # The signs after an announcement may be its own, as in **Answer:**, or of the answer.
        signs = len(answer_part[:end]) - len(answer_part[:end].rstrip("*_ \t=\n"))
        if announced := _after_announcement(answer_part[end - min(signs, 8) :]):
            return announced, "the announced answer"
    fence = last_fenced(answer_part)
    if fence is not None and fence.text is not None and fence.text.strip():
        return fence.text.strip("\n"), "the last fenced block"
    if bold := BOLD_AT_END.search(answer_part[-LONGEST_BOLD:].rpartition("\n\n")[2]):
        return bold["bold"], "the bold text at the end"
    return answer_part, "the whole response"


def readings(family: str, text: str) -> Iterator[str]:
    """Every way to read an answer as a response to the family, the text as it stands first.

    Args:
        family: A key of ``reference.tasks.puzzles.FAMILIES``.
        text: What ``answer_text`` returns.
    """
    if len(text) > MOST_CHARACTERS:
        yield text
        return
    seen: set[str] = set()
    for bare in _unmarked(text):
        for form in _forms(family, bare):
            for reading in (form, form.upper(), form.lower()):
                if reading not in seen and len(seen) < MOST_READINGS:
                    seen.add(reading)
                    yield reading


def _after_announcement(rest: str) -> str:
    """The block below an announcement, or the sentence in its own line, marks included."""
    line, _, below = rest.partition("\n")
    if line.strip(" \t*_:：#") and not line.rstrip(" \t*_").endswith((":", "：")):
        return sentence(line.strip())
    block = below.strip()
    return _first_fenced(block) if FENCED.match(block) else block.partition("\n\n")[0]


def _first_fenced(block: str) -> str:
    """What the fence holds with which a text begins."""
    opening, _, content = block.partition("\n")
    marks = FENCED.match(opening)
    return content.partition(f"\n{marks[0]}")[0] if marks else content


def _unmarked(text: str) -> Iterator[str]:
    """A text, and the same without the marks around it and its trailing point, layer by layer."""
    yield text
    yield text.strip()
    text = text.strip().translate(SIGNS)
    for pattern, replacement in LATEX:
        text = pattern.sub(replacement, text)
    yield text
    if text.startswith(("** ", "*** ", "__ ")):
        text = text.lstrip("*_").strip()
    for _ in range(8):
        yield text
        inner = _without_pair(text)
        if inner == text and text.endswith(".") and len(text) > 1:
            inner = text[:-1].rstrip()
        if label := LABEL.match(inner):
            inner = inner[label.end() :].strip()
        if inner == text:
            break
        text = inner
    spans = SPAN.findall(text.rpartition("\n")[2])
    if len(spans) == 1:
        yield "".join(spans[0]).strip()


def _without_pair(text: str) -> str:
    for opening, closing in PAIRS:
        inside = len(text) > len(opening) + len(closing)
        if inside and text.startswith(opening) and text.endswith(closing):
            return text[len(opening) : -len(closing)].strip()
    return text


def _table_rows(text: str) -> list[str]:
    """The rows of a table in Markdown or LaTeX; empty if it is none."""
    if "|" not in text and "&" not in text:
        return []
    text = ENVIRONMENT.sub("\n", text).replace("\\\\", "\n")
    lines = [line for line in text.splitlines() if not TABLE_RULE.fullmatch(line)]
    rows = [" ".join(line.replace("|", " ").replace("&", " ").split()) for line in lines]
    return [row for row in rows if row]


def _forms(family: str, text: str) -> Iterator[str]:
    """A text as it stands, and in the form that answers of its kind of family have."""
    yield text
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if family in (*GRIDS, "magic_square"):
        lines = _table_rows(text) or lines
    if family in GRIDS:
        yield "/".join("".join(line.split()) for line in lines)
    elif family in WALKS:
        yield BETWEEN_LETTERS.sub("", " ".join(lines))
    elif family in LISTS:
        tidy = BESIDE_OPERATORS.sub(r"\1", "/".join(lines))
        yield tidy
        yield SEPARATORS.sub(" ", tidy)
    elif family == "cryptarithm":
        yield "".join("".join(lines).split())
    elif family != "prose":
        line = BESIDE_OPERATORS.sub(r"\1", " ".join(lines))
        yield line if "=" in line or family != "arithmetic" else f"={line}"

"""Rules about the text of a statement. Each names a defect that a person can see at once."""

import re
from collections.abc import Iterator

EMPTY = "empty-statement"
FIGURE = "missing-figure"
SEVERAL = "several-questions"
NO_QUESTION = "no-question"
UNFINISHED = "unfinished"
UNBALANCED = "unbalanced-formula"
PROOF = "proof-or-yes-no"
LINK = "link"
FOREIGN = "foreign-characters"

DRAWN = re.compile(r"\[asy\]|\\begin\{(?:tikzpicture|asy)\}", re.I)
POINTED = re.compile(
    r"\b(?:figure|diagram|picture|graph|grid|drawing) (?:below|above|shown|at the right)"
    r"|\b(?:shown|pictured|depicted) (?:below|above|in the (?:figure|diagram|picture))"
    r"|\bin the (?:figure|diagram|picture|accompanying)\b|!\[|\\includegraphics"
    r"|\bas shown\b|\bthe (?:figure|diagram) (?:is|shows)\b",
    re.I,
)
ASKED = re.compile(
    r"\?|__|\(\s*\)|\b(?:find|determine|compute|calculate|evaluate|what|how many|how much|express|"
    r"solve|give|simplify|write|state|list|enter|which|when|where|who|in how many|choose|count|"
    r"estimate|convert|factor|expand|round)\b",
    re.I,
)
PARTS = re.compile(r"(?:^|[\s(])\(?[a-d]\)\s+\S", re.I)
TWO_ORDERS = re.compile(
    r"\b(?:find|determine|compute|calculate)\b[^.?!]*[.?!]\s*(?:also|in addition|furthermore|"
    r"then),? (?:find|determine|compute|calculate)\b",
    re.I,
)
PROVE = re.compile(
    r"\b(?:prove|show) that\b|\b(?:true or false|yes or no)\b|(?:\A|[.!?:]\s+)(?:is it (?:true|"
    r"possible)|does there exist)\b[^.?]*\?\s*\Z",
    re.I,
)
ADDRESS = re.compile(r"https?://|www\.", re.I)
OPEN_ENDED = re.compile(r"\b(?:and|or|the|of|is|that|where|if|to|a|an)\s*\Z|[,(=+]\s*\Z", re.I)
FULL_WIDTH = re.compile(r"[\u3000-\u9fff\uac00-\ud7af\uff01-\uff65\u0400-\u04ff\u0600-\u06ff]")
DOLLAR = re.compile(r"(?<!\\)\$")


def statement_defects(text: str) -> Iterator[tuple[str, str]]:
    """Name and detail of every rule that a statement breaks."""
    if not text.strip():
        yield EMPTY, "there is no text"
        return
    yield from _missing(text)
    yield from _wrong_kind(text)
    if not _balanced(text):
        yield UNBALANCED, "a dollar, brace or delimiter has no partner"
    if foreign := FULL_WIDTH.search(text):
        yield FOREIGN, f"{foreign[0]} (U+{ord(foreign[0]):04X})"


def _missing(text: str) -> Iterator[tuple[str, str]]:
    if not DRAWN.search(text) and (pointed := POINTED.search(text)):
        yield FIGURE, f"it says {pointed[0]!r} and has no drawing"
    if not ASKED.search(text):
        yield NO_QUESTION, "nothing is asked"
    if OPEN_ENDED.search(text):
        yield UNFINISHED, f"it ends with {text.rstrip()[-12:]!r}"


def _wrong_kind(text: str) -> Iterator[tuple[str, str]]:
    questions = text.count("?")
    if questions > 1 or len(PARTS.findall(text)) > 1 or TWO_ORDERS.search(text):
        yield SEVERAL, f"{questions} question marks" if questions > 1 else "several parts or orders"
    if proof := PROVE.search(text):
        yield PROOF, repr(proof[0][:40])
    if ADDRESS.search(text):
        yield LINK, "an address of the web"


def _balanced(text: str) -> bool:
    plain = text.replace("\\\\", " ").replace("\\$", " ")
    braces = plain.replace("\\{", "").replace("\\}", "")
    pairs = (("\\(", "\\)"), ("\\[", "\\]"), ("\\left", "\\right"), ("\\begin", "\\end"))
    counts = ((plain.count(first), plain.count(last)) for first, last in pairs[:2])
    words = (
        (len(re.findall(rf"{re.escape(a)}\b", plain)), len(re.findall(rf"{re.escape(b)}\b", plain)))
        for a, b in pairs[2:]
    )
    same = all(first == last for first, last in (*counts, *words))
    return same and braces.count("{") == braces.count("}") and _dollars(plain) % 2 == 0


def _dollars(text: str) -> int:
    """Signs that may be delimiters: amounts such as ``$5`` in a text without formulas are none."""
    count = len(DOLLAR.findall(text))
    amounts = len(re.findall(r"(?<![\\$\w])\$\d[\d,.]*(?=[\s,.;:?!/)\-]|\Z)", text))
    return 0 if amounts == count else count

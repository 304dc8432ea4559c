r"""Rules on statements: what a person sees at once, as regular expressions and small parsers.

The report drops "questions with incomplete statement, inconsistent notation or unclear requirement"
(Seed1.5-Thinking, section 2.1); the other signals are those of Big-Math (arXiv 2502.17387).
Every rule is a function of the text that says what it found, or nothing. All patterns are linear:
no quantifier stands inside another one. The language is told by script and by function words, which
needs no library; a text of a dozen words is too short for one that models letters, too.
"""

import re
import unicodedata
from collections import Counter

from seed.reference.cleaning.words import prose, sentences

LINK = re.compile(r"https?://|\bwww\.\w|\]\(\s*\w+[:/.]|<a\s+href", re.IGNORECASE)
IMAGE = re.compile(r"!\[|\\includegraphics|<img\b|\[\s*(?:image|figure|diagram)\b", re.IGNORECASE)
FIGURE = re.compile(
    r"\b(?:the|this|following|adjoining|accompanying|attached|given) "
    r"(?:\w+ )?(?:figure|diagram|picture)s?\b"
    r"|\bas (?:is )?(?:shown|pictured|depicted|illustrated|drawn)\b"
    r"|\b(?:shown|pictured|depicted|illustrated|drawn) (?:below|above|here|at (?:the )?right)\b"
    r"|\b(?:figure|diagram|picture|graph|table|chart) (?:below|above|at (?:the )?right)\b"
    r"|\b(?:fig|figure)\. ?\d",
    re.IGNORECASE,
)
FIGURE_WORDS = (
    *("fig", "diagram", "picture", "shown", "depict", "illustrat", "drawn", "graph"),
    *("table", "chart"),
)
"""One of them is in whatever ``FIGURE`` finds: looking for them first is quick."""
IN_MIND = re.compile(
    r"\b(?:significant|\w+-) ?figures?\b|\bas shown that\b|\bshown that\b", re.IGNORECASE
)
FIGURE_CODE = re.compile(r"\[asy\]|\\begin\{(?:asy|tikzpicture|tabular|array)\}|```asy")
CODE = re.compile(r"\[asy\].{0,9000}?\[/asy\]|```.{0,9000}?```", re.DOTALL)
TABLE = re.compile(r"\|.*\|.*\n|\\begin\{(?:tabular|array)\}")

PLACEHOLDER = re.compile(
    r"\[(?:missing|redacted|omitted|insert|todo)\b|TODO\b|lorem ipsum\b|\?\?\?", re.IGNORECASE
)
HANGING_WORDS = (
    "and or the a an of to with by for from that which where if is are be let then than whose"
    " between given such as in on at when find"
)
HANGING = frozenset(HANGING_WORDS.split())

PROOF = re.compile(
    r"^[\W\d]*(?:\w\)\s*)?(?:prove|show|demonstrate|justify|verify|disprove|derive)\b(?! your)"
    r"|\b(?:prove|disprove|show) (?:that|or disprove)\b|\bprove (?:the|it|this|your)\b"
    r"|\b(?:then|and|also) prove\b",
    re.IGNORECASE,
)
PROOF_WORDS = ("prove", "show", "demonstrate", "justify", "verify", "derive")
"""One of them is in whatever ``PROOF`` finds."""
YES_NO = re.compile(
    r"^(?:(?:so|then|thus|now|and|also|in this case|if so),? )?"
    r"(?:is|are|was|were|does|do|did|can|could|will|would|has|have|must|should)\b(?!.*\bor\b.*\d)",
    re.IGNORECASE,
)
TRUE_FALSE = re.compile(
    r"\btrue or false\b|\byes or no\b|\bdetermine (?:whether|if)\b|\bis it (?:possible|true)\b"
    r"|\bdecide whether\b",
    re.IGNORECASE,
)
COUNTED = re.compile(r"\b(?:how many|what|which|find|number of)\b", re.IGNORECASE)
YES_NO_ANSWERS = frozenset(("yes", "no", "true", "false"))

PART = re.compile(r"(?:^|\n|\s)\(?(?:([a-h])|(i{1,3}|iv|v)|([1-9]))\)\s", re.IGNORECASE)
NUMBERED = re.compile(r"(?:^|\n)\s*(?:([a-h])|([1-9]))\.\s")
REQUEST = (
    r"find|compute|calculate|determine|evaluate|simplify|solve|express|give|state|list|count|"
    r"factor|expand|write|convert|round|estimate|name"
)
REQUEST_FIRST = re.compile(
    rf"^(?:(?:please|then|also|now|and|next|finally|hence|thus|in addition)\W+){{0,3}}"
    rf"(?:{REQUEST})\b",
    re.IGNORECASE,
)
REQUEST_ANYWHERE = re.compile(
    rf"\b(?:{REQUEST}|what|how|which|who|when|where|whose|why|prove|show|provide|is|are|does|do|can|"
    r"add|subtract|multiply|divide|draw|answer|design|implement|return|output|print|minimum|maximum|equals?|value|number)\b"
    r"|\?|=\s*\$?\s*$|_{2,}",
    re.IGNORECASE,
)
ABOUT_FORM = re.compile(
    r"\b(?:your|the|final) (?:final )?answers?\b"
    r"|^(?:express|round|write|give|state) (?:it|this|them|the result|your|answers?|all)\b",
    re.IGNORECASE,
)
"""A sentence about the form of the answer asks for nothing more."""
OF_FORMULA = re.compile(
    r"^(?:\w+,? )?(?:find|compute|determine|calculate|evaluate|what is|what's)"
    r"(?: the (?:value|sum|product|quantity) of)? x ?[.?]?$",
    re.IGNORECASE,
)
"""``Find $m+n$.`` at the end: it asks for the same answer in another form."""

OPTION = re.compile(
    r"(?:^|[\s$({\\])(?:\\(?:textbf|text|mathrm|mathbf)\{)?\(?([A-J])(?:\)|\.|:)\}?(?=[\s\\~$])"
)
FUNCTION_WORDS = {
    "English": "the of and to in is that for with are what how find if be on at by from as",
    "Spanish": "el la los las de que en y es un una por con para del se si cuál calcule",
    "French": "le la les des de et est un une que pour dans du sur avec qui soit si quel",
    "German": "der die das und ist ein eine von zu den mit für auf im wie dass sei gilt",
    "Italian": "il lo la gli di che e un una per con del della sono quanti trova è si",
    "Portuguese": "o os as de que e um uma para com do da em não se é qual quantos",
    "Polish": "w i z na do jest że się nie o od po jak dla oraz liczba ile",
    "Indonesian": "yang dan di dari dengan untuk adalah pada berapa jika sebuah ini itu",
    "Turkish": "ve bir bu için ile kaç olan olarak ise göre kadar nedir",
    "Dutch": "de het een en van is in op te dat met voor zijn hoeveel als aan",
}
LANGUAGES_OF = {
    word: [language for language, words in FUNCTION_WORDS.items() if word in words.split()]
    for words in FUNCTION_WORDS.values()
    for word in words.split()
}
SAME_ALPHABETS = ("LATIN", "GREEK", "MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER")
LETTERLIKE = frozenset("ªºµ")


def link(text: str) -> str:
    """An address of the web."""
    if not any(sign in text for sign in ("://", "www.", "WWW.", "](", "<a", "<A")):
        return ""
    found = LINK.search(text)
    return f"link {found[0].strip()!r}" if found else ""


def missing_figure(text: str, code_is_figure: bool = True) -> str:
    """A figure that the text names and does not hold."""
    if code_is_figure and FIGURE_CODE.search(text):
        return ""
    if any(sign in text for sign in ("![", "\\inc", "<img", "[")) and (found := IMAGE.search(text)):
        return f"image {found[0]!r}"
    lower = text.lower()
    if not any(word in lower for word in FIGURE_WORDS):
        return ""
    named = [one[0] for one in FIGURE.finditer(text) if not IN_MIND.search(one[0])]
    if not named or ("table" in named[0].lower() and TABLE.search(text)):
        return ""
    return f"names {named[0]!r}"


def incomplete(text: str) -> str:
    """A text that breaks off, or that holds a place to be filled in."""
    if found := PLACEHOLDER.search(text):
        return f"placeholder {found[0]!r}"
    end = text.rstrip()
    if not end:
        return ""
    if end.endswith(("...", "…")) and not end.endswith(("$...", "\\ldots...")):
        return "ends in three points"
    last = end[-12:].split()[-1]
    if last in HANGING:
        return f"ends in {last!r}"
    return f"ends in {end[-1]!r}" if end.endswith((",", ";", "(", "[", "+", "-", "−")) else ""


def broken_notation(text: str) -> str:
    r"""Formulas that do not close: dollars, ``\(``, ``\[``, environments, braces."""
    code_free = CODE.sub(" ", text)
    bare = re.sub(r"\\\\|\\[$%{}]", "  ", code_free)
    displays = bare.count("$$")
    singles = bare.replace("$$", "").count("$")
    if displays % 2 or (singles % 2 and not _is_money(bare)):
        return "a dollar sign without its partner"
    for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
        if bare.count(opening) != bare.count(closing):
            return f"{opening} and {closing} do not match"
    begun = Counter(re.findall(r"\\begin\{(\w+\*?)\}", bare))
    ended = Counter(re.findall(r"\\end\{(\w+\*?)\}", bare))
    if begun != ended:
        return f"environment {next(iter((begun - ended) + (ended - begun)))} does not match"
    if "\\" in bare and bare.count("{") != bare.count("}"):
        return "braces do not match"
    if "\N{REPLACEMENT CHARACTER}" in text:
        return "a replacement character"
    return ""


def foreign_language(text: str, max_share: float, min_words: int, margin: int) -> str:
    """Another script, or more function words of another language than English ones."""
    words = prose(text)
    if not text.isascii():
        letters = "".join(words)
        foreign = [c for c in letters if not c.isascii() and not _is_latin(c)]
        if len(foreign) > max_share * len(letters):
            script = unicodedata.name(foreign[0], "unknown").split()[0]
            return f"{len(foreign)} of {len(letters)} letters are {script}"
    if len(words) < min_words:
        return ""
    hits = Counter(name for word in words for name in LANGUAGES_OF.get(word, ()))
    best = max(FUNCTION_WORDS, key=lambda name: hits[name])
    if hits[best] <= hits["English"] + margin:
        return ""
    return f"{hits[best]} function words of {best}, {hits['English']} of English"


def proof(text: str) -> str:
    """A request to prove: no final answer can be compared."""
    lower = text.lower()
    if not any(word in lower for word in PROOF_WORDS):
        return ""
    for sentence in sentences(text):
        if found := PROOF.search(sentence):
            return f"asks to {found[0].strip()!r}"
    return ""


def yes_no(text: str, reference: str) -> str:
    """A question with two possible answers, which half of all guesses hit."""
    answer = reference.strip().strip(".").lower()
    if answer in YES_NO_ANSWERS or answer in (r"\text{yes}", r"\text{no}"):
        return f"the reference is {reference.strip()!r}"
    every = sentences(text)
    for sentence in every if TRUE_FALSE.search(text) else ():
        found = TRUE_FALSE.search(sentence)
        if found and not COUNTED.search(sentence):
            return f"asks {found[0]!r}"
    asked = [one for one in every if one.endswith("?")]
    if asked and YES_NO.search(asked[-1]):
        return f"asks {asked[-1][:60]!r}"
    return ""


def several_questions(text: str, most: int) -> str:
    """Lettered parts, or more than so many sentences that ask."""
    parts = _parts(text)
    if len(parts) > max(most, 1):
        return f"parts {', '.join(parts)}"
    asked = [
        one
        for one in sentences(text)
        if (one.endswith("?") or REQUEST_FIRST.match(one)) and not ABOUT_FORM.search(one)
    ]
    if len(asked) > 1 and OF_FORMULA.search(asked[-1]) and not OF_FORMULA.search(asked[-2]):
        asked.pop()
    return f"{len(asked)} questions, the last {asked[-1][:60]!r}" if len(asked) > most else ""


def no_question(text: str) -> str:
    """No sentence that asks for anything."""
    return "" if "?" in text or REQUEST_ANYWHERE.search(text) else "nothing is asked for"


def options_of(text: str) -> list[str]:
    """Labels of options in order: A, B, C …; empty if they do not begin with A and B."""
    return [one[1] for one in option_labels(text, 3)]


def option_labels(text: str, least: int) -> list[re.Match[str]]:
    """Places of the labels of options, A, B, C …; none if there are fewer than ``least``."""
    found: list[re.Match[str]] = []
    for label in OPTION.finditer(text):
        if label[1] == chr(ord("A") + len(found)):
            found.append(label)
    return found if len(found) >= least else []


def multiple_choice(text: str) -> str:
    """Options in the statement."""
    labels = options_of(text)
    return f"options {labels[0]} to {labels[-1]}" if labels else ""


def _parts(text: str) -> list[str]:
    """Labels of parts in order, (a) (b) …, each of which asks for something."""
    best: list[str] = []
    for pattern, sign in ((PART, ")"), (NUMBERED, "\n")):
        if sign not in text:
            continue
        found = list(pattern.finditer(text))
        for kind in range(pattern.groups):
            parts = [one for one in found if one[kind + 1]]
            ends = [*(one.start() for one in parts[1:]), len(text)]
            asking = [
                one[0].strip()
                for one, end in zip(parts, ends, strict=False)
                if _asks(text[one.end() : end])
            ]
            best = max(best, asking, key=len)
    return best if len(best) > 1 else []


def _asks(text: str) -> bool:
    first = text.strip()
    return "?" in text or bool(REQUEST_FIRST.match(first)) or bool(PROOF.search(first))


def _is_latin(character: str) -> bool:
    name = unicodedata.name(character, "")
    return character in LETTERLIKE or name.startswith(SAME_ALPHABETS)


def _is_money(text: str) -> bool:
    """Whether dollars are prices: a number follows at once and no formula is meant."""
    return "\\" not in text and bool(re.search(r"\$\s?\d|\d\$", text))

r"""Multiple choice to short answer: the options go, the answer becomes the text of the right one.

Guessing one of five options is right in a fifth of all cases; a short answer cannot be guessed so
(Seed1.5-Thinking, section 2.1). Questions that mean nothing without their options are dropped.
"""

import re
from collections.abc import Mapping, Sequence

from seed.reference.cleaning import statements
from seed.reference.cleaning.clean import answer_unreadable
from seed.reference.cleaning.ours import rewritten
from seed.reference.cleaning.settings import ChoiceSettings
from seed.reference.cleaning.stage import Change, Decision, Drop, Record
from seed.reference.cleaning.words import prose
from seed.reference.data.messages import Unusable
from seed.reference.verifiers.mathematics.choices import reference_choice

COLUMNS = ("options", "choices")
LETTERS = "ABCDEFGHIJ"
LONGEST_ANSWER = 200

NEEDS_OPTIONS = re.compile(
    r"\b(?:of|from|among|in) (?:the|these) (?:following|options|choices|statements|given)\b"
    r"|\bthe following\b[^.?]*\?|\bfollowing (?:is|are|statements?|options?|could|can|would|does)\b"
    r"|\bwhich (?:one|option|choice|answer|statement|pair|set|reaction|sequence|combination)s?\b"
    r"|\b(?:select|choose|pick|tick)\b|\bbest (?:describes|explains|answer|represents|choice)\b"
    r"|\b(?:most|least) (?:likely|accurate|appropriate)\b|\bclosest to\b|\bexcept\b"
    r"|\b(?:not|in)?correct (?:statement|option|order|answer|description)s?\b"
    r"|\b(?:is|are) (?:\(?are\)? )?(?:not )?(?:true|false|correct|incorrect|wrong)\b",
    re.IGNORECASE,
)
REFERS = re.compile(
    r"\b(?:all|any|both|neither) (?:of )?(?:the |these |them)?(?:above|options|others?|A|B)\b"
    r"|\ball of (?:the|these)\b|\bnot enough information\b"
    r"|\bcannot be determined\b|^\(?[A-J]\)? (?:and|or) \(?[A-J]\)?$|\bnone\b",
    re.IGNORECASE,
)
BEFORE_OPTIONS = re.compile(
    r"(?:\s|\$|\\\\|\\q?quad|\\(?:textbf|text|mathrm|mathbf)\{?"
    r"|\b(?:the )?(?:answer )?(?:options|choices)(?: are)?\s*:)+$",
    re.IGNORECASE,
)
AROUND = re.compile(
    r"^(?:[\s}~]|\\\s)+|(?:\s|\\q?quad|\\\\|\\ |[;,]|\\(?:textbf|text|mathrm|mathbf)\{?\(?)+$"
)


class ToShort:
    """Rewrites rows whose reference is one of several options."""

    rules = (
        "short_answer",
        "options_missing",
        "letter_unknown",
        "needs_options",
        "refers_to_options",
        "nothing_asked",
        "answer_too_long",
        "answer_unreadable",
    )

    def __init__(self, settings: ChoiceSettings) -> None:
        self._settings = settings

    def __call__(self, record: Record) -> Decision:
        """Rewrite a row with options, drop one that cannot stand without them, keep the others."""
        if record.domain not in ("math", "judge"):
            return None
        stem, options = options_in(record, self._settings.min_options)
        letter = _letter(record, options)
        if not letter:
            return None
        if not options:
            return Drop("options_missing", f"the reference is {letter}, and there are no options")
        if letter not in options:
            labels = ", ".join(options)
            return Drop("letter_unknown", f"the reference is {letter}, the options are {labels}")
        answer = options[letter]
        if fault := self._fault(stem, answer, options):
            return Drop(*fault)
        try:
            return Change("short_answer", rewritten(record, stem, answer))
        except Unusable as reason:
            return Drop("nothing_asked", str(reason))

    def _fault(self, stem: str, answer: str, options: Mapping[str, str]) -> tuple[str, str] | None:
        """Why the question cannot stand alone."""
        if found := NEEDS_OPTIONS.search(stem):
            return "needs_options", f"asks {' '.join(found[0].split())[:60]!r}"
        for text in options.values():
            if found := REFERS.search(text):
                return "refers_to_options", f"an option is {found[0]!r}"
        ends_open = "ends in ':'" if stem.endswith(":") else ""
        if fault := statements.no_question(stem) or statements.incomplete(stem) or ends_open:
            return "nothing_asked", fault
        words, most = len(prose(answer)), self._settings.max_answer_words
        if words > most:
            return "answer_too_long", f"{words} words, at most {most}"
        if fault := answer_unreadable(answer, LONGEST_ANSWER):
            return "answer_unreadable", fault
        return None


def options_in(record: Record, least: int) -> tuple[str, dict[str, str]]:
    """The statement without its options, and the options by letter: in columns or in the text."""
    for name in COLUMNS:
        texts = record.fields.get(name)
        if _are_texts(texts) and least <= len(texts) <= len(LETTERS):
            stem, _ = split_options(record.statement, least)
            return stem, dict(zip(LETTERS, (text.strip() for text in texts), strict=False))
    return split_options(record.statement, least)


def split_options(text: str, least: int) -> tuple[str, dict[str, str]]:
    """A statement cut into the part before its options and the texts of the options."""
    labels = statements.option_labels(text, least)
    if not labels:
        return text, {}
    stops = [*(label.start() for label in labels[1:]), len(text)]
    options = {
        label[1]: _option(text[label.end() : stop])
        for label, stop in zip(labels, stops, strict=True)
    }
    return BEFORE_OPTIONS.sub("", text[: labels[0].start()]).strip(), options


def _option(text: str) -> str:
    """The text of an option without the layout around it."""
    bare = AROUND.sub("", AROUND.sub("", text)).strip()
    if bare.count("$") % 2 and not re.search(r"\$\d", bare):
        bare = bare.replace("$", "").strip()
    return bare.removesuffix(".") if bare.count(".") == 1 and bare.endswith(".") else bare


def _letter(record: Record, options: Mapping[str, str]) -> str:
    """The right option; empty if the reference is no option."""
    for name in ("answer_index", "answer"):
        place = record.fields.get(name)
        if options and type(place) is int and name in record.fields and 0 <= place < len(options):
            return LETTERS[place] if any(record.fields.get(column) for column in COLUMNS) else ""
    choice = reference_choice(record.reference) if len(record.reference) < 2000 else None
    return choice.letter if choice is not None else ""


def _are_texts(texts: object) -> bool:
    return (
        isinstance(texts, Sequence)
        and not isinstance(texts, str)
        and all(isinstance(text, str) for text in texts)
    )

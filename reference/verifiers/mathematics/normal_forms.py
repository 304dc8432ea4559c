"""One spelling for what people write in many: characters, wrappers, separators and words become one
plain dialect of LaTeX.

==========================================  =======================  =============================================
written                                     read as                  remark
==========================================  =======================  =============================================
``４２``, ``−5``, ``x²``, ``√2``, ``½``     42, -5, x^{2}, ...       Unicode digits, signs, superscripts, fractions
``2 1/2``, ``2\\frac{1}{2}``, ``2½``         2+1/2 (in expressions)   an integer before a proper fraction is mixed
``1,234,567``, ``1\\,234\\,567``, ``1{,}234``  1234567                 groups of exactly three digits only
``3{,}14``                                  3.14                     a braced comma before other than three digits
``3e8``, ``3 x 10^8``, ``3 million``         3*10^{8}, ...
``$..$``, ``\\(..\\)``, ``**..**``, ``\\text{..}``  the content              ``\\$`` and a lone ``$`` are dollars
``]0, 1]``                                  (0, 1]                   a bracket turned outwards is a round one
``pi``, ``sqrt2``, ``sin(x)``, ``infinity``   ``\\pi``, ...             whole words only
``\\dfrac``, ``\\left(``, ``\\leqslant``, ``\\,``  ``\\frac``, ``(``, ...   layout says nothing
==========================================  =======================  =============================================
"""

import re
import unicodedata

CHARACTERS = {
    **dict.fromkeys("−‒–—﹣－", "-"),
    **dict.fromkeys("×✕⨯∗⋅·•∙", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("‘’′`´", "'"),
    **dict.fromkeys("°º˚", "^\\circ "),
    **dict.fromkeys("≤⩽", "\\le "),
    **dict.fromkeys("≥⩾", "\\ge "),
    **dict.fromkeys("∅⌀", "\\emptyset "),
    "∞": "\\infty ",
    "√": "\\sqrt ",
    "∛": "\\sqrt[3]",
    "≠": "\\neq ",
    "±": "\\pm ",
    "∓": "\\mp ",
    "≈": "\\approx ",
    "∪": "\\cup ",
    "∩": "\\cap ",
    "∈": "\\in ",
    "ℝ": "\\mathbb{R}",
    "∠": "\\angle ",
    "⟨": "\\langle ",
    "⟩": "\\rangle ",
    "⌊": "\\lfloor ",
    "⌋": "\\rfloor ",
    "⌈": "\\lceil ",
    "⌉": "\\rceil ",
    "…": "\\ldots ",
    "。": ".",
    "、": ",",
}
GREEK_LETTERS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
GREEK_NAMES = (
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Xi",
    "Pi",
    "Sigma",
    "Phi",
    "Psi",
    "Omega",
)
CHARACTERS |= {
    letter: f"\\{name} " for letter, name in zip(GREEK_LETTERS, GREEK_NAMES, strict=True)
}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ", "0123456789+-()n", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"

LAYOUT = re.compile(
    r"\\(?:left|right|bigl|bigr|Bigl|Bigr|biggl|biggr|big|Big|bigg|Bigg|displaystyle|textstyle|limits|nolimits|mathstrut)"
    r"(?![A-Za-z])\.?"
)
SPACES = re.compile(
    r"\\(?:[,;: ]|quad(?![A-Za-z])|qquad(?![A-Za-z])|thinspace(?![A-Za-z]))|[~\s\u200b]+"
)
SPELLINGS = [
    (re.compile(rf"\\(?:{names})(?![A-Za-z])"), f"\\\\{one} ")
    for names, one in {
        "dfrac|tfrac|cfrac": "frac",
        "leqslant|leq|leqq": "le",
        "geqslant|geq|geqq": "ge",
        "ne|not=": "neq",
        "varnothing": "emptyset",
        "dbinom|tbinom": "binom",
        "lbrace": "{",
        "rbrace": "}",
        "varphi": "phi",
        "varepsilon": "epsilon",
        "land|wedge": "text{and}",
        "lor|vee": "text{or}",
        "simeq": "approx",
        "degree": "circ",
        "bar": "overline",
        "infin": "infty",
    }.items()
] + [
    (re.compile(r"\\(?:cdot|times|ast)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\colon(?![A-Za-z])"), ":"),
    (re.compile(r"\\lbrack(?![A-Za-z])"), "["),
    (re.compile(r"\\rbrack(?![A-Za-z])"), "]"),
    (re.compile(r"<=(?!>)"), r"\\le "),
    (re.compile(r">="), r"\\ge "),
    (re.compile(r"!="), r"\\neq "),
    (re.compile(r"\\[lr]?vert(?![A-Za-z])"), "|"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\*\*(?=[\d({-])"), "^"),
]
WRAPPERS = re.compile(
    r"\\(?:text|textbf|textit|textrm|texttt|textnormal|mathrm|mathbf|mathit|mathsf|mathtt|mbox|hbox|boldsymbol|bm|vec|"
    r"operatorname|operatorname\*|emph|underline|boxed|fbox|rm|ensuremath)\s*\{([^{}]*)\}"
)
DEEPEST_WRAPPER = 4
"""Passes over wrappers inside wrappers; what is wrapped deeper stays, is not readable and so not
correct.
"""

FUNCTIONS = "arcsinh|arccosh|arctanh|arcsin|arccos|arctan|arccot|sinh|cosh|tanh|coth|sin|cos|tan|cot|sec|csc|exp|ln|log|lg|sqrt"
WORDS = re.compile(
    rf"(?<![A-Za-z\\])(pi|theta|alpha|beta|gamma|infinity|infty|inf|degrees?|{FUNCTIONS})(?![A-Za-z'])"
)
WORD_COMMANDS = {"infinity": "infty", "inf": "infty"}
TURNED_BRACKETS = re.compile(r"([\[\]])([^\[\](),]+),([^\[\](),]+)([\[\]])")
COUNTS = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
}
COUNTED = re.compile(rf"(?<![\w.])(\d+(?:\.\d+)?) ?({'|'.join(COUNTS)})s?(?![A-Za-z])")
THOUSANDS = re.compile(r"(?<![\d.,\w])\d{1,3}(?:(?:\{,\}|,)\d{3})+(?![\d,]|\{,)")
SPACED_THOUSANDS = re.compile(
    r"(?<![\d.,\w])(?:\d{1,3} \d{3}(?!\d| \d|/)|\d{1,3}(?: \d{3}){2,}(?!\d| \d))"
)
"""``2 101/102`` is a mixed number, ``2 101 / 102`` the fraction 2101/102: a mixed number has no
blanks around its bar.
"""


def normal_form(text: str, thousands: bool = True) -> str:
    """Rewrite an answer in the plain dialect.

    Args:
        text: An answer within the static limits.
        thousands: Whether the commas of ``1,234`` separate thousands; otherwise they separate
            members of a list.

    Returns:
        The same answer on one line; characters that mean nothing to the dialect are kept, so that
        what cannot be read stays unreadable instead of turning into something else.
    """
    text = _plain_characters(text)
    text = _without_dollars(text)
    text = LAYOUT.sub(
        " ",
        text.replace("\\!", "")
        .replace("\\(", " ")
        .replace("\\)", " ")
        .replace("\\[", " ")
        .replace("\\]", " "),
    )
    text = _unwrapped(text)
    for pattern, spelling in SPELLINGS:
        text = pattern.sub(spelling, text)
    text = _unwrapped(text)
    text = SPACES.sub(" ", text.replace("\\\\", "\0")).replace("\0", "\\\\")
    text = TURNED_BRACKETS.sub(_usual_brackets, text)
    text = _plain_words(_plain_numbers(text.strip(), thousands))
    return _without_punctuation(" ".join(text.split()))


def _plain_characters(text: str) -> str:
    text = re.sub(
        f"[{''.join(SUPERSCRIPTS)}]+",
        lambda run: "^{" + "".join(SUPERSCRIPTS[c] for c in run[0]) + "}",
        text,
    )
    text = re.sub(
        f"[{''.join(SUBSCRIPTS)}]+",
        lambda run: "_{" + "".join(SUBSCRIPTS[c] for c in run[0]) + "}",
        text,
    )
    text = re.sub(f"[{VULGAR}]", lambda sign: _vulgar(sign[0]), text)
    text = "".join(CHARACTERS.get(character, character) for character in text)
    text = "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text
    )  # digits of any script
    # Only now: compatibility folding would turn x² into x2 and ½ into 1⁄2.
    return unicodedata.normalize("NFKC", text)


def _vulgar(sign: str) -> str:
    above, below = unicodedata.normalize("NFKC", sign).split("\u2044")
    return f"\\frac{{{above}}}{{{below}}}"


def _without_dollars(text: str) -> str:
    """Drop the dollars of mathematics; a written ``\\$`` and an odd one in front are money."""
    text = (
        text.strip()
        .replace("**", "" if text.strip().startswith("**") else "**")
        .replace("\\$", "\0")
    )
    if text.count("$") % 2 == 1 and re.match(r"-?\$\s*[\d.]", text):
        text = text.replace("$", "\0", 1)
    return text.replace("$", " ").replace("\0", "$").strip()


def _unwrapped(text: str) -> str:
    for _ in range(DEEPEST_WRAPPER):
        shorter = WRAPPERS.sub(r" \1 ", text)
        if shorter == text:
            return text
        text = shorter
    return text


def _usual_brackets(interval: re.Match[str]) -> str:
    """``]0, 1[`` as ``(0, 1)``."""
    left = "(" if interval[1] == "]" else "["
    return f"{left}{interval[2]},{interval[3]}{')' if interval[4] == '[' else ']'}"


def _plain_numbers(text: str, thousands: bool) -> str:
    text = re.sub(r"(?<=\d)\{,\}(?=\d{3}(?!\d))", ",", text)
    text = re.sub(r"(?<=\d)\{,\}(?=\d)", ".", text)
    if thousands and not text.startswith(("(", "[", "\\{", "{")):
        text = THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    text = SPACED_THOUSANDS.sub(lambda number: number[0].replace(" ", ""), text)
    text = COUNTED.sub(lambda count: f"{count[1]}*{COUNTS[count[2]]}", text)
    text = re.sub(r"(?<=[\d}])\s*[xX]\s*(?=10\s*\^)", "*", text)
    return re.sub(
        r"(?<![A-Za-z\d.\\])(\d+\.?\d*|\.\d+)[eE]([+-]?\d{1,4})(?![\w.])", r"\1*10^{\2}", text
    )


def _plain_words(text: str) -> str:
    text = re.sub(r"(?<![A-Za-z\\])sqrt\s*(\d+)", r"\\sqrt{\1}", text)
    text = re.sub(
        r"\\sqrt\s+(\d+)", r"\\sqrt{\1}", text
    )  # the root sign covers the whole number behind it
    # `inf` and the like are words of an answer in words, too; there is no mathematics in a
    # sentence.
    if len(re.findall(r"(?<![A-Za-z\\])[A-Za-z]{3,}", WORDS.sub(" ", text))) > 1:
        return text
    return WORDS.sub(lambda word: _command(word[0]), text)


def _command(word: str) -> str:
    return "^\\circ " if word.startswith("degree") else f"\\{WORD_COMMANDS.get(word, word)} "


def _without_punctuation(text: str) -> str:
    text = text.rstrip(" .,;:?")
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text

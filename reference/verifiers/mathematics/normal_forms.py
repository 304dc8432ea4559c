r"""One spelling for what people write in many ways: a plain dialect of LaTeX.

- Unicode digits, signs, superscripts and fractions: ``４２``, ``−5``, ``x²``, ``√2`` become ``42``,
  ``-5``, ``x^{2}``, ``\sqrt{2}``.
- An integer before a proper fraction is a mixed number: ``2 1/2``, ``2\frac{1}{2}``, ``2½`` are
  kept here and read as 2+1/2 by ``parser``.
- Thousands, in groups of exactly three digits: ``1,234,567``, ``1\,234\,567``, ``1{,}234`` become
  ``1234567``, ... A braced comma before other than three digits is a point: ``3{,}14`` is ``3.14``.
- ``3e8``, ``3 x 10^8``, ``3 million`` become ``3*10^{8}``, ``3*10^8``, ``3*1000000``.
- Wrappers give way to their content: ``$..$``, ``\(..\)``, ``**..**``, ``\text{..}``. ``\$`` and a
  lone ``$`` are dollars.
- A bracket turned outwards is a round one: ``]0, 1]`` becomes ``(0, 1]``.
- Whole words become commands: ``pi``, ``sqrt2``, ``sin(x)``, ``infinity`` become ``\pi``, ...
- Layout means nothing: ``\dfrac``, ``\left(``, ``\leqslant``, ``\,`` become ``\frac``, ``(``,
  ``\le``, a blank.
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
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"),
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
"""Passes over wrappers inside wrappers.

What is wrapped deeper stays, cannot be read and so is not correct.
"""

FUNCTIONS = (
    "arcsinh|arccosh|arctanh|arcsin|arccos|arctan|arccot|sinh|cosh|tanh|coth|sin|cos|tan|cot|sec|csc"
    "|exp|ln|log|lg|sqrt"
)
WORDS = re.compile(
    rf"(?<![A-Za-z\\])(pi|theta|alpha|beta|gamma|infinity|infty|inf|degrees?|{FUNCTIONS})(?![A-Za-z'])"
)
WORD_COMMANDS = {"infinity": "infty", "inf": "infty"}
TURNED_BRACKETS = re.compile(r"([\[\]])([^\[\](),]+),([^\[\](),]+)([\[\]])")
COUNTS = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9}
COUNTS |= {"trillion": 10**12, "dozen": 12}
COUNTED = re.compile(rf"(?<![\w.])(\d+(?:\.\d+)?) ?({'|'.join(COUNTS)})s?(?![A-Za-z])")
SCIENTIFIC = re.compile(r"(?<![A-Za-z\d.\\])(\d+\.?\d*|\.\d+)[eE]([+-]?\d{1,4})(?![\w.])")
THOUSANDS = re.compile(r"(?<![\d.,\w])\d{1,3}(?:(?:\{,\}|,)\d{3})+(?![\d,]|\{,)")
SPACED_THOUSANDS = re.compile(
    r"(?<![\d.,\w])(?:\d{1,3} \d{3}(?!\d| \d|/)|\d{1,3}(?: \d{3}){2,}(?!\d| \d))"
)
"""``2 101/102`` is a mixed number, ``2 101 / 102`` the fraction 2101/102.

A mixed number has no blanks around its bar.
"""


def normal_form(text: str, thousands: bool = True) -> str:
    """Rewrite an answer within the static limits in the plain dialect, on one line.

    Characters that mean nothing to the dialect are kept, so that what cannot be read stays
    unreadable instead of turning into something else. The commas of ``1,234`` separate
    ``thousands``, or else members of a list.
    """
    # The order of the steps matters; each one relies on the spelling that those before it leave.
    text = _without_dollars(_plain_characters(text))
    text = re.sub(r"\\[()\[\]]", " ", text.replace("\\!", ""))  # \( \) \[ \] delimit mathematics
    text = _unwrapped(LAYOUT.sub(" ", text))
    for pattern, spelling in SPELLINGS:
        text = pattern.sub(spelling, text)
    text = _unwrapped(text)  # some spellings are wrappers themselves: \land is \text{and}
    # A double backslash ends a row of a matrix: NUL stands for it, so that `\\ ` is no blank.
    text = SPACES.sub(" ", text.replace("\\\\", "\0")).replace("\0", "\\\\")
    text = TURNED_BRACKETS.sub(_usual_brackets, text)
    text = _plain_words(_plain_numbers(text.strip(), thousands))
    return _without_punctuation(" ".join(text.split()))


def _plain_characters(text: str) -> str:
    text = _plain_scripts(_plain_scripts(text, "^", SUPERSCRIPTS), "_", SUBSCRIPTS)
    text = re.sub(f"[{VULGAR}]", lambda fraction: _vulgar(fraction[0]), text)
    text = "".join(CHARACTERS.get(character, character) for character in text)
    # Digits of any script.
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    # Only now: compatibility folding would turn x² into x2 and ½ into 1⁄2.
    return unicodedata.normalize("NFKC", text)


def _plain_scripts(text: str, sign: str, characters: dict[str, str]) -> str:
    def script(run: re.Match[str]) -> str:
        return f"{sign}{{{''.join(characters[character] for character in run[0])}}}"

    return re.sub(f"[{''.join(characters)}]+", script, text)


def _vulgar(sign: str) -> str:
    above, below = unicodedata.normalize("NFKC", sign).split("\u2044")
    return f"\\frac{{{above}}}{{{below}}}"


def _without_dollars(text: str) -> str:
    """Drop the dollars of mathematics; a written ``\\$`` and an odd one in front are money."""
    text = text.strip()
    if text.startswith("**"):  # bold; elsewhere two asterisks are a power
        text = text.replace("**", "")
    text = text.replace("\\$", "\0")  # NUL stands for a dollar that is money
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
    # In brackets a comma separates members: (1,234) is a pair.
    if thousands and not text.startswith(("(", "[", "\\{", "{")):
        text = THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    text = SPACED_THOUSANDS.sub(lambda number: number[0].replace(" ", ""), text)
    text = COUNTED.sub(lambda count: f"{count[1]}*{COUNTS[count[2]]}", text)
    text = re.sub(r"(?<=[\d}])\s*[xX]\s*(?=10\s*\^)", "*", text)
    return SCIENTIFIC.sub(r"\1*10^{\2}", text)


def _plain_words(text: str) -> str:
    text = re.sub(r"(?<![A-Za-z\\])sqrt\s*(\d+)", r"\\sqrt{\1}", text)
    # The root sign covers the whole number after it.
    text = re.sub(r"\\sqrt\s+(\d+)", r"\\sqrt{\1}", text)
    # `inf` and the like may be words of a sentence, and a sentence holds no mathematics.
    if len(re.findall(r"(?<![A-Za-z\\])[A-Za-z]{3,}", WORDS.sub(" ", text))) > 1:
        return text
    return WORDS.sub(lambda word: _command(word[0]), text)


def _command(word: str) -> str:
    return "^\\circ " if word.startswith("degree") else f"\\{WORD_COMMANDS.get(word, word)} "


def _without_punctuation(text: str) -> str:
    text = text.rstrip(" .,;:?")
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text

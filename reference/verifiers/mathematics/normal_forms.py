r"""One spelling for what people write in many ways: a plain dialect of LaTeX.

``characters`` (Unicode) and ``numerals`` (digits and their commas) do their part; here:

- Wrappers give way to their content, with braces inside: ``$..$``, ``\(..\)``, ``**..**``,
  ``\text{..}``, ``\mathbf{\frac12}``, ``\textcolor{red}{..}``. ``\$`` and a lone ``$`` are
  dollars.
- A backslash that was escaped twice, ``\\frac``, is one, unless it ends the row of a matrix.
- An integer before a proper fraction is a mixed number: ``2 1/2``, ``2\frac{1}{2}``, ``2½`` are
  kept here and read as 2+1/2 by ``parser``.
- A bracket turned outwards is a round one: ``]0, 1]`` becomes ``(0, 1]``.
- Whole words become commands: ``pi``, ``sqrt2``, ``sin(x)``, ``infinity`` become ``\pi``, ...
- Notations for one thing: ``C_5^2``, ``^5C_2``, ``{5 \choose 2}`` become ``\binom{5}{2}``;
  ``90^o``, ``\ang{90}``, ``90 deg`` become ``90^\circ``.
- ``12``, ``>`` and a plain noun for 十二, 大于 and (个); environments for TeX's ``\pmatrix{..}``.
- Layout means nothing: ``\large``, ``\dfrac``, ``\left(``, ``\leqslant``, ``\,`` become nothing,
  ``\frac``, ``(``, ``\le``, a blank. One point at the end is the sentence's; two, or a comma, are
  not.
"""

import re

from seed.reference.verifiers.marks import braced
from seed.reference.verifiers.mathematics.characters import plain_characters
from seed.reference.verifiers.mathematics.chinese_numerals import in_digits
from seed.reference.verifiers.mathematics.numerals import GROUPED_IN_LATEX, Commas, plain_numbers
from seed.reference.verifiers.mathematics.qualifiers import without_qualifiers

LAYOUT = re.compile(
    r"\\(?:left|right|bigl|bigr|Bigl|Bigr|biggl|biggr|big|Big|bigg|Bigg|displaystyle|textstyle|limits|nolimits|mathstrut"
    r"|hline|bf|rm|it|centering)(?![A-Za-z{])\.?"
    r"|\\(?:tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge)(?![A-Za-z])"
    r"|\\bbox\s*\[[^\]]*\]"
    r"|\\(?:color|phantom|hspace|vspace|label|tag)\*?\s*\{[^{}]*\}"
)
SPACES = re.compile(r"\\(?:[,;:! ]|(?:quad|qquad|thinspace|enspace)(?![A-Za-z]))|[~\s]+")
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
        "bar": "overline",
        "infin": "infty",
        "backslash|smallsetminus": "setminus",
        "tfrac": "frac",
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
    (re.compile(r":="), "="),
    (re.compile(r"\\equiv(?![A-Za-z])(?!.*mod)"), "="),
    (re.compile(r"\\[lr]?vert(?![A-Za-z])"), "|"),
    (re.compile(r"\\mathbb\s*\{?\s*([A-Z])\s*\}?"), r"\\mathbb{\1}"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\#"), ""),
    (re.compile(r"\*\*(?=[\d({-])"), "^"),
    (re.compile(r"(?<![^=,])\s*(?:\+-|\+/-)(?=\s*[\d\\A-Za-z])"), r"\\pm "),
    # Degrees.
    (re.compile(r"\^\s*\{\s*\\degree\s*\}|\^?\s*\\degree(?![A-Za-z])"), r"^\\circ "),
    (re.compile(r"(?<=\d)\s*\^\s*(?:\{\s*o\s*\}|o(?![A-Za-z]))"), r"^\\circ "),
    (re.compile(r"\\ang\s*\{([^{}]*)\}"), r"\1^\\circ "),
    (re.compile(r"(?<=\d)\s*(?:degs?(?![A-Za-z])\.?|度(?![一-鿿]))"), r"^\\circ "),
    # Binomial coefficients, fractions.
    (re.compile(r"\{([^{}]*)\\choose(?![A-Za-z])([^{}]*)\}"), r"\\binom{\1}{\2}"),
    (re.compile(r"(?:\{\s*\})?\s*[_^]\s*\{?(\d+)\}?\s*C\s*_?\s*\{?(\d+)\}?"), r"\\binom{\1}{\2}"),
    (
        re.compile(r"(?<![A-Za-z\\])C\s*_\s*\{?(\d{2,}|[2-9])\}?\s*\^\s*\{?(\d+)\}?"),
        r"\\binom{\1}{\2}",
    ),
    (re.compile(r"(?<![\w)}\]])\^\s*\{?(\d+)\}?\s*/\s*_\s*\{?(\d+)\}?"), r"\\frac{\1}{\2}"),
    # Chinese: relations, a measure in brackets, words between formulas.
    *(
        (re.compile(rf"(?<=[\w}})|])\s*(?:{words})\s*(?=[-\d\\A-Za-z(])"), sign)
        for words, sign in {
            "大于等于|大于或等于|不小于": r"\\ge ",
            "小于等于|小于或等于|不大于|不超过": r"\\le ",
            "大于": ">",
            "小于": "<",
            "等于": "=",
        }.items()
    ),
    (re.compile(r"(?<=[\d}])\s*\(([一-鿿/]{1,8})\)\s*$"), r" \1"),
    (re.compile(r"(?<![一-鿿])(?:或者|或)(?![一-鿿])"), " or "),
    (re.compile(r"(?<![一-鿿])[和与與及且](?![一-鿿])"), " and "),
]
WRAPPER = re.compile(
    r"\\(?:(?:text|textbf|textit|textrm|texttt|textsf|textnormal|mathrm|mathbf|mathit|mathsf|mathtt|mathcal"
    r"|mathbin|mathrel|mathop|mathord|mathopen|mathclose|mbox|hbox|boldsymbol|bm|vec|hat|num|mathstrut"
    r"|operatorname|emph|underline|boxed|fbox|rm|ensuremath)\*?"
    r"|(?:textcolor|colorbox|fcolorbox)\s*\{[^{}]*\})\s*(?=\{)"
)
FUNCTIONS = (
    "arcsinh|arccosh|arctanh|arcsin|arccos|arctan|arccot|sinh|cosh|tanh|coth|sin|cos|tan|cot|sec|csc"
    "|exp|ln|log|lg|sqrt"
)
WORDS = re.compile(
    rf"(?<![A-Za-z\\])(pi|theta|alpha|beta|gamma|[Ii]nfinity|infty|inf|degrees?|{FUNCTIONS}"
    r"|(?:gcd|GCD|lcm|LCM|max|min)(?= ?(?:[({]|\\\{)))(?![A-Za-z'])"
)
WORD_COMMANDS = {"infinity": "infty", "inf": "infty"}
TURNED_BRACKETS = re.compile(r"([\[\]])([^\[\](),]+),([^\[\](),]+)([\[\]])")
PLAIN_MATRIX = re.compile(r"\\([pbvV]?matrix)\s*(?=\{)")
ROW_ARGUMENT = re.compile(r"\\\\\s*\[-?[\d.]+ ?[a-z]{2}\]")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
DOLLAR, ROW_END = "\0", "\1"
"""What stands for a dollar that is money, and for the double backslash that ends a row."""


def normal_form(text: str, commas: Commas = Commas.GROUP) -> str:
    """Rewrite an answer within the static limits in the plain dialect, on one line.

    Characters that mean nothing to the dialect are kept, so that what cannot be read stays
    unreadable instead of turning into something else.
    """
    # The order of the steps matters; each one relies on the spelling that those before it leave.
    text = _plain_rows(CONTROLS.sub("\ufffd", text))
    text = _without_dollars(plain_characters(text))
    text = re.sub(r"\\[()\[\]]", " ", GROUPED_IN_LATEX.sub(",", text))  # delimiters of mathematics
    text = _unwrapped(LAYOUT.sub(" ", text))
    for pattern, spelling in SPELLINGS:
        text = pattern.sub(spelling, text)
    text = _unwrapped(text)  # some spellings are wrappers themselves: \land is \text{and}
    text = SPACES.sub(" ", text).replace(ROW_END, "\\\\").strip()
    text = TURNED_BRACKETS.sub(_usual_brackets, text)
    text = _plain_words(plain_numbers(in_digits(text), commas))
    return without_qualifiers(_without_punctuation(" ".join(text.split())))


def _plain_rows(text: str) -> str:
    """Double backslashes: ends of rows in an environment, elsewhere one that was escaped twice."""
    text = _environments(text)
    if "\\\\begin" in text:
        text = text.replace("\\\\", "\\")
    if "\\begin" in text:
        text = ROW_ARGUMENT.sub(r"\\\\", text)
    else:
        text = re.sub(r"\\\\(?=[A-Za-z%$#{}])|\\\\\s*$", _once, text)
    return text.replace("\\\\", ROW_END)


def _once(escaped: re.Match[str]) -> str:
    """One backslash; none at the end, where a line would begin."""
    return "" if escaped.end() == len(escaped.string) else "\\"


def _environments(text: str) -> str:
    """``\\pmatrix{1 & 2 \\cr 3 & 4}`` of plain TeX as an environment."""
    while matrix := PLAIN_MATRIX.search(text):
        content = braced(text, matrix.end())
        if content is None:
            return text
        rows = re.sub(r"\\cr(?![A-Za-z])", lambda sign: "\\\\", content)
        environment = f"\\begin{{{matrix[1]}}}{rows}\\end{{{matrix[1]}}}"
        text = text[: matrix.start()] + environment + text[matrix.end() + len(content) + 2 :]
    return text


def _without_dollars(text: str) -> str:
    """Drop the dollars of mathematics; a written ``\\$`` and an odd one in front are money."""
    text = text.strip()
    if text.startswith("**"):  # bold; elsewhere two asterisks are a power
        text = text.replace("**", "")
    text = text.replace("\\$", DOLLAR)
    if text.count("$") % 2 == 1 and re.match(r"-?\$\s*-?[\d.]", text):
        text = text.replace("$", DOLLAR, 1)
    return text.replace("$", " ").replace(DOLLAR, "$").strip()


def _unwrapped(text: str) -> str:
    position = 0
    while wrapper := WRAPPER.search(text, position):
        position, start = wrapper.start(), wrapper.end()
        content = braced(text, start)
        if content is None:
            position = start
        else:
            text = f"{text[:position]} {content} {text[start + len(content) + 2 :]}"
    return text


def _usual_brackets(interval: re.Match[str]) -> str:
    """``]0, 1[`` as ``(0, 1)``."""
    left = "(" if interval[1] == "]" else "["
    return f"{left}{interval[2]},{interval[3]}{')' if interval[4] == '[' else ']'}"


def _plain_words(text: str) -> str:
    text = re.sub(r"(?<![A-Za-z\\])sqrt\s*(\d+)", r"\\sqrt{\1}", text)
    # The root sign covers the whole number after it.
    text = re.sub(r"\\sqrt\s+(\d+)", r"\\sqrt{\1}", text)
    # `inf` and the like may be words of a sentence, and a sentence holds no mathematics.
    if len(re.findall(r"(?<![A-Za-z\\])[A-Za-z]{3,}", WORDS.sub(" ", text))) > 1:
        return text
    return WORDS.sub(lambda word: _command(word[0].lower()), text)


def _command(word: str) -> str:
    return "^\\circ " if word.startswith("degree") else f"\\{WORD_COMMANDS.get(word, word)} "


def _without_punctuation(text: str) -> str:
    if text.endswith((".", ":")) and not text.endswith(".."):
        text = text[:-1].rstrip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text

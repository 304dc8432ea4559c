r"""One spelling for the characters that people write: Unicode becomes the plain dialect of LaTeX.

``４２``, ``−5``, ``x²``, ``√2``, ``½``, ``𝜋``, ``≧``, ``ℝ`` become ``42``, ``-5``, ``x^{2}``,
``\sqrt 2``, ``\frac{1}{2}``, ``\pi``, ``\ge``, ``\mathbb{R}``; ``①`` stays apart from 1 as
``\circled{1}``; marks of approval (``✓``) mean nothing and go.
"""

import re
import unicodedata

CHARACTERS = {
    **dict.fromkeys("−‐‑‒–—﹣－", "-"),
    **dict.fromkeys("×✕⨯∗⋅·•∙", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("‘’′`´", "'"),
    **dict.fromkeys("°º˚", "^\\circ "),
    **dict.fromkeys("≤⩽≦", "\\le "),
    **dict.fromkeys("≥⩾≧", "\\ge "),
    **dict.fromkeys("∅⌀", "\\emptyset "),
    **dict.fromkeys("∶：", ":"),
    **dict.fromkeys("∖", "\\setminus "),
    **dict.fromkeys("「」『』【】", " "),
    "∞": "\\infty ",
    "√": "\\sqrt ",
    "∛": "\\sqrt[3]",
    "≠": "\\neq ",
    "±": "\\pm ",
    "∓": "\\mp ",
    "≈": "\\approx ",
    "≡": "\\equiv ",
    "∪": "\\cup ",
    "∩": "\\cap ",
    "∈": "\\in ",
    "∀": "\\forall ",
    "ℝ": "\\mathbb{R}",
    "ℤ": "\\mathbb{Z}",
    "ℚ": "\\mathbb{Q}",
    "ℕ": "\\mathbb{N}",
    "ℂ": "\\mathbb{C}",
    "∠": "\\angle ",
    "△": "\\triangle ",
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
CHARACTERS |= {chr(0x2460 + index): f"\\circled{{{index + 1}}}" for index in range(20)}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ", "0123456789+-()n", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
PICTURES = re.compile("[\u2600-\u26ff\u2700-\u27bf\ufe0f\U0001f300-\U0001faff]")


def plain_characters(text: str) -> str:
    """Rewrite the characters of a text; those without a meaning here are kept."""
    text = _plain_scripts(_plain_scripts(text, "^", SUPERSCRIPTS), "_", SUBSCRIPTS)
    text = re.sub(f"[{VULGAR}]", lambda fraction: _vulgar(fraction[0]), text)
    text = PICTURES.sub("", _replaced(text))
    # Digits of any script.
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    # Only now: compatibility folding would turn x² into x2, ½ into 1⁄2 and ① into 1. It leaves
    # ``π`` for ``𝜋``, ``°C`` for ``℃``, so the table is used once more.
    return _replaced(unicodedata.normalize("NFKC", text))


def _replaced(text: str) -> str:
    return "".join(CHARACTERS.get(character, character) for character in text)


def _plain_scripts(text: str, sign: str, characters: dict[str, str]) -> str:
    def script(run: re.Match[str]) -> str:
        return f"{sign}{{{''.join(characters[character] for character in run[0])}}}"

    return re.sub(f"[{''.join(characters)}]+", script, text)


def _vulgar(sign: str) -> str:
    above, below = unicodedata.normalize("NFKC", sign).split("\u2044")
    return f"\\frac{{{above}}}{{{below}}}"

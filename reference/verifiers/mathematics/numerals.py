r"""One spelling for numbers: grouped thousands, decimal commas, powers of ten, counting words.

=========================================  ==============================================
``1,234,567``  ``1\,234\,567``             1234567, in groups of exactly three digits; so are
``1'234'567``  ``1.234.567``               ``1{,}234`` and ``1.234.567,8`` (1234567.8)
``3{,}14``                                 3.14: a braced comma before other than three digits
``0,125``  ``1 234,5``  ``11,11,100``      lists; 0.125, 1234.5 and 1111100 where ``Commas``
                                           asks for one number
``3e8``  ``3 x 10^8``  ``3 million``       ``3*10^{8}``, ``3*10^8``, ``3*1000000``
``3.5万``                                  ``3.5*10000``
=========================================  ==============================================
"""

import re
from enum import Enum

COUNTS = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9}
COUNTS |= {"trillion": 10**12, "dozen": 12}
COUNTED = re.compile(rf"(?<![\w.])(\d+(?:\.\d+)?) ?({'|'.join(COUNTS)})s?(?![A-Za-z])")
CHINESE_COUNTS = {"百": 10**2, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
CHINESE_COUNTED = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ?([百千万萬亿億]+)(?![米克瓦卡])")
SCIENTIFIC = re.compile(r"(?<![A-Za-z\d.\\])(\d++\.?\d*+|\.\d++)[eE]([+-]?\d{1,4})(?![\w.])")
THOUSANDS = re.compile(r"(?<![\d.,\w])[1-9]\d{0,2}(?:(?:\{,\}|,)\d{3})+(?![\d,]|\{,)")
SPACED_THOUSANDS = re.compile(
    r"(?<![\d.,\w])(?:\d{1,3} \d{3}(?!\d| \d|/)|\d{1,3}(?: \d{3}){2,}(?!\d| \d))"
)
"""``2 101/102`` is a mixed number, ``2 101 / 102`` the fraction 2101/102.

A mixed number has no blanks around its bar.
"""

APOSTROPHES = re.compile(r"(?<![\d.,\w'])[1-9]\d{0,2}(?:'\d{3})+(?![\d'])")
POINTS = re.compile(
    r"(?<![\d.,\w])([1-9]\d{0,2}(?:\.\d{3}){2,}|[1-9]\d{0,2}(?:\.\d{3})+(?=,\d))(?:,(\d+))?(?![\d,.])"
)
GROUPED_IN_LATEX = re.compile(r"(?<=\d),\s*\\!\s*(?=\d{3}(?!\d))")
DECIMAL_COMMA = re.compile(r"^([-+]? ?(?:\d+|\d{1,3}(?: \d{3})+)),(\d+)(?![\d,])(?!.*,)")
INDIAN = re.compile(r"(?<![\d.,\w])[1-9]\d?(?:,\d{2})+,\d{3}(?![\d,])")


class Commas(Enum):
    """What a comma between digits does."""

    GROUP = "separates thousands, otherwise members of a list"
    LIST = "separates members of a list"
    ONE_NUMBER = "belongs to one number: a decimal comma, Indian groups of two"


def plain_numbers(text: str, commas: Commas) -> str:
    """Rewrite the numbers of a text whose characters and commands are plain."""
    text = re.sub(r"(?<=\d)\{,\}(?=\d{3}(?!\d))", ",", text)
    text = re.sub(r"(?<=\d)\{,\}(?=\d)", ".", text)
    if commas is Commas.ONE_NUMBER:
        text = INDIAN.sub(lambda number: number[0].replace(",", ""), text)
        text = DECIMAL_COMMA.sub(r"\1.\2", text)
    # In brackets a comma separates members: (1,234) is a pair.
    if commas is not Commas.LIST and not text.startswith(("(", "[", "\\{", "{")):
        text = POINTS.sub(_without_points, text)
        text = THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    text = SPACED_THOUSANDS.sub(lambda number: number[0].replace(" ", ""), text)
    text = APOSTROPHES.sub(lambda number: number[0].replace("'", ""), text)
    text = COUNTED.sub(lambda count: f"{count[1]}*{COUNTS[count[2]]}", text)
    text = CHINESE_COUNTED.sub(_chinese_count, text)
    text = re.sub(r"(?<=[\d}])\s*[xX]\s*(?=10\s*\^)", "*", text)
    return SCIENTIFIC.sub(r"\1*10^{\2}", text)


def _without_points(number: re.Match[str]) -> str:
    digits = number[1].replace(".", "")
    return f"{digits}.{number[2]}" if number[2] else digits


def _chinese_count(count: re.Match[str]) -> str:
    factor = 1
    for sign in count[2]:
        factor *= CHINESE_COUNTS[sign]
    return f"{count[1]}*{factor}"

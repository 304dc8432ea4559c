r"""Numbers in Chinese words: 十二 is ``12``, 二分之一 is ``\frac{1}{2}``, 百分之五 is ``5%``.

integer   digits with 十 百 千 in sections before 万 and 亿; or digits side by side, 二〇二四
number    [负] integer [点 digits]
answer    number [measure] | [integer 又] number 分之 number | 百分之 number
"""

import re

DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")}
DIGITS |= {"〇": 0, "两": 2, "兩": 2}
TENS = {"十": 10, "百": 100, "千": 1000}
SECTIONS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
SIGNS = "".join((*DIGITS, *TENS, *SECTIONS))
NUMBER = rf"(?:负|負)?[{SIGNS}]+(?:[点點][{''.join(DIGITS)}]+)?"
MEASURES = "个個只隻条條本元块米人天岁名件棵支张張位次种種倍度"
ANSWER = re.compile(
    rf"(?:(?P<whole>[{SIGNS}]+)又)?(?P<below>{NUMBER})分之(?P<above>{NUMBER})"
    rf"|(?P<number>{NUMBER})(?P<measure>[{MEASURES}]?)"
)


def in_digits(text: str) -> str:
    """A text that is one such number in digits; any other text as it is."""
    answer = ANSWER.fullmatch(text)
    if answer is None:
        return text
    if answer["number"]:
        number = _number(answer["number"])
        measure = answer["measure"].replace("度", "^\\circ ")
        return text if number is None else number + measure
    above, below = _number(answer["above"]), _number(answer["below"])
    whole = _number(answer["whole"]) if answer["whole"] else ""
    if above is None or below is None or whole is None:
        return text
    if answer["below"] == "百" and not whole:
        return f"{above}%"
    return f"{whole}\\frac{{{above}}}{{{below}}}"


def _number(text: str) -> str | None:
    """A number in digits; None if the signs are in no order that has a value."""
    sign = "-" if text[0] in "负負" else ""
    integer, point, behind = re.sub("^[负負]", "", text).replace("點", "点").partition("点")
    value = _integer(integer)
    if value is None:
        return None
    return f"{sign}{value}{'.' if point else ''}{''.join(str(DIGITS[digit]) for digit in behind)}"


def _integer(text: str) -> int | None:
    if len(text) > 1 and all(sign in DIGITS for sign in text):  # a year, a number read out
        return int("".join(str(DIGITS[sign]) for sign in text))
    total, section, digit = 0, 0, None
    for sign in text:
        if sign in DIGITS:
            if digit:  # only a zero may stand before another digit
                return None
            digit = DIGITS[sign]
        elif sign in TENS:
            if digit is None and sign != "十":
                return TENS[sign] if len(text) == 1 else None
            section, digit = section + (1 if digit is None else digit) * TENS[sign], None
        else:
            section += digit or 0
            if not section and not total:
                return None
            if total >= SECTIONS[sign]:  # 万 behind 亿
                total += section * SECTIONS[sign]
            else:  # 亿 may multiply 万
                total = (total + section) * SECTIONS[sign]
            section, digit = 0, None
    return total + section + (digit or 0)

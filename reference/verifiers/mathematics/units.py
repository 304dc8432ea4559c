r"""Units after (or money before) a number: the kind of quantity, and its factor to the base unit.

    10 m = 1000 cm    10 m != 10 cm    36 km/h = 10 m/s    $0.50 = 50 cents    60 degrees = pi/3 rad

A unit is a product of powers of named units, with ``/`` or ``per`` before what divides. A
one-letter unit counts only after a blank, or where the source wrote ``\text`` or ``\mathrm``, which
leave one: ``5m`` is five times the unknown m.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

Dimensions = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        dimensions: Base quantity -> exponent, sorted by name, without zeros.
        factor: How many base units it is (degrees are the base of angles, whose radian is 180/pi of
            them).
        name: As it was written.
        radian: True for the one unit whose factor is irrational.
    """

    dimensions: Dimensions
    factor: Fraction
    name: str = ""
    radian: bool = False

    @property
    def is_thing(self) -> bool:
        """Whether it is no measure but the noun of what is counted."""
        return self.dimensions[:1] == ((self.name, 0),)


def _table(text: str) -> dict[str, Unit]:
    """Read ``names = factor base^exponent ...`` lines."""
    units = {}
    for line in text.strip().splitlines():
        names, meaning = line.split("=")
        factor, *bases = meaning.split()
        powers = [base.partition("^") for base in bases]
        dimensions = tuple(sorted((name, int(exponent or 1)) for name, _, exponent in powers))
        for name in names.split():
            units[name] = Unit(dimensions, Fraction(factor), name)
    return units


UNITS: Mapping[str, Unit] = _table("""
m meter meters metre metres 米                           = 1 length
km kilometer kilometers kilometre kilometres 千米 公里   = 1000 length
dm decimeter decimeters decimetre decimetres 分米        = 1/10 length
cm centimeter centimeters centimetre centimetres 厘米    = 1/100 length
mm millimeter millimeters millimetre millimetres 毫米    = 1/1000 length
µm micrometer micrometers micrometre micrometres micron microns 微米 = 1/1000000 length
nm nanometer nanometers nanometre nanometres 纳米        = 1/1000000000 length
inch inches in                                           = 127/5000 length
foot feet ft                                             = 381/1250 length
yard yards yd                                            = 1143/1250 length
mile miles mi                                            = 201168/125 length
kg kilogram kilograms 千克 公斤                          = 1 mass
g gram grams 克                                          = 1/1000 mass
mg milligram milligrams 毫克                             = 1/1000000 mass
µg microgram micrograms                                  = 1/1000000000 mass
ton tons tonne tonnes 吨                                 = 1000 mass
pound pounds lb lbs                                      = 45359237/100000000 mass
ounce ounces oz                                          = 45359237/1600000000 mass
s sec secs second seconds 秒                             = 1 time
ms millisecond milliseconds 毫秒                         = 1/1000 time
µs microsecond microseconds                              = 1/1000000 time
min mins minute minutes 分钟                             = 60 time
h hr hrs hour hours 小时 时                              = 3600 time
day days 天                                              = 86400 time
week weeks 周                                            = 604800 time
month months                                             = 1 month
year years yr yrs                                        = 12 month
acre acres                                               = 316160658/78125 length^2
ha hectare hectares 公顷                                 = 10000 length^2
L l liter liters litre litres 升                         = 1/1000 length^3
ml mL milliliter milliliters millilitre millilitres 毫升 = 1/1000000 length^3
gallon gallons                                           = 1 gallon
quart quarts                                             = 1/4 gallon
A ampere amperes amp amps                                = 1 current
mA                                                       = 1/1000 current
µA                                                       = 1/1000000 current
ohm ohms Ω 欧姆                                          = 1 mass length^2 time^-3 current^-2
kΩ kohm                                                  = 1000 mass length^2 time^-3 current^-2
F farad farads                                           = 1 mass^-1 length^-2 time^4 current^2
T tesla                                                  = 1 mass time^-2 current^-1
V volt volts 伏                                          = 1 mass length^2 time^-3 current^-1
N newton newtons 牛 牛顿                                 = 1 mass length time^-2
J joule joules 焦耳                                      = 1 mass length^2 time^-2
kJ kilojoule kilojoules                                  = 1000 mass length^2 time^-2
W watt watts 瓦                                          = 1 mass length^2 time^-3
kW kilowatt kilowatts                                    = 1000 mass length^2 time^-3
Pa pascal pascals                                        = 1 mass length^-1 time^-2
kPa                                                      = 1000 mass length^-1 time^-2
Hz hertz                                                 = 1 time^-1
kHz                                                      = 1000 time^-1
MHz                                                      = 1000000 time^-1
rpm                                                      = 1 revolution time^-1
C coulomb coulombs                                       = 1 current time
mol mole moles                                           = 1 substance
eV                                                       = 1 electronvolt
K kelvin kelvins                                         = 1 kelvin
mph                                                      = 1397/3125 length time^-1
$ dollar dollars USD usd bucks 美元                      = 1 dollar
cent cents ¢ 美分                                        = 1/100 dollar
€ euro euros EUR 欧元                                    = 1 euro
£ GBP 英镑                                               = 1 sterling
¥ yuan RMB yen 元 人民币                                 = 1 yuan
₹ rupee rupees Rs                                        = 1 rupee
unit units                                               = 1
""")
CELSIUS = Unit((("celsius", 1),), Fraction(1), "°C")
FAHRENHEIT = Unit((("fahrenheit", 1),), Fraction(1), "°F")
DEGREE = Unit((("angle", 1),), Fraction(1), "degrees")
RADIAN = Unit((("angle", 1),), Fraction(1), "radians", radian=True)

# A word that raises to a power is never a unit itself: a text must not have two readings, nor a
# pattern two ways to match.
ONE = (
    r"(?:square |sq\.? |cubic |cu\.? |平方|立方)?"
    r"(?:(?!square|cube|cubic|sq\b|cu\b|per\b)[A-Za-zµΩ]+|[$€£¥₹¢]|(?!平方|立方)[一-鿿]{1,3})"
    r"(?: ?(?:\^ ?\{? ?-?[1-9] ?\}?|squared|cubed))?"
)
SUFFIX = re.compile(
    rf"^(?P<number>.*?(?:[\d)}}!.]|\\pi))(?P<blank> ?)(?P<unit>{ONE}(?: ?(?:\*|/|per\b|(?= ))"
    rf" ?{ONE})*)\.?$"
)
DEGREE_SUFFIX = re.compile(r"^(?P<number>.*[\d)}])\s*\^ ?\{? ?\\circ ?\}? ?(?P<scale>[CF]?)$")
DEGREES = re.compile(r"[^A-Za-z\\]*(?:\\frac[^A-Za-z\\]*)?")
PREFIX = re.compile(
    r"^(?P<sign>-?) ?(?P<unit>US ?\$|[$€£¥₹]|(?:USD|EUR|GBP|RMB|Rs\.?)(?= ?\d))"
    r" ?(?P<number>-? ?[\d.].*)$"
)
RATE = re.compile(r"(?<=[\d)}]) ?(?:(?:/|per\b|an?\b|every\b) ?[A-Za-z]{2,}(?: [A-Za-z]+)?|each)$")
"""What money is paid for: it belongs to the question."""

FEET = re.compile(r"^(\d+) ?'(?: ?(\d+) ?(?:\"|''))?$")
COMPOUND = re.compile(
    r"(?<![\d.])(-?\d+(?:\.\d+)?) ?([A-Za-z]+|[一-鿿]+)(?:$|,? (?:and )?|(?<=[一-鿿]))"
)
WORDS_OF_UNITS = (
    (r"k ?\\Omega ?", "kΩ"),
    (r"\\Omega ?", "Ω"),
    (r"\\mu ?(?=[A-Za-z])", "µ"),
    (r"\bU\.?S\.? (?=dollar)", ""),
)
"""What stands behind a number or a blank -> its name in the table."""

PARTS = re.compile(rf"(\*|/|per\b)|({ONE})")


def split_unit(text: str) -> tuple[str, Unit | None]:
    """Separate a number in normal form from its unit; None if no known unit is there."""
    if (money := PREFIX.match(text)) and not (money["sign"] and money["number"].startswith("-")):
        name = money["unit"].strip().rstrip(".")
        unit = UNITS[name if name in UNITS else name.removeprefix("US").strip()]
        number, second = split_unit(RATE.sub("", money["number"]))
        if second is None or (second.dimensions == unit.dimensions and second.factor == 1):
            return money["sign"] + number, unit
    angle = DEGREE_SUFFIX.match(text)
    if angle and DEGREES.fullmatch(angle["number"]):
        return angle["number"], {"": DEGREE, "C": CELSIUS, "F": FAHRENHEIT}[angle["scale"]]
    if angle := re.match(r"^(.*\S)\s*(?:radians?|rad)$", text):
        return angle[1], RADIAN
    if feet := FEET.match(text):
        inches = f" {feet[2]}/12" if feet[2] and 0 < int(feet[2]) < 12 else ""
        return feet[1] + inches, UNITS["ft"]
    written = text
    for pattern, name in WORDS_OF_UNITS:
        written = re.sub(rf"(?<=[\d)}} ]){pattern}", name, written)
    match = SUFFIX.match(written)
    if match is None:
        return text, None
    name, product = match["unit"], _read(match["unit"])
    bare_letters = not match["blank"] and (len(name) == 1 or name in ("mi", "in", "min"))
    if product is None or (bare_letters and name.isascii() and name not in "$€£¥₹¢"):
        return text, None
    return match["number"], product


def compound(text: str) -> tuple[Fraction, Unit] | None:
    """A quantity written in several units of one kind, ``1 h 30 min``, in the first of them.

    Each unit is smaller than the one before it.
    """
    parts = COMPOUND.findall(text)
    if len(parts) < 2 or COMPOUND.sub("", text).strip():
        return None
    units = [UNITS.get(name) for _, name in parts]
    known = [unit for unit in units if unit is not None]
    one_kind = len({unit.dimensions for unit in known}) == 1 and len(known) == len(units)
    smaller = all(a.factor > b.factor for a, b in pairwise(known))
    if not (one_kind and smaller):
        return None
    sums = (Fraction(n) * unit.factor for (n, _), unit in zip(parts, known, strict=True))
    return sum(sums, Fraction(0)) / known[0].factor, known[0]


def named_thing(words: str) -> Unit:
    """A unit that is in no table: what is counted, ``apples``."""
    return Unit(((words, 0),), Fraction(1), words)


def same_thing(one: Unit, other: Unit) -> bool:
    """Whether two nouns name one thing: one may say more, as ``red apples`` does."""
    words = [{singular(word) for word in unit.name.casefold().split()} for unit in (one, other)]
    return words[0] <= words[1] or words[1] <= words[0]


def singular(word: str) -> str:
    """A word without the ending of its plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return re.sub(r"(?<=(?:ch|sh|ss|ox))es$|(?<!s)s$", "", word)


def _read(text: str) -> Unit | None:
    """The product of units that a text names; None if it names anything else."""
    dimensions: dict[str, int] = {}
    factor, below = Fraction(1), False
    for sign, unit_text in PARTS.findall(text):
        if sign:
            below = sign != "*"
            continue
        unit, exponent = _power(unit_text)
        if unit is None:
            return None
        exponent = -exponent if below else exponent
        factor *= unit.factor**exponent
        for base, power in unit.dimensions:
            dimensions[base] = dimensions.get(base, 0) + power * exponent
    kept = tuple(sorted((base, power) for base, power in dimensions.items() if power))
    return Unit(kept, factor, text)


def _power(text: str) -> tuple[Unit | None, int]:
    """One unit and its exponent: ``square meters``, ``cm^2``, ``m^{-1}``, ``feet cubed``."""
    exponent = 1
    if before := re.match(r"(?:(square|sq\.?|cubic|cu\.?) |(平方|立方))", text):
        exponent = 2 if before[0].startswith(("s", "平")) else 3
        text = text[before.end() :]
    if behind := re.search(r" ?(?:\^ ?\{? ?(-?[1-9]) ?\}?|(squared|cubed))$", text):
        exponent = int(behind[1]) if behind[1] else {"squared": 2, "cubed": 3}[behind[2]]
        text = text[: behind.start()]
    return UNITS.get(text), exponent

r"""A reader for the plain dialect of LaTeX: text in, tree out, or an error that names the place.

    sum      = product { (+|-) product }
    product  = signed { (*|/) signed | factor }          from left to right
    signed   = { +|- } factor
    factor   = atom { ! | % | degree } [ ^ exponent ]
    atom     = number | mixed | symbol | constant | ( sum ) | \frac | \sqrt | \binom | |sum|
             | floor | function | \gcd | \sum

Recursive descent: each rule is a method of ``_Reader``. Every character must be understood: nothing
is skipped and no number is found inside what is not one. Two numbers side by side are rejected,
except an integer before a proper fraction (a mixed number).
"""

import re
from fractions import Fraction

from seed.reference.verifiers.mathematics.characters import GREEK_NAMES
from seed.reference.verifiers.mathematics.closed_forms import MOST_TERMS, of_list, repeated
from seed.reference.verifiers.mathematics.expressions import (
    INVERSE,
    TRIGONOMETRIC,
    Apply,
    Constant,
    Number,
    Symbol,
    Tree,
    negative,
    number,
)

DEEPEST = 60
"""Calls of ``sum`` and ``signed`` inside one another.

No answer comes near it, and it is far below Python's recursion limit.
"""

MOST_FACTORS = 160
"""Factors of an expression; long answers have about 40.

Products lean to the left, so this bounds the depth of a tree.
"""

NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
MIXED = re.compile(r"(\d+) +(\d+) ?/ ?(\d+)(?![\d.!^])")
MIXED_FRACTION = re.compile(r"(\d+) ?\\frac ?(?:\{ ?(\d+) ?\} ?\{ ?(\d+) ?\}|(\d)(\d))(?! ?[\^!])")
REPEATING = re.compile(
    r"(\d*)\.(\d*)"
    r"(?:\\overline ?\{ ?(\d+) ?\}|\((\d+)\)"
    r"|\\dot ?\{? ?(\d) ?\}?(?:(\d*)\\dot ?\{? ?(\d) ?\}?)?)(?!\d)"
)
"""A repeating decimal: 0.1\\overline{6}, 0.1(6), 0.1\\dot{6} or 0.\\dot{1}4285\\dot{7}."""

BOUND = re.compile(r"_ ?\{ ?([A-Za-z]) ?=")
LONG_WORD = re.compile(r"[A-Za-z]{4,}")
COMMAND = re.compile(r"\\([A-Za-z]+)")
UNKNOWNS = frozenset((*GREEK_NAMES, "ell"))
SUBSCRIPT = re.compile(r" ?_ ?(?:\{ ?([\w, ]+?) ?\}|(\w))")
DEGREE = re.compile(r" ?\^ ?(?:\{ ?\\circ ?\}|\\circ(?![A-Za-z]))")
FUNCTIONS = frozenset((*TRIGONOMETRIC, *INVERSE, "ln", "lg", "log", "exp"))
INVERSE_OF = {name: f"arc{name}" for name in ("sin", "cos", "tan", "cot", "sinh", "cosh")}
DEGREE_IN_RADIANS = Apply("/", (Constant("pi"), number(180)))


class Unreadable(Exception):
    """A text is not what its reader reads; the message is the reason in a verdict."""


def read_expression(text: str, log_base: int = 10) -> Tree:
    """Read a whole text in normal form as one expression.

    Args:
        text: The text.
        log_base: Base of a ``\\log`` that names none.

    Raises:
        Unreadable: Some part of the text is unknown to this reader.
    """
    reader = _Reader(text, log_base)
    tree = reader.sum()
    if reader.rest():
        raise Unreadable(f"cannot read {reader.rest()[:20]!r}")
    return tree


class _Reader:
    """A position in a text, moving to the right."""

    def __init__(self, text: str, log_base: int) -> None:
        self.text, self.log_base = text, log_base
        self.position = self.depth = self.factors = 0
        self.terms = 0  # of the sums and products read so far
        self.bars = 0  # open |..| since the last bracket: inside one, a bar closes

    def rest(self) -> str:
        """What is still to be read, without blanks in front."""
        while self.text.startswith(" ", self.position):
            self.position += 1
        return self.text[self.position :]

    def take(self, *signs: str) -> str:
        """Move past the first of the signs that comes next and return it, or an empty text.

        A sign that ends in a letter is a command, and a letter after it would belong to its name:
        ``\\over`` does not match ``\\overline``.
        """
        rest = self.rest()
        for sign in signs:
            is_longer_name = sign[-1].isalpha() and rest[len(sign) : len(sign) + 1].isalpha()
            if rest.startswith(sign) and not is_longer_name:
                self.position += len(sign)
                return sign
        return ""

    def expect(self, sign: str) -> None:
        """Move past a sign that has to come."""
        if not self.take(sign):
            raise Unreadable(f"{sign!r} is missing before {self.rest()[:20]!r}")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Move past a pattern."""
        self.rest()
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def deeper(self) -> None:
        """Count one more level of nesting."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")

    def sum(self) -> Tree:
        """Read terms joined by plus and minus."""
        self.deeper()
        tree = self.product()
        while sign := self.take("+", "-"):
            term = self.product()
            tree = Apply("+", (tree, term if sign == "+" else negative(term)))
        self.depth -= 1
        return tree

    def product(self) -> Tree:
        """Read factors joined by signs or standing side by side."""
        tree = self.signed()
        while True:
            # Left to right with equal rank, juxtaposition included: 1/2x is (1/2) x.
            if sign := self.take("*", "/"):
                tree = Apply(sign, (tree, self.signed()))
            elif self.begins_factor():
                tree = Apply("*", (tree, self.factor()))
            else:
                return tree

    def begins_factor(self) -> bool:
        """Whether a factor stands here without a sign.

        Raises:
            Unreadable: A digit stands here, since ``1 2`` is no product.
        """
        rest = self.rest()
        if not rest or rest[0] in "+-*/^_!%)}],;:<>=&":
            return False
        if rest[0] == "|":
            return self.bars == 0
        if rest[0] == "\\":
            closes = rest.startswith(("\\rfloor", "\\rceil", "\\over "))
            return bool(COMMAND.match(rest)) and not closes
        if rest[0].isdigit() or rest[0] == ".":
            raise Unreadable(f"a number stands beside another factor: {rest[:20]!r}")
        return True

    def signed(self) -> Tree:
        """Read a factor and the signs before it."""
        sign = self.take("+", "-")
        if not sign:
            return self.factor()
        self.deeper()
        tree = self.signed()
        self.depth -= 1
        return negative(tree) if sign == "-" else tree

    def factor(self) -> Tree:
        """Read an atom, what stands behind it, and its exponent."""
        self.factors += 1
        if self.factors > MOST_FACTORS:
            raise Unreadable(f"more than {MOST_FACTORS} factors")
        tree = self.atom()
        while True:
            if self.match(DEGREE):
                tree = Apply("*", (tree, DEGREE_IN_RADIANS))
            elif self.rest().startswith("!!"):
                raise Unreadable("a double factorial")
            elif self.take("!"):
                tree = Apply("!", (tree,))
            elif self.take("%"):
                tree = Apply("/", (tree, number(100)))
            elif self.take("^"):
                tree = Apply("^", (tree, self.exponent()))
            else:
                return tree

    def exponent(self) -> Tree:
        """Read an exponent with its sign; towers lean to the right."""
        self.deeper()
        sign = self.take("+", "-")
        tree = self.script()
        if not self.match(DEGREE) and self.take("^"):
            tree = Apply("^", (tree, self.exponent()))
        self.depth -= 1
        return negative(tree) if sign == "-" else tree

    def argument(self) -> Tree:
        """Read the argument of a command: a group in braces, one digit, or one atom."""
        if self.take("{"):
            tree = self.sum()
            if self.take("\\over"):
                tree = Apply("/", (tree, self.sum()))
            self.expect("}")
            return tree
        if digit := self.match(re.compile(r"\d")):
            return number(int(digit[0]))
        return self.atom()

    def script(self) -> Tree:
        """Read an exponent or subscript: a group, a number of any length, or one atom.

        A number is never mixed here: ``x^2 1/2`` is no power of 5/2.
        """
        if digits := self.match(NUMBER):
            return number(Fraction(digits[0].rstrip(".") or "0"))
        return self.argument()

    def bracketed(self, closing: str) -> Tree:
        """Read a sum and the bracket that closes it."""
        # Bars outside of the brackets do not pair with bars inside.
        bars, self.bars = self.bars, 0
        tree = self.sum()
        if closing == "}" and self.take("\\over"):
            tree = Apply("/", (tree, self.sum()))
        self.expect(closing)
        self.bars = bars
        return tree

    def atom(self) -> Tree:
        """Read the smallest unit."""
        rest = self.rest()
        if rest[:1].isdigit() or rest[:1] == ".":
            return self.numeral()
        if bracket := self.take("(", "[", "{"):
            return self.bracketed({"(": ")", "[": "]", "{": "}"}[bracket])
        if self.take("|"):
            self.bars += 1
            inside = self.sum()
            self.bars -= 1
            self.expect("|")
            return Apply("abs", (inside,))
        if command := self.match(COMMAND):
            return self.command(command[1])
        if rest[:1].isascii() and rest[:1].isalpha():
            return self.letter()
        raise Unreadable(
            f"cannot read {rest[:20]!r}" if rest else "something is missing at the end"
        )

    def numeral(self) -> Tree:
        """Read a number: plain, repeating or mixed."""
        # The longest forms first: a plain number is the beginning of each of the others.
        if match := self.match(REPEATING):
            return Number(_repeating(match))
        if match := (self.match(MIXED) or self.match(MIXED_FRACTION)):
            integer, above, below = (int(digits) for digits in match.groups() if digits is not None)
            if 0 < above < below:
                return number(integer + Fraction(above, below))
            self.position = match.start()  # no proper fraction: read the integer alone
        plain = self.match(NUMBER)
        if plain is None:
            raise Unreadable("a point without digits")
        if self.rest().startswith("_"):
            raise Unreadable("a number with a subscript")
        return number(Fraction(plain[0].rstrip(".") or "0"))

    def letter(self) -> Tree:
        """Read one letter with its subscript.

        Two or three letters side by side are factors, four are a word.
        """
        if LONG_WORD.match(self.rest()):
            raise Unreadable(f"a word among the numbers: {self.rest()[:20]!r}")
        name = self.rest()[0]
        self.position += 1
        subscript = self.match(SUBSCRIPT)
        if subscript:
            return Symbol(f"{name}_{subscript[1] or subscript[2]}")
        # f(x), P(A): a value of a function, not a product.
        if name in "fghPF" and self.text.startswith("(", self.position):
            raise Unreadable(f"a function {name!r} that is not defined")
        if self.text.startswith("'", self.position):
            raise Unreadable("a prime")
        return Constant(name) if name in "ei" else Symbol(name)

    def command(self, name: str) -> Tree:
        """Read what a command stands for."""
        match name:
            case "frac":
                return Apply("/", (self.argument(), self.argument()))
            case "binom":
                return Apply("binom", (self.argument(), self.argument()))
            case "sqrt":
                index = self.bracketed("]") if self.take("[") else number(2)
                return Apply("root", (index, self.argument()))
            case "lfloor" | "lceil":
                inside = self.sum()
                self.expect("\\r" + name[1:])
                return Apply(name[1:], (inside,))
            case "gcd" | "lcm" | "max" | "min":
                return self.function_of_list(name)
            case "sum" | "prod":
                return self.repeated(name)
            case "pi" | "infty":
                return Constant({"pi": "pi", "infty": "infinity"}[name])
            case "imath":
                return Constant("i")
        if name in FUNCTIONS:
            return self.function(name)
        if name in UNKNOWNS:
            subscript = self.match(SUBSCRIPT)
            return Symbol(f"\\{name}" + (f"_{subscript[1] or subscript[2]}" if subscript else ""))
        raise Unreadable(f"the command {name!r} is not known here")

    def function_of_list(self, name: str) -> Tree:
        """Read ``\\gcd(12, 18)``."""
        opening = self.take("(", "\\{", "{", "[")
        members = [self.sum()]
        while self.take(","):
            members.append(self.sum())
        self.expect({"(": ")", "\\{": "\\}", "{": "}", "[": "]"}.get(opening, "("))
        value = of_list(name, members)
        if value is None:
            raise Unreadable(f"{name} of what is not rational")
        return value

    def repeated(self, name: str) -> Tree:
        """Read ``\\sum_{k=1}^{5} k^2``; the bounds stand in either order."""
        bound = self.match(BOUND)
        if bound is None:
            raise Unreadable(f"a {name} without bounds")
        low = self.sum()
        self.expect("}")
        self.expect("^")
        high = self.script()
        body = self.product()
        result = repeated(name, body, bound[1], low, high)
        self.terms += result[1] if result else MOST_TERMS
        if result is None or self.terms > 2 * MOST_TERMS:
            raise Unreadable(f"a {name} that is not worked out here")
        return result[0]

    def function(self, name: str) -> Tree:
        """Read a function with its base or power, and its argument."""
        base: Tree = Constant("e") if name == "ln" else number(10)
        if name == "log":
            base = self.script() if self.take("_") else number(self.log_base)
        power: Tree | None = None
        if self.take("^"):
            power = self.exponent()
        if power == number(-1) and name in INVERSE_OF:  # sin^{-1} is the inverse function
            name, power = INVERSE_OF[name], None
        inside = self.function_argument()
        tree: Tree
        if name == "exp":
            tree = Apply("^", (Constant("e"), inside))
        elif name in ("ln", "log", "lg"):
            tree = Apply("log", (base, inside))
        else:
            tree = Apply(name, (inside,))
        return Apply("^", (tree, power)) if power is not None else tree

    def function_argument(self) -> Tree:
        """Read the argument of a function.

        It is a group, or the factors side by side up to the next sign, bracket or function: in
        ``sin 2x cos x`` it is 2x.
        """
        if self.rest()[:1] in ("(", "[", "{"):
            return self.atom()
        self.deeper()
        tree = self.signed()
        while not self.at_bracket_or_function() and self.begins_factor():
            tree = Apply("*", (tree, self.factor()))
        self.depth -= 1
        return tree

    def at_bracket_or_function(self) -> bool:
        """Whether a bracket, a bar or a function comes next."""
        command = COMMAND.match(self.rest())
        is_function = command is not None and command[1] in FUNCTIONS
        return is_function or self.rest()[:1] in ("(", "[", "{", "|")


def _repeating(match: re.Match[str]) -> Fraction:
    integer_digits, fixed = match[1] or "0", match[2]
    period = match[3] or match[4] or match[5] + (match[6] or "") + (match[7] or "")
    shift = 10 ** len(fixed)
    # 0.1(6) = 1/10 + 6/90: the period is divided by as many nines, shifted behind the fixed digits.
    nines = 10 ** len(period) - 1
    return Fraction(int(integer_digits + fixed), shift) + Fraction(int(period), shift * nines)

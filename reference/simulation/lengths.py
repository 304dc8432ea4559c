"""How long responses are: a distribution named in one word, or a file of lengths that somebody
measured.

    lognormal:mean=1000,sigma=1,max=8000    exp(N(m, sigma^2)), m = ln(mean) - sigma^2 / 2, cut off at max as a token limit does
    constant:tokens=1000                    all alike
    FILE.jsonl                              {"tokens": 812} a line; drawn with replacement

``mean`` is that of the whole lognormal distribution; what ``max`` cuts off makes the mean of what
is drawn smaller.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seed.spec.datatypes import Array
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator

LEGAL = (
    "lognormal:mean=M,sigma=S,max=L with 1 <= M <= L and 0 < S <= 5, constant:tokens=N with N >= 1,"
    " or a .jsonl file"
)
Draw = Callable[[np.random.Generator, int], Array]
WIDEST_SIGMA = 5.0
"""Beyond this more than a third of a distribution's mass lies a hundredfold away from its median:
no response length does.
"""


@dataclass(frozen=True)
class Lengths:
    """A distribution of response lengths.

    Attributes:
        name: How it was asked for.
        draw: So many lengths, all >= 1.
    """

    name: str
    draw: Draw

    def sample(self, seed: int, count: int) -> list[int]:
        """The first ``count`` lengths of a seed: more of them begin with the same ones."""
        return [int(length) for length in self.draw(generator(seed, "lengths"), count)]


def lengths_named(text: str) -> Lengths:
    """Read a distribution.

    Args:
        text: As in the module's table.

    Raises:
        SeedError: ILLEGAL_VALUE, UNREADABLE_FILE.
    """
    kind, _, fields = text.partition(":")
    if kind not in DISTRIBUTIONS:
        return _measured(Path(text), text)
    names, made = DISTRIBUTIONS[kind]
    try:
        pairs = [field.split("=") for field in fields.split(",")]
        values = {name.strip(): float(value) for name, value in pairs}
        if len(pairs) != len(values) or set(values) != set(names):
            raise ValueError
        return Lengths(text, made(*(values[name] for name in names)))
    except ValueError:
        raise SeedError(Reason.ILLEGAL_VALUE, f"--lengths={text} must be {LEGAL}") from None


def _lognormal(mean: float, sigma: float, longest: float) -> Draw:
    if not (1.0 <= mean <= longest < math.inf and 0.0 < sigma <= WIDEST_SIGMA):
        raise ValueError
    middle = math.log(mean) - sigma**2 / 2
    return lambda random, count: np.clip(
        np.ceil(random.lognormal(middle, sigma, count)), 1, int(longest)
    )


def _constant(tokens: float) -> Draw:
    if not (tokens >= 1 and tokens == int(tokens)):
        raise ValueError
    return lambda random, count: np.full(count, tokens)


DISTRIBUTIONS: dict[str, tuple[tuple[str, ...], Callable[..., Draw]]] = {
    "lognormal": (("mean", "sigma", "max"), _lognormal),
    "constant": (("tokens",), _constant),
}


def _measured(path: Path, text: str) -> Lengths:
    if not path.is_file():
        raise SeedError(
            Reason.ILLEGAL_VALUE, f"--lengths={text} must be {LEGAL}; there is no such file"
        )
    found: list[int] = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                found.append(_tokens(line, f"{path} line {number}"))
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {error}") from None
    if not found:
        raise SeedError(
            Reason.UNREADABLE_FILE,
            f'{path} holds no line; legal: objects such as {{"tokens": 812}}, one a line',
        )
    measured = np.array(found, dtype=np.float64)
    return Lengths(
        f"{path.name} ({len(found)} lengths)", lambda random, count: random.choice(measured, count)
    )


def _tokens(line: str, place: str) -> int:
    """The length on a line of a file."""
    try:
        value = json.loads(line)["tokens"]
    except (ValueError, KeyError, TypeError):
        value = None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SeedError(
            Reason.UNREADABLE_FILE,
            f'{place}: must be an object with "tokens", a whole number >= 1: {line[:80]}',
        )
    return value

"""Response lengths of a simulation: a named distribution, or a file of measured lengths.

- ``lognormal:mean=1000,sigma=1,max=8000``: exp(N(m, sigma^2)) with m = ln(mean) - sigma^2 / 2,
  clipped at max like responses at a token limit. ``mean`` is the mean before clipping.
- ``constant:tokens=1000``: all equal.
- ``FILE.jsonl``: one object {"tokens": 812} per line; drawn with replacement.
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
from seed.spec.text_files import read_text

LONGEST = 10_000_000
"""Tokens of the longest response: more than any model has written."""
LEGAL = (
    f"lognormal:mean=M,sigma=S,max=L with 1 <= M <= L <= {LONGEST} and 0 < S <= 5,"
    f" constant:tokens=N with 1 <= N <= {LONGEST}, or a .jsonl file"
)
Draw = Callable[[np.random.Generator, int], Array]
WIDEST_SIGMA = 5.0
"""Above this, a third of a distribution is a hundredfold away from its median: no response is."""


@dataclass(frozen=True)
class Lengths:
    """A distribution of response lengths.

    Attributes:
        name: The text that names it.
        draw: Draws a number of lengths, all >= 1.
    """

    name: str
    draw: Draw

    def sample(self, seed: int, count: int) -> list[int]:
        """The first ``count`` lengths of a seed; a larger count begins with the same lengths."""
        return [int(length) for length in self.draw(generator(seed, "lengths"), count)]


def lengths_named(text: str) -> Lengths:
    """Read a distribution in one of the forms of the module.

    Raises:
        SeedError: ILLEGAL_VALUE, UNREADABLE_FILE.
    """
    kind, _, fields = text.partition(":")
    if kind not in DISTRIBUTIONS:
        return _measured(Path(text), text)
    names, distribution = DISTRIBUTIONS[kind]
    try:
        pairs = [field.split("=") for field in fields.split(",")]
        values = {name.strip(): float(value) for name, value in pairs}
        if len(pairs) != len(values) or set(values) != set(names):
            raise ValueError
        return Lengths(text, distribution(*(values[name] for name in names)))
    except ValueError:
        raise SeedError(Reason.ILLEGAL_VALUE, f"--lengths={text} must be {LEGAL}") from None


def _lognormal(mean: float, sigma: float, longest: float) -> Draw:
    if not (1.0 <= mean <= longest <= LONGEST and 0.0 < sigma <= WIDEST_SIGMA):
        raise ValueError
    m, last = math.log(mean) - sigma**2 / 2, int(longest)
    return lambda random, count: np.clip(np.ceil(random.lognormal(m, sigma, count)), 1, last)


def _constant(tokens: float) -> Draw:
    if not (1 <= tokens <= LONGEST and tokens == int(tokens)):
        raise ValueError
    return lambda random, count: np.full(count, tokens)


DISTRIBUTIONS: dict[str, tuple[tuple[str, ...], Callable[..., Draw]]] = {
    "lognormal": (("mean", "sigma", "max"), _lognormal),
    "constant": (("tokens",), _constant),
}


def _measured(path: Path, text: str) -> Lengths:
    """The lengths of a file."""
    if not path.is_file():
        wrong = f"--lengths={text} must be {LEGAL}; there is no such file"
        raise SeedError(Reason.ILLEGAL_VALUE, wrong)
    lines = read_text(path).splitlines()
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    lengths = [_tokens(line, f"{path} line {number}") for number, line in numbered]
    if not lengths:
        wrong = f'{path} holds no line; legal: objects such as {{"tokens": 812}}, one a line'
        raise SeedError(Reason.UNREADABLE_FILE, wrong)
    measured = np.array(lengths, dtype=np.float64)
    name = f"{path.name} ({len(lengths)} lengths)"
    return Lengths(name, lambda random, count: random.choice(measured, count))


def _tokens(line: str, position: str) -> int:
    """The length on a line of a file; ``position`` names the line in an error."""
    try:
        value = json.loads(line)["tokens"]
    except (ValueError, KeyError, TypeError, RecursionError):
        value = None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST:
        legal = f"a whole number from 1 to {LONGEST}"
        wrong = f'must be an object with "tokens", {legal}: {line[:80]}'
        raise SeedError(Reason.UNREADABLE_FILE, f"{position}: {wrong}")
    return value

"""The index of equations: number, formula, where it is printed, the function in each house, the test that holds it.

The number is the place in ``EQUATIONS``, in reading order. A test proves that every entry leads somewhere and that every
public function of a numeric chapter stands here or is named as a helper.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Equation:
    """One equation and its places.

    Attributes:
        title: What it is called.
        formula: The equation, in one line.
        source: Paper and equation.
        reference: ``module:function`` of the NumPy house.
        test: ``file::function`` of a test that fails when the equation is wrong.
        scaled: ``module:function`` of the torch house; empty until that chapter is built.
    """

    title: str
    formula: str
    source: str
    reference: str
    test: str
    scaled: str = ""


EQUATIONS = (
    Equation("RMS norm", "x / sqrt(mean(x^2) + eps) w", "arXiv 1910.07467 eq. 4", "reference.attention:rms_norm",
             "conformance/test_outside.py::TODO"),
)
CHAPTERS: Mapping[str, tuple[str, ...]] = {}

"""A mean with its 95 % interval from few independent figures: runs of several seeds, steps of a
run.

m +- t s / sqrt(k)    over k figures, t the 97.5 % Student quantile of k - 1 degrees of freedom
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom, from the table "Critical Values of
# the Student's t Distribution" of the NIST/SEMATECH e-Handbook of Statistical Methods, section
# 1.3.6.7.2, column 0.975.
T975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval, which one figure alone cannot give."""

    mean: float
    low: float | None
    high: float | None


def estimate(values: Sequence[float]) -> Estimate:
    """Mean with its 95 % t-interval; above 30 degrees of freedom t is that of 30.

    Args:
        values: One or more figures.
    """
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return Estimate(mean, None, None)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = T975[min(count - 1, len(T975)) - 1] * deviation / math.sqrt(count)
    return Estimate(mean, mean - half, mean + half)

"""Every 95 % interval of the project, the unbiased pass@k, and what is related to it.

- Accuracy: avg@k = mean over problems of c / k, for c correct of k responses to a problem.
  Responses to one problem are related, so the spread between problems sets the width
  (arXiv 2411.00640): ``clustered_interval``, ``ratio_interval``.
- Few independent figures, such as one per seed or per step: Student's t, ``estimate``.
- Many independent figures: the normal distribution, ``normal_interval``.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np

from seed.spec.datatypes import Array

Key = TypeVar("Key", bound=Hashable)
Z975 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""
T975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""97.5 % quantiles of Student's t for 1 to 30 degrees of freedom.

Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975.
"""


@dataclass(frozen=True)
class Score:
    """Accuracy with its 95 % interval over ``n`` problems of ``samples`` responses each."""

    accuracy: float
    ci_low: float
    ci_high: float
    n: int
    samples: int
    pass_at_k: float

    def as_json(self) -> dict[str, float]:
        """Plain mapping for a summary."""
        return asdict(self)


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval; a single figure has no interval."""

    mean: float
    low: float | None
    high: float | None


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Probability that at least one of k responses is correct.

    The k responses are drawn without replacement from n responses, c of which are correct.

    Formula: ``1 - C(n - c, k) / C(n, k)``; exactly 1 if n - c < k.
    Source: arXiv 2107.03374 eq. 1.

    Raises:
        ValueError: Unless 0 <= correct <= n and 1 <= k <= n.
    """
    if not (0 <= correct <= n and 1 <= k <= n):
        values = f"n={n}, correct={correct}, k={k}"
        raise ValueError(f"need 0 <= correct <= n and 1 <= k <= n, got {values}")
    return 1.0 - math.comb(n - correct, k) / math.comb(n, k)


def pass_hat_k(n: int, correct: int, k: int) -> float:
    """Probability that all of k responses are correct.

    The k responses are drawn without replacement from n responses, c of which are correct.

    Formula: ``C(c, k) / C(n, k)``; exactly 0 if c < k.
    Source: arXiv 2406.12045 (pass^k).

    Raises:
        ValueError: Unless 0 <= correct <= n and 1 <= k <= n.
    """
    if not (0 <= correct <= n and 1 <= k <= n):
        values = f"n={n}, correct={correct}, k={k}"
        raise ValueError(f"need 0 <= correct <= n and 1 <= k <= n, got {values}")
    return math.comb(correct, k) / math.comb(n, k)


def majority_share(answers: Sequence[str], correct: Sequence[bool]) -> tuple[float, int]:
    """Whether the answer that most responses give is correct; a tie is drawn by lot.

    Formula: mean over the most frequent answers of the share of correct among the responses that
    give that answer; 0 without any answer.
    Source: arXiv 2203.11171 (self-consistency); the expected value where several are tied.

    Args:
        answers: Answer of each response; an empty one has no vote.
        correct: Whether each response is correct.

    Returns:
        The share in [0, 1], and the number of answers that are tied for the majority.
    """
    votes: dict[str, list[bool]] = {}
    for answer, is_correct in zip(answers, correct, strict=True):
        if answer:
            votes.setdefault(answer, []).append(is_correct)
    most = max(map(len, votes.values()), default=0)
    leading = [sum(of_answer) / most for of_answer in votes.values() if len(of_answer) == most]
    return (sum(leading) / len(leading) if leading else 0.0), len(leading)


def clustered_interval(shares: Sequence[float], samples: int) -> tuple[float, float]:
    """95 % Wilson interval of a mean of per-problem shares, clustered by problem.

    Formula: Wilson's interval of p at the effective sample size ``m = p (1 - p) / SE^2`` with
    ``SE^2 = sum (x_i - p)^2 / (n (n - 1))``, clipped to [n, n samples]. Where all shares are
    equal, SE is 0 and m = n.
    Source: arXiv 2411.00640; Wilson 1927.

    Args:
        shares: Share of correct responses of each problem, in [0, 1].
        samples: Responses per problem, >= 1.

    Returns:
        Lower and upper bound, within [0, 1]; (0, 1) without problems.
    """
    n = len(shares)
    if n == 0:
        return 0.0, 1.0
    p = float(np.mean(shares))
    variance = float(np.sum((np.asarray(shares) - p) ** 2)) / (n * max(n - 1, 1))
    m = min(max(p * (1.0 - p) / variance, n), n * samples) if variance > 0.0 else n
    return _wilson(p, m)


def ratio_interval(hits: Sequence[int], cases: Sequence[int]) -> tuple[float, float]:
    """95 % Wilson interval of all hits over all cases, clustered by problem.

    Problems may have different numbers of cases. Equal numbers give ``clustered_interval``, one
    case per problem gives plain Wilson.

    Formula: ``p = sum h / sum k``, at the effective sample size ``m = p (1 - p) / SE^2`` with the
    ratio estimator's ``SE^2 = n / (n - 1) sum (h_i - p k_i)^2 / (sum k)^2``, clipped to
    [(sum k)^2 / sum k^2, sum k]. The lower limit is Kish's size, where all cases of a problem
    agree; the upper limit is that of independent cases.
    Source: arXiv 2411.00640 section 2.2; Wilson 1927.

    Args:
        hits: Hits of each problem, 0 <= hits <= cases.
        cases: Cases of each problem, >= 1.

    Returns:
        Lower and upper bound, within [0, 1]; (0, 1) without problems.
    """
    n = len(cases)
    if n == 0:
        return 0.0, 1.0
    k, total = np.asarray(cases, float), float(sum(cases))
    p = sum(hits) / total
    fewest = total**2 / float(np.sum(k**2))
    variance = n / max(n - 1, 1) * float(np.sum((np.asarray(hits) - p * k) ** 2)) / total**2
    m = min(max(p * (1.0 - p) / variance, fewest), total) if variance > 0.0 else fewest
    return _wilson(p, m)


def _wilson(p: float, m: float) -> tuple[float, float]:
    """Wilson's interval of a share p of m independent cases."""
    centre = (p + Z975**2 / (2 * m)) / (1 + Z975**2 / m)
    half = Z975 / (1 + Z975**2 / m) * math.sqrt(p * (1 - p) / m + Z975**2 / (4 * m * m))
    # Rounding must not put a mean of exactly 0 or 1 outside of its own interval.
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def score_problems(correct_counts: Sequence[int], samples: int) -> Score:
    """Score problems from the number of correct responses among ``samples`` responses to each."""
    shares = [count / samples for count in correct_counts]
    low, high = clustered_interval(shares, samples)
    passes = [pass_at_k(samples, count, samples) for count in correct_counts]
    mean = float(np.mean(shares)) if shares else 0.0
    return Score(mean, low, high, len(shares), samples, float(np.mean(passes)) if passes else 0.0)


def score_families(
    families: Sequence[str], correct_counts: Sequence[int], samples: int
) -> dict[str, Score]:
    """Scores per family and, under ``overall``, over all problems.

    Raises:
        ValueError: There is not one count per problem.
    """
    scores = {"overall": score_problems(correct_counts, samples)}
    pairs = list(zip(families, correct_counts, strict=True))
    for family in dict.fromkeys(families):
        of_family = [count for name, count in pairs if name == family]
        scores[family] = score_problems(of_family, samples)
    return scores


def estimate(values: Sequence[float]) -> Estimate:
    """Mean of few independent figures with its 95 % t-interval.

    Formula: ``m +- t s / sqrt(k)`` over k figures, t the 97.5 % Student quantile of k - 1 degrees
    of freedom. Above 30 degrees t is that of 30, which makes the interval slightly too wide.
    Source: Student 1908; NIST/SEMATECH e-Handbook 1.3.6.7.2.

    Args:
        values: One or more figures; one alone gives no interval.
    """
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return Estimate(mean, None, None)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = T975[min(count - 1, len(T975)) - 1] * deviation / math.sqrt(count)
    return Estimate(mean, mean - half, mean + half)


def paired_differences(base: Mapping[Key, float], other: Mapping[Key, float]) -> list[float]:
    """Differences ``other - base`` of what both have, one per pair, in the order of ``other``.

    What makes a pair alike, such as its seed or its problem, cancels in the difference. Its mean
    and interval are those of ``estimate``.

    Args:
        base: What the pair has in common, for instance a seed -> a figure.
        other: The same of what is compared with it.
    """
    return [value - base[key] for key, value in other.items() if key in base]


def normal_interval(values: Array) -> dict[str, float]:
    """Mean of many independent figures with its normal 95 % interval.

    Formula: ``m +- z s / sqrt(n)``; infinitely wide for a single figure.
    Source: central limit theorem.

    Args:
        values: Figures [n], n >= 1.

    Returns:
        ``mean``, ``ci_low``, ``ci_high``.
    """
    mean, n = float(values.mean()), len(values)
    half = Z975 * float(values.std(ddof=1)) / n**0.5 if n > 1 else float("inf")
    return {"mean": mean, "ci_low": mean - half, "ci_high": mean + half}

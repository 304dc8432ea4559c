"""Examination: avg@k with intervals that know that k responses to one problem are not independent,
and unbiased pass@k.

    avg@k = mean over problems of c/k,      pass@k = mean over problems of 1 - C(n - c, k) / C(n, k)

Sources: avg@k as in the report 6; pass@k arXiv 2107.03374 eq. 1; clustering by problem arXiv
2411.00640.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

Z95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


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


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Probability that at least one of k responses, drawn without replacement from n of which some
    are correct, is correct.

    Formula: ``1 - C(n - c, k) / C(n, k)``; exactly 1 if n - c < k.

    Raises:
        ValueError: Unless 0 <= correct <= n and 1 <= k <= n.
    """
    if not (0 <= correct <= n and 1 <= k <= n):
        raise ValueError(
            f"need 0 <= correct <= n and 1 <= k <= n, got n={n}, correct={correct}, k={k}"
        )
    return 1.0 - math.comb(n - correct, k) / math.comb(n, k)


def clustered_interval(shares: Sequence[float], samples: int) -> tuple[float, float]:
    """95 % Wilson interval of a mean of per-problem shares, with the sample size that their spread
    is worth.

    Formula: effective size ``m = p (1 - p) / SE^2`` with ``SE^2 = sum (x_i - p)^2 / (n (n - 1))``
    clustered by problem, held within [n, n samples]; then Wilson's interval of p at size m. Where
    the spread is 0 (all right, all wrong) m = n.

    Args:
        shares: Share of correct responses of each problem.
        samples: Responses per problem.

    Returns:
        Lower and upper bound, within [0, 1]; (0, 1) for no problem.
    """
    n = len(shares)
    if n == 0:
        return 0.0, 1.0
    p = float(np.mean(shares))
    variance = float(np.sum((np.asarray(shares) - p) ** 2)) / (n * max(n - 1, 1))
    m = min(max(p * (1.0 - p) / variance, n), n * samples) if variance > 0.0 else n
    return _wilson(p, m)


def ratio_interval(hits: Sequence[int], cases: Sequence[int]) -> tuple[float, float]:
    """95 % Wilson interval of all hits over all cases, where problems may have different numbers of
    cases.

    Formula: ``p = sum h / sum k``; effective size ``m = p (1 - p) / SE^2`` with the ratio
    estimator's ``SE^2 = n / (n - 1) sum (h_i - p k_i)^2 / (sum k)^2``, held within [(sum k)^2 / sum
    k^2, sum k]: from the problems' worth if all cases of a problem agree (Kish) to that of
    independent cases. Equal k give ``clustered_interval``, and k = 1 plain Wilson.

    Args:
        hits: Hits of each problem, 0 <= hits <= cases.
        cases: Cases of each problem, >= 1.

    Returns:
        Lower and upper bound, within [0, 1]; (0, 1) for no problem.
    """
    n = len(cases)
    if n == 0:
        return 0.0, 1.0
    k, total = np.asarray(cases, float), float(sum(cases))
    p = sum(hits) / total
    fewest = total**2 / float(np.sum(k**2))
    variance = n / max(n - 1, 1) * float(np.sum((np.asarray(hits) - p * k) ** 2)) / total**2
    return _wilson(
        p, min(max(p * (1.0 - p) / variance, fewest), total) if variance > 0.0 else fewest
    )


def _wilson(p: float, m: float) -> tuple[float, float]:
    centre = (p + Z95**2 / (2 * m)) / (1 + Z95**2 / m)
    half = Z95 / (1 + Z95**2 / m) * math.sqrt(p * (1 - p) / m + Z95**2 / (4 * m * m))
    # Round-off must not put a mean of exactly 0 or 1 outside its own interval.
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def score_problems(correct_counts: Sequence[int], samples: int) -> Score:
    """Score a set of problems from the number of correct ones among ``samples`` responses to
    each.
    """
    shares = [count / samples for count in correct_counts]
    low, high = clustered_interval(shares, samples)
    passes = [pass_at_k(samples, count, samples) for count in correct_counts]
    mean = float(np.mean(shares)) if shares else 0.0
    return Score(mean, low, high, len(shares), samples, float(np.mean(passes)) if passes else 0.0)


def score_families(
    families: Sequence[str], correct_counts: Sequence[int], samples: int
) -> dict[str, Score]:
    """Scores per family and, under ``overall``, over all problems."""
    scores = {"overall": score_problems(correct_counts, samples)}
    for family in dict.fromkeys(families):
        of_family = [
            count for name, count in zip(families, correct_counts, strict=True) if name == family
        ]
        scores[family] = score_problems(of_family, samples)
    return scores

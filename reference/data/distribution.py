"""Equations of online data distribution adaptation: which domains and levels a run asks.

    x    score of a response: 1 right, 0 wrong; of a general problem the reward model's, in [0, 1]
    p_s  solve rate of stratum s (a domain at a level), averaged over the last groups
    g_s  learning signal of s, averaged likewise; 1 until s was seen
    q_s  share of the prompts that s has where nothing adapts
    w_s  share of the prompts that s has in the next step

The report (4.2) turns "the stationary prompt distribution into an adaptive one that follows the
model's needs" and says neither state, signal nor rule. All of ``adaptive`` is our reading:

    g   4 Var(x) within a group: where a policy answers at times, there is something to learn
    w   softmax of g at a temperature, with q as prior; a floor in proportion to q

``pools`` is prime-rl's rule and ``sliding`` RLVE's. Numbers are floats of Python: there are as many
strata as lines in a legend.
"""

import math
from collections.abc import Sequence
from statistics import fmean, pstdev, variance

LARGEST_SIGNAL = 1.0
"""Of a stratum that was never seen: it is worth a look, whatever the others are."""


def group_variance(scores: Sequence[float]) -> float:
    """Unbiased variance of a policy's scores on one problem, times 4.

    For k right of n it is ``4 k (n - k) / (n (n - 1))``, whose expectation is ``4 p (1 - p)``: 1
    where half of the responses are right, 0 where all or none are.

    Formula: ``4 sum_i (x_i - mean x)^2 / (n - 1)``.
    Source: our reading of report 4.2; as "learnability" in LILO (arXiv 2502.12272).

    Args:
        scores: Of the n >= 2 responses of a group.
    """
    return 4.0 * variance(scores)


def group_advantage(scores: Sequence[float]) -> float:
    """Mean absolute group advantage: how far a policy step on this problem would reach.

    For k right of n it is ``2 sqrt(k (n - k)) / n``.

    Formula: ``mean_i |x_i - mean x| / std x``, 0 where all scores are equal.
    Source: SEC (arXiv 2505.14970), where it is the reward of a bandit over categories.

    Args:
        scores: Of the n >= 2 responses of a group.

    Returns:
        In [0, 1].
    """
    deviation, centre = pstdev(scores), fmean(scores)
    return fmean(abs(x - centre) for x in scores) / deviation if deviation else 0.0


def learning_progress(rate: float, slow_rate: float) -> float:
    """Change of the solve rate: forgetting counts as well as learning.

    Formula: ``|p - p_slow|``, two moving averages of the solve rate.
    Source: Matiisen et al. 2017 (arXiv 1707.00183), there the slope of the rate.

    Returns:
        In [0, 1]; much smaller than the other signals, so it wants a smaller temperature.
    """
    return abs(rate - slow_rate)


def moving_average(value: float, seen: int, mean: float, groups: int, memory: int) -> float:
    """An average over about the last ``memory`` groups; over all of them while they are fewer.

    Formula: ``v + a (mean - v)``, ``a = max(1 - (1 - 1/M)^m, m / (n + m))``.
    Source: definition; the order of the m new groups does not matter.

    Args:
        value: The average so far; not read if ``seen`` is 0.
        seen: Groups n that it holds.
        mean: Of the new groups.
        groups: Number m of new groups; 0 changes nothing.
        memory: M >= 1.
    """
    if not groups:
        return value
    rate = max(1.0 - (1.0 - 1.0 / memory) ** groups, groups / (seen + groups))
    return value + rate * (mean - value) if rate < 1.0 else mean


def adaptive_shares(
    prior: Sequence[float], signal: Sequence[float], temperature: float, floor: float
) -> list[float]:
    """Shares of the next step's prompts by learning signal.

    The softmax maximises ``sum_s w_s g_s - temperature KL(w || q)``. Nothing starves: the floor
    holds for each stratum, so for each domain too.

    Formula: ``w_s = f q_s + (1 - f) q_s exp(g_s / T) / sum_r q_r exp(g_r / T)``.
    Source: our reading of report 4.2; SEC (arXiv 2505.14970) has the softmax without q and floor.

    Args:
        prior: q, positive; they add up to 1.
        signal: g.
        temperature: T > 0.
        floor: f in (0, 1].

    Returns:
        w; they add up to 1.
    """
    largest = max(signal)
    tilted = [q * math.exp((g - largest) / temperature) for q, g in zip(prior, signal, strict=True)]
    total = math.fsum(tilted)
    return [floor * q + (1.0 - floor) * t / total for q, t in zip(prior, tilted, strict=True)]


def pool_weight(
    rate: float | None,
    hard_at_most: float,
    easy_above: float,
    hard_weight: float,
    easy_weight: float,
) -> float:
    """Weight of a problem, or of a level, by the pool that its solve rate puts it into.

    Formula: ``hard_weight`` for p <= hard_at_most, ``easy_weight`` for p > easy_above, else 1.
    Source: prime-rl 0.8.1dev, DifficultyPoolSampler.

    Args:
        rate: Solve rate p; None = not seen yet, which weighs 1.
        hard_at_most: Highest rate of the hard pool.
        easy_above: Highest rate of the normal pool.
        hard_weight: Positive.
        easy_weight: Positive.
    """
    if rate is None:
        return 1.0
    if rate <= hard_at_most:
        return hard_weight
    return easy_weight if rate > easy_above else 1.0


def weighted_shares(prior: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Shares in proportion to prior and weight.

    Formula: ``w_s = q_s c_s / sum_r q_r c_r``.
    Source: definition.
    """
    products = [q * c for q, c in zip(prior, weights, strict=True)]
    total = math.fsum(products)
    return [product / total for product in products]


def moved_top(
    top: int, right: int, responses: int, levels: int, raise_at: float, lower_at: float
) -> int:
    """Where a domain's range of levels ends after its top level was judged.

    Formula: ``h + 1`` if a / b >= raise_at, ``h - 1`` if a / b < lower_at, else ``h``.
    Source: RLVE (arXiv 2511.07317), which only raises: lower_at = 0; report 2.1 also lowers.

    Args:
        top: h, the place of the top level, 0 <= h < levels.
        right: Right responses a at the top level.
        responses: All responses b > 0 there.
        levels: Number of levels of the domain.
        raise_at: In (0, 1].
        lower_at: In [0, raise_at).
    """
    rate = right / responses
    step = int(rate >= raise_at) - int(rate < lower_at)
    return min(max(top + step, 0), levels - 1)


def range_weights(levels: int, top: int, window: int) -> list[float]:
    """Which levels of a domain are in its range.

    Formula: ``1`` for h - window < l <= h, else ``0``.
    Source: RLVE (arXiv 2511.07317).

    Args:
        levels: Number of levels.
        top: h, the place of the highest level in the range.
        window: Levels in the range, >= 1.
    """
    return [float(top - window < place <= top) for place in range(levels)]


def next_stratum(credit: Sequence[float], shares: Sequence[float]) -> int:
    """The stratum of the next prompt: the one that is furthest behind its share.

    Formula: ``argmax_s c_s + w_s`` over w_s > 0; c_s is what s was owed minus what it got.
    Source: smooth weighted round robin, as ``reference.data.mixture``, with shares that change.

    Returns:
        Its place; the first one of equals.
    """
    owed = [c + w if w > 0.0 else -math.inf for c, w in zip(credit, shares, strict=True)]
    return owed.index(max(owed))

"""From a verdict to the number the learner sees: correctness, plus the soft overlong punishment.

    R = (correct or wrong) + R_length
    R_length(n) = 0                          for n <= L_max - L_cache
                  (L_max - L_cache - n) / L_cache   up to L_max
                  -1                         beyond

Source: DAPO eq. 7 and eq. 13.
"""

import math

from reference.problems import verify
from reference.tokenizer import decode
from spec.config import Config
from spec.errors import Reason, SeedError
from spec.types import Outcome, Rollout, ScoredRollout


def soft_overlong(length: int, longest: int, cache: int) -> float:
    """Length penalty in [-1, 0].

    Args:
        length: Response tokens.
        longest: L_max, the token limit.
        cache: L_cache, width of the ramp; 0 switches the penalty off.
    """
    if not cache:
        return 0.0
    if length > longest:
        return -1.0
    return min(0.0, (longest - cache - length) / cache)


def score(rollout: Rollout, config: Config) -> ScoredRollout:
    """Verify a response and attach its reward.

    Raises:
        SeedError: VERIFIER_FAILED if the verifier itself failed (an error is never counted as wrong), REWARD_NOT_FINITE.
    """
    problem = rollout.request.problem
    verdict = verify(problem, decode(rollout.response_tokens))
    if verdict.outcome is Outcome.ERROR:
        raise SeedError(Reason.VERIFIER_FAILED, f"problem {problem.id}: {verdict.why}")
    correct = verdict.outcome is Outcome.CORRECT
    reward = config.reward.correct if correct else config.reward.wrong
    longest = config.rollout.max_response_tokens
    reward += soft_overlong(len(rollout.response_tokens), longest, round(config.reward.overlong_share * longest))
    return checked(ScoredRollout(rollout, verdict, float(correct), reward))


def checked(scored: ScoredRollout) -> ScoredRollout:
    """Refuse a reward that is NaN or infinite: training on it would spoil every weight at once."""
    if not math.isfinite(scored.reward):
        problem = scored.rollout.request.problem
        raise SeedError(Reason.REWARD_NOT_FINITE, f"problem {problem.id}: reward is {scored.reward}, must be a finite number")
    return scored

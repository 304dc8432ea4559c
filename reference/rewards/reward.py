"""From verdict and preference to the number the learner sees, for the three data classes of the
report (4.2).

    verifiable   q = v            v = 1 correct, 0 wrong
    general      q = s            s = the reward model's preference in [0, 1], 1/2 is a tie
    hybrid       q = v (1 - w + w s)     gate: verifier first, the reward model shapes correct responses only
                     v s                 product
                     (1 - w) v + w s     mean
    R = q correct + (1 - q) wrong + R_length - R_format

    R_length(n) = 0                          for n <= L_max - L_cache
                  (L_max - L_cache - n) / L_cache   up to L_max
                  -1                         beyond

So both sources speak on one scale, and a tie is worth the middle of it. Length and format cost
reward and never touch ``accuracy``, which dynamic sampling filters by. Sources: DAPO eq. 7 and eq.
13; the report combines verifier and reward model without saying how, so the rule and its weight w
are switches.
"""

import math

from seed.reference.rewards.reward_model import DECIDED
from seed.reference.tasks.problems import verify
from seed.spec.config import Config
from seed.spec.config_rl import RewardConfig
from seed.spec.config_types import DataClass
from seed.spec.datatypes import Outcome, Preference, Problem, Rollout, ScoredRollout, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.puzzle import MAX_EXTRACTED_CHARACTERS
from seed.spec.tokenizer import decode

ANSWER_MARK = "="
"""What stands before a final answer in families whose demonstrations reason."""


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


def lacks_answer_mark(problem: Problem, text: str) -> bool:
    """The format rule: a response needs an answer mark where the demonstration has one.

    Args:
        problem: What was asked.
        text: What was answered.

    Returns:
        True if ``reward.format_penalty`` is due.
    """
    return ANSWER_MARK in problem.demonstration and ANSWER_MARK not in text


def quality(
    data_class: DataClass, correct: bool, preferred: float, settings: RewardConfig
) -> float:
    """How good a response is, in [0, 1], by the rule of its data class.

    Args:
        data_class: verifiable, general or hybrid.
        correct: The verdict; not read for general problems.
        preferred: The reward model's preference in [0, 1]; not read for verifiable problems.
        settings: hybrid_rule and preference_weight.

    Returns:
        q of the module's table.
    """
    verified, weight = float(correct), settings.preference_weight
    if data_class != "hybrid":
        return preferred if data_class == "general" else verified
    return {
        "gate": verified * (1.0 - weight + weight * preferred),
        "product": verified * preferred,
        "mean": (1.0 - weight) * verified + weight * preferred,
    }[settings.hybrid_rule]


def quality_of(scored: ScoredRollout, config: Config) -> float:
    """``quality`` of a response that was scored already: what its reward is before length and
    format cost anything.
    """
    data_class = config.data.class_of(scored.rollout.request.problem.family)
    return quality(
        data_class,
        scored.accuracy == 1.0,
        scored.preference.score if scored.preference else 0.0,
        config.reward,
    )


def score(rollout: Rollout, config: Config, preference: Preference | None = None) -> ScoredRollout:
    """Verify a response where it can be verified, and attach its reward.

    Args:
        rollout: The response.
        config: Data classes, rewards, penalties.
        preference: The reward model's word; needed for general and hybrid problems.

    Raises:
        SeedError: VERIFIER_FAILED if the verifier itself failed (an error is never counted as
            wrong) or the reward model is missing, REWARD_NOT_FINITE.
    """
    problem, text = rollout.request.problem, decode(rollout.response_tokens)
    data_class, settings = config.data.class_of(problem.family), config.reward
    if preference is None and data_class != "verifiable":
        raise SeedError(
            Reason.VERIFIER_FAILED,
            f"problem {problem.id}: a {data_class} problem needs a reward model",
        )
    preferred = preference.score if preference else 0.0
    verdict = unjudged(text, preferred) if data_class == "general" else verify(problem, text)
    if verdict.outcome is Outcome.ERROR:
        raise SeedError(Reason.VERIFIER_FAILED, f"problem {problem.id}: {verdict.why}")
    correct = verdict.outcome is Outcome.CORRECT
    good = quality(data_class, correct, preferred, settings)
    reward = good * settings.correct + (1.0 - good) * settings.wrong
    longest = config.rollout.max_response_tokens
    reward += soft_overlong(
        len(rollout.response_tokens), longest, round(settings.overlong_share * longest)
    )
    reward -= settings.format_penalty * lacks_answer_mark(problem, text)
    accuracy = float(preferred > DECIDED) if data_class == "general" else float(correct)
    return checked(ScoredRollout(rollout, verdict, accuracy, reward, preference))


def unjudged(text: str, preferred: float) -> Verdict:
    """What stands in place of a verdict where there is no verifier."""
    why = f"no verifier; the reward model prefers it with probability {preferred:.3f}"
    return Verdict(Outcome.UNJUDGED, text[:MAX_EXTRACTED_CHARACTERS], why)


def checked(scored: ScoredRollout) -> ScoredRollout:
    """Refuse a reward that is NaN or infinite: training on it would spoil every weight at once."""
    if not math.isfinite(scored.reward):
        problem = scored.rollout.request.problem
        raise SeedError(
            Reason.REWARD_NOT_FINITE,
            f"problem {problem.id}: reward is {scored.reward}, must be a finite number",
        )
    return scored

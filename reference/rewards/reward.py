"""From verdict and preference to the reward of a response, for the three data classes.

Quality q in [0, 1], with verdict v in {0, 1}, preference s in [0, 1] (1/2 is a tie), weight w:

    verifiable   q = v
    general      q = s
    hybrid       q = v (1 - w + w s)     gate: s ranks correct responses only
                     v s                 product
                     (1 - w) v + w s     mean

Reward:

    R = q correct + (1 - q) wrong + R_length - R_format     with reward.functions:
    R = sum of weight * score     + R_length - R_format     see ``reference.rewards.verdicts``

    R_length(n) = 0                                  for n <= L_max - L_cache
                  (L_max - L_cache - n) / L_cache    up to L_max
                  -1                                 beyond

Verdict and preference share one scale, so a tie is worth its middle. Length and format change the
reward only, never ``accuracy``, by which dynamic sampling filters. Sources: report 4.2; DAPO eq. 7
and eq. 13. The report combines verifier and reward model without saying how, so the rule and its
weight are settings.
"""

import math

from seed.reference.rewards.reward_model import TIE
from seed.reference.rewards.verdicts import is_line
from seed.reference.tasks.task import tokenizer_of
from seed.spec.config import Config
from seed.spec.config_rl import RewardConfig
from seed.spec.config_types import DataClass
from seed.spec.datatypes import Outcome, Preference, Problem, Rollout, ScoredRollout, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.puzzle import MAX_EXTRACTED_CHARACTERS

ANSWER_MARK = "="
"""Precedes the final answer in families whose demonstrations reason."""


def soft_overlong(length: int, longest: int, cache: int) -> float:
    """Length penalty in [-1, 0].

    Formula: ``0`` for n <= longest - cache, ``(longest - cache - n) / cache`` up to longest, ``-1``
    beyond.
    Source: DAPO eq. 13.

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
    """Whether the format penalty is due: only the demonstration has an answer mark.

    It is for puzzles alone: the form of an answer to a line of a file is its verifier's business.
    """
    if is_line(problem):
        return False
    return ANSWER_MARK in problem.demonstration and ANSWER_MARK not in text


def quality(
    data_class: DataClass, correct: bool, preference: float, settings: RewardConfig
) -> float:
    """How good a response is, in [0, 1], by the rule of its data class.

    Formula: ``v``, ``s``, or by rule ``v (1 - w + w s)``, ``v s`` or ``(1 - w) v + w s``.
    Source: report 4.2; the hybrid rules are ours.

    Args:
        data_class: verifiable, general or hybrid.
        correct: The verdict; not read for general problems.
        preference: The reward model's score in [0, 1]; not read for verifiable problems.
        settings: hybrid_rule and preference_weight.
    """
    verified, weight = float(correct), settings.preference_weight
    if data_class != "hybrid":
        return preference if data_class == "general" else verified
    return {
        "gate": verified * (1.0 - weight + weight * preference),
        "product": verified * preference,
        "mean": (1.0 - weight) * verified + weight * preference,
    }[settings.hybrid_rule]


def quality_of(scored: ScoredRollout, config: Config) -> float:
    """``quality`` of a scored response: its reward without length and format penalties.

    With reward functions it is their weighted sum, on a scale of their own.
    """
    if scored.verdict.reward is not None:
        return scored.verdict.reward
    return quality(
        config.data.class_of(scored.rollout.request.problem.family),
        scored.accuracy == 1.0,
        scored.preference.score if scored.preference else 0.0,
        config.reward,
    )


def score(
    rollout: Rollout, verdict: Verdict, config: Config, preference: Preference | None = None
) -> ScoredRollout:
    """The reward of a response from its verdict, which is not read for general problems.

    General and hybrid problems need the preference of the reward model. A response whose verifier
    failed has no reward: with ``reward.on_error`` = drop it comes back with reward 0 and the
    outcome ``error``, and must not be trained on.

    Raises:
        SeedError: VERIFIER_FAILED if the verifier failed (an error is never counted as wrong) and
            ``reward.on_error`` is stop, or the preference is missing; REWARD_NOT_FINITE.
    """
    problem, text = rollout.request.problem, tokenizer_of(config).decode(rollout.response_tokens)
    data_class, settings = config.data.class_of(problem.family), config.reward
    if preference is None and data_class != "verifiable":
        why = f"problem {problem.id}: a {data_class} problem needs a reward model"
        raise SeedError(Reason.VERIFIER_FAILED, why)
    preferred = preference.score if preference else 0.0
    is_general = data_class == "general"
    if is_general:
        verdict = unjudged_verdict(text, preferred)
    if verdict.outcome is Outcome.ERROR:
        if settings.on_error == "drop":
            return ScoredRollout(rollout, verdict, 0.0, 0.0, preference)
        raise failed(problem, verdict)
    correct = verdict.outcome is Outcome.CORRECT
    if verdict.reward is not None:
        reward = verdict.reward
    else:
        q = quality(data_class, correct, preferred, settings)
        reward = q * settings.correct + (1.0 - q) * settings.wrong
    longest = config.rollout.max_response_tokens
    cache = round(settings.overlong_share * longest)
    reward += soft_overlong(len(rollout.response_tokens), longest, cache)
    reward -= settings.format_penalty * lacks_answer_mark(problem, text)
    accuracy = float(preferred > TIE) if is_general else float(correct)
    return require_finite(ScoredRollout(rollout, verdict, accuracy, reward, preference))


def failed(problem: Problem, verdict: Verdict) -> SeedError:
    """The error of a response without a verdict."""
    return SeedError(Reason.VERIFIER_FAILED, f"problem {problem.id}: {verdict.why}")


def unjudged_verdict(text: str, preferred: float) -> Verdict:
    """The verdict on a general response, which has no verifier."""
    why = f"no verifier; the reward model prefers it with probability {preferred:.3f}"
    return Verdict(Outcome.UNJUDGED, text[:MAX_EXTRACTED_CHARACTERS], why)


def require_finite(scored: ScoredRollout) -> ScoredRollout:
    """Refuse a reward that is NaN or infinite: one update with it would spoil every weight.

    Raises:
        SeedError: REWARD_NOT_FINITE.
    """
    if not math.isfinite(scored.reward):
        problem = scored.rollout.request.problem
        raise SeedError(
            Reason.REWARD_NOT_FINITE,
            f"problem {problem.id}: reward is {scored.reward}, must be a finite number",
        )
    return scored

"""Laws of the reward: the verdict decides, the length may cost, and nothing but a finite number
passes.
"""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.rewards.reward import checked, score, soft_overlong
from seed.reference.tasks.problems import training_problem
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Finish, Outcome, Request, Rollout
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import END, encode

PROBLEM = training_problem(("arithmetic",), {"arithmetic": (3,)}, 0, seed=1)
LONGEST, CACHE = 20480, 4096


def config_of(*overrides: str) -> Config:
    return load_config("tiny", "vapo", overrides)


def answered(text: str, finish: Finish = Finish.EOS) -> Rollout:
    tokens = encode(text) + ((END,) if finish is Finish.EOS else ())
    request = Request(PROBLEM, encode(PROBLEM.prompt), 0, 0)
    return Rollout(request, tokens, (-0.5,) * len(tokens), (0,) * len(tokens), finish)


# --- the length penalty
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "penalty"),
    [
        (16384, 0),
        (16385, -1 / 4096),
        (17408, -0.25),
        (18432, -0.5),
        (19456, -0.75),
        (20480, -1),
        (20481, -1),
    ],
)
def test_p24_the_overlong_ramp_has_its_golden_values_at_every_boundary(
    length: int, penalty: float
) -> None:
    assert soft_overlong(length, LONGEST, CACHE) == penalty


def test_p24_the_first_token_of_the_ramp_costs_the_printed_amount() -> None:
    assert round(soft_overlong(16385, LONGEST, CACHE), 6) == -0.000244


@pytest.mark.parametrize("length", [0, 1, 16385, 20480, 20481, 10**9])
def test_p24_without_a_ramp_no_length_costs_anything(length: int) -> None:
    assert soft_overlong(length, LONGEST, 0) == 0.0


@given(length=st.integers(0, 300), longest=st.integers(1, 200), data=st.data())
@settings(max_examples=50)
def test_p24_the_penalty_never_rewards_and_never_falls_with_brevity(
    length: int, longest: int, data: st.DataObject
) -> None:
    cache = data.draw(st.integers(0, longest))
    penalty = soft_overlong(length, longest, cache)
    assert -1.0 <= soft_overlong(length + 1, longest, cache) <= penalty <= 0.0
    assert cache == 0 or (penalty == 0.0) == (length <= longest - cache)


# --- the score
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [PROBLEM.demonstration, PROBLEM.answer])
def test_a_correct_response_earns_the_reward_of_a_correct_one(text: str) -> None:
    scored = score(answered(text), config_of("reward.correct=3", "reward.wrong=-2"))
    assert (scored.verdict.outcome, scored.accuracy, scored.reward) == (Outcome.CORRECT, 1.0, 3.0)


@pytest.mark.parametrize("text", ["", "=", "=77", "SG"])
def test_a_wrong_response_earns_the_reward_of_a_wrong_one(text: str) -> None:
    scored = score(answered(text), config_of("reward.correct=3", "reward.wrong=-2"))
    assert (scored.verdict.outcome, scored.accuracy, scored.reward) == (Outcome.WRONG, 0.0, -2.0)


def test_a_truncated_response_is_judged_by_what_is_there() -> None:
    cut = score(answered(PROBLEM.demonstration.partition("=")[0], Finish.LENGTH), config_of())
    assert (cut.accuracy, cut.reward) == (0.0, -1.0)
    assert cut.rollout.finish is Finish.LENGTH


@pytest.mark.parametrize(("correct", "reward"), [(True, 0.5), (False, -1.5)])
def test_p24_half_way_up_the_ramp_costs_half_a_point_and_leaves_the_accuracy_alone(
    correct: bool, reward: float
) -> None:
    rollout = answered(PROBLEM.answer if correct else "=77")
    length = len(rollout.response_tokens)
    config = config_of(
        f"rollout.max_response_tokens={length + 2}", f"reward.overlong_share={4 / (length + 2)}"
    )
    scored = score(rollout, config)
    assert scored.reward == reward
    assert scored.accuracy == float(correct)


def test_a_response_at_the_token_limit_pays_the_whole_penalty() -> None:
    rollout = answered(PROBLEM.answer, Finish.LENGTH)
    length = len(rollout.response_tokens)
    assert (
        score(
            rollout, config_of(f"rollout.max_response_tokens={length}", "reward.overlong_share=0.5")
        ).reward
        == 0.0
    )
    assert score(rollout, config_of(f"rollout.max_response_tokens={length}")).reward == 1.0


def test_the_end_token_counts_as_a_token_of_the_response() -> None:
    ended, cut = answered(PROBLEM.answer), answered(PROBLEM.answer, Finish.LENGTH)
    longest = len(ended.response_tokens)
    config = config_of(
        f"rollout.max_response_tokens={longest}", f"reward.overlong_share={2 / longest}"
    )
    assert score(cut, config).reward - score(ended, config).reward == 0.5


def test_a_failing_verifier_is_refused_and_never_counted_as_wrong() -> None:
    broken = replace(PROBLEM, instance={})
    rollout = answered(PROBLEM.answer)
    rollout = replace(rollout, request=replace(rollout.request, problem=broken))
    with pytest.raises(SeedError) as refusal:
        score(rollout, config_of())
    assert refusal.value.reason is Reason.VERIFIER_FAILED
    assert refusal.value.line.startswith(f"problem {PROBLEM.id}: ")


@pytest.mark.parametrize("reward", [math.nan, math.inf, -math.inf])
def test_a_reward_that_is_not_finite_is_refused_with_the_problem_and_the_value(
    reward: float,
) -> None:
    scored = replace(score(answered(PROBLEM.answer), config_of()), reward=reward)
    with pytest.raises(SeedError) as refusal:
        checked(scored)
    assert refusal.value.reason is Reason.REWARD_NOT_FINITE
    assert (
        refusal.value.line == f"problem {PROBLEM.id}: reward is {reward}, must be a finite number"
    )


def test_a_finite_reward_passes_untouched() -> None:
    scored = score(answered(PROBLEM.answer), config_of())
    assert checked(scored) is scored

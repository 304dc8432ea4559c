"""Properties of the reward: the scale of each data class, penalties that never hide accuracy."""

import math
import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.conformance.exercises import of_rewards
from seed.conformance.exercises.check import assert_holds
from seed.reference.advantage import group_advantages
from seed.reference.rewards.reward import (
    lacks_answer_mark,
    quality,
    quality_of,
    require_finite,
    soft_overlong,
)
from seed.reference.rewards.reward import score as score_with
from seed.reference.tasks.problems import training_problem, verify
from seed.reference.training.batch import rollout_batch
from seed.reference.training.metrics import preference_metrics, sampling_metrics
from seed.reference.training.prompt_stream import is_useful
from seed.spec.characters import END, decode, encode
from seed.spec.config import Config
from seed.spec.config_files import load_config, to_toml, validated
from seed.spec.config_rl import RewardConfig
from seed.spec.datatypes import (
    Finish,
    Outcome,
    Preference,
    Problem,
    Request,
    Rollout,
    ScoredRollout,
)
from seed.spec.errors import Reason, SeedError

LINE = training_problem(("prose",), {"prose": (1,)}, 0, seed=1)
SUM = training_problem(("arithmetic",), {"arithmetic": (3,)}, 0, seed=1)
MAZE = training_problem(("maze",), {"maze": (1,)}, 0, seed=1)
LONGEST, CACHE = 20480, 4096
SHARES = st.floats(0.0, 1.0)
RULES = ("gate", "product", "mean")
PENALTIES = (
    "reward.overlong_share=0.9",
    "reward.format_penalty=0.7",
    "rollout.max_response_tokens=9",
)
LINE_RESPONSES = ("", "a", LINE.demonstration, LINE.demonstration[::-1], "p" * 8)


def config_of(*overrides: str) -> Config:
    return load_config("tiny", "vapo", overrides)


def config_of_class(data_class: str, *overrides: str) -> Config:
    return config_of('data.families=["prose"]', f"data.classes.prose={data_class}", *overrides)


def reward_settings(rule: str = "gate", weight: float = 0.5) -> RewardConfig:
    return config_of(f"reward.hybrid_rule={rule}", f"reward.preference_weight={weight}").reward


def response(problem: Problem, text: str, sample: int = 0, finish: Finish = Finish.EOS) -> Rollout:
    tokens = encode(text) + ((END,) if finish is Finish.EOS else ())
    request = Request(problem, encode(problem.prompt), sample, 0)
    return Rollout(request, tokens, (-0.5,) * len(tokens), (0,) * len(tokens), finish)


def preference(share: float) -> Preference:
    return Preference(share, 0.1)


def score(rollout: Rollout, config: Config, preference: Preference | None = None) -> ScoredRollout:
    """Judge and score a response."""
    verdict = verify(rollout.request.problem, decode(rollout.response_tokens))
    return score_with(rollout, verdict, config, preference)


# --- length penalty


def test_p24_the_overlong_ramp_has_its_golden_values_at_every_boundary() -> None:
    assert_holds(of_rewards.the_ramp_has_its_golden_values, soft_overlong)


def test_p24_the_first_token_of_the_ramp_costs_the_printed_amount() -> None:
    assert round(soft_overlong(16385, LONGEST, CACHE), 6) == -0.000244


def test_p24_without_a_ramp_no_length_costs_anything() -> None:
    assert_holds(of_rewards.without_a_ramp_no_length_costs_anything, soft_overlong)


def test_p24_the_penalty_never_rewards_and_never_falls_with_brevity() -> None:
    assert_holds(of_rewards.the_penalty_never_rewards_and_never_rises_with_length, soft_overlong)
    assert_holds(of_rewards.the_ramp_is_straight, soft_overlong)


@pytest.mark.parametrize(("correct", "reward"), [(True, 0.5), (False, -1.5)])
def test_p24_half_way_up_the_ramp_costs_half_a_point_and_keeps_the_accuracy(
    correct: bool, reward: float
) -> None:
    rollout = response(SUM, SUM.answer if correct else "=77")
    length = len(rollout.response_tokens)
    config = config_of(
        f"rollout.max_response_tokens={length + 2}", f"reward.overlong_share={4 / (length + 2)}"
    )
    scored = score(rollout, config)
    assert (scored.reward, scored.accuracy) == (reward, float(correct))


def test_a_response_at_the_token_limit_pays_the_whole_penalty() -> None:
    rollout = response(SUM, SUM.answer, finish=Finish.LENGTH)
    limit = f"rollout.max_response_tokens={len(rollout.response_tokens)}"
    assert score(rollout, config_of(limit, "reward.overlong_share=0.5")).reward == 0.0
    assert score(rollout, config_of(limit)).reward == 1.0


def test_the_end_token_counts_as_a_token_of_the_response() -> None:
    ended, cut = response(SUM, SUM.answer), response(SUM, SUM.answer, finish=Finish.LENGTH)
    longest = len(ended.response_tokens)
    config = config_of(
        f"rollout.max_response_tokens={longest}", f"reward.overlong_share={2 / longest}"
    )
    assert score(cut, config).reward - score(ended, config).reward == 0.5


# --- quality


@given(correct=st.booleans(), share=SHARES, weight=SHARES, rule=st.sampled_from(RULES))
@settings(max_examples=100)
def test_quality_of_every_class_lies_between_wrong_and_right(
    correct: bool, share: float, weight: float, rule: str
) -> None:
    rules = reward_settings(rule, weight)
    assert quality("verifiable", correct, share, rules) == float(correct)
    assert quality("general", correct, share, rules) == share
    assert 0.0 <= quality("hybrid", correct, share, rules) <= 1.0


@given(low=SHARES, high=SHARES, weight=SHARES, rule=st.sampled_from(RULES))
@settings(max_examples=100)
def test_hybrid_quality_never_falls_with_preference_or_correctness(
    low: float, high: float, weight: float, rule: str
) -> None:
    rules, low, high = reward_settings(rule, weight), min(low, high), max(low, high)
    for correct in (False, True):
        assert quality("hybrid", correct, low, rules) <= quality("hybrid", correct, high, rules)
    assert quality("hybrid", False, low, rules) <= quality("hybrid", True, low, rules)


@given(liked=SHARES, disliked=SHARES, weight=st.floats(0.0, 0.99))
@settings(max_examples=60)
def test_the_gate_ranks_every_correct_response_above_every_wrong_one(
    liked: float, disliked: float, weight: float
) -> None:
    rules = reward_settings("gate", weight)
    assert quality("hybrid", True, disliked, rules) > quality("hybrid", False, liked, rules) == 0.0


def test_the_hybrid_rules_have_their_golden_values() -> None:
    expected = {"gate": [0.95, 0.0], "product": [0.8, 0.0], "mean": [0.95, 0.2]}
    for rule in RULES:
        rules = reward_settings(rule, 0.25)
        values = [quality("hybrid", correct, 0.8, rules) for correct in (True, False)]
        assert values == pytest.approx(expected[rule], abs=1e-12)


def test_at_full_weight_the_gate_is_the_product_and_without_weight_the_verifier() -> None:
    for correct in (False, True):
        gate = quality("hybrid", correct, 0.3, reward_settings("gate", 1.0))
        assert gate == quality("hybrid", correct, 0.3, reward_settings("product"))
        for rule in ("gate", "mean"):
            assert quality("hybrid", correct, 0.3, reward_settings(rule, 0.0)) == float(correct)


# --- score


@pytest.mark.parametrize("text", [SUM.demonstration, SUM.answer])
def test_a_correct_response_earns_the_reward_of_a_correct_one(text: str) -> None:
    scored = score(response(SUM, text), config_of("reward.correct=3", "reward.wrong=-2"))
    assert (scored.verdict.outcome, scored.accuracy, scored.reward) == (Outcome.CORRECT, 1.0, 3.0)


@pytest.mark.parametrize("text", ["", "=", "=77", "SG"])
def test_a_wrong_response_earns_the_reward_of_a_wrong_one(text: str) -> None:
    scored = score(response(SUM, text), config_of("reward.correct=3", "reward.wrong=-2"))
    assert (scored.verdict.outcome, scored.accuracy, scored.reward) == (Outcome.WRONG, 0.0, -2.0)


def test_a_truncated_response_is_judged_by_its_text_so_far() -> None:
    text = SUM.demonstration.partition("=")[0]
    cut = score(response(SUM, text, finish=Finish.LENGTH), config_of())
    assert (cut.accuracy, cut.reward) == (0.0, -1.0)
    assert cut.rollout.finish is Finish.LENGTH


@pytest.mark.parametrize(("share", "reward"), [(0.0, -2.0), (0.5, 0.5), (1.0, 3.0)])
def test_a_general_response_is_scored_on_the_verifiers_scale_with_a_tie_in_its_middle(
    share: float, reward: float
) -> None:
    config = config_of_class("general", "reward.correct=3", "reward.wrong=-2")
    scored = score(response(LINE, LINE.demonstration), config, preference(share))
    assert scored.reward == pytest.approx(reward, abs=1e-12)
    assert scored.verdict.outcome is Outcome.UNJUDGED
    assert scored.accuracy == float(share > 0.5)


@pytest.mark.parametrize(("text", "correct"), [(LINE.demonstration, True), ("", False)])
def test_a_hybrid_response_has_verdict_and_preference(text: str, correct: bool) -> None:
    scored = score(response(LINE, text), config_of_class("hybrid"), preference(0.9))
    assert scored.verdict.outcome is (Outcome.CORRECT if correct else Outcome.WRONG)
    assert (scored.accuracy, scored.preference) == (float(correct), preference(0.9))
    assert scored.reward == pytest.approx(0.9 if correct else -1.0, abs=1e-12)


@pytest.mark.parametrize("data_class", ["general", "hybrid"])
def test_without_a_reward_model_only_verifiable_problems_can_be_scored(data_class: str) -> None:
    with pytest.raises(SeedError) as error:
        score(response(LINE, "a"), config_of_class(data_class))
    assert error.value.reason is Reason.VERIFIER_FAILED
    assert score(response(LINE, LINE.answer), config_of_class("verifiable")).reward == 1.0


def test_a_failing_verifier_is_an_error_and_never_counted_as_wrong() -> None:
    with pytest.raises(SeedError) as error:
        score(response(replace(SUM, instance={}), SUM.answer), config_of())
    assert error.value.reason is Reason.VERIFIER_FAILED
    assert error.value.line.startswith(f"problem {SUM.id}: ")


@pytest.mark.parametrize("reward", [math.nan, math.inf, -math.inf])
def test_a_reward_that_is_not_finite_is_refused_with_problem_and_value(reward: float) -> None:
    scored = replace(score(response(SUM, SUM.answer), config_of()), reward=reward)
    with pytest.raises(SeedError) as error:
        require_finite(scored)
    assert error.value.reason is Reason.REWARD_NOT_FINITE
    assert error.value.line == f"problem {SUM.id}: reward is {reward}, must be a finite number"


def test_a_finite_reward_passes_unchanged() -> None:
    scored = score(response(SUM, SUM.answer), config_of())
    assert require_finite(scored) is scored


# --- penalties and dynamic sampling


@pytest.mark.parametrize(
    ("problem", "text", "lacks"),
    [
        *((SUM, "1 2 3", True), (SUM, "", True), (SUM, "=3", False), (SUM, "1=", False)),
        *((MAZE, "DR", False), (LINE, "abc", False)),
    ],
)
def test_an_answer_mark_is_required_where_the_demonstration_has_one(
    problem: Problem, text: str, lacks: bool
) -> None:
    assert lacks_answer_mark(problem, text) is lacks
    penalty = "reward.format_penalty=0.25"
    plain = score(response(problem, text), config_of_class("verifiable"))
    penalised = score(response(problem, text), config_of_class("verifiable", penalty))
    assert plain.reward - penalised.reward == 0.25 * lacks
    assert (plain.accuracy, plain.verdict) == (penalised.accuracy, penalised.verdict)


@given(
    texts=st.lists(st.sampled_from(LINE_RESPONSES), min_size=2, max_size=5),
    shares=st.lists(SHARES, min_size=5, max_size=5),
    rule=st.sampled_from(RULES),
    data_class=st.sampled_from(["verifiable", "general", "hybrid"]),
)
@settings(max_examples=80)
def test_no_penalty_changes_what_dynamic_sampling_sees(
    texts: list[str], shares: list[float], rule: str, data_class: str
) -> None:
    def group(*overrides: str) -> list[ScoredRollout]:
        config = config_of_class(data_class, f"reward.hybrid_rule={rule}", *overrides)
        return [
            score(response(LINE, text, n), config, preference(share))
            for n, (text, share) in enumerate(zip(texts, shares, strict=False))
        ]

    plain, penalised = group("rollout.max_response_tokens=9"), group(*PENALTIES)
    config = config_of_class(data_class, f"reward.hybrid_rule={rule}")
    assert is_useful(plain, 0.05) == is_useful(penalised, 0.05)
    for before, after in zip(plain, penalised, strict=True):
        assert (before.accuracy, before.verdict) == (after.accuracy, after.verdict)
        assert before.reward >= after.reward
        assert quality_of(before, config) == quality_of(after, config)


def test_a_group_that_differs_by_penalties_only_would_teach_length_and_is_dropped() -> None:
    config = config_of_class("hybrid", *PENALTIES)
    group = [
        score(response(LINE, LINE.demonstration, n), config, preference(share))
        for n, share in enumerate((0.2, 0.9))
    ]
    assert len({item.reward for item in group}) == 2
    assert not is_useful(group, 0.05)


def general_group(config: Config, shares: tuple[float, ...]) -> list[ScoredRollout]:
    return [
        score(response(LINE, "a" * n, n), config, preference(share))
        for n, share in enumerate(shares)
    ]


@pytest.mark.parametrize(
    ("shares", "kept"),
    [((0.9, 0.9), False), ((0.90, 0.92), False), ((0.7, 0.9), True), ((0.1, 0.3), True)],
)
def test_a_general_group_is_kept_by_the_spread_of_its_scores(
    shares: tuple[float, ...], kept: bool
) -> None:
    config = config_of_class("general")
    group = general_group(config, shares)
    assert is_useful(group, config.reward.least_spread) is kept
    assert is_useful(group, 0.0) is (len(set(shares)) > 1)


def test_a_kept_general_group_has_advantages() -> None:
    group = general_group(config_of_class("general"), (0.2, 0.4, 0.9))
    rewards = np.array([item.reward for item in group])
    advantages = group_advantages(rewards, rollout_batch(group).group, "population")
    assert list(advantages) == sorted(advantages) and advantages[0] < 0 < advantages[-1]


def test_only_a_verified_response_counts_as_positive() -> None:
    group = [
        score(response(LINE, LINE.demonstration), config_of_class(data_class), preference(0.9))
        for data_class in ("general", "hybrid")
    ]
    assert rollout_batch(group).positive.tolist() == [False, True]


# --- metrics and settings


def test_preference_metrics_exist_only_where_there_are_preferences() -> None:
    general = config_of_class("general")
    liked = score(response(LINE, "ab"), general, Preference(0.75, 0.2))
    disliked = score(response(LINE, "abc"), general, Preference(0.25, -0.4))
    verified = score(response(SUM, SUM.answer), config_of_class("verifiable"))
    metrics = sampling_metrics([liked, disliked, verified], general.data)
    assert (metrics["reward/preference_mean"], metrics["reward/preference_std"]) == (0.5, 0.25)
    assert math.isclose(metrics["reward/position_bias"], -0.1)
    assert math.isclose(metrics["reward/order_gap_absolute"], 0.3)
    assert metrics["reward/accuracy_by_family"] == {"arithmetic": 1.0, "prose": 0.5}
    assert preference_metrics([verified]) == {}


def test_each_data_class_has_its_own_mean_reward() -> None:
    config = config_of_class("hybrid")
    hybrid = score(response(LINE, "ab"), config, preference(0.5))
    verified = score(response(SUM, SUM.answer), config)
    by_class = sampling_metrics([hybrid, verified], config.data)["reward/by_class"]
    assert by_class == {"hybrid": hybrid.reward, "verifiable": verified.reward}
    assert "reward/by_class" not in sampling_metrics([verified], config_of().data)


CLASSES = "'verifiable', 'general' or 'hybrid'"


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ("reward.hybrid_rule=sum",),
            "reward.hybrid_rule='sum' must be 'gate', 'product' or 'mean'",
        ),
        (("reward.opponent=nobody",), "reward.opponent='nobody' must be 'reference' or 'group'"),
        (("data.classes.prose=nice",), f"data.classes.prose='nice' must be {CLASSES}"),
        (
            ("reward.opponent=group", "rollout.samples_per_prompt=1", "algorithm.mini_batch=16"),
            "rollout.samples_per_prompt=1 must be at least 2 with reward.opponent=group",
        ),
    ],
)
def test_an_illegal_choice_is_refused_with_the_legal_ones(
    overrides: tuple[str, ...], line: str
) -> None:
    with pytest.raises(SeedError) as error:
        config_of_class("general", *overrides)
    assert error.value.line == line


def test_data_classes_survive_toml() -> None:
    config = config_of_class("hybrid")
    restored: Any = validated(tomllib.loads(to_toml(config)))
    assert restored == config
    assert restored.data.class_of("prose") == "hybrid"
    assert restored.data.class_of("maze") == "verifiable"

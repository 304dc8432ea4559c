"""Laws of the three data classes: one scale, a verifier that is never outvoted, penalties that hide
no accuracy.
"""

import math
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.advantage import group_advantages
from seed.reference.rewards.reward import lacks_answer_mark, quality, quality_of, score
from seed.reference.tasks.problems import training_problem
from seed.reference.training.batch import rollout_batch
from seed.reference.training.metrics import preference_metrics, sampling_metrics
from seed.reference.training.prompt_stream import is_useful
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
from seed.spec.tokenizer import END, encode

LINE = training_problem(("prose",), {"prose": (1,)}, 0, seed=1)
SUM = training_problem(("arithmetic",), {"arithmetic": (3,)}, 0, seed=1)
MAZE = training_problem(("maze",), {"maze": (1,)}, 0, seed=1)
SHARES = st.floats(0.0, 1.0)
RULES = ("gate", "product", "mean")
PENALTIES = (
    "reward.overlong_share=0.9",
    "reward.format_penalty=0.7",
    "rollout.max_response_tokens=9",
)


def config_of(data_class: str, *overrides: str) -> Config:
    return load_config(
        "tiny", "vapo", ['data.families=["prose"]', f"data.classes.prose={data_class}", *overrides]
    )


def rules(rule: str = "gate", weight: float = 0.5) -> RewardConfig:
    return load_config(
        "tiny", "vapo", [f"reward.hybrid_rule={rule}", f"reward.preference_weight={weight}"]
    ).reward


def answered(problem: Problem, text: str, sample: int = 0) -> Rollout:
    tokens = (*encode(text), END)
    request = Request(problem, encode(problem.prompt), sample, 0)
    return Rollout(request, tokens, (-0.5,) * len(tokens), (0,) * len(tokens), Finish.EOS)


def preferred(share: float) -> Preference:
    return Preference(share, 0.1)


# --- quality
# ----------------------------------------------------------------------------------------------------------


@given(correct=st.booleans(), share=SHARES, weight=SHARES, rule=st.sampled_from(RULES))
@settings(max_examples=100)
def test_quality_of_every_class_lies_between_wrong_and_right(
    correct: bool, share: float, weight: float, rule: str
) -> None:
    held = rules(rule, weight)
    assert quality("verifiable", correct, share, held) == float(correct)
    assert quality("general", correct, share, held) == share
    assert 0.0 <= quality("hybrid", correct, share, held) <= 1.0


@given(low=SHARES, high=SHARES, weight=SHARES, rule=st.sampled_from(RULES))
@settings(max_examples=100)
def test_neither_a_better_liked_nor_a_correct_response_ever_loses_by_it(
    low: float, high: float, weight: float, rule: str
) -> None:
    held, low, high = rules(rule, weight), min(low, high), max(low, high)
    for correct in (False, True):
        assert quality("hybrid", correct, low, held) <= quality("hybrid", correct, high, held)
    assert quality("hybrid", False, low, held) <= quality("hybrid", True, low, held)


@given(liked=SHARES, disliked=SHARES, weight=st.floats(0.0, 0.99))
@settings(max_examples=60)
def test_the_gate_puts_every_correct_response_above_every_wrong_one(
    liked: float, disliked: float, weight: float
) -> None:
    held = rules("gate", weight)
    assert quality("hybrid", True, disliked, held) > quality("hybrid", False, liked, held) == 0.0


def test_the_hybrid_rules_have_their_golden_values() -> None:
    found = {
        rule: [quality("hybrid", right, 0.8, rules(rule, 0.25)) for right in (True, False)]
        for rule in RULES
    }
    expected = {"gate": [0.95, 0.0], "product": [0.8, 0.0], "mean": [0.95, 0.2]}
    for rule in RULES:
        assert found[rule] == pytest.approx(expected[rule], abs=1e-12)


def test_at_full_weight_the_gate_is_the_product_and_without_weight_the_verifier_alone() -> None:
    for correct in (False, True):
        assert quality("hybrid", correct, 0.3, rules("gate", 1.0)) == quality(
            "hybrid", correct, 0.3, rules("product")
        )
        assert quality("hybrid", correct, 0.3, rules("gate", 0.0)) == float(correct)
        assert quality("hybrid", correct, 0.3, rules("mean", 0.0)) == float(correct)


# --- reward
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "reward"), [(0.0, -2.0), (0.5, 0.5), (1.0, 3.0)])
def test_a_general_response_is_scored_on_the_verifiers_scale_and_a_tie_is_its_middle(
    share: float, reward: float
) -> None:
    config = config_of("general", "reward.correct=3", "reward.wrong=-2")
    scored = score(answered(LINE, LINE.demonstration), config, preferred(share))
    assert scored.reward == pytest.approx(reward, abs=1e-12)
    assert scored.verdict.outcome is Outcome.UNJUDGED
    assert scored.accuracy == float(share > 0.5)


@pytest.mark.parametrize(("text", "correct"), [(LINE.demonstration, True), ("", False)])
def test_a_hybrid_response_keeps_the_verifiers_word_beside_the_preference(
    text: str, correct: bool
) -> None:
    scored = score(answered(LINE, text), config_of("hybrid"), preferred(0.9))
    assert scored.verdict.outcome is (Outcome.CORRECT if correct else Outcome.WRONG)
    assert (scored.accuracy, scored.preference) == (float(correct), preferred(0.9))
    assert scored.reward == pytest.approx(0.9 if correct else -1.0, abs=1e-12)


@pytest.mark.parametrize("data_class", ["general", "hybrid"])
def test_without_a_reward_model_nothing_but_verifiable_problems_can_be_scored(
    data_class: str,
) -> None:
    with pytest.raises(SeedError) as refusal:
        score(answered(LINE, "a"), config_of(data_class))
    assert refusal.value.reason is Reason.VERIFIER_FAILED
    assert score(answered(LINE, LINE.answer), config_of("verifiable")).reward == 1.0


# --- penalties
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "text", "lacks"),
    [
        (SUM, "1 2 3", True),
        (SUM, "", True),
        (SUM, "=3", False),
        (SUM, "1=", False),
        (MAZE, "DR", False),
        (LINE, "abc", False),
    ],
)
def test_an_answer_mark_is_due_where_the_demonstration_has_one(
    problem: Problem, text: str, lacks: bool
) -> None:
    assert lacks_answer_mark(problem, text) is lacks
    free, fined = (
        score(answered(problem, text), config_of("verifiable", f"reward.format_penalty={fine}"))
        for fine in (0, 0.25)
    )
    assert free.reward - fined.reward == 0.25 * lacks
    assert (free.accuracy, free.verdict) == (fined.accuracy, fined.verdict)


@given(texts=st.lists(st.sampled_from(["", "a", LINE.demonstration, LINE.demonstration[::-1], "p" * 8]), min_size=2, max_size=5),
       shares=st.lists(SHARES, min_size=5, max_size=5), rule=st.sampled_from(RULES),
       data_class=st.sampled_from(["verifiable", "general", "hybrid"]))  # fmt: skip
@settings(max_examples=80)
def test_no_penalty_changes_what_dynamic_sampling_sees(
    texts: list[str], shares: list[float], rule: str, data_class: str
) -> None:
    def group(*overrides: str) -> list[ScoredRollout]:
        config = config_of(data_class, f"reward.hybrid_rule={rule}", *overrides)
        words = [preferred(share) for share in shares[: len(texts)]]
        return [
            score(answered(LINE, text, n), config, word)
            for n, (text, word) in enumerate(zip(texts, words, strict=True))
        ]

    plain, penalised = group("rollout.max_response_tokens=9"), group(*PENALTIES)
    assert [item.accuracy for item in plain] == [item.accuracy for item in penalised]
    assert [item.verdict for item in plain] == [item.verdict for item in penalised]
    assert is_useful(plain, 0.05) == is_useful(penalised, 0.05)
    assert all(
        before.reward >= after.reward for before, after in zip(plain, penalised, strict=True)
    )
    config = config_of(data_class, f"reward.hybrid_rule={rule}")
    assert [quality_of(item, config) for item in plain] == [
        quality_of(item, config) for item in penalised
    ]


def test_a_penalised_group_that_is_all_correct_would_teach_length_and_is_dropped() -> None:
    config = config_of("hybrid", *PENALTIES)
    group = [
        score(answered(LINE, LINE.demonstration, n), config, preferred(share))
        for n, share in enumerate((0.2, 0.9))
    ]
    assert len({item.reward for item in group}) == 2
    assert not is_useful(group, 0.05)


# --- dynamic sampling and learning
# ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "kept"),
    [((0.9, 0.9), False), ((0.90, 0.92), False), ((0.7, 0.9), True), ((0.1, 0.3), True)],
)
def test_a_general_group_is_kept_by_the_spread_of_its_scores_whoever_wins(
    shares: tuple[float, ...], kept: bool
) -> None:
    config = config_of("general")
    group = [
        score(answered(LINE, "a" * n, n), config, preferred(share))
        for n, share in enumerate(shares)
    ]
    assert is_useful(group, config.reward.least_spread) is kept
    assert is_useful(group, 0.0) is (len(set(shares)) > 1)


def test_a_kept_general_group_has_advantages() -> None:
    config = config_of("general")
    group = [
        score(answered(LINE, "a" * n, n), config, preferred(share))
        for n, share in enumerate((0.2, 0.4, 0.9))
    ]
    batch = rollout_batch(group)
    advantages = group_advantages(
        batch.lengths * 0.0 + [item.reward for item in group], batch.group, "population"
    )
    assert list(advantages) == sorted(advantages) and advantages[0] < 0 < advantages[-1]


def test_a_reward_models_favourite_is_not_imitated_as_a_correct_answer() -> None:
    group = [
        score(answered(LINE, LINE.demonstration), config_of(kind), preferred(0.9))
        for kind in ("general", "hybrid")
    ]
    assert rollout_batch(group).positive.tolist() == [False, True]


def test_metrics_speak_of_preference_only_where_there_is_one() -> None:
    liked = score(answered(LINE, "ab"), config_of("general"), Preference(0.75, 0.2))
    other = score(answered(LINE, "abc"), config_of("general"), Preference(0.25, -0.4))
    plain = score(answered(SUM, SUM.answer), config_of("verifiable"))
    found = sampling_metrics([liked, other, plain], config_of("general").data)
    assert (found["reward/preference_mean"], found["reward/preference_std"]) == (0.5, 0.25)
    assert math.isclose(found["reward/position_bias"], -0.1) and math.isclose(
        found["reward/order_gap_absolute"], 0.3
    )
    assert found["reward/accuracy_by_family"] == {"arithmetic": 1.0, "prose": 0.5}
    assert preference_metrics([plain]) == {}


def test_each_data_class_has_its_own_mean_reward() -> None:
    config = config_of("hybrid")
    items = [
        score(answered(LINE, "ab"), config, preferred(0.5)),
        score(answered(SUM, SUM.answer), config),
    ]
    found = sampling_metrics(items, config.data)["reward/by_class"]
    assert found == {"hybrid": items[0].reward, "verifiable": items[1].reward}
    assert "reward/by_class" not in sampling_metrics(items[1:], load_config("tiny", "vapo").data)


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ("reward.hybrid_rule=sum",),
            "reward.hybrid_rule='sum' must be 'gate', 'product' or 'mean'",
        ),
        (("reward.opponent=nobody",), "reward.opponent='nobody' must be 'reference' or 'group'"),
        (
            ("data.classes.prose=nice",),
            "data.classes.prose='nice' must be 'verifiable', 'general' or 'hybrid'",
        ),
        (
            ("reward.opponent=group", "rollout.samples_per_prompt=1", "algorithm.mini_batch=16"),
            "rollout.samples_per_prompt=1 must be at least 2 with reward.opponent=group",
        ),
    ],
)
def test_illegal_choices_are_refused_with_the_legal_ones(
    overrides: tuple[str, ...], line: str
) -> None:
    with pytest.raises(SeedError) as refusal:
        config_of("general", *overrides)
    assert refusal.value.line == line


def test_classes_survive_the_way_through_toml() -> None:
    config = config_of("hybrid")
    again: Any = validated(tomllib.loads(to_toml(config)))
    assert (
        again == config
        and again.data.class_of("prose") == "hybrid"
        and again.data.class_of("maze") == "verifiable"
    )

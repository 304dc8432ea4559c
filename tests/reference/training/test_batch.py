"""Properties of padded rows, of parts of a batch, and of the weights of a step."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.objective import step_weights
from seed.reference.tasks.problems import training_problem
from seed.reference.training.batch import pad, plain_batch, rollout_batch, spread
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import (
    Batch,
    Finish,
    Outcome,
    Problem,
    Request,
    Rollout,
    ScoredRollout,
    Verdict,
)

Texts = st.lists(st.integers(2, 30), min_size=1, max_size=6)
Rows = st.lists(st.tuples(Texts, Texts), min_size=1, max_size=6)
Pairs = list[tuple[list[int], list[int]]]

PROBLEMS = [
    training_problem(("arithmetic",), {"arithmetic": (3,)}, index, seed=1) for index in range(2)
]


def config_of(*overrides: str) -> Config:
    return load_config("tiny", "vapo", overrides)


def sampled(
    problem: Problem,
    response: tuple[int, ...],
    accuracy: float = 1.0,
    finish: Finish = Finish.EOS,
    sample: int = 0,
) -> ScoredRollout:
    request = Request(problem, (5, 6), sample, 0)
    log_probs = tuple(-0.1 * (place + 1) for place in range(len(response)))
    verdict = Verdict(Outcome.CORRECT if accuracy else Outcome.WRONG, "", "by hand")
    rollout = Rollout(request, response, log_probs, (0,) * len(response), finish)
    return ScoredRollout(rollout, verdict, accuracy, 2 * accuracy - 1)


def batch_of(pairs: Pairs) -> Batch:
    return plain_batch([prompt for prompt, _ in pairs], [response for _, response in pairs])


# --- padding


@given(pairs=Rows)
@settings(max_examples=20)
def test_prompt_response_and_padding_stand_side_by_side_and_nothing_is_lost(pairs: Pairs) -> None:
    tokens, lengths, response = pad(
        [prompt for prompt, _ in pairs], [answer for _, answer in pairs]
    )
    assert tokens.shape == response.shape == (len(pairs), max(lengths))
    for row, (prompt, answer) in enumerate(pairs):
        assert list(tokens[row, : lengths[row]]) == prompt + answer
        assert list(tokens[row][response[row]]) == answer
        assert not tokens[row, lengths[row] :].any()
        assert not response[row, : len(prompt)].any()


@given(pairs=Rows)
@settings(max_examples=20)
def test_numbers_of_responses_are_spread_to_their_tokens_and_read_back(pairs: Pairs) -> None:
    batch = batch_of(pairs)
    out = spread([[float(token) for token in answer] for _, answer in pairs], batch.response)
    np.testing.assert_array_equal(out, np.where(batch.response, batch.tokens, 0))


def test_an_empty_response_has_no_place_to_spread_to() -> None:
    batch = plain_batch([[2, 3], [4]], [[], [5, 6]])
    assert batch.response.sum(axis=1).tolist() == [0, 2]
    np.testing.assert_array_equal(
        spread([[], [0.5, 0.25]], batch.response), [[0, 0, 0], [0, 0.5, 0.25]]
    )


def test_a_plain_batch_knows_tokens_only() -> None:
    batch = plain_batch([[2], [3, 4]], [[5, 6], [7]])
    assert batch.positive.all()
    assert not batch.truncated.any()
    assert batch.group.tolist() == [0, 1]
    assert not batch.weights
    log_probs = "behaviour_log_probs", "reference_log_probs"
    for name in (*log_probs, "advantages", "value_targets", "old_values"):
        values = getattr(batch, name)
        assert values.shape == batch.tokens.shape
        assert not values.any()


# --- rollouts


def test_rows_are_grouped_by_problem_and_not_by_position() -> None:
    first, second = PROBLEMS
    order = (first, second, second, first, second)
    rollouts = [sampled(problem, (7, 1), sample=i) for i, problem in enumerate(order)]
    group = rollout_batch(rollouts).group
    same = [[one.id == other.id for other in order] for one in order]
    np.testing.assert_array_equal(group[:, None] == group, same)


def test_truncation_is_what_the_sampler_says_and_not_guessed_from_the_length() -> None:
    cut, ended = (
        sampled(PROBLEMS[0], (7, 8, 9), finish=finish) for finish in (Finish.LENGTH, Finish.EOS)
    )
    assert rollout_batch([cut, ended]).truncated.tolist() == [True, False]


def test_positive_is_the_accuracy_and_not_the_sign_of_the_reward() -> None:
    right, wrong = sampled(PROBLEMS[0], (7, 1)), sampled(PROBLEMS[0], (8, 1), accuracy=0.0)
    punished, lucky = replace(right, reward=-0.5), replace(wrong, reward=0.5)
    batch = rollout_batch([right, wrong, punished, lucky])
    assert batch.positive.tolist() == [True, False, True, False]


def test_behaviour_log_probs_stand_at_the_tokens_they_were_drawn_with() -> None:
    batch = rollout_batch([sampled(PROBLEMS[0], (7, 8, 1)), sampled(PROBLEMS[1], (9,))])
    np.testing.assert_allclose(
        batch.behaviour_log_probs, [[0, 0, -0.1, -0.2, -0.3], [0, 0, -0.1, 0, 0]]
    )
    np.testing.assert_array_equal(batch.tokens, [[5, 6, 7, 8, 1], [5, 6, 9, 0, 0]])
    assert not batch.advantages.any()


# --- parts of a batch


def test_rows_are_cut_to_the_longest_of_them() -> None:
    batch = plain_batch([[2], [2, 3], [4]], [[5], [6, 7, 8], [9, 9]])
    assert batch.rows(np.array([0])).tokens.tolist() == [[2, 5]]
    assert batch.rows(np.array([2, 0])).tokens.tolist() == [[4, 9, 9], [2, 5, 0]]
    assert batch.rows(np.array([0, 1, 2])).tokens.shape == batch.tokens.shape


@given(pairs=Rows, data=st.data())
@settings(max_examples=20)
def test_p1_parts_keep_the_weights_of_the_whole_step(pairs: Pairs, data: st.DataObject) -> None:
    batch = batch_of(pairs)
    batch = replace(batch, weights=step_weights(batch, config_of("algorithm.router_z_weight=0.5")))
    order = np.array(data.draw(st.permutations(range(len(pairs)))))
    cut = data.draw(st.integers(0, len(pairs)))
    parts = [batch.rows(index) for index in (order[:cut], order[cut:]) if len(index)]
    for name, weights in batch.weights.items():
        assert sum(part.weights[name].sum() for part in parts) == pytest.approx(weights.sum())
        for index, part in zip(
            [i for i in (order[:cut], order[cut:]) if len(i)], parts, strict=True
        ):
            np.testing.assert_array_equal(
                part.weights[name], weights[index, : part.tokens.shape[1]]
            )


def test_every_field_of_a_part_has_the_rows_asked_for() -> None:
    batch = plain_batch([[2], [2, 3], [4]], [[5], [6, 7, 8], [9, 9]])
    batch = replace(batch, group=np.array([4, 5, 6]), truncated=np.array([True, False, True]))
    part = batch.rows(np.array([2, 0]))
    assert part.group.tolist() == [6, 4]
    assert part.truncated.tolist() == [True, True]
    assert part.lengths.tolist() == [3, 2]
    assert part.advantages.shape == part.response.shape == (2, 3)


# --- weights of a step


@pytest.mark.parametrize("aggregation", ["token", "sequence", "group"])
@given(pairs=Rows, data=st.data())
@settings(max_examples=20)
def test_p6_policy_weights_of_a_mean_sum_to_one(
    aggregation: str, pairs: Pairs, data: st.DataObject
) -> None:
    groups = data.draw(st.lists(st.integers(0, 2), min_size=len(pairs), max_size=len(pairs)))
    batch = replace(batch_of(pairs), group=np.array(groups))
    weights = step_weights(
        batch, config_of(f"algorithm.aggregation={aggregation}", "algorithm.kl_weight=0.25")
    )
    assert weights["surrogate"].sum() == pytest.approx(1.0)
    assert weights["tokens"].sum() == pytest.approx(1.0)
    assert weights["positive"].sum() == pytest.approx(0.1)
    np.testing.assert_allclose(weights["kl"], 0.25 * weights["surrogate"])
    for name in ("surrogate", "tokens", "positive", "kl"):
        assert not weights[name][~batch.response].any()


def test_p6_a_constant_divides_by_the_token_limit_and_not_by_the_lengths() -> None:
    batch = plain_batch([[2], [3]], [[4], [5, 6, 7]])
    weights = step_weights(
        batch, config_of("algorithm.aggregation=constant", "rollout.max_response_tokens=40")
    )
    np.testing.assert_allclose(weights["surrogate"], np.where(batch.response, 1 / 80, 0.0))


def test_router_terms_are_means_over_all_real_tokens_prompts_included() -> None:
    batch = plain_batch([[2, 2], [3]], [[4], [5, 6, 7]])
    weights = step_weights(
        batch, config_of("algorithm.load_balance_weight=0.7", "algorithm.router_z_weight=0.35")
    )
    real = np.arange(4) < batch.lengths[:, None]
    np.testing.assert_allclose(weights["load_balance"], np.where(real, 0.7 / 7, 0.0))
    np.testing.assert_allclose(weights["router_z"], np.where(real, 0.35 / 7, 0.0))


def test_terms_that_are_off_are_absent_and_policy_and_tokens_are_always_there() -> None:
    batch = plain_batch([[2]], [[3]])
    assert step_weights(batch, config_of("algorithm.positive_weight=0")).keys() == {
        "surrogate",
        "tokens",
    }
    nothing = step_weights(plain_batch([[2]], [[]]), config_of("algorithm.kl_weight=1"))
    assert nothing.keys() == {"surrogate", "tokens"}
    assert not any(weight.any() for weight in nothing.values())


def test_the_overlong_filter_masks_the_policy_terms_of_truncated_rows_and_no_other() -> None:
    batch = replace(plain_batch([[2], [3]], [[4], [5, 6, 7]]), truncated=np.array([False, True]))
    off, on = (
        step_weights(batch, config_of("algorithm.kl_weight=1", switch))
        for switch in ("algorithm.overlong_filter=false", "algorithm.overlong_filter=true")
    )
    np.testing.assert_array_equal(on["surrogate"], [[0, 1, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(on["kl"], on["surrogate"])
    for name in ("tokens", "positive"):
        np.testing.assert_array_equal(on[name], off[name])

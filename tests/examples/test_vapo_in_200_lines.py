"""The script learns, has at most 200 lines, and its equations are the reference's."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from autograd import grad

from seed.conformance.exercises import of_advantages, solutions
from seed.conformance.exercises.draws import draws
from seed.reference.advantage import gae, length_adaptive_lambda

SCRIPT = Path(__file__).parents[2] / "examples" / "vapo_in_200_lines.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What the script defines."""
    return runpy.run_path(str(SCRIPT))


def test_it_has_at_most_200_lines() -> None:
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 200


def test_reinforcement_teaches_it_to_reason(
    script: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = script["main"](sft_steps=400, value_steps=3, rl_steps=10)
    assert before < 0.45 and after > before + 0.3
    assert "RL step 10" in capsys.readouterr().out


def test_lambda_and_gae_are_the_references(script: dict[str, Any]) -> None:
    for draw in draws():
        rewards, values, response = draw.rows_with_gaps()
        lambdas = np.array([draw.share(), draw.share()])
        expected = gae(rewards, values, response, 1.0, lambdas, np.zeros(2))
        np.testing.assert_allclose(script["gae"](rewards, values, response, lambdas), expected)
        lengths = draw.random.integers(1, 50, 5)
        expected = length_adaptive_lambda(lengths, 0.05)
        np.testing.assert_allclose(script["length_adaptive_lambda"](lengths, 0.05), expected)


def test_the_policy_loss_and_its_gradient_have_the_references_terms(script: dict[str, Any]) -> None:
    """Clip-higher with the token mean, and mu times the positive-example loss."""
    random = np.random.default_rng(3)
    policy = script["network"](random, script["VOCABULARY"])
    policy = [weights + 0.3 * random.normal(size=weights.shape) for weights in policy]
    prompts = random.integers(0, 5, (6, script["DIGITS"]))
    tokens, response, _ = script["sample"](policy, prompts, random)
    log_pi = script["log_probs"](policy, tokens)
    behaviour, advantages = log_pi + 0.4 * random.normal(size=(2, *log_pi.shape))
    correct = np.arange(6) < 3
    arguments = (tokens, response, behaviour, advantages, correct)
    computed = script["policy_loss"](policy, *arguments)
    surrogate = solutions.clipped_surrogate(log_pi, behaviour, advantages, 0.2, 0.28)
    positive = solutions.positive_example_loss(log_pi, response, correct, 0.1)
    assert computed == pytest.approx(surrogate[response].mean() + positive)
    assert all(np.isfinite(g).all() for g in grad(script["policy_loss"])(policy, *arguments))


def test_the_value_loss_is_half_the_squared_error(script: dict[str, Any]) -> None:
    random = np.random.default_rng(4)
    critic = script["network"](random, 1)
    tokens, response, _ = script["sample"](
        script["network"](random, script["VOCABULARY"]), np.zeros((5, 4), dtype=int), random
    )
    # A new value model says 0 everywhere.
    loss = script["value_loss"](critic, tokens, response, np.where(response, 1.0, np.nan))
    assert loss == pytest.approx(0.5)


def test_properties_of_the_exercises_hold_of_the_script(script: dict[str, Any]) -> None:
    def without_discount(*arguments: Any) -> Any:
        rewards, values, response, discount, lambdas, _ = arguments
        assert discount == 1.0
        clean = (np.where(response, array, 0.0) for array in (rewards, values))
        return script["gae"](*clean, response, lambdas)

    for draw in draws():
        of_advantages.lambda_one_gives_the_return(without_discount, draw)
        of_advantages.gae_is_linear(without_discount, draw)


def test_a_response_is_right_by_its_answer_alone(script: dict[str, Any]) -> None:
    right = script["demonstration"](np.array([2, 0, 3, 4]), True)
    assert right == [2, 2, 0, 4, 5, 4, 6]
    totals_wrong, answer_wrong = [0, 0, 0, 0, 5, 4, 6], [5, 3, 6, 6, 6, 6, 6]
    rows = np.array([[2, 0, 3, 4, *text] for text in (right, totals_wrong, answer_wrong)])
    assert script["verdicts"](rows).tolist() == [True, True, False]

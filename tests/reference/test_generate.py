"""Properties of sampling: records are what was sampled, and no sample depends on another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.generate import draw, generate, log_distribution
from seed.reference.loss import token_log_probs
from seed.reference.model import initial_policy, token_logits
from seed.reference.tasks.problems import training_problem
from seed.reference.training.batch import rollout_batch
from seed.spec.characters import END, ENDS, encode
from seed.spec.config_files import load_config
from seed.spec.datatypes import Finish, Outcome, Request, Rollout, Sampling, ScoredRollout, Verdict
from seed.spec.philox import uniforms
from seed.spec.sampler import SamplerSpec

SMALL = ("model.hidden=8", "model.head_width=4", "model.expert_width=6", "precision=float64")
CONFIG = load_config("tiny", "vapo", SMALL)
POLICY = {name: 2.0 * weight for name, weight in initial_policy(CONFIG.model, 4, "float64").items()}
MANY = settings(max_examples=15)
FREE = Sampling(1.0, 1.0, 12, ENDS)


def requests(count: int) -> list[Request]:
    """Two samples for each of some training problems of both families."""
    problems = [
        training_problem(CONFIG.data.families, CONFIG.data.difficulties, i, 1) for i in range(count)
    ]
    return [
        Request(problem, encode(problem.prompt), sample, 0)
        for problem in problems
        for sample in range(2)
    ]


def sampled(
    asked: list[Request], sampling: Sampling = FREE, purpose: str = "law", seed: int = 1
) -> list[Rollout]:
    """Rollouts of the test's policy."""
    spec = SamplerSpec(CONFIG.model, sampling, seed, purpose, optimizer_step=7)
    return generate(POLICY, spec, asked)


@given(
    temperature=st.floats(0.3, 3.0), top_p=st.sampled_from([1.0, 0.9, 0.5]), seed=st.integers(0, 99)
)
@MANY
def test_p15_recorded_log_probs_are_the_recomputed_ones_at_any_setting(
    temperature: float, top_p: float, seed: int
) -> None:
    rollouts = sampled(requests(4), Sampling(temperature, top_p, 12, ENDS), seed=seed)
    verdict = Verdict(Outcome.WRONG, "", "")
    batch = rollout_batch([ScoredRollout(rollout, verdict, 0.0, 0.0) for rollout in rollouts])
    logits, _ = token_logits(POLICY, batch.tokens, CONFIG.model)
    log_p = log_distribution(logits, temperature, top_p)
    again = np.take_along_axis(log_p, batch.tokens[:, :, None], axis=2)[:, :, 0][batch.response]
    np.testing.assert_allclose(batch.behaviour_log_probs[batch.response], again, atol=1e-11)
    if top_p == 1.0:
        trained = token_log_probs(logits, batch.tokens, temperature)[batch.response]
        np.testing.assert_allclose(
            np.exp(trained - batch.behaviour_log_probs[batch.response]), 1.0, atol=1e-11
        )


def test_p17_a_finished_response_keeps_its_end_and_a_cut_one_has_none() -> None:
    rollouts = sampled(requests(20), Sampling(2.0, 1.0, 12, ENDS))
    assert {rollout.finish for rollout in rollouts} == {Finish.EOS, Finish.LENGTH}
    for rollout in rollouts:
        tokens = rollout.response_tokens
        assert len(tokens) == len(rollout.log_probs) == len(rollout.weight_versions)
        assert END not in tokens[:-1]
        assert (tokens[-1] == END) is (rollout.finish is Finish.EOS)
        assert rollout.finish is Finish.EOS or len(tokens) == 12
        assert max(rollout.log_probs) < 0.0


def test_p21_every_token_carries_the_version_of_its_weights() -> None:
    assert {version for rollout in sampled(requests(3)) for version in rollout.weight_versions} == {
        7
    }


@given(seed=st.integers(0, 999), keep=st.integers(1, 9))
@MANY
def test_a_rollout_does_not_depend_on_its_neighbours(seed: int, keep: int) -> None:
    asked = requests(5)
    whole = {(r.request.problem.id, r.request.sample): r for r in sampled(asked, seed=seed)}
    order = np.random.default_rng(seed).permutation(len(asked))[:keep]
    for rollout in sampled([asked[i] for i in order], seed=seed):
        other = whole[rollout.request.problem.id, rollout.request.sample]
        assert rollout.response_tokens == other.response_tokens
        np.testing.assert_allclose(rollout.log_probs, other.log_probs, atol=1e-12)


def test_another_purpose_seed_sample_or_visit_draws_anew() -> None:
    (asked,) = requests(1)[:1]
    again = Request(asked.problem, asked.prompt_tokens, asked.sample, draw=1)
    hot, other = Sampling(5.0, 1.0, 12, ENDS), requests(1)[1]
    variants = [
        sampled([asked], hot),
        sampled([asked], hot, purpose="other"),
        sampled([asked], hot, seed=2),
        sampled([again], hot),
        sampled([other], hot),
    ]
    assert len({rollout.response_tokens for (rollout,) in variants}) == len(variants)
    assert sampled([asked]) == sampled([asked])


def test_a_cold_policy_is_greedy() -> None:
    (rollout,) = sampled(requests(1)[:1], Sampling(1e-6, 1.0, 5, ENDS))
    tokens = np.array([[*rollout.request.prompt_tokens, *rollout.response_tokens]])
    logits, _ = token_logits(POLICY, tokens, CONFIG.model)
    start = len(rollout.request.prompt_tokens)
    assert tuple(logits[0, start:].argmax(axis=1)) == rollout.response_tokens


@given(seed=st.integers(0, 999), top_p=st.floats(0.05, 1.0))
@MANY
def test_the_nucleus_is_the_smallest_set_with_enough_mass(seed: int, top_p: float) -> None:
    logits = np.random.default_rng(seed).normal(size=12) * 2
    p, kept = np.exp(log_distribution(logits, 1.0)), np.exp(log_distribution(logits, 1.0, top_p))
    inside = kept > 0
    assert kept.sum() == pytest.approx(1.0)
    assert p[inside].sum() >= top_p - 1e-12
    assert p[inside].sum() - p[inside].min() < top_p + 1e-12
    assert p[inside].min() >= p[~inside].max(initial=0.0)
    np.testing.assert_allclose(kept[inside], p[inside] / p[inside].sum())


def test_draw_inverts_the_distribution_and_never_takes_what_is_impossible() -> None:
    p = np.array([0.0, 0.2, 0.0, 0.5, 0.3, 0.0])
    with np.errstate(divide="ignore"):
        log_p = np.log(np.tile(p, (20000, 1)))
    numbers = uniforms(3, "draw", np.stack([np.arange(20000), *[np.zeros(20000)] * 3], axis=1))
    frequencies = np.bincount(draw(log_p, numbers), minlength=6) / 20000
    assert not frequencies[p == 0.0].any()
    assert (np.abs(frequencies - p) < 5 * np.sqrt(p * (1 - p) / 20000) + 1e-12).all()
    np.testing.assert_array_equal(
        draw(log_p[:3], np.array([0.0, 0.2, np.nextafter(1.0, 0.0)])), [1, 3, 4]
    )

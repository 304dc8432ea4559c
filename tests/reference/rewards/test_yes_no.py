"""Properties of the probability of YES."""

import numpy as np
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.rewards.yes_no import yes_probability
from seed.reference.training.batch import plain_batch
from seed.spec.characters import encode
from tests.support.small_runs import small_config

CONFIG = small_config("vapo", "model.vocabulary=97", "precision=float64")
PROMPTS = ["wabcd5=abc?bcd=", "wabcd5=", "wabcd5=abc?bcd="]


def test_yes_is_weighed_against_no_and_nothing_else() -> None:
    backend = ReferenceBackend()
    state = backend.initial_state(CONFIG)
    probabilities = yes_probability(backend, state, CONFIG, PROMPTS)
    for prompt, probability in zip(PROMPTS, probabilities, strict=True):
        both = plain_batch([encode(prompt)] * 2, [encode("Y"), encode("N")])
        yes, no = np.exp(backend.log_probs(state, CONFIG, both).sum(axis=1))
        assert probability == pytest.approx(yes / (yes + no), rel=1e-9)
        assert yes + no < 0.5  # an untrained model prefers other tokens
    assert probabilities[0] == probabilities[2]


def test_the_temperature_of_rollouts_does_not_change_it() -> None:
    backend = ReferenceBackend()
    state = backend.initial_state(CONFIG)
    warmer = CONFIG.model_copy(
        update={"rollout": CONFIG.rollout.model_copy(update={"temperature": 3.0})}
    )
    np.testing.assert_array_equal(
        yes_probability(backend, state, warmer, PROMPTS),
        yes_probability(backend, state, CONFIG, PROMPTS),
    )


def test_without_prompts_there_are_no_probabilities() -> None:
    backend = ReferenceBackend()
    state = backend.initial_state(CONFIG)
    assert yes_probability(backend, state, CONFIG, []).shape == (0,)

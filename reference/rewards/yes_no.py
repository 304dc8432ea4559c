"""Probability of YES against NO under a model of this project, for judges and reward models."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from seed.reference.tasks.puzzles.equivalence import NO, YES
from seed.reference.training.batch import plain_batch
from seed.spec.backend import Backend
from seed.spec.characters import encode
from seed.spec.config import Config
from seed.spec.datatypes import Array

State = TypeVar("State")


def yes_probability(
    backend: Backend[State], state: State, config: Config, prompts: Sequence[str]
) -> Array:
    """``P(YES | prompt)`` of every prompt that ``Y`` or ``N`` continues, at temperature 1, [n].

    Each verdict is one token, scored by ``Backend.log_probs``. All other tokens are left out,
    however probable they are.

    Formula: ``pi(Y | prompt) / (pi(Y | prompt) + pi(N | prompt))``.
    Source: report 3.2: the probability of the YES or NO token is the reward.
    """
    if not prompts:
        return np.zeros(0)
    # Equal prompts are scored once: a group often holds equal responses.
    distinct = list(dict.fromkeys(prompts))
    n = len(distinct)
    rows = [encode(prompt) for prompt in distinct]
    batch = plain_batch([*rows, *rows], [encode(YES)] * n + [encode(NO)] * n)
    rollout = config.rollout.model_copy(update={"temperature": 1.0})
    at_temperature_1 = config.model_copy(update={"rollout": rollout})
    log_probs = np.asarray(backend.log_probs(state, at_temperature_1, batch), dtype=np.float64)
    yes, no = log_probs[:n].sum(axis=1), log_probs[n:].sum(axis=1)
    by_prompt = dict(zip(distinct, np.exp(yes - np.logaddexp(yes, no)).tolist(), strict=True))
    return np.array([by_prompt[prompt] for prompt in prompts])

"""The probability of YES against NO that a model of this project gives: what a generative judge or
reward model says.

    P(YES | prompt) = pi(Y | prompt) / (pi(Y | prompt) + pi(N | prompt))

Two answers of one token each are scored by ``Backend.log_probs``, so any backend can judge. Whatever
else the model would rather say does not count. Source: report 3 (the probability of the YES or NO
token is the reward).
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from seed.reference.tasks.puzzles.equivalence import NO, YES
from seed.reference.training.batch import plain_batch
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Array
from seed.spec.tokenizer import encode

State = TypeVar("State")


def yes_probability(
    backend: Backend[State], state: State, config: Config, prompts: Sequence[str]
) -> Array:
    """``P(YES | prompt)`` of every prompt, at temperature 1.

    Args:
        backend: The backend that computes.
        state: Its weights.
        config: Sizes and micro-batch.
        prompts: Texts to be answered by ``Y`` or ``N``.

    Returns:
        Probabilities [n] in [0, 1].
    """
    if not prompts:
        return np.zeros(0)
    # Equal prompts are scored once: in a group of responses many are the same.
    distinct = list(dict.fromkeys(prompts))
    rows = [encode(prompt) for prompt in distinct]
    batch = plain_batch([*rows, *rows], [encode(YES)] * len(rows) + [encode(NO)] * len(rows))
    plain = config.model_copy(
        update={"rollout": config.rollout.model_copy(update={"temperature": 1.0})}
    )
    log_probs = np.asarray(backend.log_probs(state, plain, batch), dtype=np.float64).sum(axis=1)
    yes, no = log_probs[: len(rows)], log_probs[len(rows) :]
    known = dict(zip(distinct, np.exp(yes - np.logaddexp(yes, no)).tolist(), strict=True))
    return np.array([known[prompt] for prompt in prompts])

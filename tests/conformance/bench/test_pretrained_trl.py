"""What the comparison with TRL counts and forces: by hand, on the smallest model."""

import numpy as np
import pytest
import torch

from seed.conformance.bench.sides import forced_lengths
from seed.conformance.bench.workload import Workload, forward_products, passes, turned
from seed.spec.config_files import load_config
from seed.spec.config_model import ModelConfig

DENSE = [
    *("model.vocabulary=100", "model.layers=2", "model.hidden=8", "model.heads=2"),
    *("model.key_value_heads=1", "model.head_width=4", "model.dense_layers=2"),
    *("model.dense_width=16", "model.query_key_norm='none'", "model.tied_embeddings=true"),
]
IN_BLOCKS = 2 * (8 * 8 + 2 * 8 * 4 + 8 * 8 + 3 * 8 * 16 + 2 * 8) + 8
"""Two layers of projections, MLP and norms, and the last norm."""
LOGITS, PAIR = 8 * 100, 2 * 2 * 8


@pytest.fixture
def model() -> ModelConfig:
    return load_config("tiny", "grpo", DENSE).model


def workload(
    prompts: tuple[tuple[int, ...], ...], lengths: tuple[int, ...], group: int
) -> Workload:
    return Workload("step", "", prompts, lengths, group)


@pytest.mark.parametrize("tied", [True, False])
def test_the_products_of_one_row_are_those_of_its_tokens_logits_and_pairs(
    model: ModelConfig, tied: bool
) -> None:
    model = model.model_copy(update={"tied_embeddings": tied})
    one = workload(((5, 6, 7),), (2,), 1)
    assert forward_products(model, one) == 4 * IN_BLOCKS + 2 * LOGITS + 10 * PAIR


def test_a_shared_prompt_counts_once(model: ModelConfig) -> None:
    two = workload(((5, 6, 7), (5, 6, 7)), (2, 3), 2)
    pairs = 10 + 4 + 5
    assert forward_products(model, two) == 6 * IN_BLOCKS + 5 * LOGITS + pairs * PAIR


def test_what_all_prompts_begin_with_counts_once(model: ModelConfig) -> None:
    two = workload(((5, 6, 7), (5, 6, 8)), (1, 1), 1)
    assert forward_products(model, two) == 4 * IN_BLOCKS + 2 * LOGITS + (6 + 3) * PAIR
    apart = workload(((5, 6, 7), (6, 5, 8)), (1, 1), 1)
    assert forward_products(model, apart) == 6 * IN_BLOCKS + 2 * LOGITS + 12 * PAIR


def test_the_parts_of_a_step_add_up() -> None:
    whole, *parts = passes("step").values()
    assert whole == sum(parts) == 4 and passes("generation") == {"": 1}


def test_turned_prompts_begin_differently_and_have_the_same_tokens() -> None:
    text = (1, 2, 3, 4)
    assert turned(text, 1) == (2, 3, 4, 1) and turned(text, 4) == turned(text, 0) == text


def test_every_row_ends_at_its_length_and_not_before() -> None:
    processed = forced_lengths((1, 3), ends=(0, 2), width=4)
    scores = torch.zeros(2, 5)
    seen = []
    for drawn in range(3):
        out = processed(torch.zeros(2, 4 + drawn, dtype=torch.long), scores)
        seen.append(np.isfinite(out.numpy()).tolist())
    only_end, no_end = [True, *[False] * 4], [False, True, False, True, True]
    assert seen == [[only_end, no_end], [only_end, no_end], [only_end, only_end]]
    assert not scores.any()

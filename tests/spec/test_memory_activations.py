"""The estimate of activations against what autograd saves in the torch backend."""

import pytest
import torch

from seed.conformance.bench.memory import batch_of
from seed.scaled import model as scaled_model
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.world import World
from seed.spec import memory_activations
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.layout import Layout
from seed.spec.memory_activations import activation_terms, tokens_of_rank

ROWS, LENGTH = 4, 128

SIZES = (
    *("model.layers=3", "model.hidden=128", "model.heads=4", "model.key_value_heads=2"),
    *("model.head_width=32", "model.experts=8", "model.expert_width=128"),
    *(f"algorithm.micro_batch={ROWS}", "data.max_prompt_tokens=1"),
    f"rollout.max_response_tokens={LENGTH - 1}",
)


def config_with(*settings: str) -> Config:
    return load_config("tiny", "vapo", [*SIZES, *settings], backend="scaled")


def saved(config: Config) -> int:
    """Bytes that autograd saves for the backward pass of a full micro-batch."""
    torch.set_num_threads(1)
    backend = ScaledBackend(World(), Layout(), torch.device("cpu"))
    backend.counts_memory = True
    backend.sft_step(backend.initial_state(config), config, batch_of(config, ROWS, LENGTH))
    return backend.ledger.peak


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("model.dense_layers=3", "model.dense_width=512"),
        ("model.expert_width=512", "model.experts_per_token=4"),
        ("model.shared_experts=1",),
        ("model.query_key_norm=false",),
        ("model.query_key_norm=full", "model.query_key_value_bias=true"),
        ("model.shared_experts=1", "model.shared_expert_gate=true"),
        ("precision=bfloat16",),
    ],
    ids=[
        *("moe", "dense", "wide experts", "shared", "no norms", "full norms", "gated shared"),
        "bfloat16",
    ],
)
def test_activations_are_within_a_quarter_of_what_autograd_saves(settings: tuple[str, ...]) -> None:
    config = config_with(*settings)
    (kept,) = activation_terms(config, Layout(), has_logits=False)
    assert 0.75 < kept.bytes / saved(config) < 1.25


def test_float64_which_has_no_grouped_product_keeps_up_to_two_thirds_more() -> None:
    config = config_with("precision=float64")
    (kept,) = activation_terms(config, Layout(), has_logits=False)
    assert 0.6 < kept.bytes / saved(config) < 1.25


def test_with_recomputation_the_inputs_of_blocks_are_kept() -> None:
    config = config_with("parallel.recompute=true")
    kept, again = activation_terms(config, Layout(), has_logits=False)
    inputs = 4 * config.model.hidden * config.model.layers * ROWS * LENGTH
    assert kept.bytes == inputs <= saved(config)
    assert again.bytes > 4 * config.model.hidden * ROWS * LENGTH


def test_context_and_tensor_ranks_share_the_tokens_and_a_cap_bounds_them() -> None:
    config = config_with()
    assert tokens_of_rank(config, Layout(cp=2, tp=2)) == ROWS * LENGTH // 4
    assert tokens_of_rank(config_with("parallel.micro_batch_tokens=200"), Layout(cp=2)) == 100


def test_the_bound_of_logits_is_that_of_the_torch_backend() -> None:
    assert memory_activations.LOGITS_AT_ONCE == scaled_model.LOGITS_AT_ONCE

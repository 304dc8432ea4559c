"""Properties of parameter counts: published totals, brute force over shapes, sums of parts."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.spec.config_files import PRESETS, load_config
from seed.spec.config_model import ModelConfig
from seed.spec.parameters import (
    Architecture,
    Experts,
    GroupedQueryAttention,
    LatentAttention,
    ParameterCount,
    architecture,
    count,
)
from seed.spec.weights import is_trained, policy_shapes

QWEN3_235B_A22B = Architecture(
    vocabulary=151936,
    hidden=4096,
    layers=94,
    attention=GroupedQueryAttention(
        heads=64, key_value_heads=4, head_width=128, query_key_norm=True
    ),
    experts=Experts(routed=128, per_token=8, width=1536),
)
DEEPSEEK_V3_WITHOUT_MTP = Architecture(
    vocabulary=129280,
    hidden=7168,
    layers=61,
    attention=LatentAttention(
        heads=128,
        query_rank=1536,
        key_value_rank=512,
        content_width=128,
        rotary_width=64,
        value_width=128,
    ),
    experts=Experts(routed=256, per_token=8, width=2048, shared=1),
    dense_layers=3,
    dense_width=18432,
)
GPT_OSS_120B = Architecture(
    vocabulary=201088,
    hidden=2880,
    layers=36,
    attention=GroupedQueryAttention(
        heads=64, key_value_heads=8, head_width=64, biases=True, sinks=True
    ),
    experts=Experts(routed=128, per_token=4, width=2880, biases=True, router_bias=True),
)

sizes, flags = st.integers(1, 40), st.booleans()


@st.composite
def models(draw: st.DrawFn) -> ModelConfig:
    key_value_heads, layers = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    experts, shared = draw(st.integers(1, 8)), draw(st.integers(0, 2))
    return ModelConfig.model_validate(
        {
            "vocabulary": draw(sizes),
            "layers": layers,
            "hidden": draw(sizes),
            "heads": key_value_heads * draw(st.integers(1, 4)),
            "key_value_heads": key_value_heads,
            "head_width": 2 * draw(sizes),
            "dense_layers": draw(st.integers(0, layers)),
            "dense_width": draw(sizes),
            "experts": experts,
            "experts_per_token": draw(st.integers(1, experts)),
            "expert_width": draw(sizes),
            "shared_experts": shared,
            "query_key_norm": draw(st.sampled_from(["none", "head", "full"])),
            "query_key_value_bias": draw(flags),
            "router_bias": draw(flags),
            "shared_expert_width": draw(sizes) if shared else 0,
            "shared_expert_gate": bool(shared) and draw(flags),
            "tied_embeddings": draw(flags),
        }
    )


grouped = st.builds(GroupedQueryAttention, sizes, sizes, sizes, *[flags] * 5)
attentions = grouped | st.builds(LatentAttention, *[sizes] * 6)


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    routed, layers = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    per_token = st.integers(1, routed)
    return Architecture(
        vocabulary=draw(sizes),
        hidden=draw(sizes),
        layers=layers,
        attention=draw(attentions),
        experts=draw(st.builds(Experts, st.just(routed), per_token, sizes, sizes, flags, flags)),
        dense_layers=draw(st.integers(0, layers)),
        dense_width=draw(sizes),
        tied_embeddings=draw(flags),
    )


@pytest.mark.parametrize(
    ("published", "total", "active"),
    [
        pytest.param(QWEN3_235B_A22B, 235_093_634_560, 22_190_763_520, id="Qwen3-235B-A22B"),
        pytest.param(DEEPSEEK_V3_WITHOUT_MTP, 671_026_404_352, 37_552_282_624, id="DeepSeek-V3"),
        pytest.param(GPT_OSS_120B, 116_829_156_672, 5_711_982_912, id="gpt-oss-120b"),
    ],
)
def test_published_models_have_their_published_sizes(
    published: Architecture, total: int, active: int
) -> None:
    assert (count(published).total, count(published).active) == (total, active)


def test_the_seed_preset_has_200_billion_weights_and_20_billion_active_ones() -> None:
    counted = count(architecture(load_config("seed-200b", "vapo").model))
    assert counted == ParameterCount(
        embeddings=2 * 155136 * 5120,
        attention=64 * 73_400_576,
        router=63 * 128 * 5120,
        routed_experts=63 * 128 * 23_592_960,
        shared_experts=63 * 23_592_960,
        dense_mlp=3 * 5120 * 15360,
        norms=129 * 5120,
        idle_experts=63 * 120 * 23_592_960,
    )
    assert counted.total == 198_304_093_184
    assert counted.active == 19_941_315_584


def test_the_tiny_preset_has_the_weights_of_its_tensors() -> None:
    attention = [(64, 64), (64, 32), (64, 32), (64, 64), (16,), (16,)]
    expert = [(64, 64), (64, 64), (64, 64)]
    block = [(64,), *attention, (64,), (64, 4), *expert * 4]
    tensors = [(32, 64), *block * 2, (64,), (64, 32)]
    visited = [(32, 64), *[(64,), *attention, (64,), (64, 4), *expert * 2] * 2, (64,), (64, 32)]
    counted = count(architecture(load_config("tiny", "vapo").model))
    assert counted.total == sum(math.prod(shape) for shape in tensors)
    assert counted.active == sum(math.prod(shape) for shape in visited)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_the_weights_of_the_reference(preset: str) -> None:
    model = load_config(preset, "vapo").model
    weights = sum(math.prod(shape) for shape in policy_shapes(model).values())
    assert count(architecture(model)).total == weights


@given(model=models())
@settings(max_examples=100)
def test_every_model_has_the_weights_of_the_reference(model: ModelConfig) -> None:
    trained = {name: shape for name, shape in policy_shapes(model).items() if is_trained(name)}
    weights = sum(math.prod(shape) for shape in trained.values())
    assert count(architecture(model)).total == weights


@given(counted=architectures())
@settings(max_examples=100)
def test_the_parts_sum_to_the_total(counted: Architecture) -> None:
    parts = dataclasses.asdict(count(counted))
    idle = parts.pop("idle_experts")
    assert all(part >= 0 for part in parts.values())
    assert count(counted).total == sum(parts.values())
    assert count(counted).active == sum(parts.values()) - idle


@given(counted=architectures())
@settings(max_examples=100)
def test_all_weights_are_active_exactly_if_no_block_has_an_expert_to_skip(
    counted: Architecture,
) -> None:
    all_chosen = counted.experts.per_token == counted.experts.routed
    nothing_to_skip = all_chosen or counted.dense_layers == counted.layers
    assert count(counted).active <= count(counted).total
    assert (count(counted).active == count(counted).total) == nothing_to_skip


@given(model=models())
@settings(max_examples=50)
def test_a_dense_model_has_neither_routers_nor_experts(model: ModelConfig) -> None:
    dense = count(architecture(model.model_copy(update={"dense_layers": model.layers})))
    assert dense.router == dense.idle_experts == 0
    assert dense.routed_experts == dense.shared_experts == 0
    assert dense.dense_mlp == 3 * model.layers * model.hidden * model.dense_width


@given(counted=architectures())
@settings(max_examples=50)
def test_tying_the_embeddings_saves_exactly_one_matrix(counted: Architecture) -> None:
    tied = count(dataclasses.replace(counted, tied_embeddings=True))
    untied = count(dataclasses.replace(counted, tied_embeddings=False))
    assert untied.total - tied.total == counted.vocabulary * counted.hidden
    assert untied.active - tied.active == counted.vocabulary * counted.hidden


@given(model=models())
@settings(max_examples=50)
def test_query_key_norm_adds_two_head_widths_per_block(model: ModelConfig) -> None:
    normed = count(architecture(model.model_copy(update={"query_key_norm": "head"})))
    plain = count(architecture(model.model_copy(update={"query_key_norm": "none"})))
    assert normed.total - plain.total == 2 * model.head_width * model.layers

"""The memory account: certain terms are those of the built model, and all grow as they must."""

import tracemalloc

import pytest

from seed.conformance.bench.memory import batch_of
from seed.reference.backend import ReferenceBackend
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.layout import Layout, layout_for
from seed.spec.memory import PHASES, certain_bytes, largest_slices, memory_by_phase
from seed.spec.weights import policy_shapes, value_shapes

GIB = 1 << 30
ROWS, LENGTH = 4, 64

SIZES = (
    *("model.layers=2", "model.hidden=128", "model.heads=4", "model.key_value_heads=2"),
    *("model.head_width=32", "model.experts=8", "model.expert_width=128"),
    *(f"algorithm.micro_batch={ROWS}", f"supervised.batch={ROWS}", "data.max_prompt_tokens=1"),
    f"rollout.max_response_tokens={LENGTH - 1}",
)
"""A model whose weights and activations are both worth counting, and rows of 64 tokens."""


def bytes_of(config: Config, layout: Layout, phase: str) -> dict[str, int]:
    return {term.name: term.bytes for term in memory_by_phase(config, layout)[phase]}


@pytest.mark.parametrize(
    "settings",
    [(), ("model.expert_width=512", "model.vocabulary=2048"), ("precision=float64",)],
    ids=["plain", "large weights", "float64"],
)
def test_a_step_of_the_reference_takes_what_the_account_says(settings: tuple[str, ...]) -> None:
    config = load_config("tiny", "vapo", [*SIZES, *settings])
    backend, batch = ReferenceBackend(), batch_of(config, ROWS, LENGTH)
    tracemalloc.start()
    try:
        backend.sft_step(backend.initial_state(config), config, batch)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    terms = memory_by_phase(config, Layout())["sft"]
    assert certain_bytes(terms, "device") <= peak
    assert 0.75 < sum(term.bytes for term in terms) / peak < 1.25


def test_weights_are_those_of_the_built_models() -> None:
    config = load_config("tiny", "vapo", SIZES)
    backend = ReferenceBackend()
    state = backend.start_rl(backend.initial_state(config), config)
    built = {
        "policy weights": state.policy,
        "policy moments": state.policy_optimizer.first | {"": 0},
        "value model weights": state.value,
    }
    terms = bytes_of(config, Layout(), "update")
    assert terms["policy weights"] == sum(weight.nbytes for weight in state.policy.values())
    assert state.value is not None and built
    assert terms["value model weights"] == sum(weight.nbytes for weight in state.value.values())
    moments = [*state.value_optimizer.first.values(), *state.value_optimizer.second.values()]
    assert terms["value model moments"] == sum(moment.nbytes for moment in moments)
    assert {name: w.shape for name, w in state.value.items()} == value_shapes(config.model)


def test_a_run_has_the_phases_and_models_of_its_recipe() -> None:
    assert tuple(memory_by_phase(load_config("tiny", "vapo"), Layout())) == PHASES
    grpo = load_config("tiny", "grpo", ["algorithm.kl_weight=0.1"])
    phases = memory_by_phase(grpo, Layout())
    assert "value_pretraining" not in phases
    assert "reference policy weights" in bytes_of(grpo, Layout(), "update")
    assert not any("value model" in name for name in bytes_of(grpo, Layout(), "update"))
    mixed = bytes_of(load_config("mixed", "vapo"), Layout(), "sft")
    assert mixed["reward model weights"] == mixed["policy weights"]


def test_the_account_of_the_200b_model() -> None:
    """Weights of a rank are tested on the sharded model (``test_layout``); here what is gathered.

    A rank's slices: 64 layers of attention, an eighth of the experts, all of the rest.
    """
    config = load_config("seed-200b", "vapo", ["precision=bfloat16"], backend="scaled")
    layout = layout_for(config.parallel, 64)
    rollout = bytes_of(config, layout, "rollout")
    assert round(rollout["weights to sample with"] / GIB, 1) == 59.3
    assert rollout["gathered weight"] == 2 * 155136 * 5120
    assert round(rollout["key-value cache"] / GIB) == 704
    state = ("policy weights", "policy moments", "value model weights", "value model moments")
    assert round(sum(rollout[name] for name in state) / GIB) == 69


@pytest.mark.parametrize("phase", PHASES)
def test_twice_the_ranks_never_need_more(phase: str) -> None:
    config = load_config("seed-200b", "vapo", backend="scaled")
    sums = [
        sum(term.bytes for term in memory_by_phase(config, Layout(fsdp, 4, 1, 8))[phase])
        for fsdp in (16, 32, 64)
    ]
    assert sums == sorted(sums, reverse=True)


def test_switches_move_and_shrink_what_they_say() -> None:
    layout = Layout(fsdp=2)
    plain = load_config("tiny", "vapo", SIZES, backend="scaled")
    names = ("recompute", "activation_offload", "optimizer_offload")
    on = load_config(
        "tiny", "vapo", [*SIZES, *(f"parallel.{n}=true" for n in names)], backend="scaled"
    )
    before, after = (memory_by_phase(config, layout)["update"] for config in (plain, on))
    device = [sum(t.bytes for t in terms if t.place == "device") for terms in (before, after)]
    assert device[1] < device[0]
    moved = {term.name for term in after if term.place == "host"}
    assert moved == {"policy moments", "value model moments", "activations kept", "batch"}


def test_slices_of_one_rank_are_the_whole_model() -> None:
    model = load_config("tiny", "vapo").model
    outside, block = largest_slices(model, Layout())
    total = sum(map(_entries, policy_shapes(model).values()))
    assert outside + model.layers * block == total


def _entries(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count

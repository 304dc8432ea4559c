"""Properties of the memory switches: no number changes, bytes leave the device, none leak."""

import gc
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seed.reference.training.batch import plain_batch
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State
from seed.scaled.parallel.offload import SMALLEST_BYTES, Ledger, away, saved_activations
from seed.scaled.parallel.parallelize import shards_of
from seed.scaled.processes.world import World
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Batch
from seed.spec.layout import Layout
from seed.spec.philox import generator

SWITCHES = ("recompute", "activation_offload", "optimizer_offload")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def config_with(*switches: str, precision: str = "float32") -> Config:
    settings = [f"parallel.{switch}=true" for switch in switches]
    sizes = ["model.hidden=32", "model.head_width=8"]
    return load_config(
        "tiny",
        "vapo",
        ["supervised.steps=4", f"precision={precision}", *sizes, *settings],
        backend="scaled",
    )


def batch_of(rows: int, length: int) -> Batch:
    tokens = generator(1, "offload").integers(2, 32, (rows, length))
    return plain_batch(
        [row[: length // 4] for row in tokens], [row[length // 4 :] for row in tokens]
    )


def trained(config: Config, steps: int = 2) -> tuple[ScaledBackend, State, list[dict[str, float]]]:
    backend = ScaledBackend(World(), Layout(), torch.device("cpu"))
    backend.counts_memory = True
    state, metrics = backend.initial_state(config), []
    for _ in range(steps):
        state, of_step = backend.sft_step(state, config, batch_of(8, 200))
        metrics.append(of_step)
    return backend, state, metrics


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("switches", [*((switch,) for switch in SWITCHES), SWITCHES], ids="+".join)
def test_no_switch_changes_a_bit_of_a_loss_a_norm_or_a_weight(
    switches: tuple[str, ...], precision: str
) -> None:
    _, plain, expected = trained(config_with(precision=precision))
    _, switched, metrics = trained(config_with(*switches, precision=precision))
    assert metrics == expected
    for name, shard in shards_of(switched.policy).items():
        assert torch.equal(shard, shards_of(plain.policy)[name]), name


def test_offloading_moves_most_of_what_autograd_saves() -> None:
    kept, moved = (
        trained(config_with())[0].ledger,
        trained(config_with("activation_offload"))[0].ledger,
    )
    assert kept.moved == 0
    assert moved.moved > 0
    assert moved.peak < kept.peak / 4


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recomputation_keeps_little_and_offloading_moves_that_as_well(precision: str) -> None:
    kept, recomputed, both = (
        trained(config_with(*switches, precision=precision))[0].ledger
        for switches in ((), ("recompute",), ("recompute", "activation_offload"))
    )
    assert recomputed.peak < kept.peak / 4
    assert both.peak < recomputed.peak / 2


@pytest.mark.parametrize(
    "switches", [(), ("activation_offload",), ("recompute", "activation_offload")], ids=str
)
def test_after_a_step_nothing_is_held_without_garbage_collection(switches: tuple[str, ...]) -> None:
    gc.disable()
    try:
        ledger = trained(config_with(*switches))[0].ledger
        assert (ledger.now, ledger.off) == (0, 0)
    finally:
        gc.enable()


def test_no_file_and_no_descriptor_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    held = [away(torch.ones(1000)) for _ in range(20)]
    assert not list(tmp_path.iterdir())
    assert before == (len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0)
    assert sum(float(x.sum()) for x in held) == 20_000.0


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool], ids=str
)
@pytest.mark.parametrize("shape", [(3, 5), (0, 4), ()], ids=str)
def test_a_tensor_is_offloaded_bit_for_bit(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    x = torch.arange(int(np.prod(shape)), dtype=torch.float64).reshape(shape).to(dtype)
    held = away(x)
    assert held.dtype == x.dtype
    assert held.shape == x.shape
    assert torch.equal(held, x)
    assert not x.numel() or held.data_ptr() != x.data_ptr()


LARGE = SMALLEST_BYTES // 4
"""float32 numbers of the smallest storage that is moved."""


@pytest.mark.parametrize("offload", [False, True])
def test_a_storage_that_is_saved_often_and_in_views_is_counted_and_moved_once(
    offload: bool,
) -> None:
    x = torch.randn(2, LARGE, requires_grad=True).clone()
    ledger = Ledger()
    with saved_activations(offload, ledger):
        total = (
            (x * x).sum()
            + x[0].square().sum()
            + x.T.expand(3, -1, -1).exp2().mul(0.0).sum()
            + (x[1] * x[0]).sum()
        )
    assert (ledger.moved if offload else 0) == (ledger.off if offload else 0)
    one = x.untyped_storage().nbytes()
    # Besides x, exp2 saves its result, which is expanded and so three times as large.
    assert ledger.now + ledger.off == one + 3 * one
    del total
    assert (ledger.now, ledger.off) == (0, 0)


@pytest.mark.parametrize("offload", [False, True])
def test_gradients_through_views_strides_and_outputs_are_the_same_bits(offload: bool) -> None:
    start = torch.randn(64, LARGE // 16, generator=torch.Generator().manual_seed(1))

    def gradient(inside: bool) -> Tensor:
        x = start.clone().requires_grad_()
        with saved_activations(offload and inside, Ledger()):
            y = torch.softmax(x.T @ x[:, :64], 0).exp()
            z = y.T.expand(2, -1, -1) * x[:, None, :].transpose(0, 1)
        (gradient_of_start,) = torch.autograd.grad(z.square().sum(), x)
        return gradient_of_start

    assert torch.equal(gradient(True), gradient(False))


def test_a_storage_that_is_written_to_between_two_uses_is_saved_in_both_states() -> None:
    """Autograd would raise at the first use, but a detached tensor must have its bytes as well."""
    ledger = Ledger()
    x, a, b = torch.full((LARGE,), 2.0), *(torch.ones(LARGE, requires_grad=True) for _ in range(2))
    with saved_activations(True, ledger):
        first = (a * x).sum()
        x += 1.0
        second = (b * x).sum()
    of_a, of_b = torch.autograd.grad(first + second, (a, b))
    assert (of_a.tolist(), of_b.tolist()) == ([2.0] * LARGE, [3.0] * LARGE)


def test_a_reused_address_is_another_storage() -> None:
    """Offloading frees what it moved, so the next tensor often has the address of the last one."""
    ledger = Ledger()
    weights = [torch.ones(LARGE, requires_grad=True) for _ in range(8)]
    with saved_activations(True, ledger):
        total = torch.stack(
            [
                (weight * torch.full((LARGE,), float(number))).sum()
                for number, weight in enumerate(weights)
            ]
        ).sum()
    for number, gradient in enumerate(torch.autograd.grad(total, weights)):
        assert torch.equal(gradient, torch.full((LARGE,), float(number)))


def test_weights_and_their_views_are_no_activations() -> None:
    layer, ledger = nn.Linear(256, 256, bias=False), Ledger()
    x = torch.ones(1, 256, requires_grad=True)
    with saved_activations(True, ledger):
        total = (layer(x) @ layer.weight.T).sum()
    assert ledger.moved == 0
    assert ledger.peak <= 2 * 256 * 4
    del total


@pytest.mark.parametrize("offload", [False, True])
def test_moments_are_off_the_device_only_with_the_switch(
    offload: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    made = tempfile.mkstemp

    def watched(prefix: str) -> tuple[int, str]:
        taken.append(prefix)
        return made(prefix=prefix, dir=tmp_path)

    monkeypatch.setattr(tempfile, "mkstemp", watched)
    config = config_with(*(["optimizer_offload"] if offload else []))
    state = ScaledBackend(World(), Layout(), torch.device("cpu")).initial_state(config)
    assert len(taken) == (2 * len(shards_of(state.policy)) if offload else 0)

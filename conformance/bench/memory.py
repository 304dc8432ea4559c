"""Memory that each switch saves, and that it changes no number.

    python -m seed.conformance.bench.memory

    activations  peak of bytes that autograd holds on the device for the backward pass
    moments      bytes of AdamW's moments on the device between two steps
    GPU          ``torch.cuda.max_memory_allocated``, where there is one

Under ``mpirun`` every figure is that of the rank with the most. On a CPU "off the device" is a file
that is mapped into memory.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Sequence
from dataclasses import dataclass

import click
import torch

from seed.conformance.bench.measure import table
from seed.reference.training.batch import plain_batch
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State
from seed.scaled.parallel.collectives import gather_objects
from seed.scaled.parallel.offload import Ledger
from seed.scaled.parallel.parallelize import shards_of
from seed.scaled.processes.device import device_of
from seed.scaled.processes.launch import find_job, layout_of_launch, start
from seed.scaled.processes.shutdown import end_together
from seed.spec.config import Config
from seed.spec.config_files import load_config, merged, validated
from seed.spec.datatypes import Batch, Metrics
from seed.spec.philox import generator

SWITCHES: tuple[tuple[str, ...], ...] = (
    (),
    ("recompute",),
    ("activation_offload",),
    ("recompute", "activation_offload"),
    ("optimizer_offload",),
    ("recompute", "activation_offload", "optimizer_offload"),
)
SIZES = ("hidden=256", "layers=6", "head_width=64", "expert_width=256")
MIB = 1 << 20


@dataclass(frozen=True)
class Account:
    """Memory and time of a setting; bytes of the rank with the most.

    Attributes:
        activations, moved: Peak on the device, and sum moved off it, over all steps.
        moments: On the device between steps.
        gpu: Peak of CUDA's allocator; 0 without a GPU.
        seconds: CPU seconds of a step.
        metrics: Losses and gradient norms of all steps.
    """

    activations: int
    moved: int
    moments: int
    gpu: int
    seconds: float
    metrics: list[Metrics]


@click.command()
@click.option("--rows", default=4, show_default=True, help="sequences of a batch")
@click.option("--length", default=256, show_default=True, help="tokens of a sequence")
@click.option("--steps", default=2, show_default=True, help="optimizer steps of each setting")
@click.argument("overrides", nargs=-1)
def memory(rows: int, length: int, steps: int, overrides: tuple[str, ...]) -> None:
    """Measure every switch on a model of 6 layers of width 256.

    OVERRIDES are section.key=value as for ``seed run``.
    """
    sizes = [f"model.{size}" for size in SIZES]
    base = load_config(
        "tiny", "vapo", [*sizes, f"algorithm.micro_batch={rows}", *overrides], backend="scaled"
    )
    layout, world = layout_of_launch(base.parallel, find_job()), start(base.parallel)
    with end_together(world):
        backend = ScaledBackend(world, layout, device_of(world.local_rank, base.parallel.device))
        batch = batch_of(base, rows, length)
        accounts = {
            names: account(backend, with_switches(base, names), batch, steps) for names in SWITCHES
        }
        weights = sum(
            shard.numel() for shard in shards_of(backend.initial_state(base).policy).values()
        )
        if backend.is_main_process:
            model = f"{base.model.layers} layers, hidden {base.model.hidden}"
            model += f", {weights:,} weights on rank 0 of {backend.world.size}"
            where = (
                f"{base.precision}, {backend.mesh.device.type}; {rows} x {length} tokens, {steps}"
                " steps"
            )
            click.echo(f"{model}, {where}; torch {torch.__version__}\n")
            click.echo(table(rows_of(accounts)))


def with_switches(config: Config, names: Sequence[str]) -> Config:
    """The configuration with some memory switches on."""
    return validated(
        merged(config.model_dump(mode="json"), [f"parallel.{name}=true" for name in names])
    )


def batch_of(config: Config, rows: int, length: int) -> Batch:
    """Random sequences of full length, all but the first token as the response."""
    tokens = (
        generator(config.seed, "bench/memory")
        .integers(2, config.model.vocabulary, (rows, length))
        .tolist()
    )
    return plain_batch([row[:1] for row in tokens], [row[1:] for row in tokens])


def account(backend: ScaledBackend, config: Config, batch: Batch, steps: int) -> Account:
    """Memory and time of some SFT steps from the initial weights."""
    on_gpu = backend.mesh.device.type == "cuda"
    backend.ledger, backend.counts_memory = Ledger(), True
    state = backend.initial_state(config)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(backend.mesh.device)
    began, metrics = time.process_time(), []
    for _ in range(steps):
        state, of_step = backend.sft_step(state, config, batch)
        metrics.append(of_step)
    seconds = (time.process_time() - began) / steps
    gpu = torch.cuda.max_memory_allocated(backend.mesh.device) if on_gpu else 0
    mine = backend.ledger.peak, backend.ledger.moved, moments_on_device(state), gpu
    largest = [
        max(figures) for figures in zip(*gather_objects(mine, backend.mesh.world), strict=True)
    ]
    return Account(largest[0], largest[1], largest[2], largest[3], seconds, metrics)


def moments_on_device(state: State) -> int:
    """Bytes of this rank's moments on the device: not in a mapped file or a GPU's host memory."""
    shards = [*state.policy_optimizer.first.values(), *state.policy_optimizer.second.values()]
    device = next(state.policy.parameters()).device
    on_device = [
        x for x in shards if x.device.type == device.type and x.untyped_storage().filename is None
    ]
    return sum(x.numel() * x.element_size() for x in on_device)


def rows_of(accounts: dict[tuple[str, ...], Account]) -> list[tuple[str, ...]]:
    """The table: first the ratios, then the bytes."""
    plain = accounts[()]
    header = (
        "parallel.",
        "activations",
        "moments",
        "held MiB",
        "moved MiB",
        "moments MiB",
        "GPU MiB",
        "CPU s/step",
        "numbers",
    )
    rows = [
        (
            " + ".join(names) or "(no switch)",
            f"1/{plain.activations / it.activations:.1f}",
            f"1/{plain.moments / it.moments:.1f}" if it.moments else "0",
            *(f"{count / MIB:.1f}" for count in (it.activations, it.moved, it.moments)),
            f"{it.gpu / MIB:.0f}" if it.gpu else "-",
            f"{it.seconds:.2f}",
            "-" if not names else "bit-equal" if it.metrics == plain.metrics else "DIFFERENT",
        )
        for names, it in accounts.items()
    ]
    return [header, *rows]


if __name__ == "__main__":
    memory()

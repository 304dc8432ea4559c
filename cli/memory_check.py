"""Whether a run can fit: weights, gradients and moments against the memory of this machine.

Only terms that are certain count (``spec.memory``), so that nothing is refused which fits in truth.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.host_memory import available_bytes
from seed.spec.layout import Layout
from seed.spec.memory import certain_bytes, memory_by_phase, policy_alone
from seed.spec.memory_term import MemoryTerm

if TYPE_CHECKING:
    import torch

GIB = 1 << 30
NAMED = 3
"""Terms that an error names."""


def check_memory(
    config: Config,
    layout: Layout,
    device: "torch.device | None" = None,
    ranks: int = 1,
    trains: bool = True,
) -> str:
    """Refuse a run whose certain memory exceeds what is there; nothing is allocated.

    Args:
        config: The run's.
        layout: Degrees of parallelism.
        device: Where this rank computes; None for the reference.
        ranks: Ranks of this machine, which share its memory.
        trains: Whether the models learn; else only the policy's weights are certain.

    Returns:
        A notice if the estimates of the other terms exceed it too; else nothing.

    Raises:
        SeedError: ILLEGAL_COMBINATION with need, have, the largest terms and what shrinks them.
    """
    phases = memory_by_phase(config, layout)
    if not trains:
        phases = {"evaluation": policy_alone(config, layout)}
    if not phases:
        return ""
    have, where = room(device, ranks)
    phase, terms = max(phases.items(), key=lambda item: certain_bytes(item[1], "device"))
    if certain_bytes(terms, "device") > have:
        line = error_line(config, layout, phase, terms, where, have)
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    sums = {
        phase: sum(term.bytes for term in terms if term.place == "device")
        for phase, terms in phases.items()
    }
    largest = max(sums, key=lambda phase: sums[phase])
    if sums[largest] <= have:
        return ""
    return (
        f"notice: phase {largest} may need up to {gib(sums[largest])} GiB on a rank, the {where}"
        f" has {gib(have)} GiB; see seed explain"
    )


def room(device: "torch.device | None", ranks: int) -> tuple[int, str]:
    """Bytes that a rank may take, and where they are."""
    if device is not None and device.type == "cuda":
        return gpu_bytes(device), "GPU"
    where = "machine" if ranks == 1 else f"machine for each of its {ranks} ranks"
    return available_bytes() // ranks, where


def gpu_bytes(device: "torch.device") -> int:
    """Free bytes of a GPU."""
    import torch

    return int(torch.cuda.mem_get_info(device)[0])


def error_line(
    config: Config, layout: Layout, phase: str, terms: Sequence[MemoryTerm], where: str, have: int
) -> str:
    """The line: phase, need, have, the largest terms, and what shrinks them."""
    certain = [term for term in terms if term.certain and term.place == "device"]
    need = certain_bytes(tuple(terms), "device")
    largest = sorted(certain, key=lambda term: -term.bytes)[:NAMED]
    named = ", ".join(f"{term.name} {gib(term.bytes)}" for term in largest)
    return (
        f"phase {phase} needs at least {gib(need)} GiB on a rank and the {where} has {gib(have)}"
        f" GiB ({named}); legal: {', '.join(remedies(config, layout))}; see seed explain"
    )


def remedies(config: Config, layout: Layout) -> list[str]:
    """Settings that shrink the certain terms of a run."""
    found = ["a smaller model.*"]
    if config.precision == "float64":
        found.append("precision=float32")
    if config.backend == "reference":
        return [*found, "--backend scaled on more ranks"]
    found.append(f"more ranks than {layout.ranks} (parallel.fsdp)")
    if not config.parallel.optimizer_offload:
        found.append("parallel.optimizer_offload=true")
    return found


def gib(count: int) -> str:
    """Bytes in GiB."""
    return f"{count / GIB:,.1f}"

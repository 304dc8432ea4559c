"""How a model is sharded, as arithmetic: which degrees are legal, how many weights a rank holds.

    ranks = fsdp * cp * tp;      ep divides ranks;      efsdp = ranks / ep

Three groups of weights, each sharded once and only once, so that every weight lives on exactly one
rank:

=========== ================================= ======================== ==========================
group       weights                           sliced over              sharded (FSDP) over
=========== ================================= ======================== ==========================
attention   query, key, value, their biases,  tp, by heads             fsdp * cp
            output
experts     gate, up, down of routed experts  ep, by experts           efsdp
rest        all others                        nothing                  all ranks
=========== ================================= ======================== ==========================

FSDP cuts the first axis into ``ceil(rows / shards)`` rows a rank, so the last ranks may hold less;
experts are cut along their second axis where there are more shards than experts and that axis
divides evenly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, prod

from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError

OF_HEADS = ("query", "key", "value", "output", "query_bias", "key_bias", "value_bias")
EXPERT_MATRICES = ("gate", "up", "down")

MASTER_BYTES = {"float64": 8, "float32": 4, "bfloat16": 4}
"""Bytes of a weight, of its gradient and of each moment, by ``precision``.

bfloat16 computes over float32 weights.
"""


@dataclass(frozen=True)
class Layout:
    """Degrees of parallelism; all 1 is one process."""

    fsdp: int = 1
    cp: int = 1
    tp: int = 1
    ep: int = 1

    @property
    def ranks(self) -> int:
        """Processes in all."""
        return self.fsdp * self.cp * self.tp

    @property
    def efsdp(self) -> int:
        """Shards of the experts that one expert-parallel rank keeps."""
        return self.ranks // self.ep

    @property
    def title(self) -> str:
        """The degrees as a person writes them."""
        return f"fsdp={self.fsdp} cp={self.cp} tp={self.tp} ep={self.ep}"


def worker_layout(parallel: ParallelConfig) -> Layout:
    """The layout of a remote rollout worker: without gradients there is nothing for FSDP."""
    return Layout(fsdp=1, cp=parallel.worker_cp, tp=parallel.worker_tp, ep=parallel.worker_ep)


def layout_for(parallel: ParallelConfig, ranks: int) -> Layout:
    """The layout of a configuration on so many ranks.

    Args:
        parallel: Degrees; ``fsdp = 0`` takes what ``cp`` and ``tp`` leave over.
        ranks: Processes that were started.

    Raises:
        SeedError: ILLEGAL_COMBINATION, with the legal values.
    """
    inner = parallel.cp * parallel.tp
    wanted = (parallel.fsdp or max(ranks // inner, 1)) * inner
    if wanted != ranks:
        share = f"parallel.fsdp={parallel.fsdp}" if parallel.fsdp else "any fsdp"
        instead = f"{wanted} ranks, or parallel.fsdp=0 and " if parallel.fsdp else ""
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"{share} * parallel.cp={parallel.cp} * parallel.tp={parallel.tp} must be the number of"
            f" ranks, {ranks}; legal: {instead}a product of cp and tp among"
            f" {', '.join(map(str, divisors(ranks)))}",
        )
    if ranks % parallel.ep:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"parallel.ep={parallel.ep} must divide the number of ranks, {ranks}; legal:"
            f" {', '.join(map(str, divisors(ranks)))}",
        )
    return Layout(ranks // inner, parallel.cp, parallel.tp, parallel.ep)


def divisors(number: int) -> list[int]:
    """All divisors of a positive number, ascending."""
    return [n for n in range(1, number + 1) if number % n == 0]


def group_of(name: str) -> str:
    """Which group a weight belongs to: ``attention``, ``experts`` or ``rest``."""
    *_, owner, last = ("", "", *name.split("."))
    if owner == "attention" and last in OF_HEADS:
        return "attention"
    return "experts" if owner == "moe" and last in EXPERT_MATRICES else "rest"


def sliced_axis(name: str) -> int | None:
    """Axis along which tensor or expert parallelism cuts a weight, or None."""
    group = group_of(name)
    if group == "attention":
        return 1 if name.endswith((".query", ".key", ".value")) else 0
    return 0 if group == "experts" else None


def sharded_axis(shape: tuple[int, ...], name: str, shards: int) -> int:
    """Axis along which FSDP cuts a slice of a weight: the first, or the second of few experts.

    FSDP cuts only the first axis unevenly. Where there are fewer experts than shards and the second
    axis does not divide, the last ranks hold no part of an expert.
    """
    return 1 if group_of(name) == "experts" and shape[0] < shards and shape[1] % shards == 0 else 0


def slice_shape(name: str, shape: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
    """Shape of what tensor or expert parallelism leaves on a rank, before FSDP."""
    axis = sliced_axis(name)
    if axis is None:
        return shape
    degree = layout.tp if group_of(name) == "attention" else layout.ep
    return (*shape[:axis], shape[axis] // degree, *shape[axis + 1 :])


def shards_of(name: str, layout: Layout) -> int:
    """Over how many ranks FSDP cuts a weight's slice."""
    return {"attention": layout.fsdp * layout.cp, "experts": layout.efsdp, "rest": layout.ranks}[
        group_of(name)
    ]


def shard_of(name: str, rank: int, layout: Layout) -> int:
    """Which of the ``shards_of`` shards of its slice a rank holds."""
    return {"attention": rank // layout.tp, "experts": rank // layout.ep, "rest": rank}[
        group_of(name)
    ]


def rows_held(rows: int, shards: int, shard: int) -> int:
    """Rows that one shard of an axis holds: ``ceil(rows / shards)``, less or none at the end."""
    each = ceil(rows / shards)
    return min(max(rows - shard * each, 0), each)


def weights_per_rank(
    shapes: Mapping[str, tuple[int, ...]], layout: Layout, rank: int = 0
) -> dict[str, int]:
    """Weights that a rank holds, by group.

    Formula: ``rows_held * (entries of a row)`` summed over the weights of a group.
    Source: ZeRO-3, arXiv 1910.02054; three groups as in ``scaled.parallel.parallelize``.

    Args:
        shapes: Name -> full shape of every weight.
        layout: Degrees of parallelism.
        rank: Which rank; none holds more than rank 0.

    Returns:
        Group -> number of weights.
    """
    held = {"attention": 0, "experts": 0, "rest": 0}
    for name, shape in shapes.items():
        piece, shards = slice_shape(name, shape, layout), shards_of(name, layout)
        axis = sharded_axis(piece, name, shards)
        held[group_of(name)] += (
            rows_held(piece[axis], shards, shard_of(name, rank, layout))
            * prod(piece)
            // piece[axis]
        )
    return held

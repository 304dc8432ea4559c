"""Dry run of a layout in one process: the real sharding on the meta device, over a fake group.

Nothing is computed and nothing is sent. The result is which part of every weight a rank would hold.
"""

import torch
import torch.distributed as dist

# Private to torch's own tests. The import registers the backend "fake".
from torch.testing._internal.distributed.fake_pg import FakeStore

from seed.scaled.parallel.mesh import build as build_mesh
from seed.scaled.parallel.parallelize import on_meta, shards_of
from seed.spec.config import Config
from seed.spec.layout import Layout, group_of


def weights_held(config: Config, layout: Layout, rank: int = 0) -> dict[str, int]:
    """Number of policy weights on a rank by group, counted on the sharded model itself.

    Args:
        config: Sizes and precision.
        layout: Degrees of parallelism.
        rank: Which of its ranks.
    """
    if layout.ranks == 1:
        return _held(config, layout)
    dist.init_process_group("fake", store=FakeStore(), rank=rank, world_size=layout.ranks)
    try:
        return _held(config, layout)
    finally:
        dist.destroy_process_group()


def _held(config: Config, layout: Layout) -> dict[str, int]:
    model = on_meta(config, build_mesh(layout, torch.device("cpu")))
    held = {"attention": 0, "experts": 0, "rest": 0}
    for name, shard in shards_of(model).items():
        held[group_of(name)] += shard.numel()
    return held

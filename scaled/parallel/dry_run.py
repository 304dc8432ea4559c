"""A layout of any number of ranks tried in one process: the real sharding on the meta device, over
a group that only pretends.

Nothing is computed and nothing is sent. What can be looked at is which part of every weight a rank
would hold.
"""

import torch
import torch.distributed as dist

# Private to torch's own tests, and imported for what it does: it registers the backend "fake".
from torch.testing._internal.distributed.fake_pg import FakeStore

from seed.scaled.parallel.mesh import build as build_mesh
from seed.scaled.parallel.parallelize import on_meta, shards_of
from seed.spec.config import Config
from seed.spec.layout import Layout, group_of


def weights_held(config: Config, layout: Layout, rank: int = 0) -> dict[str, int]:
    """Weights of the policy that a rank holds, by group, counted on the sharded model itself.

    Args:
        config: Sizes and precision.
        layout: Degrees of parallelism.
        rank: Which of its ranks to be.
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

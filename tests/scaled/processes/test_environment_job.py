"""A job that the environment describes: what is refused before torch loads."""

import pytest

from seed.scaled.processes.environment_job import EnvironmentJob
from seed.scaled.processes.world import LOOPBACK
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import SeedError

TORCHRUN = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "first",
    "MASTER_PORT": "29500",
}


def parallel(**values: int) -> ParallelConfig:
    return ParallelConfig.model_validate(values)


@pytest.mark.parametrize("missing", ["LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"])
def test_a_part_that_is_missing_is_named(missing: str) -> None:
    with pytest.raises(SeedError, match=f"{missing} is not set"):
        EnvironmentJob({name: value for name, value in TORCHRUN.items() if name != missing})


def test_the_world_is_what_the_environment_says() -> None:
    world = EnvironmentJob(TORCHRUN).world(parallel())
    assert (world.rank, world.size, world.local_rank, world.local_size) == (3, 4, 1, 2)
    assert world.host == "first"


def test_ranks_of_one_machine_meet_on_loopback() -> None:
    job = EnvironmentJob({**TORCHRUN, "LOCAL_WORLD_SIZE": "4"})
    assert job.world(parallel()).host == LOOPBACK


def test_remote_workers_need_mpi() -> None:
    job = EnvironmentJob(TORCHRUN)
    assert job.trainers(parallel()) == 4
    with pytest.raises(SeedError, match=r"rollout_workers=1 must be 0 under torchrun.*-n 6"):
        job.trainers(parallel(rollout_workers=1, worker_tp=2))

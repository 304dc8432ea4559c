"""Which launcher an environment tells of: several processes never take themselves for one."""

import pytest

from seed.scaled.processes.launch import find_job, refuse_copies
from seed.scaled.processes.launcher import Launcher, launcher
from seed.spec.errors import Reason, SeedError

STEP = {"SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}
TORCHRUN = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}

CASES = [
    ({}, Launcher()),
    ({"PMI_SIZE": "4", "PMI_RANK": "3"}, Launcher("mpi", 3, 4)),
    ({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1"}, Launcher("mpi", 1, 2)),
    ({"PMIX_RANK": "1"}, Launcher("mpi", 1, 1)),
    (TORCHRUN, Launcher("environment", 3, 4)),
    ({"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}, Launcher()),
    ({"WORLD_SIZE": "4"}, Launcher()),  # set for a whole sbatch script
    (STEP, Launcher("srun", 1, 2, 2)),
    ({**STEP, "PMI_SIZE": "2", "PMI_RANK": "1"}, Launcher("mpi", 1, 2, 2)),
    ({**STEP, **TORCHRUN}, Launcher("environment", 3, 4, 2)),
    ({**TORCHRUN, "PMIX_RANK": "0"}, Launcher("environment", 3, 4)),
]


@pytest.mark.parametrize(("environ", "expected"), CASES, ids=[",".join(case) for case, _ in CASES])
def test_the_environment_tells_who_started_the_process(
    environ: dict[str, str], expected: Launcher
) -> None:
    assert launcher(environ) == expected


@pytest.mark.parametrize(
    "environ",
    [
        {"SLURM_NTASKS": "16", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"},
        {**STEP, "SLURM_STEP_ID": "4294967291"},
        {**STEP, "SLURM_STEP_ID": "4294967290"},
        {**STEP, "SLURM_STEP_ID": "batch"},
        {**STEP, "SLURM_STEP_NUM_TASKS": "1"},
        {**STEP, "SLURM_STEP_NUM_TASKS": "1", "PMIX_RANK": "0"},
    ],
    ids=["batch", "batch step", "interactive step", "name", "one task", "a shell under pmix"],
)
def test_a_batch_script_or_a_shell_under_slurm_is_one_process(environ: dict[str, str]) -> None:
    assert launcher(environ).kind == "none"


def test_srun_without_mpi_is_refused_with_the_legal_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STEP.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SeedError) as error:
        find_job()
    assert error.value.reason is Reason.BACKEND_MISSING
    for word in ("srun started 2 tasks", "srun --mpi=pmi2", "mpirun -n 2", "torchrun"):
        assert word in error.value.line


def test_as_many_torchruns_as_tasks_that_do_not_know_each_other_are_refused() -> None:
    with pytest.raises(SeedError, match="4 times torchrun"):
        refuse_copies(Launcher("environment", 0, 2, 4))
    refuse_copies(Launcher("environment", 0, 8, 4))  # four torchruns of one job

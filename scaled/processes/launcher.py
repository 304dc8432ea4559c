"""Which launcher started this process, as its environment says. Nothing here loads MPI or torch.

=========== =========================================== ==========================================
kind        variables                                   set by
=========== =========================================== ==========================================
environment RANK and WORLD_SIZE of more than 1          torchrun and whoever sets the same names
mpi         PMI_SIZE, OMPI_COMM_WORLD_SIZE, PMIX_RANK   mpirun of MPICH and Open MPI, srun --mpi=...
srun        SLURM_STEP_NUM_TASKS of more than 1         srun without MPI
none        none of them                                a shell, or the script of sbatch
=========== =========================================== ==========================================

The first line that fits counts: srun may start mpirun or torchrun, and torchrun sets its variables
last. In the script of sbatch and in the shell of salloc SLURM_NTASKS and SLURM_PROCID are set too,
but these are one process each: SLURM_STEP_ID is missing there, or a number that Slurm reserves.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ENVIRONMENT = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets, and what a job needs that is started in its way."""

MPI_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
MPI_RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")

FIRST_RESERVED_STEP = 0xFFFFFFF0
"""Slurm numbers the steps of srun from 0; batch, extern and interactive steps are above this."""

Kind = Literal["environment", "mpi", "srun", "none"]


@dataclass(frozen=True)
class Launcher:
    """What started this process.

    Attributes:
        kind: How its processes can find each other; "srun" cannot, "none" is one process.
        rank: This process among those that were started.
        processes: How many were started, as far as the environment says; at least 1.
        tasks: Tasks of the step of srun that this process is in, 1 outside of a step.
    """

    kind: Kind = "none"
    rank: int = 0
    processes: int = 1
    tasks: int = 1


def launcher(environ: Mapping[str, str] = os.environ) -> Launcher:
    """The launcher of this process."""
    tasks = tasks_of_step(environ)
    size = number(environ, "WORLD_SIZE", 1)
    if "RANK" in environ and size > 1:
        return Launcher("environment", number(environ, "RANK", 0), size, tasks)
    if started_by_mpi(environ, tasks):
        rank = next((number(environ, name, 0) for name in MPI_RANKS if name in environ), 0)
        processes = max(number(environ, name, 1) for name in MPI_SIZES)
        return Launcher("mpi", rank, processes, tasks)
    if tasks > 1:
        return Launcher("srun", number(environ, "SLURM_PROCID", 0), tasks, tasks)
    return Launcher()


def started_by_mpi(environ: Mapping[str, str], tasks: int) -> bool:
    """Whether an MPI launcher started this process.

    PMIX_RANK alone also stands in a shell that ``srun --mpi=pmix`` opened as its only task.
    """
    if any(name in environ for name in (*MPI_SIZES, *MPI_RANKS) if name != "PMIX_RANK"):
        return True
    alone = tasks == 1 and number(environ, "SLURM_STEP_NUM_TASKS", 0) == 1
    return "PMIX_RANK" in environ and not alone


def tasks_of_step(environ: Mapping[str, str]) -> int:
    """Tasks that srun started with this process; 1 outside of a step of srun."""
    step = environ.get("SLURM_STEP_ID", environ.get("SLURM_STEPID", ""))
    in_step = step.isdigit() and int(step) < FIRST_RESERVED_STEP and "SLURM_PROCID" in environ
    return number(environ, "SLURM_STEP_NUM_TASKS", 1) if in_step else 1


def number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    """A variable as a number, or another number where it is missing or none."""
    text = environ.get(name, "")
    return int(text) if text.isdigit() else otherwise

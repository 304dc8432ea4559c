"""Running Python programs on several ranks, with the ``mpirun`` of this environment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from seed.spec.errors import Reason, SeedError
from seed.spec.extras import install


def mpirun() -> str:
    """The launcher in this interpreter's folder, or the one on the path.

    Raises:
        SeedError: BACKEND_MISSING.
    """
    own = Path(sys.executable).with_name("mpirun")
    program = str(own) if own.exists() else shutil.which("mpirun")
    if program is None:
        raise SeedError(
            Reason.BACKEND_MISSING, f"no mpirun here; it comes with: {install('scaled')}"
        )
    return program


def run_ranks(
    ranks: int,
    arguments: Sequence[str],
    timeout: float,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run ``python ARGUMENTS`` on some ranks and wait.

    Args:
        ranks: Processes; 1 runs without MPI.
        arguments: What follows ``python``, e.g. ``-m seed.conformance.worker FOLDER OUT``.
        timeout: Seconds after which all ranks are killed (``subprocess.TimeoutExpired``).
        environment: Variables to add.

    Returns:
        Exit code and output of all ranks together.
    """
    command = [sys.executable, *arguments]
    if ranks > 1:
        command = [mpirun(), "-n", str(ranks), *command]
    return run_command(command, timeout, environment)


def run_torchrun(
    ranks: int,
    arguments: Sequence[str],
    timeout: float,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """The same as ``run_ranks``, started by torchrun on this machine."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(ranks)]
    command = [sys.executable, *torchrun, "--no-python", sys.executable, *arguments]
    return run_command(command, timeout, environment)


def run_command(
    command: Sequence[str], timeout: float, environment: Mapping[str, str] | None
) -> "subprocess.CompletedProcess[str]":
    """Run a command whose processes have one thread each; arguments as for ``run_ranks``."""
    # Threads of ranks that share cores wait for each other, so each rank has one.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    full = {**os.environ, **threads, **(environment or {})}
    return subprocess.run(
        command, env=full, capture_output=True, text=True, timeout=timeout, check=False
    )

"""An MPI library that does not know its launcher is refused before it ends the process."""

import pytest

from seed.scaled.processes.mpi_job import check_library
from seed.spec.errors import SeedError

MPICH = "MPICH Version:      5.0.2\nMPICH configure:    --with-device=ch4:ofi\n"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PMIX_RANK": "0"}, ("MPICH 5.0.2", "PMIx", "srun --mpi=pmi2", "torchrun")),
        ({"PMI_SIZE": "2", "PMIX_NAMESPACE": "x"}, ("PMIX_NAMESPACE", "env -u PMIX_NAMESPACE")),
        ({"OMPI_COMM_WORLD_SIZE": "2", "PMIX_RANK": "0"}, ("Open MPI", "mpirun that belongs to")),
    ],
)
def test_mpich_refuses_launchers_that_it_does_not_know(
    environ: dict[str, str], words: tuple[str, ...]
) -> None:
    with pytest.raises(SeedError) as error:
        check_library(MPICH, environ)
    assert all(word in error.value.line for word in words)


@pytest.mark.parametrize(
    ("version", "environ"),
    [
        (MPICH, {"PMI_SIZE": "2", "PMI_RANK": "0"}),
        (MPICH.replace("ch4:ofi", "ch4:ofi --with-pmix=/usr"), {"PMIX_RANK": "0"}),
        ("Open MPI v5.0.11, package: ...", {"PMIX_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"}),
        ("MPI VERSION    : CRAY MPICH version 8.1.30", {"PMIX_RANK": "0"}),
    ],
)
def test_libraries_that_may_know_the_launcher_are_left_to_it(
    version: str, environ: dict[str, str]
) -> None:
    check_library(version, environ)

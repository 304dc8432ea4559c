"""Properties of HDF5 files: on a full disk the first error is raised, wherever it comes."""

import resource
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest

from seed.spec.hdf5_files import new_hdf5_file


def write(path: Path) -> None:
    with new_hdf5_file(path) as file:
        for number in range(20):
            file.create_dataset(f"part_{number % 3}/{number}", data=np.arange(200.0 * number))


def test_arrays_are_read_back_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    write(tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file) == ["part_0", "part_1", "part_2"]
        assert np.array_equal(file["part_1/19"][()], np.arange(3800.0))


@pytest.mark.parametrize("limit", [0, 100, 3000, 20_000, 200_000])
def test_a_full_disk_is_an_error_of_the_system_and_no_crash(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "a.h5"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert path.stat().st_size <= limit
    write(path)
    with h5py.File(path) as file:
        assert len(file) == 3

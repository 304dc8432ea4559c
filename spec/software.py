"""What software computes, as checkpoints record it: numbers of another one differ in last digits.

One sum of floating-point numbers has as many results as orders to add them, and a BLAS library
chooses the order by its version, the processor's kernel and the number of threads.
"""

import ctypes
import functools
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seed.spec.version import seed_version, version_of

CORE_NAME, THREADS = "scipy_openblas_get_corename64_", "scipy_openblas_get_num_threads64_"
"""Functions of the OpenBLAS that wheels of NumPy hold."""


def software(backend: str) -> dict[str, str]:
    """Name -> version or kind of all that can change a number.

    Args:
        backend: ``reference`` or ``scaled``, which also has torch, its threads and its device.
    """
    return _numpy_software() | (_torch_software() if backend == "scaled" else {})


def differences(saved: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What is not as it was, as ``numpy 2.0.1 (now 2.4.6)``; empty if all is.

    Entries that only one side has are not compared.
    """
    return ", ".join(
        f"{name} {value} (now {now[name]})"
        for name, value in saved.items()
        if name in now and now[name] != value
    )


@functools.cache
def _numpy_software() -> dict[str, str]:
    return {
        "seed": seed_version(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "numpy": np.__version__,
        **_blas(),
    }


def _blas() -> dict[str, str]:
    """Library and version; kernel and threads where the library tells them."""
    built: Any = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {})
    entries = {"BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()}
    # One extra loading of a library that is loaded already gives a handle to it.
    folder = Path(np.__file__).parent.parent / "numpy.libs"
    for path in sorted(folder.glob("libscipy_openblas*")):
        library = ctypes.CDLL(str(path))
        if hasattr(library, CORE_NAME) and hasattr(library, THREADS):
            core_name = getattr(library, CORE_NAME)
            core_name.restype = ctypes.c_char_p
            entries["BLAS kernel"] = core_name().decode("ascii", "replace")
            entries["BLAS threads"] = str(getattr(library, THREADS)())
            return entries
    threads = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    return entries | ({"BLAS threads": threads} if threads else {})


def _torch_software() -> dict[str, str]:
    entries = {"torch": version_of("torch")}
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        entries |= {"torch": torch.__version__, "torch threads": str(torch.get_num_threads())}
        if torch.cuda.is_initialized():
            entries["device"] = torch.cuda.get_device_name()
    return entries

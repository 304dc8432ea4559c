"""Which house computes: the only place that knows both by name."""

from typing import Any

from spec.backend import Backend
from spec.errors import Reason, SeedError


def house(name: str) -> Backend[Any]:
    """The backend of that name.

    Raises:
        SeedError: BACKEND_MISSING.
    """
    if name == "reference":
        from reference.backend import ReferenceBackend

        return ReferenceBackend()
    raise SeedError(Reason.BACKEND_MISSING, f"backend={name!r} is not built yet; legal: reference")

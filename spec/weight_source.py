"""Where initial weights come from, other than a checkpoint of ours: the contract."""

from typing import Protocol

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array

Box = tuple[slice, ...]
"""A part of an array: one slice with explicit bounds and step 1 per axis."""


class WeightSource(Protocol):
    """The weights of a policy or of a value model, read one at a time.

    Attributes:
        model: Its sizes; they say which names there are (``policy_shapes`` or ``value_shapes``
            of ``spec.weights``).
    """

    model: ModelConfig

    def read(self, name: str, box: Box | None = None) -> Array:
        """A weight in float32, matrices as [in, out]; 16-bit numbers are widened exactly.

        Args:
            name: One of those shapes.
            box: The part that is wanted. Nothing else is read from the disk; None is all of it.

        Raises:
            SeedError: UNREADABLE_FILE.
        """
        ...


def part_of(array: Array, box: Box | None) -> Array:
    """A part of an array that is in memory; None is all of it."""
    return array if box is None else array[box]

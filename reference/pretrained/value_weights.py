"""The weights that a value model starts from: a body from elsewhere, with a head or zeros.

The papers take a reward model (VC-PPO, arXiv 2503.01491; VAPO 4.1). One of
``...ForSequenceClassification`` scores a text by ``norm(x) w`` of its last token, which is V of the
state after it. A reward model of ours judges with the policy's head: only its body serves.
"""

from pathlib import Path

import numpy as np

from seed.reference.pretrained.export import CheckpointWeights
from seed.reference.pretrained.folder import CONFIG, Folder
from seed.spec.datatypes import Array
from seed.spec.weight_source import Box, WeightSource
from seed.spec.weights import Shapes, body_shapes, value_shapes


class ValueWeights:
    """Fulfils ``spec.weight_source.WeightSource`` with the names of a value model.

    Attributes:
        model: The sizes.
        has_head: Whether the head is one that was learned.
    """

    def __init__(self, source: WeightSource, available: Shapes) -> None:
        """Complete a source.

        Args:
            source: Of a body, and perhaps of ``value_head``.
            available: What it can read of a value model.
        """
        self.model, self.source, self.available = source.model, source, available
        self.has_head = "value_head" in available

    def read(self, name: str, box: Box | None = None) -> Array:
        """A weight in float32, or the part of it in a box; zeros for what the source lacks."""
        if name in self.available:
            return self.source.read(name, box)
        box = box or tuple(slice(0, length) for length in value_shapes(self.model)[name])
        return np.zeros([axis.stop - axis.start for axis in box], np.float32)


def is_folder_of_model(path: Path) -> bool:
    """Whether a path is a model folder and not a checkpoint."""
    return (path / CONFIG).is_file()


def value_weights(path: Path) -> ValueWeights:
    """Open what a value model starts from.

    Args:
        path: A model folder, or a checkpoint of which the policy is taken.

    Raises:
        SeedError: As ``Folder`` and ``CheckpointWeights``.
    """
    if is_folder_of_model(path):
        folder = Folder(path, is_value=True)
        return ValueWeights(folder, folder.shapes)
    weights = CheckpointWeights(path)
    return ValueWeights(weights, body_shapes(weights.model))

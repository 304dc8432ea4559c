"""Products of a few rows with a matrix that is wider than high, panel by panel of its columns.

    y = x W;  W = (W_1 ... W_P), each [in, width]:  y = (x W_1 ... x W_P)

The same numbers up to the order of sums. A step of decoding reads all weights for a few rows. The
whole matrix takes longer than its panels, each of which fits into the cache: with 8 rows of
SmolLM2 a panel takes 0.8 of the time, of the head 0.5 (``docs/benchmarks.md``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

WIDTHS = range(256, 127, -1)
"""Widths of a panel, the best first."""
MOST_ROWS = 128
"""Rows up to which panels are quicker than the whole matrix."""


@dataclass(frozen=True)
class Panels:
    """A matrix, whole and in panels.

    Attributes:
        whole: [in, out].
        panels: [P, in, width] with ``P width = out``.
    """

    whole: Tensor
    panels: Tensor

    def times(self, x: Tensor) -> Tensor:
        """``x W`` of rows x [n, in], without a gradient [n, out]."""
        if len(x) > MOST_ROWS:
            return x @ self.whole
        count, inputs, width = self.panels.shape
        out = x.new_empty(len(x), count * width)
        in_panels = out.view(len(x), count, width).transpose(0, 1)
        torch.bmm(x.expand(count, len(x), inputs), self.panels, out=in_panels)
        return out


def in_panels(weight: Tensor) -> Tensor | Panels:
    """A matrix in panels, or as it is where they cannot pay or no width divides its outputs.

    They pay on a CPU. Columns that are already contiguous, such as those of an embedding that is
    the head as well, are not copied.

    Args:
        weight: [in, out].
    """
    inputs, outputs = weight.shape
    width = next((width for width in WIDTHS if outputs % width == 0), None)
    is_wide = weight.device.type == "cpu" and outputs > inputs
    if width is None or not is_wide or weight.dtype == torch.bfloat16:
        return weight
    panels = weight.unflatten(1, (-1, width)).transpose(0, 1)
    return Panels(weight, panels if weight.stride(0) == 1 else panels.contiguous())

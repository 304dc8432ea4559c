"""The key-value cache of a rank: keys and values of the texts that are being decoded.

    row        one key-value head of one text
    context    position p is held by rank p mod cp, at its place p div cp

A position of another context rank is written at the place of this rank's next position, which
overwrites it before it is visible.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from seed.scaled.parallel.mesh import Mesh
from seed.spec.config_model import ModelConfig

ROOM = 16
"""Places in reserve when the cache first grows."""


class Cache:
    """Keys and values of all layers; the first rows are in use, rows and places grow on demand.

    Attributes:
        keys: Of each layer [rows, h, places].
        values: Of each layer [rows, places, h].
    """

    def __init__(
        self,
        model: ModelConfig,
        mesh: Mesh,
        texts: int,
        positions: int,
        like: Tensor,
        places_last: bool,
    ) -> None:
        """An empty cache.

        Args:
            model: Sizes.
            mesh: Ranks.
            texts: Most texts at a time.
            positions: Longest text.
            like: A tensor of the device and the precision.
            places_last: Memory layout of keys: places last, or features last as for values.
                Products of single queries are twice as fast with places last; torch's attention
                kernels require features last.
        """
        self.heads = model.key_value_heads // mesh.tensor.size
        self.rank, self.cp = mesh.context.rank, mesh.context.size
        self.texts, self.positions, self.places_last = texts, positions, places_last
        self.keys = [like.new_zeros(0, model.head_width, 0)] * model.layers
        self.values = [like.new_zeros(0, 0, model.head_width)] * model.layers
        self.everywhere = torch.arange(positions, device=like.device)

    def make_room(self, texts: int, positions: int) -> None:
        """Grow to hold so many texts and positions; seldom, as sizes at least double."""
        rows, places = self.values[0].shape[:2]
        more_rows = self.heads * grown(rows // self.heads, texts, self.texts) - rows
        more_places = (
            grown(places, self.places(positions), self.places(self.positions), ROOM) - places
        )
        if more_rows or more_places:
            by_place = 0, 0, 0, more_places, 0, more_rows
            self.values = [F.pad(values, by_place) for values in self.values]
            if self.places_last:
                self.keys = [
                    F.pad(keys, (0, more_places, 0, 0, 0, more_rows)) for keys in self.keys
                ]
            else:
                self.keys = [F.pad(keys.mT, by_place).mT for keys in self.keys]

    def places(self, positions: int) -> int:
        """Places for so many positions, and one where another rank's position is written."""
        return positions if self.cp == 1 else -(-positions // self.cp) + 1

    def place(self, positions: Tensor) -> Tensor:
        """Places of positions; of another rank's position, that of this rank's next one."""
        return positions if self.cp == 1 else (positions + (self.cp - 1 - self.rank)) // self.cp

    def held(self, positions: int) -> Tensor:
        """The positions below a bound that this rank holds, in the order of their places."""
        return self.everywhere[self.rank : positions : self.cp]

    def write_texts(
        self, layer: int, texts_c: Tensor, places_c: Tensor, k_cKh: Tensor, v_cKh: Tensor
    ) -> None:
        """Store keys and values of some positions of some texts; ``make_room`` was called.

        Args:
            layer: Number of the layer.
            texts_c: Number of the text of each position.
            places_c: Place of each position.
            k_cKh: Keys.
            v_cKh: Values.
        """
        self.keys[layer].unflatten(0, (-1, self.heads))[texts_c, :, :, places_c] = k_cKh
        self.values[layer].unflatten(0, (-1, self.heads))[texts_c, :, places_c] = v_cKh

    def write(self, layer: int, places_r11: Tensor, k_rh1: Tensor, v_r1h: Tensor) -> None:
        """Store one key and one value in each of the first rows, at these places."""
        rows, h, _ = k_rh1.shape
        self.keys[layer][:rows].scatter_(2, places_r11.expand(-1, h, -1), k_rh1)
        self.values[layer][:rows].scatter_(1, places_r11.expand(-1, -1, h), v_r1h)

    def read(self, layer: int, rows: int, places: int) -> tuple[Tensor, Tensor]:
        """Keys [rows, h, places] and values [rows, places, h] of the first rows."""
        return self.keys[layer][:rows, :, :places], self.values[layer][:rows, :places]

    def copy(self, sources: Tensor, targets: Tensor) -> None:
        """Copy keys and values of some texts over those of others, by their numbers [n]."""
        for held in (*self.keys, *self.values):
            texts = held.unflatten(0, (-1, self.heads))
            texts.index_copy_(0, targets, texts.index_select(0, sources))


def grown(size: int, needed: int, most: int, spare: int = 0) -> int:
    """The same size if it is enough, else at least twice of it, up to the most ever needed."""
    return size if needed <= size else min(max(needed + spare, 2 * size), most)

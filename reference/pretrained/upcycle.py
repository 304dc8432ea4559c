"""A dense model as a mixture of experts that computes exactly the same function.

Formula: every expert is a copy of the dense MLP f, and the gates g of the K chosen experts sum to
one, so ``sum_k g_k f(x) = f(x)`` whatever the router says.
Source: sparse upcycling, Komatsuzaki et al., arXiv 2212.05055, section 3; gates normalised over the
chosen experts as in its section 4.2 and in Mixtral.

The router is random and small, so that all experts are visited from the beginning; experts become
different by training.
"""

import numpy as np

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator
from seed.spec.weight_source import Box, WeightSource, part_of
from seed.spec.weights import policy_shapes

ROUTER_STD = 0.02
"""Standard deviation of the router's weights."""


class Upcycled:
    """Fulfils ``spec.weight_source.WeightSource``.

    Attributes:
        model: Sizes of the mixture.
    """

    def __init__(
        self, dense: WeightSource, experts: int, experts_per_token: int, seed: int = 1
    ) -> None:
        """Replace every dense MLP by experts.

        Args:
            dense: A model without experts.
            experts: Copies of each MLP.
            experts_per_token: How many of them a token visits, at most ``experts``.
            seed: Of the router.

        Raises:
            SeedError: ILLEGAL_COMBINATION.
        """
        if dense.model.dense_layers != dense.model.layers:
            blocks = dense.model.layers - dense.model.dense_layers
            line = f"{blocks} of its {dense.model.layers} blocks have experts; legal: a dense model"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        if experts_per_token > experts:
            line = f"--experts-per-token={experts_per_token} must be at most --experts={experts}"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        self.dense, self.seed = dense, seed
        self.model: ModelConfig = dense.model.model_copy(
            update={
                "dense_layers": 0,
                "dense_width": 0,
                "experts": experts,
                "experts_per_token": experts_per_token,
                "expert_width": dense.model.dense_width,
                "normalise_gates": True,
            }
        )

    def read(self, name: str, box: Box | None = None) -> Array:
        """A weight in float32; see the contract."""
        if name.endswith("moe.router"):
            random = generator(self.seed, "upcycled router", name)
            router = ROUTER_STD * random.standard_normal(policy_shapes(self.model)[name])
            return part_of(router.astype(np.float32), box)
        if ".moe." not in name:
            return self.dense.read(name, box)
        copies = self.model.experts if box is None else box[0].stop - box[0].start
        of_mlp = self.dense.read(name.replace(".moe.", ".mlp."), None if box is None else box[1:])
        return np.broadcast_to(of_mlp, (copies, *of_mlp.shape))

"""Properties of upcycling: the mixture computes what the dense model computes."""

from pathlib import Path

import numpy as np
import pytest

from seed.conformance.outside_folders import logits, write
from seed.reference.pretrained.export import upcycle_folder
from seed.reference.pretrained.folder import Folder
from seed.reference.pretrained.upcycle import Upcycled
from seed.spec.errors import Reason, SeedError
from seed.spec.weights import policy_shapes

TOKENS = np.random.default_rng(5).integers(0, 96, (1, 20))
FAMILY_OF_MIXTURE = {
    "llama": "mixtral",
    "mistral": "mixtral",
    "qwen3": "qwen3_moe",
    "qwen2": "qwen2_moe",
    "llama3": "mixtral",
}


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors:UserWarning")
@pytest.mark.parametrize(("name", "expected"), FAMILY_OF_MIXTURE.items())
def test_transformers_computes_the_same_function_with_the_mixture(
    name: str, expected: str, tmp_path: Path
) -> None:
    write(name, tmp_path / "dense")
    family = upcycle_folder(tmp_path / "dense", tmp_path / "mixture", (4, 2), 1, None)
    assert family == expected
    dense, mixture = (logits(tmp_path / each, TOKENS) for each in ("dense", "mixture"))
    np.testing.assert_allclose(mixture, dense, rtol=0, atol=1e-10)


def test_parts_are_parts_of_the_whole_and_the_router_follows_the_seed(tmp_path: Path) -> None:
    write("llama", tmp_path / "dense")
    dense = Folder(tmp_path / "dense")
    mixture, other = Upcycled(dense, 4, 2), Upcycled(dense, 4, 2, seed=2)
    for name, shape in policy_shapes(mixture.model).items():
        whole = mixture.read(name)
        assert whole.shape == shape
        box = tuple(slice(length // 3, length // 3 + 1 + length // 2) for length in shape)
        np.testing.assert_array_equal(mixture.read(name, box), whole[box])
        assert np.array_equal(whole, other.read(name)) != name.endswith("router")


def test_a_mixture_and_too_many_experts_per_token_are_refused(tmp_path: Path) -> None:
    write("llama", tmp_path / "dense")
    write("mixtral", tmp_path / "mixture")
    for name, experts, words in (
        ("mixture", (4, 2), "3 of its 3 blocks have experts; legal: a dense model"),
        ("dense", (2, 3), "--experts-per-token=3 must be at most --experts=2"),
    ):
        with pytest.raises(SeedError) as caught:
            Upcycled(Folder(tmp_path / name), *experts)
        assert (caught.value.reason, caught.value.line) == (Reason.ILLEGAL_COMBINATION, words)

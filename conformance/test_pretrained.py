"""Models that ``transformers`` saved to disk compute the same here, and go back bit for bit."""

from pathlib import Path
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
import torch
from autograd import grad
from safetensors.numpy import load_file

from seed.conformance.compare import assert_all_close
from seed.conformance.compare_backends import ONE, gradient_of
from seed.conformance.outside_folders import (
    CONFIGS,
    gradients,
    logits,
    scores,
    write,
    write_reward_model,
)
from seed.reference.backend import ReferenceBackend
from seed.reference.loss import token_log_probs
from seed.reference.model import token_logits
from seed.reference.pretrained.export import write_model
from seed.reference.pretrained.folder import Folder, settings_of_model
from seed.reference.pretrained.value_weights import value_weights
from seed.reference.training.batch import plain_batch
from seed.scaled.backend import ScaledBackend
from seed.scaled.parallel.packing import pack
from seed.scaled.processes.world import World
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Params
from seed.spec.layout import Layout

TOKENS = np.random.default_rng(0).integers(2, 96, 40)
"""Without ids 0 and 1: the embedding of a padding token has no gradient in ``transformers``."""
TOLERANCE = 1e-10
"""Logits are of size 1 to 10; float64 round-off of three layers is 1e-14. Of gradients it is the
share of the largest number of each array.
"""


def exact_config(folder: Path, recipe: str = "grpo") -> Config:
    config = load_config("tiny", recipe, ["precision=float64"])
    model = type(config.model).model_validate(settings_of_model(folder))
    return config.model_copy(update={"model": model})


@pytest.mark.parametrize("name", CONFIGS)
def test_both_backends_compute_logits_and_gradients_of_transformers(
    name: str, tmp_path: Path
) -> None:
    write(name, tmp_path / "model")
    config, weights = exact_config(tmp_path / "model"), Folder(tmp_path / "model")
    theirs = logits(tmp_path / "model", TOKENS[None])[0, :-1]
    their_gradients = gradients(tmp_path / "model", TOKENS[None], tmp_path / "gradients")
    for compute in (by_reference, by_scaled):
        ours, our_gradients = compute(config, weights)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)
        assert_all_close(our_gradients, their_gradients, TOLERANCE, "gradients")


def by_reference(config: Config, weights: Folder) -> tuple[Array, Params]:
    """Logits of every token but the first, and gradients, in the reference."""
    policy = ReferenceBackend().initial_state_of(config, weights).policy

    def mean_loss(params: Params) -> Array:
        ours, _ = token_logits(params, TOKENS[None], config.model)
        loss: Array = -anp.mean(token_log_probs(ours, TOKENS[None], 1.0)[:, 1:])
        return loss

    ours, _ = token_logits(policy, TOKENS[None], config.model)
    return ours[0, 1:], grad(mean_loss)(policy)


def by_scaled(config: Config, weights: Folder) -> tuple[Array, Params]:
    """The same in the torch backend."""
    scaled = ScaledBackend(World(), Layout(), torch.device("cpu"))
    network = scaled.initial_state_of(config, weights).policy
    batch = plain_batch([tuple(TOKENS[:1])], [tuple(TOKENS[1:])])
    ours, _ = network(pack(batch, [0], ONE))
    loss: Any = torch.nn.functional.cross_entropy(ours, torch.from_numpy(TOKENS[1:]))
    loss.backward()
    return ours.detach().numpy(), gradient_of(network)


@pytest.mark.parametrize("name", ["llama", "mistral", "qwen2", "qwen3_moe"])
def test_a_reward_model_as_value_model_gives_every_prefix_the_score_of_transformers(
    name: str, tmp_path: Path
) -> None:
    write_reward_model(name, tmp_path / "model")
    config, tokens = exact_config(tmp_path / "model", "vapo"), TOKENS[:12]
    theirs, weights = scores(tmp_path / "model", tokens), value_weights(tmp_path / "model")
    assert weights.has_head and np.ptp(theirs) > 0.1
    batch = plain_batch([tuple(tokens[:1])], [tuple(tokens[1:])])
    backends: list[Backend[Any]] = [
        ReferenceBackend(),
        ScaledBackend(World(), Layout(), torch.device("cpu")),
    ]
    for backend in backends:
        state = backend.value_model_of(backend.initial_state(config), config, weights)
        values = backend.values(backend.start_rl(state, config), config, batch)
        np.testing.assert_allclose(values[0, 1:], theirs[:-1], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_what_is_read_and_written_again_is_equal_bit_for_bit(
    name: str, dtype: str, tmp_path: Path
) -> None:
    write(name, tmp_path / "model", getattr(torch, dtype))
    folder = Folder(tmp_path / "model")
    for out, config in (("copy", folder.config), ("own", None)):
        write_model(tmp_path / out, folder, dtype, config)
        assert Folder(tmp_path / out).model == folder.model
    theirs, ours = (load_file(tmp_path / each / "model.safetensors") for each in ("model", "copy"))
    assert set(theirs) == set(ours)
    for tensor, array in theirs.items():
        assert array.dtype == ours[tensor].dtype and array.tobytes() == ours[tensor].tobytes()


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_of_our_own_means_the_same_to_transformers(name: str, tmp_path: Path) -> None:
    write(name, tmp_path / "model")
    write_model(tmp_path / "own", Folder(tmp_path / "model"), "float32")
    theirs, ours = (logits(tmp_path / each, TOKENS[None]) for each in ("model", "own"))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)

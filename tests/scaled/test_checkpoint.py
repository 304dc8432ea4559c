"""Properties of weights that a new run takes from a checkpoint: those of the file, bit by bit.

On several ranks: ``conformance/test_run.py``.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from seed.reference.backend import ReferenceBackend
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import whole_arrays
from seed.scaled.processes.world import World
from seed.spec.layout import Layout
from tests.support.small_runs import small_config


@pytest.mark.parametrize("recipe", ["vapo", "grpo"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_checkpoint_of_the_reference_starts_a_run_of_this_backend(
    tmp_path: Path, recipe: str, precision: str
) -> None:
    reference, config = ReferenceBackend(), small_config()
    saved = reference.start_rl(reference.initial_state(config), config)
    saved.value["value_bias"][:] = 0.5
    reference.save(saved, config, {}, tmp_path / "step_1")
    config = small_config(recipe, "backend=scaled", f"precision={precision}")
    backend = ScaledBackend(World(), Layout(), torch.device("cpu"))
    state = backend.initial_state_from(config, tmp_path / "step_1")
    assert state.optimizer_step == state.policy_optimizer.step == 0
    assert state.reference_policy is None
    assert (state.value is not None) is config.uses_value_model
    state = backend.start_rl(state, config)
    arrays = dict(whole_arrays(state, moments=True))
    models = {"policy": saved.policy} | ({"value": saved.value} if config.uses_value_model else {})
    for part, weights in models.items():
        for name, weight in weights.items():
            loaded = arrays[f"{part}/{name}"]
            assert loaded.dtype == np.dtype(precision)
            assert np.array_equal(loaded, weight)
    moments = [array for name, array in arrays.items() if "optimizer." in name]
    assert all(not np.any(moment) for moment in moments)

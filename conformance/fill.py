"""Golden vectors: inputs and outputs of the reference in float64, for other implementations.

    python -m seed.conformance.fill [FOLDER]    writes CASE.h5 for every case; the default FOLDER is
                                                spec/vectors

The format is described in ``spec/vectors/README.md``. Filling is deterministic: a second run writes
the same bytes.
"""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from seed.conformance.cases import CASES, case_batch, case_config, case_requests, case_rewards
from seed.conformance.reference_trace import ReferenceTracer
from seed.conformance.traces import (
    FP8_PURPOSE,
    PURPOSE,
    SAMPLINGS,
    Trace,
    nested,
    started,
    trace,
    without_step,
)
from seed.spec.config import Config
from seed.spec.datatypes import Array
from seed.spec.philox import uniforms, word_of

FOLDER = Path(__file__).parent.parent / "spec" / "vectors"
SETTINGS = (
    "seed",
    "precision",
    "model",
    "rollout",
    "algorithm",
    "policy_optimizer",
    "value_optimizer",
)
FORMAT = "seed-vectors-1"

SMALL = (
    "model.layers=2",
    "model.dense_width=6",
    "model.hidden=8",
    "model.heads=4",
    "model.key_value_heads=2",
    "model.head_width=4",
    "model.experts=4",
    "model.expert_width=6",
    "algorithm.mini_batch=8",
    "rollout.prompts=2",
)
"""Smaller models and half as many rows: every part is still there, and the files stay small."""

TYPES = {"b": "|u1", "i": "<i8", "u": "<i8"}
"""Kind of an array -> type in a file; all others are ``<f8``."""
COMPRESSION: dict[str, Any] = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
COMPRESSED_FROM = 4096
"""Smallest array in bytes that is compressed: the index of its chunks takes 2 KiB."""


def vector_config(case: str) -> Config:
    """Configuration of a case's vectors."""
    return case_config(case, *SMALL)


def inputs_of(config: Config) -> dict[str, Array]:
    """All inputs: weights, batch, requests with their random numbers."""
    state, _ = started(ReferenceTracer(), config)
    inputs: dict[str, Any] = {
        f"weights/policy/{name}": weight for name, weight in state.policy.items()
    }
    if config.uses_value_model:
        inputs |= {
            f"weights/value/{name}": state.value[name] for name in ("value_head", "value_bias")
        }
    batch = case_batch(config)
    computed = ("advantages", "value_targets", "old_values", "reference_log_probs", "weights")
    for field in fields(batch):
        if field.name not in computed:
            inputs[f"batch/{field.name}"] = getattr(batch, field.name)
    inputs["batch/rewards"] = case_rewards(config)
    return inputs | requests_of(config)


def requests_of(config: Config) -> dict[str, Array]:
    """Padded prompts, and the uniform number of each position of each response."""
    requests, limit = case_requests(config), config.rollout.max_response_tokens
    lengths = np.array([len(request.prompt_tokens) for request in requests])
    prompts = np.zeros((len(requests), lengths.max()), dtype=np.int64)
    for row, request in enumerate(requests):
        prompts[row, : lengths[row]] = request.prompt_tokens
    keys = [
        [[word_of(r.problem.id), r.sample, r.draw, position] for position in range(limit)]
        for r in requests
    ]
    settings = np.array([[temperature, top_p] for _, temperature, top_p in SAMPLINGS])
    named = {
        "prompts": prompts,
        "lengths": lengths,
        "uniforms": uniforms(config.seed, PURPOSE, keys),
        "settings": settings,
    }
    named["rollout uniforms"] = uniforms(config.seed, FP8_PURPOSE, keys)
    return {f"requests/{name}": array for name, array in named.items()}


def expected_of(config: Config) -> Trace:
    """All outputs by component: tokens as integers, figures of the steps as one array each."""
    expected = trace(ReferenceTracer(), config)
    for component in ("generate", "precision"):
        sampled: dict[str, Any] = expected[component]
        sampled |= {
            name: array.astype(np.int64)
            for name, array in sampled.items()
            if name.endswith("tokens")
        }
    return expected | {"loss": by_step(expected["loss"])}


def by_step(figures: dict[str, Array]) -> dict[str, Array]:
    """``step 0 policy entropy``, ``step 1 policy entropy``, ... as ``policy entropy`` [steps]."""
    columns: dict[str, list[float]] = {}
    for name, figure in figures.items():
        columns.setdefault(without_step(name), []).append(float(figure))
    return {name: np.array(values) for name, values in columns.items()}


def fill(folder: Path) -> list[Path]:
    """Write the vectors of all cases."""
    return [write(folder / f"{case}.h5", case) for case in CASES]


def settings_of(config: Config) -> dict[str, Any]:
    """The settings that the numbers of a file depend on; no other makes a file out of date."""
    return config.model_dump(mode="json", include=set(SETTINGS))


def write(path: Path, case: str) -> Path:
    """Write one file: attributes that explain it, groups in a fixed order, no time stamps."""
    config = vector_config(case)
    arrays = inputs_of(config)
    for component, named in expected_of(config).items():
        arrays |= {f"expected/{component}/{name}": array for name, array in named.items()}
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs["format"] = FORMAT
        file.attrs["case"] = case
        file.attrs["config"] = json.dumps(settings_of(config), sort_keys=True)
        for name, array in arrays.items():
            kind = np.asarray(array).dtype.kind
            plain = np.asarray(array).astype(TYPES.get(kind, "<f8"))
            options = COMPRESSION if plain.nbytes >= COMPRESSED_FROM else {}
            file.create_dataset(name, data=plain, track_times=False, **options)
    return path


def read(path: Path) -> tuple[dict[str, Array], Trace]:
    """Inputs by path, and expected outputs by component."""
    inputs: dict[str, Array] = {}
    expected: dict[str, Array] = {}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays = expected if name.startswith("expected/") else inputs
            arrays[name.removeprefix("expected/")] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(add)
    return inputs, nested(expected)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for written in fill(folder):
        print(f"{written}  {written.stat().st_size:,} bytes")

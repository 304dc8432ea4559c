"""Golden vectors: what the reference computes in float64 on the cases, with all inputs, for
implementations that are not ours.

    python -m conformance.fill [FOLDER]      writes CASE.h5 for every case; FOLDER is spec/vectors unless given

The format is described in ``spec/vectors/README.md``. Filling is deterministic: twice gives the
same bytes.
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
from seed.conformance.trace import FP8_PURPOSE, PURPOSE, SAMPLINGS, Trace, nested, started, trace
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
"""The cases on smaller models and half as many rows: every part is still there, and all files
together stay small.
"""

PACKED_FROM = 4096
"""Bytes from which on an array is compressed: the index of its chunks takes 2 KiB."""


def vector_config(case: str) -> Config:
    """Configuration of a case's vectors."""
    return case_config(case, *SMALL)


def inputs_of(config: Config) -> dict[str, Array]:
    """Everything that goes in: weights, batch, requests with their random numbers."""
    state, _ = started(ReferenceTracer(), config)
    found: dict[str, Any] = {
        f"weights/policy/{name}": weight for name, weight in state.policy.items()
    }
    if config.uses_value_model:
        found |= {
            f"weights/value/{name}": state.value[name] for name in ("value_head", "value_bias")
        }
    batch = case_batch(config)
    computed = ("advantages", "value_targets", "old_values", "reference_log_probs", "weights")
    for field in fields(batch):
        if field.name not in computed:
            found[f"batch/{field.name}"] = getattr(batch, field.name)
    found["batch/rewards"] = case_rewards(config)
    return found | requests_of(config)


def requests_of(config: Config) -> dict[str, Array]:
    """Prompts, padded, and the uniform number of each position of each response."""
    requests, limit = case_requests(config), config.rollout.max_response_tokens
    lengths = np.array([len(request.prompt_tokens) for request in requests])
    prompts = np.zeros((len(requests), lengths.max()), dtype=np.int64)
    for row, request in enumerate(requests):
        prompts[row, : lengths[row]] = request.prompt_tokens
    keys = [
        [[word_of(r.problem.id), r.sample, r.draw, place] for place in range(limit)]
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
    """What must come out, component by component; tokens as integers, the figures of the steps as one
    array each.
    """
    found = trace(ReferenceTracer(), config)
    for component in ("generate", "precision"):
        sampled: dict[str, Any] = found[component]
        sampled |= {
            name: array.astype(np.int64)
            for name, array in sampled.items()
            if name.endswith("tokens")
        }
    return found | {"loss": by_step(found["loss"])}


def by_step(figures: dict[str, Array]) -> dict[str, Array]:
    """``step 3 policy entropy`` and its siblings as one array ``policy entropy`` [steps]."""
    columns: dict[str, list[float]] = {}
    for title, figure in figures.items():
        columns.setdefault(title.split(" ", 2)[2], []).append(float(figure))
    return {name: np.array(values) for name, values in columns.items()}


def fill(folder: Path) -> list[Path]:
    """Write the vectors of all cases."""
    return [write(folder / f"{case}.h5", case) for case in CASES]


def settings_of(config: Config) -> dict[str, Any]:
    """The settings that the numbers of a file depend on, so that no other setting makes a file out
    of date.
    """
    return config.model_dump(mode="json", include=set(SETTINGS))


def write(path: Path, case: str) -> Path:
    """Write one file: attributes that explain it, groups in a fixed order, no clock."""
    config = vector_config(case)
    arrays = inputs_of(config)
    for component, named in expected_of(config).items():
        arrays |= {f"expected/{component}/{name}": array for name, array in named.items()}
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs["format"] = FORMAT
        file.attrs["case"] = case
        file.attrs["config"] = json.dumps(settings_of(config), sort_keys=True)
        for name, array in arrays.items():
            plain = np.asarray(array)
            plain = plain.astype(
                np.uint8
                if plain.dtype.kind == "b"
                else "<i8"
                if plain.dtype.kind in "iu"
                else "<f8"
            )
            packed = (
                {"compression": "gzip", "compression_opts": 9, "shuffle": True}
                if plain.nbytes >= PACKED_FROM
                else {}
            )
            file.create_dataset(name, data=plain, track_times=False, **packed)
    return path


def read(path: Path) -> tuple[dict[str, Array], Trace]:
    """Inputs by path, and what is expected by component."""
    found: dict[str, Array] = {}
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    inputs = {name: array for name, array in found.items() if not name.startswith("expected/")}
    return inputs, nested(
        {
            name.removeprefix("expected/"): a
            for name, a in found.items()
            if name.startswith("expected/")
        }
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for written in fill(target):
        print(f"{written}  {written.stat().st_size:,} bytes")

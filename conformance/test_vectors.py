"""Golden vectors: filling is deterministic, the files are fresh, and both backends agree."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from seed.conformance.cases import CASES
from seed.conformance.compare import assert_all_close
from seed.conformance.fill import FOLDER, FORMAT, by_step, read, settings_of, vector_config
from seed.conformance.grid import EXACT
from seed.conformance.scaled_trace import ScaledTracer
from seed.conformance.traces import COMPONENTS, Trace, trace
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.world import World
from seed.spec.characters import END
from seed.spec.datatypes import Array
from seed.spec.layout import Layout

OTHER_BLAS = 1e-12
"""The bound in the README: a hundred times the error of sums in another order."""

MOST_BYTES = 2_000_000


@cache
def committed(case: str) -> tuple[dict[str, Array], Trace]:
    return read(FOLDER / f"{case}.h5")


@pytest.fixture(scope="module")
def fills(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two fills by processes with different hash seeds."""
    folders = [tmp_path_factory.mktemp(f"fill{seed}") for seed in (1, 2)]
    for seed, folder in enumerate(folders):
        environment = os.environ | {
            "PYTHONHASHSEED": str(seed),
            "PYTHONPATH": str(FOLDER.parent.parent),
        }
        subprocess.run(
            [sys.executable, "-m", "seed.conformance.fill", str(folder)],
            env=environment,
            check=True,
            capture_output=True,
        )
    return folders


def test_filling_twice_gives_the_same_bytes(fills: list[Path]) -> None:
    one, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in fills)
    assert one == other


@pytest.mark.parametrize("case", CASES)
def test_the_committed_vectors_are_fresh(fills: list[Path], case: str) -> None:
    (inputs, expected), (new_inputs, new_expected) = committed(case), read(fills[0] / f"{case}.h5")
    assert expected.keys() == new_expected.keys() == set(COMPONENTS)
    assert_all_equal_or_close(new_inputs, inputs)
    for component, arrays in expected.items():
        assert_all_close(new_expected[component], arrays, OTHER_BLAS, component)


@pytest.mark.parametrize("case", CASES)
def test_the_torch_backend_agrees_with_the_vectors(case: str) -> None:
    tracer = ScaledTracer(ScaledBackend(World(), Layout(), torch.device("cpu")))
    actual, (_, expected) = trace(tracer, vector_config(case)), committed(case)
    actual |= {"loss": by_step(actual["loss"])}
    for component, arrays in expected.items():
        assert_all_close(actual[component], arrays, EXACT, f"{case} {component}")
    for component in ("generate", "precision"):
        for name, tokens in expected[component].items():
            assert not name.endswith("tokens") or np.array_equal(actual[component][name], tokens)


def test_there_is_a_file_for_every_case_and_all_are_small() -> None:
    files = sorted(FOLDER.glob("*.h5"))
    assert [file.stem for file in files] == sorted(CASES)
    assert sum(file.stat().st_size for file in files) < MOST_BYTES


@pytest.mark.parametrize("case", CASES)
def test_a_file_has_its_attributes_and_only_the_documented_types(case: str) -> None:
    with h5py.File(FOLDER / f"{case}.h5", "r") as file:
        assert (file.attrs["format"], file.attrs["case"]) == (FORMAT, case)
        assert json.loads(file.attrs["config"]) == settings_of(vector_config(case))
        types: set[str] = set()
        file.visititems(
            lambda _, item: types.add(item.dtype.str) if isinstance(item, h5py.Dataset) else None
        )
    assert types == {"<f8", "<i8", "|u1"}


@pytest.mark.parametrize("case", CASES)
def test_the_readme_describes_every_dataset(case: str) -> None:
    """In the README's tables ``i`` is a number, NAME a weight, FIGURE a metric."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    patterns = [
        pattern
        for line in text.splitlines()
        if line.startswith("| `")
        for pattern in names_of(line)
    ]
    inputs, expected = committed(case)
    names = [
        *inputs,
        *(f"{component}/{name}" for component, arrays in expected.items() for name in arrays),
    ]
    assert [
        name for name in names if not any(re.fullmatch(pattern, name) for pattern in patterns)
    ] == []


def test_the_vectors_have_no_trivial_component() -> None:
    """No component is all zero, responses end in both ways, values are not those of a zero head."""
    for case in CASES:
        inputs, expected = committed(case)
        for component, arrays in expected.items():
            assert all(np.isfinite(array).all() for array in arrays.values())
            assert any(array.any() for array in arrays.values()), component
        if "old values" in expected["advantage"]:
            assert np.abs(expected["advantage"]["old values"]).max() > 0.1
        assert (
            {0, 1}
            == set(inputs["batch/truncated"].tolist())
            == set(inputs["batch/positive"].tolist())
        )
        # With tied embeddings an untrained model repeats its token.
        if not vector_config(case).model.tied_embeddings:
            assert END in expected["generate"]["tokens"]


def names_of(line: str) -> list[str]:
    """Patterns of the datasets in a line of the README's tables; later names omit the folder."""
    names = re.findall("`([^`]+)`", line.split("|")[1])
    folder = names[0].rpartition("/")[0]
    whole = [name if "/" in name else f"{folder}/{name}" for name in names]
    meanings = {".": r"\.", "layer i": r"layer \d+", "NAME": r"\S+", "FIGURE": ".+"}
    for sign, meaning in meanings.items():
        whole = [name.replace(sign, meaning) for name in whole]
    return whole


def assert_all_equal_or_close(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    """Integers are equal, numbers close."""
    whole = {name for name, array in expected.items() if array.dtype.kind in "iu"}
    for name in whole:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)
    one, other = (
        {name: array for name, array in arrays.items() if name not in whole}
        for arrays in (actual, expected)
    )
    assert_all_close(one, other, OTHER_BLAS, "inputs")

"""Both backends' FP8: the same codes, scales, products and responses, and the kernel's operands."""

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seed.conformance.compare_backends import CPU, ONE, assert_same, policy_of, tensor
from seed.conformance.strategies import MANY, MODEL_SWITCHES, SIZES, Seeds, combinations, numbers
from seed.conformance.test_generate import LIMIT, requests
from seed.conformance.test_run import differences
from seed.reference import generate as reference_generate
from seed.reference import precision as reference_precision
from seed.reference.backend import ReferenceBackend
from seed.reference.training import trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.scaled import generate as scaled_generate
from seed.scaled import precision as scaled_precision
from seed.scaled.backend import ScaledBackend
from seed.scaled.precision import FP8, Quantised, has_fp8_kernel, joined, operand
from seed.scaled.processes.world import World
from seed.spec.characters import ENDS
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Sampling
from seed.spec.layout import Layout
from seed.spec.observer import SilentObserver
from seed.spec.sampler import SamplerSpec

SHAPES = st.tuples(st.integers(1, 20), st.integers(1, 5)) | st.tuples(
    st.integers(1, 3), st.integers(1, 9), st.integers(1, 5)
)
RUN = (
    "rollout.precision=fp8",
    "supervised.steps=3",
    "supervised.batch=8",
    "data.demonstrations=40",
    "value_pretraining.steps=1",
    "rollout.steps=2",
    "rollout.needs_contrast=false",
    "rollout.prompts=2",
    "algorithm.mini_batch=4",
    "evaluation.problems=2",
    "evaluation.samples=1",
)
STREAMING = ("rollout.srs_alpha=0.5", "algorithm.importance_cap=2.0")
BFLOAT16 = 2.0**-8


def weights_of(seed: int, shape: tuple[int, ...], single: bool, zero: bool) -> Array:
    """Channels of very different sizes; with ``zero`` the first is 0."""
    weight = numbers(seed, *shape) * 10.0 ** np.random.default_rng(seed).integers(
        -30, 30, shape[-1]
    )
    weight[..., 0] *= 0.0 if zero else 1.0
    return weight.astype(np.float32 if single else np.float64)


def bits(values: Any) -> Array:
    """E4M3 numbers of either backend as codes."""
    codes = (
        values.view(torch.uint8).numpy()
        if isinstance(values, torch.Tensor)
        else values.view(np.uint8)
    )
    return np.asarray(codes)


def assert_bits(actual: Quantised, expected: reference_precision.Quantised) -> None:
    """Codes and scales are the same bits."""
    np.testing.assert_array_equal(bits(actual.values), bits(expected.values))
    scale = actual.scale.numpy()
    np.testing.assert_array_equal(scale.view(np.int32), expected.scale.view(np.int32))


def test_codes_middles_neighbours_and_larger_numbers_are_rounded_to_the_same_bits() -> None:
    codes = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn).astype(np.float64)
    exact = np.sort(codes[np.isfinite(codes)])
    middles = (exact[1:] + exact[:-1]) / 2
    near = [
        np.nextafter(middles.astype(np.float32), np.float32(toward)).astype(np.float64)
        for toward in (-1e9, 1e9)
    ]
    # Nearer than float32 resolves: rounded twice, in the same way in both backends.
    nearest = [middles * (1 + sign * 1e-12) for sign in (-1, 1)]
    large = np.array([0.0, -0.0, 449.0, 463.9, 464.0, 480.0, 1e38, 1e300, np.inf])
    x = np.concatenate([exact, middles, *near, *nearest, large, -large])
    for dtype in (np.float64, np.float32):
        with np.errstate(over="ignore"):
            given_x: Array = x.astype(dtype)
        np.testing.assert_array_equal(
            bits(scaled_precision.e4m3(tensor(given_x))), bits(reference_precision.e4m3(given_x))
        )


@given(seed=Seeds, shape=SHAPES, single=st.booleans(), zero=st.booleans())
@MANY
def test_p18_a_matrix_is_quantised_to_the_same_bits(
    seed: int, shape: tuple[int, ...], single: bool, zero: bool
) -> None:
    weight = weights_of(seed, shape, single, zero)
    actual = scaled_precision.quantise(tensor(weight))
    expected = reference_precision.quantise(weight)
    assert_bits(actual, expected)
    np.testing.assert_array_equal(
        scaled_precision.restored(actual).numpy(), reference_precision.restored(expected)
    )


@given(seed=Seeds, shape=SHAPES, rows=st.integers(1, 4), single=st.booleans())
@MANY
def test_p18_linear_is_the_same(seed: int, shape: tuple[int, ...], rows: int, single: bool) -> None:
    dtype = np.float32 if single else np.float64
    weight = reference_precision.quantise(weights_of(seed, shape, single, zero=False))
    x: Array = numbers(seed + 1, *shape[:-2], rows, shape[-2]).astype(dtype)
    ours = operand(
        scaled_precision.quantise(tensor(weights_of(seed, shape, single, zero=False))), tensor(x)
    )
    expected = reference_precision.linear(x, weight)
    actual = scaled_precision.linear(tensor(x), ours)
    if single:
        assert actual.dtype == torch.float32
        for channel in range(shape[-1]):
            assert_same(
                actual[..., channel],
                expected[..., channel],
                "product",
                1e-6,
                scale=float(np.abs(expected).max() * 1e-30),
            )
    else:
        np.testing.assert_array_equal(actual.numpy(), expected)


def test_a_joined_matrix_has_the_products_of_its_parts_side_by_side() -> None:
    x, weights = (
        tensor(numbers(1, 4, 6)),
        [scaled_precision.quantise(tensor(numbers(place, 6, 3))) for place in (2, 3)],
    )
    whole = scaled_precision.linear(x, operand(joined(weights), x))
    apart = [scaled_precision.linear(x, operand(weight, x)) for weight in weights]
    assert torch.equal(whole, torch.cat(apart, 1))


@pytest.mark.parametrize(
    ("device", "compute", "capability", "shape", "has"),
    [
        ("cuda", torch.bfloat16, (9, 0), (64, 32), True),
        ("cuda", torch.bfloat16, (8, 9), (64, 32), True),
        ("cuda", torch.bfloat16, (8, 0), (64, 32), False),
        ("cuda", torch.float32, (9, 0), (64, 32), False),
        ("cuda", torch.bfloat16, (9, 0), (64, 24), False),
        ("cuda", torch.bfloat16, (9, 0), (24, 64), False),
        ("cpu", torch.bfloat16, (9, 0), (64, 32), False),
    ],
)
def test_the_kernel_is_for_bfloat16_on_gpus_that_multiply_8_bits(
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    compute: torch.dtype,
    capability: tuple[int, int],
    shape: tuple[int, int],
    has: bool,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert has_fp8_kernel(torch.device(device), compute, *shape) is has


def test_the_kernel_gets_legal_operands_and_emulation_has_its_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """torch has this function on a CPU too: it tests shapes, strides and scales, not GPU sums."""
    x = tensor(numbers(1, 3, 5, 32)).bfloat16()
    stack = scaled_precision.quantise(tensor(numbers(2, 3, 32, 16)))
    emulated = scaled_precision.linear(x, operand(stack, x))
    monkeypatch.setattr(scaled_precision, "has_fp8_kernel", lambda *_: True)
    weight = operand(stack, x)
    assert (
        isinstance(weight, Quantised)
        and weight.values.dtype == FP8
        and weight.values.stride()[-2:] == (1, 32)
    )
    from_kernel = scaled_precision.linear(x, weight)
    assert from_kernel.dtype == emulated.dtype == torch.bfloat16
    assert_same(from_kernel.double(), emulated.double().numpy(), "kernel", BFLOAT16)
    nothing = scaled_precision.linear(x[0, :0], operand(stack.unbind()[0], x))
    assert nothing.shape == (0, 16) and nothing.dtype == torch.bfloat16


def test_the_error_of_bfloat16_emulation_is_the_rounding_of_its_result() -> None:
    x = tensor(numbers(1, 6, 40)).bfloat16()
    weight = scaled_precision.quantise(tensor(numbers(2, 40, 8)))
    expected = reference_precision.linear(
        x.double().numpy(), reference_precision.quantise(numbers(2, 40, 8))
    )
    assert_same(
        scaled_precision.linear(x, operand(weight, x)).double(), expected, "product", BFLOAT16
    )


@pytest.mark.parametrize(
    "changes",
    combinations(MODEL_SWITCHES),
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_p18_an_fp8_policy_samples_the_same_responses_under_every_combination(
    changes: dict[str, Any],
) -> None:
    settings = [setting for setting in SIZES if "vocabulary" not in setting]
    config = load_config("tiny", "vapo", [*settings, "rollout.precision=fp8"], backend="scaled")
    config = config.model_copy(update={"model": config.model.model_copy(update=changes)})
    policy, requested = policy_of(config), requests(2, 2)
    spec = SamplerSpec(config.model, Sampling(1.3, 1.0, LIMIT, ENDS), 9, "rollout", 0)
    published = reference_precision.rollout_weights(policy, config, "rollout")
    theirs = reference_generate.generate(published, spec, requested)
    plain = reference_generate.generate(policy, spec, requested)
    slices = {name: tensor(array) for name, array in policy.items()}
    weights = scaled_precision.rollout_weights(slices, config, "rollout", ONE)
    ours = scaled_generate.generate(weights, spec, ONE, requested, slots=3)
    for one, other in zip(ours, theirs, strict=True):
        assert one.response_tokens == other.response_tokens
        assert_same(np.array(one.log_probs), np.array(other.log_probs), "log-probs", scale=1.0)
    assert [rollout.log_probs for rollout in plain] != [rollout.log_probs for rollout in theirs]


@pytest.mark.parametrize("settings", [(), STREAMING], ids=["synchronous", "streaming"])
def test_a_run_with_fp8_rollouts_has_the_same_tokens_and_gaps_in_both_backends(
    tmp_path: Path, settings: tuple[str, ...]
) -> None:
    lines: dict[str, list[dict[str, Any]]] = {}
    samples: dict[str, str] = {}
    backends: dict[str, Any] = {
        "reference": ReferenceBackend(),
        "scaled": ScaledBackend(World(), Layout(), CPU),
    }
    for name, backend in backends.items():
        config = load_config("tiny", "vapo", [*RUN, *settings], backend=name, precision="float64")
        config = config.model_copy(
            update={"model": config.model.model_copy(update={"layers": 1, "hidden": 16})}
        )
        directory = RunDirectory.create(tmp_path / name, config)
        trainer.train(Run.start(backend, config, directory, SilentObserver()))
        lines[name] = [
            json.loads(line) for line in (directory.path / "metrics.jsonl").read_text().splitlines()
        ]
        samples[name] = (directory.path / "samples.jsonl").read_text()
    assert samples["reference"] == samples["scaled"]
    assert [
        differences(*pair) for pair in zip(lines["reference"], lines["scaled"], strict=True)
    ] == [[]] * 6
    gaps = [
        line["rollout/log_prob_gap"] for line in lines["scaled"] if line["phase"] == "reinforcement"
    ]
    assert all(1e-6 < gap < 0.5 for gap in gaps) and len(gaps) == 2

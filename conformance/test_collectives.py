"""Properties of collectives: each is what its name says, and its backward pass the transpose."""

import json
from pathlib import Path

import pytest
import torch

from seed.conformance.compare_backends import EXACT
from seed.conformance.launch import run_ranks
from seed.conformance.rank_properties import PROPERTIES, RANKS, TOKENS
from seed.scaled.parallel.collectives import (
    all_gather,
    broadcast_object,
    exchange,
    exchange_counts,
    gather_objects,
    max_over,
    reduce_scatter,
    sum_over,
)
from seed.scaled.parallel.mesh import Axis

SECONDS = 120.0


@pytest.fixture(scope="module")
def distances(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """All properties, on three ranks."""
    out = tmp_path_factory.mktemp("properties") / "distances.json"
    done = run_ranks(RANKS, ["-m", "seed.conformance.rank_properties", str(out)], SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    written: dict[str, float] = json.loads(Path(out).read_text())
    return written


def test_every_property_was_computed_and_one_rank_has_no_tokens(
    distances: dict[str, float],
) -> None:
    assert distances.keys() == PROPERTIES.keys()
    assert len(TOKENS) == RANKS and 0 in TOKENS


@pytest.mark.parametrize("name", ["gathering", "scattering", "exchanging", "reducing"])
def test_a_collective_is_what_its_name_says_and_its_gradient_the_transpose(
    distances: dict[str, float], name: str
) -> None:
    assert distances[name] <= EXACT


def test_experts_on_other_ranks_have_the_outputs_and_gradients_of_one_process(
    distances: dict[str, float],
) -> None:
    # Gradients of squares: numbers of about a hundred.
    assert distances["dispatching"] <= 100 * EXACT


def test_prompts_that_begin_alike_are_read_once_over_context_ranks(
    distances: dict[str, float],
) -> None:
    assert distances["beginning"] <= EXACT


def test_partial_softmaxes_merged_by_log_sum_exp_are_the_whole_softmax(
    distances: dict[str, float],
) -> None:
    assert distances["merging"] <= EXACT


def test_a_matrix_spread_over_ranks_is_quantised_and_multiplied_to_the_same_bits(
    distances: dict[str, float],
) -> None:
    assert distances["quantising"] == 0.0


def test_a_data_rank_without_requests_samples_with_the_others(distances: dict[str, float]) -> None:
    assert distances["sampling"] <= EXACT


def test_each_rank_reads_only_its_part_of_the_weights_and_every_number_once(
    distances: dict[str, float],
) -> None:
    assert distances["reading"] == 0.0


def test_on_an_axis_of_one_rank_every_call_returns_its_argument() -> None:
    alone, x = Axis("alone"), torch.ones(3, 2)
    for result in (
        all_gather(x, alone),
        reduce_scatter(x, alone),
        exchange(x, [3], [3], alone),
        sum_over(x, alone),
    ):
        assert result is x
    assert max_over(x, alone) is x and exchange_counts(x, alone) is x
    assert gather_objects(5, alone) == [5] and broadcast_object(5, alone) == 5

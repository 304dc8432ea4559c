"""Laws of what ranks tell each other: every call is what it says forward, and its own transpose
backward.
"""

import json
from pathlib import Path

import pytest
import torch

from seed.conformance.both import EXACT
from seed.conformance.launch import run_ranks
from seed.conformance.rank_properties import MANY, RANKS, TOKENS
from seed.scaled.parallel.collectives import (
    all_gather,
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
    """All laws, on three ranks."""
    out = tmp_path_factory.mktemp("laws") / "laws.json"
    done = run_ranks(RANKS, ["-m", "seed.conformance.rank_properties", str(out)], SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, float] = json.loads(Path(out).read_text())
    return found


def test_every_law_was_asked_and_one_rank_has_no_tokens(distances: dict[str, float]) -> None:
    assert distances.keys() == MANY.keys()
    assert len(TOKENS) == RANKS and 0 in TOKENS


@pytest.mark.parametrize("law", ["gathering", "scattering", "exchanging", "reducing"])
def test_a_collective_is_what_it_says_and_its_gradient_the_transpose(
    distances: dict[str, float], law: str
) -> None:
    assert distances[law] <= EXACT


def test_experts_on_other_ranks_answer_and_learn_as_at_home(distances: dict[str, float]) -> None:
    assert (
        distances["dispatching"] <= 100 * EXACT
    )  # gradients of squares: numbers of about a hundred


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


def test_on_an_axis_of_one_rank_every_call_returns_its_argument() -> None:
    alone, x = Axis("alone"), torch.ones(3, 2)
    for answer in (
        all_gather(x, alone),
        reduce_scatter(x, alone),
        exchange(x, [3], [3], alone),
        sum_over(x, alone),
    ):
        assert answer is x
    assert max_over(x, alone) is x and exchange_counts(x, alone) is x
    assert gather_objects(5, alone) == [5]

"""Panels give the product of the whole matrix, and are made where they can pay only."""

import pytest
import torch

from seed.scaled.decoding.panels import MOST_ROWS, WIDTHS, Panels, in_panels

INPUTS = 40


def drawn(*shape: int) -> torch.Tensor:
    """Normal numbers in float64."""
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("outputs", [WIDTHS[0], 3 * WIDTHS[0], 960, 2 * WIDTHS[-1]])
@pytest.mark.parametrize("rows", [0, 1, 8, MOST_ROWS, MOST_ROWS + 1])
@pytest.mark.parametrize("columns_contiguous", [False, True])
def test_the_product_is_that_of_the_whole_matrix(
    outputs: int, rows: int, columns_contiguous: bool
) -> None:
    weight = drawn(outputs, INPUTS).T if columns_contiguous else drawn(INPUTS, outputs)
    matrix = in_panels(weight)
    assert isinstance(matrix, Panels)
    assert matrix.panels.shape[2] in WIDTHS
    x = drawn(rows, INPUTS)
    torch.testing.assert_close(matrix.times(x), x @ weight, rtol=1e-13, atol=1e-13)


def test_an_embedding_that_is_the_head_is_not_copied() -> None:
    embedding = drawn(2 * WIDTHS[0], INPUTS)
    matrix = in_panels(embedding.T)
    assert isinstance(matrix, Panels)
    assert matrix.panels.data_ptr() == embedding.data_ptr()


@pytest.mark.parametrize(
    "weight",
    [drawn(512, 512), drawn(512, 256), drawn(40, 127), drawn(40, 257), drawn(40, 256).bfloat16()],
    ids=["square", "high", "narrow", "prime", "bfloat16"],
)
def test_other_matrices_stay_as_they_are(weight: torch.Tensor) -> None:
    assert in_panels(weight) is weight

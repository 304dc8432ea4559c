"""Properties of the torch backend's experts: all ways to run them agree, also in gradients."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from seed.scaled import moe
from seed.scaled.moe import all_experts, dispatch, gates, has_grouped_product, run_experts, top_k
from seed.scaled.parallel.mesh import Axis

EXPERTS, WIDTH, INNER, CHOSEN = 4, 8, 12, 2
Weights = tuple[Tensor, Tensor, Tensor]


def weights_of(dtype: torch.dtype) -> Weights:
    random = torch.Generator().manual_seed(1)
    shapes = (EXPERTS, WIDTH, INNER), (EXPERTS, WIDTH, INNER), (EXPERTS, INNER, WIDTH)
    gate, up, down = (
        torch.randn(shape, generator=random, dtype=torch.float64).to(dtype).requires_grad_()
        for shape in shapes
    )
    return gate, up, down


def rows_of(count: int, dtype: torch.dtype) -> Tensor:
    return (
        torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        .to(dtype)
        .requires_grad_()
    )


def output_and_gradients(compute: Callable[[], Tensor], of: tuple[Tensor, ...]) -> list[Tensor]:
    output = compute()
    return [output.detach(), *torch.autograd.grad(output.square().sum(), of)]


COUNTS = ([3, 2, 4, 1], [0, 10, 0, 0], [5, 0, 5, 0], [0, 0, 0, 0])


@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_grouped_padded_and_looped_experts_agree(
    counts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, x = weights_of(torch.float32), rows_of(sum(counts), torch.float32)
    assert has_grouped_product(x, weights[0]) == (sum(counts) > 0)

    def results() -> list[Tensor]:
        return output_and_gradients(
            lambda: run_experts(x, torch.tensor(counts), weights), (x, *weights)
        )

    grouped = results()
    monkeypatch.setattr(moe, "has_grouped_product", lambda *_: False)
    for most_padding in (EXPERTS, 0):
        monkeypatch.setattr(moe, "MOST_PADDING", most_padding)
        for actual, expected in zip(results(), grouped, strict=True):
            torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_an_expert_without_rows_has_a_zero_gradient(counts: list[int]) -> None:
    weights, x = weights_of(torch.float32), rows_of(sum(counts), torch.float32)
    _, *gradients = output_and_gradients(
        lambda: run_experts(x, torch.tensor(counts), weights), weights
    )
    for expert, count in enumerate(counts):
        for gradient in gradients:
            assert bool((gradient[expert] == 0.0).all()) == (count == 0)


def test_float64_and_odd_widths_do_without_the_grouped_product() -> None:
    assert not has_grouped_product(rows_of(3, torch.float64), weights_of(torch.float64)[0])
    assert not has_grouped_product(torch.ones(3, 7), torch.ones(EXPERTS, 7, INNER))


@torch.inference_mode()
def test_all_experts_with_gate_0_elsewhere_are_the_chosen_experts() -> None:
    weights, x = weights_of(torch.float64), rows_of(9, torch.float64)
    logits = torch.randn(
        9, EXPERTS, generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )
    chosen, alone = top_k(logits, CHOSEN), Axis("expert")
    chosen_gates = gates(logits, chosen, True)
    wide_layer = all_experts(weights, alone)
    assert wide_layer is not None
    torch.testing.assert_close(
        wide_layer(x, chosen, chosen_gates),
        dispatch(x, chosen, chosen_gates, weights, alone),
        rtol=1e-12,
        atol=1e-12,
    )


def test_all_experts_run_only_while_that_is_little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, alone = weights_of(torch.float32), Axis("expert")
    monkeypatch.setattr(moe, "FEW_PRODUCTS", 5 * sum(weight.numel() for weight in weights))
    wide_layer = all_experts(weights, alone)
    assert wide_layer is not None
    assert wide_layer.are_quick_with(5)
    assert not wide_layer.are_quick_with(6)
    monkeypatch.setattr(moe, "FEW_PRODUCTS", 0)
    assert all_experts(weights, alone) is None


def test_equal_logits_go_to_the_smaller_ids() -> None:
    assert top_k(torch.tensor([[1.0, 3.0, 3.0, 3.0], [0.0, -0.0, 0.0, 1.0]]), 3).tolist() == [
        [1, 2, 3],
        [3, 0, 1],
    ]


def test_rescaled_gates_are_the_router_probabilities_of_the_chosen_over_their_sum() -> None:
    logits = torch.randn(
        5, EXPERTS, generator=torch.Generator().manual_seed(4), dtype=torch.float64
    )
    chosen = top_k(logits, CHOSEN)
    plain = gates(logits, chosen, False)
    torch.testing.assert_close(
        plain, torch.softmax(logits, -1).gather(1, chosen), rtol=0.0, atol=0.0
    )
    torch.testing.assert_close(
        gates(logits, chosen, True), plain / plain.sum(1, keepdim=True), rtol=1e-14, atol=0.0
    )

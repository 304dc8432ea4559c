"""Properties of top-k routing in a mixture of experts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from seed.conformance.exercises.draws import Draw
from seed.conformance.exercises.violation import agree, require
from seed.spec.datatypes import Array

Function = Callable[..., Any]


def router_logits(draw: Draw) -> tuple[Array, int]:
    """Logits of three tokens over size + 1 experts, and a k."""
    return draw.numbers(3, draw.size + 1), int(draw.random.integers(1, draw.size + 2))


def the_k_largest_come_first(route: Function, draw: Draw) -> None:
    """The chosen experts are those of the k largest logits, the largest first, none twice."""
    logits, k = router_logits(draw)
    ids, _ = route(logits, k)
    chosen = np.take_along_axis(logits, ids.astype(int), axis=1)
    agree(chosen, -np.sort(-logits, axis=1)[:, :k], "logits of the chosen experts")
    require([len(set(row)) == k for row in ids.tolist()], "no expert is chosen twice", ids=ids)


def equal_logits_go_to_the_smaller_id(route: Function, _: Draw) -> None:
    """Of equal logits the expert with the smaller id comes first, so that every backend chooses the
    same.
    """
    ids, _ = route(np.array([[1.0, 3.0, 3.0, 1.0]]), 3)
    agree(ids, [[1, 2, 0]], "experts of the logits 1, 3, 3, 1")


def gates_sum_to_one(route: Function, draw: Draw) -> None:
    """The gates of a token are positive and sum to 1."""
    _, gates = route(*router_logits(draw))
    require(gates > 0, "gates > 0", gates=gates)
    agree(gates.sum(axis=1), np.ones(3), "sum of the gates of each token", gates=gates)


def gates_are_rescaled_probabilities(route: Function, draw: Draw) -> None:
    """The gates are the softmax over all experts at the chosen ones, divided by their sum."""
    logits, k = router_logits(draw)
    ids, gates = route(logits, k)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    chosen = np.take_along_axis(probabilities, ids.astype(int), axis=1)
    agree(gates, chosen / chosen.sum(axis=1, keepdims=True), "gates")


def large_logits_do_not_overflow(route: Function, draw: Draw) -> None:
    """Adding 1000 to all logits of a token changes neither experts nor gates."""
    logits, k = router_logits(draw)
    (ids, gates), (shifted_ids, shifted_gates) = route(logits, k), route(logits + 1000.0, k)
    agree(shifted_ids, ids, "experts after adding 1000")
    agree(shifted_gates, gates, "gates after adding 1000")

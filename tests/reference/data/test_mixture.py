"""Properties of shuffles and mixtures."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.data.mixture import Mixture, period, shuffled
from seed.spec.datatypes import Problem

weights = st.lists(st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 7.0]), min_size=1, max_size=5)


def problem(name: str, place: int) -> Problem:
    return Problem(f"{name}/{place}", name, 1, "?", {}, "", "")


@given(count=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), epoch=st.integers(0, 5))
@settings(max_examples=60)
def test_every_epoch_visits_every_item_once(count: int, seed: int, epoch: int) -> None:
    visited = [shuffled(seed, "x", count, epoch * count + place) for place in range(count)]
    assert sorted(visited) == list(range(count))


def test_epochs_names_and_seeds_have_orders_of_their_own() -> None:
    def order(seed: int, name: str, epoch: int) -> list[int]:
        return [shuffled(seed, name, 50, epoch * 50 + place) for place in range(50)]

    assert order(1, "x", 0) == order(1, "x", 0)
    orders = [order(1, "x", 0), order(1, "x", 1), order(1, "y", 0), order(2, "x", 0)]
    assert len(set(map(tuple, orders))) == 4


@given(weights=weights)
@settings(max_examples=60)
def test_a_period_has_exact_proportions(weights: list[float]) -> None:
    places = period(weights)
    for stream, weight in enumerate(weights):
        assert abs(places.count(stream) / len(places) - weight / sum(weights)) < 1e-12


@given(weights=weights)
@settings(max_examples=60)
def test_every_beginning_of_a_mixture_is_near_its_proportions(weights: list[float]) -> None:
    places = period(weights) * 2
    for length in range(1, len(places) + 1):
        for stream, weight in enumerate(weights):
            share = length * weight / sum(weights)
            assert abs(places[:length].count(stream) - share) < len(weights)


@given(weights=weights, start=st.integers(0, 300))
@settings(max_examples=40)
def test_a_mixture_reads_each_stream_in_turn_from_any_place(
    weights: list[float], start: int
) -> None:
    names = [f"s{number}" for number in range(len(weights))]
    streams = {name: lambda place, name=name: problem(name, place) for name in names}
    mixture = Mixture(streams, dict(zip(names, weights, strict=True)))
    before = Counter(mixture(index).family for index in range(start))
    for index in range(start, start + 20):  # as a resumed run reads it
        read = mixture(index)
        assert read.id == f"{read.family}/{before[read.family]}"
        before[read.family] += 1


def test_a_stream_without_weight_counts_once() -> None:
    streams = {name: lambda place, name=name: problem(name, place) for name in "ab"}
    mixture = Mixture(streams, {"a": 3})
    assert Counter(mixture(index).family for index in range(400)) == {"a": 300, "b": 100}


def test_weights_without_a_short_period_are_rounded() -> None:
    places = period([1.0, 1e-9])
    assert places.count(1) == 1
    assert len(places) <= 10_001

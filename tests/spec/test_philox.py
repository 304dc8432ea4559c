"""Properties of the counter-based random numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.spec.philox import generator, philox, uniforms, word_of

WORDS = st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4)
MANY = settings(max_examples=30)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF, 0xFFFFFFFF), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_published_known_answers(
    counter: tuple[int, ...], key: tuple[int, int], expected: str
) -> None:
    assert " ".join(f"{word:08x}" for word in philox(key, counter)) == expected


@given(counters=st.lists(WORDS, min_size=1, max_size=5), seed=st.integers(0, 2**32 - 1))
@MANY
def test_uniform_numbers_are_the_same_one_by_one_and_all_at_once(
    counters: list[list[int]], seed: int
) -> None:
    together = uniforms(seed, "law", counters)
    assert ((together >= 0.0) & (together < 1.0)).all()
    np.testing.assert_array_equal(
        together, [uniforms(seed, "law", counter) for counter in counters]
    )


def test_uniform_numbers_are_spread_evenly() -> None:
    numbers = uniforms(1, "spread", np.stack([np.arange(20000), *[np.zeros(20000)] * 3], axis=1))
    assert numbers.mean() == pytest.approx(0.5, abs=0.01)
    assert numbers.var() == pytest.approx(1 / 12, abs=0.003)


def test_different_purposes_and_seeds_give_different_streams() -> None:
    counter = [[1, 2, 3, 4]]
    streams = {
        uniforms(seed, purpose, counter)[0]
        for seed in (1, 2)
        for purpose in ("rollout", "evaluation")
    }
    assert len(streams) == 4
    assert word_of("rollout") != word_of("evaluation")
    assert (
        generator(1, "a", 2).random()
        == generator(1, "a", 2).random()
        != generator(1, "a", 3).random()
    )

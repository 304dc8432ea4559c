"""Twins of the counter-based randomness: bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference.random
import scaled.random
from conformance.strategies import LAWS, Seeds
from conformance.twins import tensor

Words = st.lists(st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1]), min_size=4, max_size=4)


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
def test_philox_gives_the_published_known_answers(counter: tuple[int, ...], key: tuple[int, int], expected: str) -> None:
    words = scaled.random.philox(key, tensor(np.array(counter, dtype=np.int64)))
    assert " ".join(f"{word:08x}" for word in words.tolist()) == expected


@given(counters=st.lists(Words, min_size=1, max_size=5), key=st.tuples(Seeds, Seeds))
@LAWS
def test_philox_encrypts_alike_in_both_houses(counters: list[list[int]], key: tuple[int, int]) -> None:
    ours = scaled.random.philox(key, tensor(np.array(counters, dtype=np.int64)))
    np.testing.assert_array_equal(ours.numpy(), reference.random.philox(key, counters))


@given(counters=st.lists(Words, min_size=1, max_size=5), seed=Seeds, purpose=st.sampled_from(["rollout", "evaluation", ""]))
@LAWS
def test_uniform_numbers_are_the_same_to_the_last_bit(counters: list[list[int]], seed: int, purpose: str) -> None:
    ours = scaled.random.uniforms(seed, purpose, tensor(np.array(counters, dtype=np.int64)))
    np.testing.assert_array_equal(ours.numpy(), reference.random.uniforms(seed, purpose, counters))

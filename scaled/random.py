"""Counter-based randomness on the device: the reference's Philox4x32-10 in 64-bit integers.

torch has no unsigned multiplication of 64 bits, and needs none: the product of two 32-bit words is right modulo 2^64
whatever its sign, and a mask after the shift takes the sign's copies out of the upper word.
"""

import torch
from torch import Tensor

from reference.random import word_of

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
"""Constants of Philox4x32 (SC 2011, table 2)."""
WEYL_STEPS = (0x9E3779B9, 0xBB67AE85)
"""Key increments per round."""
LOW_WORD = 0xFFFFFFFF


def philox(key: tuple[int, int], counter: Tensor) -> Tensor:
    """Encrypt counters of four 32-bit words [..., 4] (int64) with Philox4x32-10; same shape and type."""
    c0, c1, c2, c3 = counter.movedim(-1, 0).contiguous()  # each word side by side: twice as fast on a CPU
    k0, k1 = key
    for _ in range(ROUNDS):
        product0, product1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            _high(product1) ^ c1 ^ k0,
            product1 & LOW_WORD,
            _high(product0) ^ c3 ^ k1,
            product0 & LOW_WORD,
        )
        k0, k1 = (k0 + WEYL_STEPS[0]) & LOW_WORD, (k1 + WEYL_STEPS[1]) & LOW_WORD
    return torch.stack([c0, c1, c2, c3], -1)


def uniforms(seed: int, purpose: str, counter: Tensor) -> Tensor:
    """Uniform float64 numbers in [0, 1) with 53 random bits, one per counter [..., 4]."""
    words = philox((seed, word_of(purpose)), counter)
    bits = (words[..., 0] << 21) ^ (words[..., 1] >> 11)
    return bits.to(torch.float64) * 2.0**-53


def _high(product: Tensor) -> Tensor:
    return (product >> 32) & LOW_WORD

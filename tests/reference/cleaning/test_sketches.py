"""Sketches: the estimate, the hashes, the bands."""

import numpy as np
import pytest

from seed.reference.cleaning.settings import SketchSettings
from seed.reference.cleaning.sketches import Sketcher, bands_of, ngrams, similarity


def test_ngrams_are_equal_where_words_are_and_nowhere_else() -> None:
    one, other = ["a", "b", "c", "d", "e"], ["x", "b", "c", "d", "y"]
    assert [gram in ngrams(other, 3) for gram in ngrams(one, 3)] == [False, True, False]
    assert len(set(ngrams(list("abcabd"), 2).tolist())) == 4
    assert ngrams(["a", "b"], 3).tolist() == ngrams(["a", "b"], 2).tolist()
    assert ngrams(["a", "b"], 2) != ngrams(["b", "a"], 2)
    assert ngrams([], 3).tolist() == []


def test_similarity_estimates_jaccard() -> None:
    sketcher = Sketcher(SketchSettings(permutations=1024, words=1))
    words = [f"w{n}" for n in range(300)]
    found = similarity(sketcher.signature(words[:200]), sketcher.signature(words[100:]))
    # The standard error of 1024 values is 0.015.
    assert abs(found - 1 / 3) < 0.06


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.9, 1.0])
def test_bands_find_most_pairs_at_the_threshold(threshold: float) -> None:
    bands, rows = bands_of(128, threshold)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= 0.9


def test_a_signature_does_not_depend_on_the_one_before() -> None:
    sketcher = Sketcher(SketchSettings())
    first = sketcher.signature(list("abcdefg"))
    sketcher.signature(list("xyz"))
    assert np.array_equal(first, sketcher.signature(list("abcdefg")))

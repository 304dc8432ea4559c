"""Properties of filled squares: Latin squares are drawn, all of them and nothing else."""

import numpy as np

from seed.reference.tasks.puzzles.solvers.filling import random_latin_square


def test_all_576_latin_squares_of_side_four_can_be_drawn_and_nothing_else() -> None:
    random = np.random.default_rng(0)
    drawn = {random_latin_square(random, 4) for _ in range(12000)}
    assert len(drawn) == 576
    for square in drawn:
        rows = square.split("/")
        assert all(set(line) == set("1234") for line in [*rows, *zip(*rows, strict=True)])

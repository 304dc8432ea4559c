"""Properties of response lengths: named distributions, and files of measured lengths."""

from pathlib import Path

import numpy as np
import pytest

from seed.reference.simulation.lengths import lengths_named
from seed.spec.errors import Reason, SeedError


def test_lengths_follow_their_distribution() -> None:
    lengths = lengths_named("lognormal:mean=1000,sigma=0.5,max=100000").sample(7, 20000)
    assert np.mean(lengths) == pytest.approx(1000, rel=0.02)
    assert np.std(np.log(lengths)) == pytest.approx(0.5, rel=0.03)
    assert max(lengths_named("lognormal:mean=1000,sigma=2,max=1500").sample(1, 1000)) == 1500
    assert set(lengths_named("constant:tokens=12").sample(1, 9)) == {12}


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    lengths = lengths_named("lognormal:mean=1000,sigma=0.5,max=100000")
    assert lengths.sample(7, 200)[:50] == lengths.sample(7, 50) != lengths.sample(8, 50)


def test_measured_lengths_are_drawn_from_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "lengths.jsonl"
    file.write_text('{"tokens": 3}\n\n{"tokens": 7, "id": "x"}\n', encoding="utf-8")
    lengths = lengths_named(str(file))
    assert set(lengths.sample(1, 100)) == {3, 7}
    assert lengths.sample(1, 100)[:30] == lengths.sample(1, 30)


@pytest.mark.parametrize(
    "line", ["{}", "[3]", '{"tokens": 0}', '{"tokens": true}', '{"tokens": 2.5}', "tokens", ""]
)
def test_a_file_with_a_line_that_is_no_length_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "lengths.jsonl"
    file.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(SeedError) as error:
        lengths_named(str(file))
    assert error.value.reason is Reason.UNREADABLE_FILE
    assert str(file) in error.value.line

"""Properties of the page of an ablation."""

import json
from pathlib import Path

import pytest

from seed.cli.report.ablation import AblationRow, ablation_table, write_ablation

ROWS = (
    AblationRow("full", "all parts", (1, 2, 3), (0.1, 0.1, 0.1), (0.5, 0.6, 0.7)),
    AblationRow("without <b>", "a=1", (1, 2, 3), (0.1, 0.1, 0.1), (0.3, 0.5, 0.4)),
    AblationRow("a single seed", "b=2", (2,), (0.1,), (0.7,)),
)


def test_ablation_numbers_are_those_computed_by_hand(tmp_path: Path) -> None:
    page = write_ablation(tmp_path, ROWS)
    numbers = json.loads((tmp_path / "ablation.json").read_text(encoding="utf-8"))
    full, variant, single = numbers["variants"]
    assert numbers["full"] == "full"
    assert full["difference"] is None
    assert variant["after"]["mean"] == pytest.approx(0.4)
    # Three seeds: s = 0.1, t = 4.303, half = 4.303 * 0.1 / sqrt(3) = 0.24844.
    assert variant["after"]["low"] == pytest.approx(0.15156, abs=1e-5)
    assert variant["after"]["high"] == pytest.approx(0.64844, abs=1e-5)
    # Differences -0.2, -0.1, -0.3: mean -0.2, s = 0.1.
    assert variant["difference"]["mean"] == pytest.approx(-0.2)
    assert variant["difference"]["low"] == pytest.approx(-0.44844, abs=1e-5)
    # Seed 2 alone, against 0.6 of the full recipe's seed 2.
    assert single["difference"]["mean"] == pytest.approx(0.1)
    assert single["difference"]["low"] is None
    text = page.read_text(encoding="utf-8")
    assert "without &lt;b&gt;" in text
    assert "http:" not in text
    assert write_ablation(tmp_path, ROWS).read_text(encoding="utf-8") == text


def test_the_text_table_is_aligned_and_marks_missing_intervals() -> None:
    lines = ablation_table(ROWS).splitlines()
    assert len(lines) == 2 + len(ROWS)
    assert len({len(line) for line in lines}) == 1
    assert lines[2].rstrip().endswith("-")
    assert "40.0 [15.2, 64.8]" in lines[3]
    assert "-20.0 [-44.8, +4.8]" in lines[3]
    assert "+10.0 [n/a]" in lines[4]

"""The memory table of ``seed explain``: a row a term, sums that add up, 80 columns."""

import pytest

from seed.cli.explain_memory import PAGE_WIDTH, memory_lines
from seed.spec.config_files import load_config


@pytest.mark.parametrize("preset", ["tiny", "mixed", "seed-200b"])
@pytest.mark.parametrize("recipe", ["vapo", "grpo"])
def test_every_line_fits_the_page(preset: str, recipe: str) -> None:
    lines = memory_lines(load_config(preset, recipe), build=False)
    assert max(map(len, lines)) <= PAGE_WIDTH


def test_columns_add_up_to_their_sums() -> None:
    config = load_config("seed-200b", "vapo", ["parallel.optimizer_offload=true"])
    lines = memory_lines(config, build=False)
    start = next(i for i, line in enumerate(lines) if line.startswith("  phase")) + 1
    end = next(i for i, line in enumerate(lines) if line.startswith("  sum "))
    rows = [line for line in lines[start:end] if "^" not in line.split("  ")[1]]
    for column in range(1, 5):
        cells = [row.split()[-column].replace(",", "") for row in rows]
        total = sum(float(cell) for cell in cells if cell != "-")
        assert total == pytest.approx(float(lines[end].split()[-column].replace(",", "")), abs=0.1)
    assert lines[end + 1].startswith("  sum off the device")


def test_one_process_is_explained_without_a_number_of_ranks() -> None:
    lines = memory_lines(load_config("tiny", "vapo"), build=False)
    assert lines[0] == "memory of a rank in MiB: one process, backend=reference"

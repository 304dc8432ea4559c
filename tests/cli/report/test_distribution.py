"""Properties of the section on what a run asked."""

import re
from pathlib import Path
from typing import Any

from seed.cli.report.page import write_report
from seed.reference.training.prompt_distribution import BANDS
from seed.reference.training.run_directory import RunDirectory
from tests.support.reports import rollout_line, titles, write_run

PLOTS = {
    "Share of the prompts by domain",
    "Groups by share of right responses",
    "Share of the prompts by level",
    "Solve rate by level",
}
ADAPTIVE = (
    *("distribution.method=adaptive", "data.difficulties.maze=[1, 10]"),
    "data.families=maze,arithmetic",
)


def asked(step: int) -> dict[str, Any]:
    """Figures of a step in which the weight moves to the maze's level 10."""
    moved = 0.1 * step
    weight = {"arithmetic/1": 0.5 - moved, "maze/1": 0.25, "maze/10": 0.25 + moved}
    return {
        "data/weight": weight,
        "data/weight_by_domain": {"arithmetic": 0.5 - moved, "maze": 0.5 + moved},
        "data/solve_rate": {"arithmetic/1": 1.0} | ({"maze/10": 0.5} if step > 1 else {}),
        "data/solve_rate_bands": dict(zip(BANDS, (0.25, 0.0, 0.5, 0.0, 0.25), strict=True)),
    }


def run_with(path: Path, steps: int) -> Path:
    run = write_run(path, "grpo", rl_steps=0, finished=False, overrides=ADAPTIVE)
    for step in range(1, steps + 1):
        line = rollout_line("reinforcement", 2 + step, step) | asked(step)
        RunDirectory(run).append("metrics.jsonl", line)
    return run


def test_only_a_run_that_adapts_has_the_section(tmp_path: Path) -> None:
    plain = write_report(write_run(tmp_path / "plain")).read_text(encoding="utf-8")
    page = write_report(run_with(tmp_path / "adaptive", 3)).read_text(encoding="utf-8")
    assert "What was asked" not in plain
    assert titles(page) >= PLOTS and not titles(plain) & PLOTS
    assert "distribution.method=adaptive" in page
    assert "What gained most is maze/10: from 35 to 55 % of the prompts" in page
    levels = re.findall(r'role="img" aria-label="Share of the prompts by level[^"]*"', page)[0]
    assert levels.index("arithmetic, level 1") < levels.index("maze, level 1")
    assert levels.index("maze, level 1:") < levels.index("maze, level 10:")
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_a_run_without_an_rl_step_has_no_section(tmp_path: Path) -> None:
    page = write_report(run_with(tmp_path / "run", 0)).read_text(encoding="utf-8")
    assert "What was asked" not in page

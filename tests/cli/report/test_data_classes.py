"""Properties of the report by data class, and of a run of the preset ``mixed`` that it describes.

Three data classes learn in one run; metrics, summary, report and terminal keep them apart.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from seed.cli.report.data_classes import class_rewards, class_section, class_text
from seed.reference.rewards.reward_model import TASKS
from seed.spec.config_files import load_config
from tests.support.command_line import succeeded
from tests.support.small_runs import SMALL

DATA = load_config("mixed", "vapo").data
CLASSES = {"verifiable": "arithmetic", "general": "prose", "hybrid": "maze"}
OVERRIDES = (
    *SMALL,
    "reward_model.steps=4",
    "reward_model.batch=8",
    "reward_model.evaluation_pairs=40",
    "rollout.prompts=6",
    "evaluation.problems=6",
    "value_pretraining.steps=1",
    "supervised.steps=2",
    "rollout.steps=2",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A short run of the preset, and its output on the terminal."""
    path = tmp_path_factory.mktemp("runs") / "mixed"
    return path, succeeded("run", "--preset", "mixed", "--out", path, *OVERRIDES).stdout


def line(step: int, **rewards: float) -> dict[str, Any]:
    return {"phase_step": step, "reward/by_class": rewards}


def test_the_preset_has_a_family_of_every_class_and_the_preferences_they_need() -> None:
    assert {DATA.class_of(family): family for family in DATA.families} == CLASSES
    assert set(DATA.preferred) <= TASKS.keys()


def test_every_step_has_the_reward_of_every_class(finished: tuple[Path, str]) -> None:
    lines = [json.loads(text) for text in (finished[0] / "metrics.jsonl").read_text().splitlines()]
    sampled = [metrics for metrics in lines if metrics["phase"] != "supervised"]
    assert len(sampled) == 3
    for metrics in sampled:
        by_class = metrics["reward/by_class"]
        assert by_class.keys() == CLASSES.keys()
        assert sum(by_class.values()) / 3 == pytest.approx(metrics["reward/mean"])


def test_report_and_terminal_keep_classes_and_families_apart(finished: tuple[Path, str]) -> None:
    path, terminal = finished
    report = (path / "report.html").read_text(encoding="utf-8")
    for heading in ("<h2>Reward by data class</h2>", "<h3>Reward by data class</h3>"):
        assert heading in report
    for name, family in CLASSES.items():
        assert re.search(
            rf"<th scope=row>{name}</th><td>{family}</td>(<td class=n>[^<]+</td>){{3}}", report
        )
        assert f">{name}: {family}<" in report
        assert re.search(rf"^{name} +{family} ", terminal, re.MULTILINE)
    for family in ("prose", "maze"):
        assert f"agrees with it on {family}" in report
        assert f"{family}, by the hidden preference" in terminal


def test_the_summary_has_the_reward_models_accuracy_on_held_out_pairs_of_each_family(
    finished: tuple[Path, str],
) -> None:
    summary = json.loads((finished[0] / "summary.json").read_text())
    agreement = summary["reward_model"]["agreement_by_family"]
    assert {family: rate["n"] for family, rate in agreement.items()} == {"prose": 20, "maze": 20}
    overall = summary["reward_model"]["agreement"]["accuracy"]
    assert sum(rate["accuracy"] for rate in agreement.values()) / 2 == pytest.approx(overall)
    for preference in summary["preference"].values():
        by_family = preference["by_family"]
        assert by_family.keys() == agreement.keys()
        for name in ("by_reward_model", "by_hidden_preference"):
            mean = sum(rates[name]["accuracy"] for rates in by_family.values()) / 2
            assert mean == pytest.approx(preference[name]["accuracy"])


def test_windows_are_the_first_and_the_last_sixth_of_the_steps() -> None:
    lines = [line(step, general=float(step), hybrid=0.0) for step in range(1, 25)]
    general, hybrid = class_rewards([*lines, {"phase_step": 25}], DATA)
    assert (general.name, general.families, hybrid.families) == ("general", ("prose",), ("maze",))
    windows = [(window.first, window.last) for window in (general.early, general.late)]
    assert windows == [(1, 4), (21, 24)]
    # 1, 2, 3, 4: s = 1.29099, t = 3.182, half = 3.182 * 1.29099 / 2 = 2.05397
    assert general.early.reward.mean == 2.5
    assert general.early.reward.high == pytest.approx(2.5 + 2.05397, abs=1e-4)
    assert hybrid.late.reward.low == hybrid.late.reward.high == 0.0


def test_a_single_step_has_no_interval() -> None:
    text = class_text(class_rewards([line(1, general=-0.25)], DATA))
    assert "step 1 " in text and "[" not in text
    assert re.search("−0.25 +−0.25", text)
    assert "+0.00" in class_text(class_rewards([line(1, general=-0.001)], DATA))


def test_a_run_of_verifiable_problems_has_no_table() -> None:
    classes = class_rewards([{"phase_step": 1}], DATA)
    assert (classes, class_text(classes), class_section(classes)) == ([], "", "")

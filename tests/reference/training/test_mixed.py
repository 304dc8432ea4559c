"""Laws of the preset ``mixed``: three data classes learn in one run, and each of them is reports apart
wherever the run is shown.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from seed.cli.main import seed
from seed.cli.report.classes import Earned, class_lines, class_section, earned
from seed.reference.rewards.reward_model import TASKS
from seed.spec.config_files import load_config
from tests.reference.training.test_trainer import SMALL

CLASSES = {"verifiable": "arithmetic", "general": "prose", "hybrid": "maze"}
SECONDS = ("reward_model.steps=4", "reward_model.batch=8", "reward_model.evaluation_pairs=40", "rollout.prompts=6",
           "evaluation.problems=6", "value_pretraining.steps=1", "supervised.steps=2", "rollout.steps=2")  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A short run of the preset, and what the terminal showed."""
    path = tmp_path_factory.mktemp("runs") / "mixed"
    done = CliRunner().invoke(
        seed, ["run", "--preset", "mixed", "--out", str(path), *SMALL, *SECONDS]
    )
    assert done.exit_code == 0, done.output
    return path, done.stdout


def line(step: int, **rewards: float) -> dict[str, Any]:
    return {"phase_step": step, "reward/by_class": rewards}


def test_the_preset_has_a_family_of_every_class_and_preferences_to_learn_for_those_that_need_them() -> (
    None
):
    data = load_config("mixed", "vapo").data
    assert {data.class_of(family): family for family in data.families} == CLASSES
    assert set(data.preferred) <= TASKS.keys()


def test_every_step_tells_the_reward_of_every_class(finished: tuple[Path, str]) -> None:
    lines = [json.loads(text) for text in (finished[0] / "metrics.jsonl").read_text().splitlines()]
    sampled = [one for one in lines if one["phase"] != "supervised"]
    assert len(sampled) == 3
    for one in sampled:
        assert one["reward/by_class"].keys() == CLASSES.keys()
        assert sum(one["reward/by_class"].values()) / 3 == pytest.approx(one["reward/mean"])


def test_report_and_terminal_tell_classes_and_families_apart(finished: tuple[Path, str]) -> None:
    path, reports = finished
    text = (path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Reward by data class</h2>" in text and "<h3>Reward by data class</h3>" in text
    for name, family in CLASSES.items():
        assert re.search(rf"<td>{name}</td><td>{family}</td>(<td class=n>[^<]+</td>){{3}}", text)
        assert f">{name}: {family}<" in text
        assert re.search(rf"^{name} +{family} ", reports, re.MULTILINE)
    for family in ("prose", "maze"):
        assert (
            f"agrees with it on {family}" in text
            and f"{family}, by the hidden preference" in reports
        )


def test_the_summary_has_the_reward_models_accuracy_on_unseen_pairs_of_each_family(
    finished: tuple[Path, str],
) -> None:
    summary = json.loads((finished[0] / "summary.json").read_text())
    agreement = summary["reward_model"]["agreement_by_family"]
    assert {family: rate["n"] for family, rate in agreement.items()} == {"prose": 20, "maze": 20}
    whole = summary["reward_model"]["agreement"]["accuracy"]
    assert sum(rate["accuracy"] for rate in agreement.values()) / 2 == pytest.approx(whole)
    for found in summary["preference"].values():
        assert found["by_family"].keys() == agreement.keys()
        for name in ("by_reward_model", "by_hidden_preference"):
            parts = [rates[name]["accuracy"] for rates in found["by_family"].values()]
            assert sum(parts) / 2 == pytest.approx(found[name]["accuracy"])


def test_windows_are_the_first_and_the_last_sixth_of_the_steps() -> None:
    data = load_config("mixed", "vapo").data
    lines = [line(step, general=float(step), hybrid=0.0) for step in range(1, 25)] + [
        {"phase_step": 25}
    ]
    general, hybrid = earned(lines, data)
    assert (general.name, general.families, hybrid.families) == ("general", ("prose",), ("maze",))
    assert [(part.first, part.last) for part in (general.early, general.late)] == [(1, 4), (21, 24)]
    # 1, 2, 3, 4: s = 1.29099, t = 3.182, half = 3.182 * 1.29099 / 2 = 2.05397
    assert general.early.reward.mean == 2.5
    assert general.early.reward.high == pytest.approx(2.5 + 2.05397, abs=1e-4)
    assert hybrid.late.reward.low == hybrid.late.reward.high == 0.0


def test_a_single_step_has_no_interval_and_a_run_of_verifiable_problems_no_table() -> None:
    data = load_config("mixed", "vapo").data
    single = earned([line(1, general=-0.25)], data)
    assert "step 1 " in class_lines(single) and "+0.00" in class_lines(
        earned([line(1, general=-0.001)], data)
    )
    assert "−0.25  −0.25" in re.sub(" {3,}", "  ", class_lines(single)) and "[" not in class_lines(
        single
    )
    nothing: list[Earned] = earned([{"phase_step": 1}], data)
    assert (nothing, class_lines(nothing), class_section(nothing)) == ([], "", "")

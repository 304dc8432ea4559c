"""Properties of the table of metrics: whole sentences, known groups, nothing that no code writes.

That small runs write exactly these keys is in ``tests/reference/training/test_metrics.py``.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from seed.reference.objective import LOSS_TERMS
from seed.spec.config_errors import settings_named
from seed.spec.metrics import GROUPS, METRICS, TIMINGS, Metric, full_name, metric_of

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "reference/training").glob("*.py"), ROOT / "reference/objective.py"]
ENTRIES = {**METRICS, **TIMINGS}
SETTING = re.compile(r"\b([a-z_]+(?:\.[a-z_0-9]+)+)\b")
FILES = ("samples.jsonl", "summary.json")


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_is_whole(key: str) -> None:
    entry = ENTRIES[key]
    assert entry.meaning[0].islower() or entry.meaning.startswith("SFT: ")
    assert not entry.meaning.endswith(".") and entry.values
    assert entry.advice.endswith(".") and not entry.advice.endswith("..")


@pytest.mark.parametrize("key", METRICS)
def test_every_key_is_of_a_known_group(key: str) -> None:
    assert key.rpartition("/")[0] in GROUPS


@pytest.mark.parametrize("key", ENTRIES)
def test_the_settings_that_an_entry_names_exist(key: str) -> None:
    text = " ".join([ENTRIES[key].meaning, ENTRIES[key].values, ENTRIES[key].advice])
    for dotted in set(SETTING.findall(text)) - set(FILES):
        assert dotted in settings_named(dotted.rpartition(".")[2]), dotted


@pytest.mark.parametrize("key", ENTRIES)
def test_the_metrics_that_an_entry_names_exist(key: str) -> None:
    text = ENTRIES[key].advice
    pattern = re.compile(rf"\b(?:{'|'.join(filter(None, GROUPS))})/[a-z_]+")
    assert set(pattern.findall(text)) <= METRICS.keys()


def test_the_sources_write_no_other_key() -> None:
    pattern = re.compile(rf'"((?:{"|".join(filter(None, GROUPS))})/[a-z_]+)"')
    written = {key for path in SOURCES for key in pattern.findall(path.read_text("utf-8"))}
    assert len(written) > 20
    assert written <= METRICS.keys()


def test_every_loss_term_has_an_entry() -> None:
    assert {f"policy/loss_{term}" for term in LOSS_TERMS} <= METRICS.keys()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("reward/mean", "reward/mean"),
        ("reward/accuracy_by_family/maze", "reward/accuracy_by_family"),
        ("advantage/lambda_by_length/7", "advantage/lambda_by_length"),
        ("reward/mean/maze", None),
        ("reward/nothing", None),
        ("", None),
    ],
)
def test_an_entry_of_a_mapping_has_the_meaning_of_the_mapping(name: str, key: str | None) -> None:
    assert metric_of(name) is (METRICS[key] if key else None)


def test_a_mapping_is_named_with_what_its_keys_are() -> None:
    assert full_name("reward/accuracy_by_family") == "reward/accuracy_by_family/FAMILY"
    assert full_name("reward/mean") == "reward/mean"
    assert full_name("policy/loss_mine") == "policy/loss_mine"


def test_the_table_cannot_be_changed() -> None:
    table: Any = METRICS
    with pytest.raises(TypeError):
        table["reward/mean"] = Metric("", "", "")

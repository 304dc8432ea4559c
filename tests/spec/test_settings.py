"""Properties of the list of settings: it is whole, and its legal values are those that are read."""

import pytest

from seed.spec.config_errors import settings_named
from seed.spec.config_files import load_config
from seed.spec.settings import all_settings, as_typed

SETTINGS = all_settings()


@pytest.mark.parametrize("name", SETTINGS)
def test_every_entry_says_what_is_legal(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.name == name and setting.legal
    assert setting.meaning or name in ("preset", "recipe")
    assert name in settings_named(name.rpartition(".")[2])


@pytest.mark.parametrize("name", [name for name in SETTINGS if "." in name])
def test_every_default_can_be_typed(name: str) -> None:
    default = SETTINGS[name].default
    if default not in ("", "{}", '""'):
        typed = default.replace('["', "").replace('"]', "")
        # Nothing else may make the default illegal.
        legal = ["algorithm.clip_low=0.0", f"{name}={typed}"]
        legal += ["data.train=sums.jsonl"] if name == "data.families" else []
        config = load_config("tiny", "vapo", legal)
        value = config
        for part in name.split("."):
            value = getattr(value, part)
        assert as_typed(value) == default


@pytest.mark.parametrize(
    ("name", "legal", "default"),
    [
        ("algorithm.clip_low", "a number of at least 0 and at most 1", "0.2"),
        ("algorithm.advantage", "one of gae, group", "gae"),
        ("seed", "an integer of at least 0 and below 4294967296", "1"),
        ("reward_model.batch", "an integer of at least 2 and a multiple of 2", "64"),
        ("reward_model.optimizer.learning_rate", "a number above 0", "0.003"),
        ("policy_optimizer.learning_rate", "a number above 0", ""),
        ("algorithm.whiten", "true or false", "false"),
        ("data.families", "a list; each a text", "[]"),
        ("preset", "one of tiny, small, mixed, smollm2, seed-200b", ""),
    ],
)
def test_types_ranges_and_defaults_are_words(name: str, legal: str, default: str) -> None:
    assert (SETTINGS[name].legal, SETTINGS[name].default) == (legal, default)

"""Properties of error lines about settings: they name the setting of ours that was meant."""

import pytest

from seed.spec.aliases import ALIASES
from seed.spec.config_errors import USED_BY_REFERENCE, check_effect
from seed.spec.config_files import PRESETS, load_config
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import SETTINGS, VALUES


def line_of(*overrides: str, reason: Reason = Reason.UNKNOWN_KEY) -> str:
    """The error line of an illegal configuration."""
    with pytest.raises(SeedError) as error:
        load_config("tiny", "vapo", overrides)
    assert error.value.reason is reason
    assert "\n" not in error.value.line
    return error.value.line


@pytest.mark.parametrize("name", ALIASES)
@pytest.mark.parametrize("prefix", ["", "actor_rollout_ref.actor."])
def test_a_setting_of_another_framework_gets_our_name(name: str, prefix: str) -> None:
    line = line_of(f"{prefix}{name}=1")
    assert f": {name} is {ALIASES[name].setting} here" in line


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_version_0_1_gets_the_name_of_today(name: str) -> None:
    assert line_of(f"{name}=2") == f"{name} is not a key: {name} is {SETTINGS[name]} now"


@pytest.mark.parametrize(
    ("setting", "old", "new"),
    [
        (setting, old, new)
        for setting, values in VALUES.items()
        for old, new in values.items()
        if isinstance(old, str)  # true and false are still read
    ],
)
def test_a_value_of_version_0_1_gets_the_name_of_today(setting: str, old: str, new: str) -> None:
    line = line_of(f"{setting}={old}", reason=Reason.ILLEGAL_VALUE)
    assert line.startswith(f"{setting}='{old}' must be ")
    assert line.endswith(f"; {old} is {new} now")


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("clip_high=0.3", "clip_high is not a key: clip_high is algorithm.clip_high"),
        ("rollout.clip_high=1", "rollout.clip_high is not a key: clip_high is algorithm.clip_high"),
        ("actor.clip_high=1", "actor is not a key: clip_high is algorithm.clip_high"),
        (
            "algorithm.top_p=1",
            "algorithm.top_p is not a key: top_p is rollout.top_p or evaluation.top_p",
        ),
        ("model.seed=3", "model.seed is not a key: seed is a setting of no section"),
    ],
)
def test_a_setting_in_the_wrong_section_gets_the_right_one(override: str, line: str) -> None:
    assert line_of(override) == line


def test_a_misspelt_section_is_not_taken_for_a_setting_in_the_wrong_one() -> None:
    assert "(did you mean supervised?)" in line_of("supervisd.steps=3")


@pytest.mark.parametrize("name", ParallelConfig.model_fields)
def test_a_run_starts_only_with_settings_that_its_backend_uses(name: str) -> None:
    config = load_config("tiny", "vapo")
    default = getattr(config.parallel, name)
    value = "other" if isinstance(default, str) else not default
    parallel = config.parallel.model_copy(update={name: value})
    config = config.model_copy(update={"parallel": parallel})
    check_effect(config.model_copy(update={"backend": "scaled"}))
    if name in USED_BY_REFERENCE:
        check_effect(config)
        return
    with pytest.raises(SeedError, match=f"parallel.{name}=.* has no effect with") as error:
        check_effect(config)
    assert error.value.reason is Reason.ILLEGAL_COMBINATION


def test_every_preset_can_be_explained_with_the_default_backend() -> None:
    for preset in PRESETS:
        load_config(preset, "vapo")

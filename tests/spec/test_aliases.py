"""Properties of names from other frameworks: each leads to a setting, a hint is one short line."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from seed.spec.aliases import ALIASES, hint_for
from seed.spec.config_errors import settings_named

LONGEST_HINT = 200


def is_setting(dotted: str) -> bool:
    return dotted in settings_named(dotted.rpartition(".")[2])


@pytest.mark.parametrize("name", ALIASES)
def test_every_alias_leads_to_a_setting(name: str) -> None:
    assert is_setting(ALIASES[name].setting)


@pytest.mark.parametrize("name", ALIASES)
def test_no_alias_is_the_dotted_name_of_a_setting_of_ours(name: str) -> None:
    assert not is_setting(name)


@pytest.mark.parametrize("name", ALIASES)
def test_a_leaf_of_ours_is_an_alias_only_if_several_sections_have_it(name: str) -> None:
    """Where one section has it, that section is the better hint."""
    assert len(settings_named(name)) != 1


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_is_a_name_in_lower_case_with_underscores(name: str) -> None:
    assert all(component.isidentifier() for component in name.split("."))
    assert name == name.lower()


@pytest.mark.parametrize("name", ALIASES)
def test_a_hint_is_one_short_line_that_names_both(name: str) -> None:
    hint = hint_for(name)
    assert hint.startswith(f"{name} is {ALIASES[name].setting} here")
    assert hint.isprintable()
    assert len(hint) <= LONGEST_HINT
    assert hint.endswith(f"({ALIASES[name].note})" if ALIASES[name].note else "here")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("num_generations", "num_generations is rollout.samples_per_prompt here"),
        ("actor_rollout_ref.rollout.n", "rollout.n is rollout.samples_per_prompt here"),
        ("actor_rollout_ref.actor.optim.lr", "lr is policy_optimizer.learning_rate here"),
        ("critic.optim.lr", "critic.optim.lr is value_optimizer.learning_rate here"),
        ("--n-samples-per-prompt", "n_samples_per_prompt is rollout.samples_per_prompt here"),
        ("value_optimizer.lr", "value_optimizer.lr is value_optimizer.learning_rate here"),
        ("algorithm.Epsilon_High", "epsilon_high is algorithm.clip_high here"),
        ("nothing", ""),
        ("beta.nothing", ""),
        ("", ""),
    ],
)
def test_the_longest_end_of_a_name_in_the_table_decides(written: str, hint: str) -> None:
    assert hint_for(written) == hint


@pytest.mark.parametrize(
    "name", ["beta", "epsilon", "loss_type", "clip_ratio", "kl_coef", "lam", "train_batch_size"]
)
def test_a_name_that_means_something_else_there_has_a_note(name: str) -> None:
    assert ALIASES[name].note


@given(name=st.text(max_size=40) | st.sampled_from(list(ALIASES)).map("two\nlines.{}".format))
@profile(max_examples=100)
def test_no_name_makes_a_hint_of_several_lines(name: str) -> None:
    assert len(hint_for(name).splitlines()) <= 1


@pytest.mark.parametrize(
    ("leaf", "settings"),
    [
        ("clip_high", ("algorithm.clip_high",)),
        ("seed", ("seed",)),
        ("top_p", ("rollout.top_p", "evaluation.top_p")),
        ("nothing", ()),
        ("algorithm", ()),
        ("", ()),
    ],
)
def test_a_leaf_gets_all_sections_that_have_it(leaf: str, settings: tuple[str, ...]) -> None:
    assert settings_named(leaf) == settings


def test_settings_of_nested_sections_are_found() -> None:
    assert "supervised.optimizer.learning_rate" in settings_named("learning_rate")


def test_the_table_cannot_be_changed() -> None:
    table: Any = ALIASES
    with pytest.raises(TypeError):
        table["lr"] = None
    alias: Any = ALIASES["lr"]
    with pytest.raises(FrozenInstanceError):
        alias.setting = "policy_optimizer.epsilon"

"""Properties of what ``seed explain`` says about settings: whole, narrow, with near names."""

from pathlib import Path

import pytest

from seed.cli.explain_settings import explained
from seed.spec.aliases import alias_of
from seed.spec.config_files import composed, layers_of
from seed.spec.settings import all_settings
from tests.support.command_line import assert_user_error, run, succeeded


@pytest.mark.parametrize("columns", [60, 80, 132])
@pytest.mark.parametrize("words", [(), ("algorithm",), ("lr", "data.families"), ("--metrics",)])
def test_lines_fit_the_terminal(columns: int, words: tuple[str, ...]) -> None:
    lines = run("explain", *words, columns=columns).stdout.splitlines()
    assert len(lines) > 5
    # The table of memory, in the explanation of everything, is as wide as its columns.
    assert max(map(len, lines)) <= (columns if words else max(columns, 80))
    assert not words or max(map(len, lines)) > columns - 20


def test_only_names_of_tests_and_functions_are_longer_than_the_terminal() -> None:
    lines = run("explain", "--equations", columns=80).stdout.splitlines()
    long = [line for line in lines if len(line) > 80]
    assert all(len(line.split()) == 2 for line in long)


def test_a_setting_is_explained_in_full() -> None:
    output = succeeded("explain", "--recipe", "grpo", "algorithm.clip_high").stdout
    assert output.splitlines() == [
        "algorithm.clip_high = 0.2",
        "  meaning     eps_high: ratio cap is 1 + clip_high, at least clip_low",
        "  legal       a number of at least 0",
        "  default     0.28",
        "  set by      recipe grpo",
        "  elsewhere   epsilon_high, clip_ratio_high",
    ]


def test_words_and_overrides_work_together(tmp_path: Path) -> None:
    output = succeeded("explain", "gae_alpha", "algorithm.gae_alpha=0.05").stdout
    assert output.startswith("algorithm.gae_alpha = 0.05\n") and "by      command line" in output
    file = tmp_path / "mine.toml"
    file.write_text("[algorithm]\ngae_alpha = 0.5\n")
    output = succeeded("explain", "--config", file, "gae_alpha").stdout
    assert f"set by      file {file}" in output


def test_every_setting_can_be_asked_for() -> None:
    layers = layers_of("mixed", "dapo")
    config = composed(layers)
    for name in all_settings():
        assert explained([name], config, layers)[0].startswith(f"{name} = ")


@pytest.mark.parametrize("alias", ["kl_coef", "critic.optim.lr", "actor.clip_ratio_c"])
def test_a_name_of_another_framework_leads_to_our_setting(alias: str) -> None:
    first, second = succeeded("explain", alias).stdout.splitlines()[:2]
    found = alias_of(alias)
    assert found and first == f"{alias} is {found[1].setting} here"
    assert second.startswith(f"{found[1].setting} = ")


def test_a_last_part_of_several_settings_shows_all_of_them() -> None:
    lines = succeeded("explain", "top_p").stdout.splitlines()
    shown = [line.partition(" = ")[0] for line in lines if line and line[0] != " "]
    assert shown == ["rollout.top_p", "evaluation.top_p"]


def test_a_section_shows_its_settings_and_a_metric_its_meaning() -> None:
    output = succeeded("explain", "supervised").stdout
    assert output.startswith("[supervised]\n  supervised.steps = 1800")
    assert "supervised.optimizer.beta1" in output and "rollout.steps" not in output
    assert "advice" in succeeded("explain", "reward/accuracy_by_family/maze").stdout


def test_a_setting_without_effect_says_so() -> None:
    assert "no effect   with algorithm.advantage=group" in (
        succeeded("explain", "--recipe", "grpo", "gae_alpha").stdout
    )


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("clip_hihg", "algorithm.clip_high"),
        ("algorithm.clip_hihg", "algorithm.clip_high"),
        ("algoritm", "algorithm"),
        ("policy/entropi", "policy/entropy"),
        ("samples_per_promt", "rollout.samples_per_prompt"),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest(word: str, near: str) -> None:
    line = f"unknown-name: {word!r} is no setting, section or metric (did you mean "
    assert_user_error(run("explain", word), line, near)


def test_a_word_that_resembles_nothing_gets_no_hint() -> None:
    assert_user_error(run("explain", "qqqqqq"), "is no setting, section or metric; `seed explain`")


def test_what_a_run_would_refuse_is_refused() -> None:
    result = run("explain", "data.families=zebra")
    assert_user_error(result, "model.vocabulary=32 must be at least 97")
    result = run("explain", "data.families=chess")
    assert_user_error(result, "family 'chess' does not exist; legal are")
    assert_user_error(run("explain", "data.difficulties.maze=[9]"), "maze has no level 9")

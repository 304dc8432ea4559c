"""Properties of hints: an option that is a setting is written as one, words elsewhere lead home."""

import pytest

from seed.cli.near_names import COMMAND_WORDS
from tests.support.command_line import assert_user_error, run


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (("--steps", "5"), "--steps is not an option: set rollout.steps=5 (there are also"),
        (("--steps=5",), "set rollout.steps=5 ("),
        (("--clip-high", "0.3"), "set algorithm.clip_high=0.3;"),
        (("--learning-rate", "1e-4"), "set policy_optimizer.learning_rate=1e-4 (RL only"),
        (("--kl-coef", "0.1"), "set algorithm.kl_weight=0.1 ("),
        (("--algorithm", "X"), "algorithm is a section of settings: set algorithm.KEY=VALUE"),
        (("--mini-batch",), "set algorithm.mini_batch=VALUE;"),
        (("--reciep", "dapo"), "(did you mean --recipe?)"),
        (("--outt", "x"), "(did you mean --out?)"),
    ],
)
def test_an_option_that_is_a_setting_is_written_as_one(typed: tuple[str, ...], hint: str) -> None:
    assert_user_error(run("run", *typed), "unknown-name: ", hint, "legal options of seed run:")


@pytest.mark.parametrize(
    "typed", [("run", "--foo", "3"), ("run", "--gpus"), ("verify", "--steps", "3")]
)
def test_what_resembles_nothing_gets_no_hint(typed: tuple[str, ...]) -> None:
    assert_user_error(run(*typed), f"{typed[1]} is not an option; legal options of seed")


@pytest.mark.parametrize(
    ("word", "command"),
    [("train", "run"), ("trian", "run"), ("evaluate", "eval"), ("rnu", "run"), ("resume", "run")],
)
def test_a_word_from_elsewhere_leads_to_our_command(word: str, command: str) -> None:
    assert_user_error(run(word), f"{word} is not a command (did you mean {command}")


@pytest.mark.parametrize("command", COMMAND_WORDS.values())
def test_the_commands_that_are_offered_exist(command: str) -> None:
    assert run(*command.split()[:1], "--help").exit_code == 0

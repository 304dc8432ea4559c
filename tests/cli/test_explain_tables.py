"""Properties of the tables of ``seed explain``: all of them, or what holds the words."""

import pytest

from seed.spec.equations import EQUATIONS
from seed.spec.metrics import METRICS, TIMINGS, full_name
from tests.support.command_line import assert_user_error, run, succeeded


def test_every_metric_is_listed_with_its_meaning_and_advice() -> None:
    output = succeeded("explain", "--metrics").stdout
    blocks = [block.splitlines()[0] for block in output.split("\n\n")]
    timings = [key for key in TIMINGS if key not in METRICS]
    assert blocks == [*map(full_name, METRICS), *timings]
    assert output.count("  advice  ") == len(blocks)


def test_a_word_chooses_metrics() -> None:
    output = succeeded("explain", "--metrics", "EXPLORATION").stdout
    assert output.startswith("policy/entropy\n") and "\n\n" not in output
    assert "timings.jsonl" in succeeded("explain", "--metrics", "rollout_tokens").stdout


def test_words_choose_equations_that_hold_all_of_them() -> None:
    whole, some, fewer = (
        succeeded("explain", "--equations", *words).stdout.count("source  ")
        for words in ((), ("lambda",), ("lambda", "length"))
    )
    assert whole == len(EQUATIONS) > some > fewer > 0


@pytest.mark.parametrize("table", ["--metrics", "--equations"])
def test_a_word_in_no_entry_is_refused(table: str) -> None:
    kind = table.removeprefix("--").removesuffix("s")
    assert_user_error(run("explain", table, "qqqq"), f"unknown-name: no {kind} holds 'qqqq'")


@pytest.mark.parametrize("option", ["--metrics", "--equations"])
def test_overrides_beside_a_table_are_refused(option: str) -> None:
    result = run("explain", option, "rollout.steps=3")
    assert_user_error(result, f"rollout.steps=3 has no effect with {option}")


def test_words_beside_the_file_are_refused() -> None:
    assert_user_error(run("explain", "--toml", "clip_high"), "clip_high has no effect with --toml")

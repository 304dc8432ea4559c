"""Reward functions are called by the names of their parameters, and read without silent zeros."""

from typing import Any

import pytest

from seed.reference.rewards.function import MAX_COLUMN_CHARACTERS, Score, answer, answer_of
from tests.support import reward_functions


def response(text: str = "12", **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "id": "sums/1",
        "domain": "math",
        "family": "sums",
        "problem": "3 * 4 = ?",
        "messages": [],
        "response": text,
        "response_ids": list(range(len(text))),
        "reference": "12",
        "tests": None,
        "puzzle": None,
        "row": {"level": 4},
    }
    return given | fields


def called(name: str, *responses: dict[str, Any]) -> dict[str, Any]:
    address = f"{reward_functions.__file__}:{name}"
    return answer(address, {"responses": list(responses or [response()])})


def scores(name: str, *responses: dict[str, Any]) -> tuple[Score, ...]:
    reply = called(name, *responses)
    assert "scores" in reply, reply
    return answer_of(reply).scores


def why(name: str, *responses: dict[str, Any]) -> str:
    reply = called(name, *responses)
    assert reply["verdict"] == "error"
    assert reply["reward"] is None
    return str(reply["why"])


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("of_item", Score(1.0, True)),
        ("compute_score", Score(2.0, True, columns={"acc": True, "pred": "12", "of": "sums"})),
        ("of_completion", Score(0.25 + 9 / 100)),
        ("of_info", Score(0 + 4 + 3.0)),
        ("in_numpy", Score(0.5)),
        ("as_verifier", Score(0.4, False, "x", "nearly", {"steps": 3})),
        ("applies_to_long_responses", Score()),
    ],
)
def test_a_function_is_called_by_names_with_whatever_it_asks_for(name: str, score: Score) -> None:
    assert scores(name) == (score,)


def test_the_batch_form_gets_lists_over_the_responses_to_a_prompt() -> None:
    group = [response("1"), response("123"), response("12")]
    assert [score.value for score in scores("of_batch", *group)] == [1.4, 3.4, 2.4]
    assert [score.value for score in scores("rank_in_group", *group)] == [0.0, 2.0, 1.0]


def test_chat_prompts_come_as_messages_and_loggers_fill_columns() -> None:
    messages = [{"role": "user", "content": "3 * 4 = ?"}]
    group = [response(text, messages=messages) for text in ("12", "13")]
    assert scores("of_messages", *group) == (
        Score(1.0, columns={"first": "12", "count": 2}),
        Score(1.0, columns={"first": "13", "count": 2}),
    )


def test_a_column_of_the_file_beats_a_name_that_is_derived_but_never_the_response() -> None:
    row = {"answer": "from the row", "completion": "from the row", "info": {"a": 1, "b": 2}}
    (score,) = scores("of_completion", response("from the row", row=row))
    assert score.value == 0.25 + 9 / 100
    (score,) = scores("of_completion", response("12", row=row))
    assert score.value == 9 / 100
    (score,) = scores("of_info", response(row=row))
    assert score.value == 2 + 7 + 3


def test_verl_gets_the_ground_truth_as_it_stands_in_its_line() -> None:
    row = {"reward_model": {"style": "rule", "ground_truth": "13"}, "data_source": "gsm8k"}
    (score,) = scores("compute_score", response("13", row=row))
    assert (score.value, score.columns["of"]) == (2.0, "gsm8k")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raises", "JSONDecodeError: Expecting property name enclosed in double quotes"),
        ("returns_too_few", "it returned 0 values for 1 responses"),
        ("returns_one_number", "it returned float for 1 responses, must be a list of that length"),
        ("by_position", "parameter completion must not be positional-only"),
        ("asks_for_too_much", "parameter colour is neither a name that a reward function may ask"),
    ],
)
def test_what_fails_as_a_whole_is_an_error_with_its_reason(name: str, reason: str) -> None:
    assert why(name).startswith(reason)


def test_an_exception_names_the_line_and_a_missing_parameter_what_there_is() -> None:
    assert "(reward_functions.py line " in why("raises")
    assert "level, answer, completion" in why("asks_for_too_much")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("is_not_a_number", "the reward is nan, must be a finite number"),
        ("is_infinite", "the reward is inf, must be a finite number"),
        ("returns_text", "it returned str for a response, must be"),
        ("returns_no_score", "the mapping has reward, no score"),
        ("returns_an_object", "column of is object, must be plain JSON"),
    ],
)
def test_p_a_value_that_is_no_reward_is_an_error_and_never_a_zero(name: str, reason: str) -> None:
    (score,) = scores(name)
    assert score.value is None
    assert score.error.startswith(reason)


def test_one_bad_value_of_a_list_spoils_no_other() -> None:
    first, second, third, fourth = scores("spoils_one", *[response()] * 4)
    assert (first, third, fourth) == (Score(1.0), Score(), Score(1.0, True))
    assert second.error


def test_long_columns_are_refused(tmp_path: Any) -> None:
    file = tmp_path / "long.py"
    file.write_text(
        f"def f(completion):\n    return {{'score': 1, 'of': 'x' * {MAX_COLUMN_CHARACTERS}}}\n"
    )
    reply = answer(f"{file}:f", {"responses": [response()]})
    assert "column of has" in answer_of(reply).scores[0].error


def test_a_check_calls_nothing_and_tells_the_form() -> None:
    for name, takes_batches in (("never_ends", False), ("returns_too_few", True)):
        address = f"{reward_functions.__file__}:{name}"
        reply = answer(address, {"responses": [response()], "only_check": True})
        assert answer_of(reply).takes_batches == takes_batches

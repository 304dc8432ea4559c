"""Rows of chats: every form becomes the same messages, and a row without a lesson says why."""

from typing import Any

import pytest

from seed.reference.data.chats import CHAT_FORMS, read_chat
from seed.reference.data.messages import Unusable

ASKED = {"role": "user", "content": "1+1?"}
ANSWERED = {"role": "assistant", "content": "2"}
SYSTEM = {"role": "system", "content": "Be brief."}
ROWS: dict[str, list[dict[str, Any]]] = {
    "problem and demonstration": [
        {"problem": "1+1?", "reference": "2", "demonstration": "2"},
        {"messages": [ASKED], "demonstration": "2", "domain": "math"},
    ],
    "messages": [
        {"messages": [ASKED, ANSWERED], "source": "here"},
        {"messages": [ASKED, ANSWERED, {"role": "user", "content": "Thanks."}]},
        {"messages": [ASKED, {"role": "assistant", "content": [{"type": "text", "text": "2"}]}]},
        {"messages": [ASKED, ANSWERED], "demonstration": ""},
    ],
    "ShareGPT": [
        {"conversations": [{"from": "human", "value": "1+1?"}, {"from": "gpt", "value": "2"}]},
        {"conversations": [ASKED, ANSWERED]},
    ],
    "Alpaca": [
        {"instruction": "1+1?", "input": "", "output": "2"},
        {"instruction": "1+1?", "output": "2"},
    ],
    "prompt and completion": [
        {"prompt": "1+1?", "completion": "2"},
        {"prompt": [ASKED], "completion": [ANSWERED]},
        {"question": "1+1?", "response": "2"},
        {"instruction": "1+1?", "response": "2", "output": None},
    ],
}
FAULTS: dict[str, dict[str, Any]] = {
    "no form of chat has the columns text": {"text": "1+1=2"},
    "nothing is taught": {"messages": [ASKED]},
    "the first message is the assistant's": {"messages": [SYSTEM, ANSWERED]},
    "weight = 0 in every turn": {"messages": [ASKED, ANSWERED | {"weight": 0}]},
    "weight=0.5 of a message must be 0 or 1": {"messages": [ASKED, ANSWERED | {"weight": 0.5}]},
    "a message has tool_calls": {"messages": [ASKED, ANSWERED | {"tool_calls": [{"id": "1"}]}]},
    "a turn of the assistant is empty": {"messages": [ASKED, ANSWERED | {"content": " "}]},
    "from='bot' of a message must be one of": {"conversations": [{"from": "bot", "value": "2"}]},
    "conversations must be a list": {"conversations": "1+1?"},
    "a part of type image": {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
    "instruction and input must be text": {"instruction": 1, "output": "2"},
}


@pytest.mark.parametrize("form", [form.name for form in CHAT_FORMS])
def test_every_form_is_read_as_the_same_messages(form: str) -> None:
    for row in ROWS[form]:
        chat = read_chat(row)
        assert (chat.form, chat.messages, chat.taught) == (form, (ASKED, ANSWERED), (1,))


def test_what_stands_before_the_prompt() -> None:
    row = {"instruction": "Add.", "input": "1 and 1", "output": "2", "system": "Be brief."}
    asked = {"role": "user", "content": "Add.\n\n1 and 1"}
    assert read_chat(row).messages == (SYSTEM, asked, ANSWERED)
    chat = read_chat({"instruction": "1+1?", "output": "2", "history": [["0+0?", "0"]]})
    assert [message["content"] for message in chat.messages] == ["0+0?", "0", "1+1?", "2"]
    assert chat.taught == (1, 3)


def test_worked_examples_in_front_of_a_demonstration_are_not_taught() -> None:
    chat = read_chat({"messages": [ASKED, ANSWERED, ASKED], "demonstration": "2"})
    assert chat.taught == (3,)


def test_a_weight_of_0_leaves_a_turn_out() -> None:
    chat = read_chat({"messages": [ASKED, ANSWERED | {"weight": 0}, ASKED, ANSWERED]})
    assert chat.taught == (3,)
    assert len(chat.messages) == 4


@pytest.mark.parametrize("why", FAULTS)
def test_a_row_without_a_lesson_says_why(why: str) -> None:
    with pytest.raises(Unusable) as caught:
        read_chat(FAULTS[why])
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)

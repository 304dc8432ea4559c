"""Our rendering of a chat template beside that of transformers."""

from datetime import datetime
from typing import Any

import pytest

from seed.reference.text.chat_template import DATE, ChatTemplate
from seed.spec.errors import Reason, SeedError
from tests.reference.text.conversations import CONVERSATIONS

NAMED = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
ARGUMENTS: list[dict[str, Any]] = [{}, {"enable_thinking": False}, {"enable_thinking": True}]


def theirs(source: str, messages: Any, arguments: dict[str, Any], opens: bool) -> str | None:
    """The rendering of transformers; None if the template fails."""
    from transformers.utils.chat_template_utils import render_jinja_template

    try:
        rendered, _ = render_jinja_template(
            [messages], chat_template=source, add_generation_prompt=opens, **NAMED, **arguments
        )
    except Exception:  # what fails there must fail here
        return None
    return str(rendered[0])


def ours(source: str, messages: Any, arguments: dict[str, Any], opens: bool) -> str | None:
    try:
        return ChatTemplate(source, "x", NAMED | arguments).render(messages, opens)
    except SeedError as error:
        assert error.reason is Reason.ILLEGAL_VALUE
        assert error.line.startswith("chat template of x: ")
        return None


@pytest.fixture
def same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let transformers believe that it is our day."""

    class Day(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Day":
            return cls(DATE.year, DATE.month, DATE.day)

    monkeypatch.setattr("transformers.utils.chat_template_utils.datetime", Day)


def assert_equal(source: str) -> None:
    rendered = []
    for messages in CONVERSATIONS.values():
        for arguments in ARGUMENTS:
            for opens in (True, False):
                expected = theirs(source, messages, arguments, opens)
                assert ours(source, messages, arguments, opens) == expected
                rendered.append(expected)
    assert any(rendered), "a template that fails everywhere compares nothing"

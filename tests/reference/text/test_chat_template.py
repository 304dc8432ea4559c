"""Chat templates: rendered as transformers renders them, in a sandbox, on a fixed day."""

from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from seed.reference.text.chat_template import DATE, ChatTemplate
from seed.spec.errors import Reason, SeedError
from tests.reference.text.conversations import CONVERSATIONS
from tests.support.tiny_tokenizers import CHATML, TURNS

TRL = find_spec("trl")
FOLDER = Path(TRL.origin).parent / "chat_templates" if TRL and TRL.origin else None
PUBLISHED = sorted(FOLDER.glob("*.jinja")) if FOLDER else []
NAMED = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
WAYS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({}, False),
    ({"enable_thinking": False}, True),
    ({"enable_thinking": True}, True),
]
"""Arguments of a template, and whether the assistant is to begin."""
OURS = {
    "ChatML": CHATML,
    "turns": TURNS,
    "blocks are trimmed": "  {% if true %}\n  a\n  {%- endif %}\n\n  {# note #}\nb",
    "loop controls": "{% for m in messages %}{% if loop.index0 == 2 %}{% break %}{% endif %}"
    "{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content }}{% endfor %}",
    "generation": "{% for m in messages %}{% set x = 'a' %}{% generation %}\n{% set x = 'b' %}"
    "{{ m.content }}{{ x }}\n{% endgeneration %}{{ x }}{% endfor %}",
    "tojson": "{{ messages | tojson }}{{ {'é': [1, none, '<']} | tojson(indent=2) }}"
    "{{ {'b': 1, 'a': 2} | tojson(sort_keys=true, separators=(',', ':')) }}",
    "strftime_now": "Today: {{ strftime_now('%d %b %Y') }}",
    "raise_exception": "{% if messages[0].role == 'system' %}{{ raise_exception('No system') }}"
    "{% endif %}{{ messages[0].content }}",
    "namespace": "{% set n = namespace(x=0) %}{% for m in messages %}{% set n.x = n.x + 1 %}"
    "{% endfor %}{{ n.x }}{{ tools is none }}{{ documents is defined }}{{ cls_token }}",
    "slices": "{{ messages[1:] | length }}{{ messages[-1]['content'].split('+')[0].strip() }}",
}


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
        for arguments, opens in WAYS:
            expected = theirs(source, messages, arguments, opens)
            assert ours(source, messages, arguments, opens) == expected
            rendered.append(expected)
    assert any(rendered), "a template that fails everywhere compares nothing"


@pytest.mark.usefixtures("same_day")
@pytest.mark.parametrize("name", OURS)
def test_renderings_are_those_of_transformers(name: str) -> None:
    assert_equal(OURS[name])


@pytest.mark.skipif(not PUBLISHED, reason="TRL is not installed")
@pytest.mark.usefixtures("same_day")
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_renderings_of_published_templates_are_those_of_transformers(path: Path) -> None:
    assert_equal(path.read_text(encoding="utf-8"))


def test_a_failing_template_says_why_in_one_line() -> None:
    template = ChatTemplate(OURS["raise_exception"], "models/x", {})
    with pytest.raises(SeedError, match="chat template of models/x: No system"):
        template.render(CONVERSATIONS["system"])


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update({'role': 'x'}) }}",
        "{{ raise_exception.__globals__ }}",
        "{{ strftime_now.__self__.__class__ }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{% include 'x' %}",
    ],
)
def test_a_template_cannot_leave_the_sandbox(source: str) -> None:
    assert ours(source, CONVERSATIONS["one"], {}, True) in (None, "")


def test_the_day_is_a_setting() -> None:
    template = ChatTemplate("{{ strftime_now('%Y-%m-%d') }}", "x", {}, date(2031, 2, 3))
    assert template.render(CONVERSATIONS["one"]) == "2031-02-03"

"""Chat templates: rendered as transformers renders them, in a sandbox, on a fixed day."""

from datetime import date

import pytest

from seed.reference.text.chat_template import ChatTemplate
from seed.spec.errors import SeedError
from tests.reference.text.conversations import CONVERSATIONS
from tests.reference.text.renderings import assert_equal, ours, same_day
from tests.support.tiny_tokenizers import CHATML, TURNS

__all__ = ["same_day"]
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


@pytest.mark.usefixtures("same_day")
@pytest.mark.parametrize("name", OURS)
def test_renderings_are_those_of_transformers(name: str) -> None:
    assert_equal(OURS[name])


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

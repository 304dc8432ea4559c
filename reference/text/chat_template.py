"""Chat templates: the Jinja programs of model folders that write messages as one text.

A template comes with a model, so it is not trusted: it runs in Jinja's sandbox and sees plain
values only. It finds the functions that published templates call: ``tojson``, ``raise_exception``,
``strftime_now``, ``break`` and ``continue``, and the block ``generation``. The date that
``strftime_now`` tells is a setting, since a run must read the same prompts tomorrow.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require

if TYPE_CHECKING:
    from jinja2 import Environment, Template

Message = Mapping[str, Any]
DATE = date(2025, 1, 1)
"""What ``strftime_now`` tells unless something else is said."""
OURS = ("messages", "add_generation_prompt")
"""Variables that are no arguments: they are what is rendered."""


class ChatTemplate:
    """The chat template of a model.

    Attributes:
        source: Text of the template.
        origin: Whose it is, for error lines.
        variables: What it sees beside the messages: special tokens and arguments.
    """

    def __init__(
        self, source: str, origin: str, variables: Mapping[str, Any], today: date = DATE
    ) -> None:
        """Keep a template; it is compiled when it is first used.

        Raises:
            SeedError: BACKEND_MISSING without jinja2; ILLEGAL_VALUE: a variable that is not free.
        """
        require("jinja2", f"the chat template of {origin}", "pretrained")
        for name in OURS:
            if name in variables:
                line = f"tokenizer.template_arguments.{name}: {name} is what is rendered;"
                raise SeedError(Reason.ILLEGAL_VALUE, f"{line} legal: other names")
        self.source, self.origin = source, origin
        self.variables, self.today = dict(variables), today

    def render(self, messages: Sequence[Message], opens_response: bool = True) -> str:
        """Write messages as one text.

        Args:
            messages: Mappings with ``role`` and ``content``.
            opens_response: Whether the text ends where the assistant is to begin.

        Raises:
            SeedError: ILLEGAL_VALUE with the template's own message if it fails.
        """
        plain = [dict(message) for message in messages]
        try:
            return _compiled(self.source, self.today).render(
                messages=plain,
                **{"tools": None, "documents": None} | self.variables,
                add_generation_prompt=opens_response,
            )
        except Exception as error:  # the program is a stranger's: anything can fail
            message = " ".join(str(error).split()) or type(error).__name__
            line = f"chat template of {self.origin}: {message}"
            raise SeedError(Reason.ILLEGAL_VALUE, line) from None


@lru_cache(maxsize=8)
def _compiled(source: str, today: date) -> "Template":
    return _environment(today).from_string(source)


def _environment(today: date) -> "Environment":
    """A sandbox with what published templates use."""
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """``{% generation %}`` marks what the assistant wrote; here it changes nothing."""

        def parse(self, parser: Parser) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    Generation.tags = {"generation"}

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        # Jinja's own filter escapes HTML, which a prompt is not.
        return json.dumps(
            value,
            ensure_ascii=ensure_ascii,
            indent=indent,
            separators=separators,
            sort_keys=sort_keys,
        )

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = today.strftime
    return environment

"""Refusals of the command line: one line on stderr that names the field, the value and the legal
values, and exit code 2.

    seed verify in.jsonl --out o --isolation foo
    Error: illegal-value: --isolation=foo must be one of automatic, bubblewrap, landlock, weak

click would print its usage text around a line of its own; here every command and group reads its
arguments through ``Refusing``, which knows what was given and what would have been legal.
"""

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import IO, Any

import click
from click.exceptions import UsageError

from seed.spec.errors import INTERRUPTED, Reason, SeedError

NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""How newer versions of click show the help of a group that is called alone: no refusal, though it
travels as one.
"""


class Refusal(click.ClickException):
    """One line on stderr and exit code 2. Of the processes of a launched job one speaks: what all
    refuse is said once.
    """

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        if speaks():
            super().show(file)


class Interrupted(click.ClickException):
    """One line on stderr about Ctrl-C: where to go on."""

    exit_code = INTERRUPTED


class Refusing(click.Command):
    """A command that refuses arguments in one line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            if isinstance(error, NO_ARGUMENTS):
                raise
            raise Refusal(str(refusal(self, ctx, given, error))) from None


class RefusingGroup(Refusing, click.Group):
    """A group whose commands refuse in one line: whatever they raise on purpose becomes that
    line.
    """

    command_class = Refusing
    group_class = type

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called."""
        if self.get_command(ctx, args[0]) is None:
            legal = self.list_commands(ctx)
            line = (
                f"{printable(args[0])} is not a command{near(args[0], legal)}; legal commands of"
                f" {ctx.command_path}: "
            )
            raise Refusal(str(SeedError(Reason.UNKNOWN_NAME, line + ", ".join(legal))))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SeedError as error:
            said: click.ClickException = Refusal(str(error))
        except KeyboardInterrupt as interrupt:
            said = Interrupted(f"interrupted{f'; {interrupt}' if str(interrupt) else ''}")
        except UsageError as error:
            said = error if isinstance(error, NO_ARGUMENTS) else Refusal(error.format_message())
        except click.ClickException as error:
            said = error
        if not speaks():
            ctx.exit(said.exit_code)
        raise said from None


def speaks() -> bool:
    """Whether this process is the one of a launched job that talks to the person."""
    ranks = [
        os.environ[name]
        for name in ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
        if name in os.environ
    ]
    return not ranks or ranks[0] == "0"


def refusal(
    command: click.Command, ctx: click.Context, args: Sequence[str], error: UsageError
) -> SeedError:
    """Say in our words why click does not take the arguments.

    Args:
        command: Whose arguments they are.
        ctx: Of the command.
        args: As they were typed.
        error: click's complaint.

    Returns:
        The refusal: UNKNOWN_NAME for an option that does not exist, else ILLEGAL_VALUE.
    """
    if isinstance(error, click.NoSuchOption):
        legal = [
            max(option.opts, key=len)
            for option in command.get_params(ctx)
            if isinstance(option, click.Option)
        ]
        line = f"{printable(error.option_name)} is not an option{near(error.option_name, legal)}"
        return SeedError(
            Reason.UNKNOWN_NAME, f"{line}; legal options of {ctx.command_path}: {', '.join(legal)}"
        )
    if isinstance(error, click.BadOptionUsage):
        flags = [
            name
            for option in command.get_params(ctx)
            if getattr(option, "is_flag", False)
            for name in option.opts
        ]
        needs = "takes no value" if error.option_name in flags else "needs a value"
        return SeedError(Reason.ILLEGAL_VALUE, f"{error.option_name} {needs}{consult(ctx)}")
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return SeedError(Reason.ILLEGAL_VALUE, f"{name_of(error.param)} is missing{consult(ctx)}")
    if isinstance(error, click.BadParameter) and error.param is not None:
        # click's complaint does not hold the value; its parser finds it again, in the text that was
        # typed.
        typed: Mapping[str, Any] = command.make_parser(ctx).parse_args(list(args))[0]
        value = printable(refused_value(error.param, ctx, typed.get(error.param.name or "")))
        line = (
            f"{name_of(error.param)}={value} must be"
            f" {legal_values(error.param.type) or error.message}"
        )
        return SeedError(Reason.ILLEGAL_VALUE, line)
    complaint = error.message[:1].lower() + error.message[1:].rstrip(
        "."
    )  # "got unexpected extra argument (x)"
    return SeedError(Reason.ILLEGAL_VALUE, f"{printable(complaint)}{consult(ctx)}")


def refused_value(param: click.Parameter, ctx: click.Context, typed: Any) -> str:
    """The value that a parameter does not take; of an option that is given several times, the first
    such.
    """
    for value in typed if isinstance(typed, (list, tuple)) else [typed]:
        try:
            param.type.convert(value, param, ctx)
        except UsageError:
            return str(value)
    return str(typed)


def legal_values(kind: Any) -> str:
    """What a parameter takes, in words; empty for kinds that take any text."""
    if isinstance(kind, click.Choice):
        return f"one of {', '.join(map(str, kind.choices))}"
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        noun = "an integer" if isinstance(kind, click.IntRange) else "a number"
        low = (
            "" if kind.min is None else f" {'above' if kind.min_open else 'of at least'} {kind.min}"
        )
        high = "" if kind.max is None else f" {'below' if kind.max_open else 'at most'} {kind.max}"
        return f"{noun}{low}{' and' if low and high else ''}{high}"
    return {click.INT: "an integer", click.FLOAT: "a number", click.BOOL: "true or false"}.get(
        kind, ""
    )


def name_of(param: click.Parameter) -> str:
    """``--isolation`` or ``FILE``, as the help writes it."""
    return (
        max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name
    )


def near(name: str, legal: Sequence[str]) -> str:
    """A hint at the legal name that was probably meant."""
    found = get_close_matches(name, legal, n=1)
    return f" (did you mean {found[0]}?)" if found else ""


def consult(ctx: click.Context) -> str:
    """Where to read more."""
    return f"; see {ctx.command_path} --help"


def printable(text: str) -> str:
    """A text that a person has typed, as one line whatever it holds."""
    return text if text.isprintable() else repr(text)

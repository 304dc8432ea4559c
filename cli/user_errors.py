"""User errors of the command line: one line on stderr and exit code 2.

    seed verify in.jsonl --out o --isolation foo
    Error: illegal-value: --isolation=foo must be one of automatic, bubblewrap, landlock, weak

click would print its usage text around a line of its own. ``Command`` and ``Group`` replace it by a
line that names the option, the value and the legal values.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import click
from click.exceptions import UsageError

from seed.cli.near_names import command_suggestion, setting_hint, suggestion
from seed.cli.signals import ended_by_signals
from seed.cli.terminal import make_legible
from seed.scaled.processes.launcher import launcher
from seed.spec.atomic_files import UNWRITABLE, unwritable
from seed.spec.errors import Reason, SeedError, exit_code_of, how_it_ended

NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What newer versions of click raise to show the help of a group without a subcommand: no error."""


WHOLE = 1000
"""More characters than any sentence has."""


class UserError(click.ClickException):
    """One line on stderr and exit code 2; in a launched job only the main process prints it."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        if is_main_process():
            super().show(file)


class Interrupted(click.ClickException):
    """One line on stderr after Ctrl-C, and in its subclasses after a signal: how to continue."""

    exit_code = 130

    def __init__(self, interrupt: KeyboardInterrupt) -> None:
        super().__init__(how_it_ended(interrupt))


class Terminated(Interrupted):
    """The same after SIGTERM."""

    exit_code = 143


class HungUp(Interrupted):
    """The same after SIGHUP."""

    exit_code = 129


INTERRUPTS = {kind.exit_code: kind for kind in (Interrupted, Terminated, HungUp)}


class Command(click.Command):
    """A command whose usage errors are one line, and whose line in a help is whole."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence of the help; click would cut it at ``limit`` characters."""
        return super().get_short_help_str(max(limit, WHOLE))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            if isinstance(error, NO_ARGUMENTS):
                raise
            raise UserError(str(usage_error(self, ctx, typed, error))) from None


class Group(Command, click.Group):
    """A group that turns every ``SeedError`` of its commands into one line."""

    command_class = Command
    group_class = type

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run what was typed; nothing that is printed can end it."""
        make_legible(sys.stdout, sys.stderr)
        return super().main(*args, **extra)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called."""
        if self.get_command(ctx, args[0]) is None:
            legal = self.list_commands(ctx)
            line = (
                f"{one_line(args[0])} is not a command{command_suggestion(args[0], legal)}; legal"
                f" commands of {ctx.command_path}: {', '.join(legal)}"
            )
            raise UserError(str(SeedError(Reason.UNKNOWN_NAME, line)))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with ended_by_signals():
                return super().invoke(ctx)
        except SeedError as error:
            shown: click.ClickException = UserError(str(error))
        except KeyboardInterrupt as interrupt:
            shown = INTERRUPTS[exit_code_of(interrupt)](interrupt)
        except UsageError as error:
            shown = error if isinstance(error, NO_ARGUMENTS) else UserError(error.format_message())
        except click.ClickException as error:
            shown = error
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            place = Path(error.filename) if error.filename else None
            shown = UserError(str(unwritable(place, error)))
        if not is_main_process():
            ctx.exit(shown.exit_code)
        raise shown from None


def is_main_process() -> bool:
    """Whether this is the process of a launched job that prints: rank 0, or the only one."""
    return launcher().rank == 0


def usage_error(
    command: click.Command, ctx: click.Context, args: Sequence[str], error: UsageError
) -> SeedError:
    """Turn an error of click's parser into our one line.

    Args:
        command: Whose arguments they are.
        ctx: Of the command.
        args: As they were typed.
        error: click's.

    Returns:
        UNKNOWN_NAME for an option that does not exist, else ILLEGAL_VALUE.
    """
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    see_help = f"; see {ctx.command_path} --help"
    if isinstance(error, click.NoSuchOption):
        legal = list(map(name_of, options))
        hint = ""
        if takes_settings(command) and is_plain(error.option_name):
            hint = setting_hint(error.option_name, following(error.option_name, args))
        hint = f": {hint}" if hint else suggestion(error.option_name, legal)
        line = f"{one_line(error.option_name)} is not an option{hint}"
        return SeedError(
            Reason.UNKNOWN_NAME, f"{line}; legal options of {ctx.command_path}: {', '.join(legal)}"
        )
    if isinstance(error, click.BadOptionUsage):
        flags = [name for option in options if option.is_flag for name in option.opts]
        needs = "takes no value" if error.option_name in flags else "needs a value"
        return SeedError(Reason.ILLEGAL_VALUE, f"{error.option_name} {needs}{see_help}")
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return SeedError(Reason.ILLEGAL_VALUE, f"{name_of(error.param)} is missing{see_help}")
    if isinstance(error, click.BadParameter) and error.param is not None:
        # click's error does not hold the value: parse what was typed once more to get it.
        typed: Mapping[str, Any] = command.make_parser(ctx).parse_args(list(args))[0]
        value = one_line(first_illegal(error.param, ctx, typed.get(error.param.name or "")))
        legal_text = legal_values(error.param.type) or error.message
        return SeedError(
            Reason.ILLEGAL_VALUE, f"{name_of(error.param)}={value} must be {legal_text}"
        )
    # Such as "Got unexpected extra argument (x)."
    message = error.message[:1].lower() + error.message[1:].rstrip(".")
    return SeedError(Reason.ILLEGAL_VALUE, f"{one_line(message)}{see_help}")


def first_illegal(param: click.Parameter, ctx: click.Context, typed: Any) -> str:
    """The first typed value that a parameter does not take; an option may be repeated."""
    for value in typed if isinstance(typed, (list, tuple)) else [typed]:
        try:
            param.type.convert(value, param, ctx)
        except UsageError:
            return str(value)
    return str(typed)


def legal_values(kind: Any) -> str:
    """The values that a parameter takes, in words; empty for kinds that take any text."""
    if isinstance(kind, click.Choice):
        return f"one of {', '.join(map(str, kind.choices))}"
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        noun = "an integer" if isinstance(kind, click.IntRange) else "a number"
        low_word = "above" if kind.min_open else "of at least"
        high_word = "below" if kind.max_open else "at most"
        bounds = [f"{low_word} {kind.min}"] if kind.min is not None else []
        bounds += [f"{high_word} {kind.max}"] if kind.max is not None else []
        return " ".join([noun, " and ".join(bounds)]).rstrip()
    words = {click.INT: "an integer", click.FLOAT: "a number", click.BOOL: "true or false"}
    return words.get(kind, "")


def name_of(param: click.Parameter) -> str:
    """``--isolation`` or ``FILE``, as the help writes it."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.human_readable_name


def takes_settings(command: click.Command) -> bool:
    """Whether a command takes ``section.key=value``."""
    return any("VALUE" in str(param.metavar) for param in command.params)


def is_plain(option: str) -> bool:
    """Whether an option is a name of words."""
    return option.lstrip("-").replace("-", "_").isidentifier()


def following(option: str, args: Sequence[str]) -> list[str]:
    """What was typed as the value of an option: ``--steps=5`` or ``--steps 5``."""
    for place, word in enumerate(args):
        name, _, value = word.partition("=")
        if name == option:
            return [value] if value else list(args[place + 1 : place + 2])
    return []


def one_line(text: str) -> str:
    """What a person has typed, as one line whatever it holds."""
    return text if text.isprintable() else repr(text)

"""Inside the untrusted sandbox: runs the program and handles the judge's requests about it.

    ["names", name, …]                       which of them the program has defined
        -> ["value", ["l", name, …], {}]
    ["read", object, attribute]
        -> ["value", value, {}]
    ["write", object, attribute, value]
        -> ["value", null, {}]
    ["call", object, arguments, keywords]
        -> ["value", value, {position or keyword: argument as the call left it}]
    ["stdin", text]                          what the tests put in place of standard input
    ["input", number]                        what they put in place of ``input``, or null
        -> ["value", null, {}]
    ["operate", name, operand, …]            one of ``operations``
        -> ["value", value, {}]
    ["next", object, count]                  members of an iterator
        -> ["value", [whether it has ended, members], {}]
    ["await", object]                        a coroutine, to its end
        -> ["value", value, {}]
    ["anext", object]                        a member of an asynchronous iterator
        -> ["value", [whether it has ended, members], {}]
    any of them
        -> ["raise", class, [text, arguments, number]]

A reply has one member more: what was printed meanwhile. ``object`` is the number of a handle, one
for each object; handle 0 is the program's own names. While a call runs, ``["back", number,
arguments]`` has the judge call a function that it passed as an argument.

A program can do to this process whatever it likes. The process holds no test and no expected value,
and whatever it writes is only data to the judge: the worst it can do is to be wrong.
"""

import builtins
import contextlib
import importlib
import io
import sys
import textwrap
import types
from _sitebuiltins import Quitter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any

from seed.reference.verifiers import frames
from seed.reference.verifiers.programs import surroundings, wire
from seed.reference.verifiers.programs.copies import MUTABLE, put_back
from seed.reference.verifiers.programs.operations import OPERATIONS
from seed.reference.verifiers.programs.standard_values import WireError
from seed.reference.verifiers.sandbox.guest import FIRST_OWN

CALLBACK = "k"
INDENT = "    "
INPUT = builtins.input
MODULE = "solution"
MOST_PRINTED = 1 << 20
"""Bytes of one reply that are printed; what is printed beyond them is dropped."""


def serve(job: dict[str, Any]) -> None:
    """Run the program, then handle requests until the judge has ended.

    Args:
        job: ``program``: source; ``problem``: the problem, run first if it is a prompt; ``site``:
            whether the names of ``surroundings`` exist.
    """
    give_exit()
    channel = frames.Channel(FIRST_OWN, FIRST_OWN + 1, wire.MOST_BYTES)
    printed = Printed()
    sys.stdout = io.TextIOWrapper(printed, "utf-8", "replace", write_through=True)
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    failure: BaseException | None = None
    try:
        if job["site"]:
            module.__dict__.update(surroundings.namespace() | {"__name__": MODULE})
        prompt, _ = surroundings.prompt_of(job["problem"], "")
        exec(compile(prompt, "prompt.py", "exec"), module.__dict__)
        exec(continued(prompt, job["program"]), module.__dict__)
    except BaseException as raised:  # sys.exit at the top of a program must not end the process
        failure = raised
    handler = RequestHandler(channel, module)
    printed.taken()  # what a program prints while it is loaded, no test has asked for
    try:
        while True:
            request = channel.receive()
            reply = handler.raised(failure) if failure else handler.handle(request)
            channel.send([*reply, printed.taken()])
    except frames.Closed:
        return


def program(job: dict[str, Any]) -> None:
    """Run the program as a script that reads standard input and writes standard output.

    Args:
        job: ``program``: source; ``site``: whether the names of ``surroundings`` exist.
    """
    give_exit()
    module = types.ModuleType("__main__")
    if job["site"]:
        module.__dict__.update(surroundings.namespace() | {"__name__": "__main__"})
    sys.modules["__main__"] = module
    sys.argv = ["solution.py"]
    exec(compile(job["program"], "solution.py", "exec"), module.__dict__)


def give_exit() -> None:
    """Define ``exit`` and ``quit``, which programs use: Python runs here without ``site``."""
    for name in ("exit", "quit"):
        setattr(builtins, name, Quitter(name, "Ctrl-D (i.e. EOF)"))


def continued(prompt: str, program: str) -> types.CodeType:
    """Compile a program, or the body that it is of the function with which the prompt ends.

    Raises:
        SyntaxError: It is neither.
    """
    try:
        return compile(program, "solution.py", "exec")
    except SyntaxError:
        if not prompt:
            raise
        body = textwrap.dedent(program).strip("\n")
        first, _, rest = body.lstrip().partition("\n")
        # A body as it is; one whose indentation was dropped; one whose first line lost it.
        for text in (program, textwrap.indent(body, INDENT), f"{INDENT}{first}\n{rest}"):
            with contextlib.suppress(SyntaxError):
                return compile(f"{prompt.rstrip()}\n{text}\n", "solution.py", "exec")
        raise


class Printed(io.BytesIO):
    """What the program prints while it handles a request."""

    def write(self, content: Any) -> int:
        """Keep it, up to ``MOST_PRINTED`` bytes."""
        room = max(0, MOST_PRINTED - self.tell())
        super().write(bytes(content)[:room])
        return len(content)

    def fileno(self) -> int:
        """Be the standard output of the process, for programs that ask."""
        return 1

    def taken(self) -> str:
        """What has been printed since the last time."""
        text = self.getvalue().decode("utf-8", "replace")
        self.seek(0)
        self.truncate()
        return text


class RequestHandler:
    """The program's names, and the objects that the judge has handles of."""

    def __init__(self, channel: frames.Channel, module: types.ModuleType) -> None:
        self.channel = channel
        self.module = module
        self.objects: list[Any] = [module]
        self.numbers: dict[int, int] = {id(module): 0}
        self.pending: dict[int, BaseException] = {}
        self.loop: Any = None

    def handle(self, request: list[Any]) -> list[Any]:
        """Handle one request; an exception of the program becomes a reply too."""
        try:
            operation, *arguments = request
            if operation == "names":
                return self._value([name for name in arguments if hasattr(self.module, name)])
            if operation == "read":
                number, attribute = arguments
                return self._value(getattr(self.objects[number], attribute))
            if operation == "write":
                number, attribute, written = arguments
                self._write(self.objects[number], attribute, self._decoded(written))
                return self._value(None)
            if operation == "stdin":
                sys.stdin = io.StringIO(arguments[0])
                return self._value(None)
            if operation == "input":
                (number,) = arguments
                builtins.input = INPUT if number is None else self._callback(number)
                return self._value(None)
            if operation == "operate":
                name, *written = arguments
                return self._value(OPERATIONS[name](*map(self._decoded, written)))
            if operation == "next":
                return self._value(self._members(*arguments))
            if operation == "await":
                return self._value(self._ended(self.objects[arguments[0]]))
            if operation == "anext":
                return self._value(self._awaited_member(self.objects[arguments[0]]))
            return self._call(*arguments)
        except frames.Closed:
            raise
        except BaseException as raised:
            return self.raised(raised)

    def raised(self, raised: BaseException) -> list[Any]:
        """Write an exception: its class, its text, its arguments if they are plain, its number."""
        try:
            text = str(raised)[:500]
        except BaseException:
            text = ""
        try:
            arguments = wire.Encoder(_refuse, lazily=True).encode(list(raised.args))
        except BaseException:
            arguments = []
        kind = type(raised)
        is_builtin = getattr(builtins, kind.__name__, None) is kind
        try:
            written = kind.__name__ if is_builtin else self._handle(kind)
            return ["raise", written, [text, arguments, self._number(raised)]]
        except BaseException:
            return ["raise", kind.__name__, text]

    def _write(self, owner: Any, attribute: str, value: Any) -> None:
        """Set an attribute; a list or its like is changed in place, as a test changed its copy."""
        try:
            put_back(getattr(owner, attribute), value)
        except (TypeError, AttributeError):
            setattr(owner, attribute, value)

    def _members(self, number: int, count: int) -> list[Any]:
        """Up to ``count`` members of an iterator; an exception waits until they are fetched."""
        if number in self.pending:
            raise self.pending.pop(number)
        members: list[Any] = []
        for _ in range(count):
            try:
                members.append(next(self.objects[number]))
            except StopIteration:
                return [True, members]
            except BaseException as raised:
                if not members:
                    raise
                self.pending[number] = raised
                break
        return [False, members]

    def _ended(self, awaitable: Any) -> Any:
        """Run a coroutine to its end, always in the same loop, which its locks belong to."""
        if self.loop is None:
            self.loop = asyncio().new_event_loop()
            asyncio().set_event_loop(self.loop)

        async def wait() -> Any:
            return await awaitable

        return self.loop.run_until_complete(wait())

    def _awaited_member(self, iterator: Any) -> list[Any]:
        walked = iterator if hasattr(iterator, "__anext__") else iterator.__aiter__()
        self.objects[self._number(iterator)] = walked
        try:
            return [False, [self._ended(walked.__anext__())]]
        except StopAsyncIteration:
            return [True, []]

    def _call(self, number: int, arguments: list[Any], keywords: dict[str, Any]) -> list[Any]:
        positional = [self._decoded(argument) for argument in arguments]
        named = {name: self._decoded(argument) for name, argument in keywords.items()}
        value = self.objects[number](*positional, **named)
        changed = {}
        before = {str(position): argument for position, argument in enumerate(arguments)} | keywords
        taken = {str(position): argument for position, argument in enumerate(positional)} | named
        for position, argument in taken.items():
            if isinstance(argument, MUTABLE) or type(argument).__name__ in wire.NODES:
                after = self._encoded(argument)
                if after != before[position]:
                    changed[position] = after
        return ["value", self._encoded(value), changed]

    def _value(self, value: Any) -> list[Any]:
        return ["value", self._encoded(value), {}]

    def _encoded(self, value: Any) -> Any:
        return wire.Encoder(self._handle, self._record_numbers, lazily=True).encode(value)

    def _decoded(self, written: Any) -> Any:
        return wire.Decoder(self._nodes(), self._unknown, self._record).decode(written)

    def _number(self, value: Any) -> int:
        """The number of an object; it is kept, so that no other object gets its id."""
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return self.numbers[id(value)]

    def _record_numbers(self, value: Any) -> list[Any]:
        return [self._number(type(value)), self._number(value)]

    def _record(self, head: list[Any], members: list[Any]) -> Any:
        """Make a named tuple of the program's own class, if it is one."""
        if head[0] is None:
            return wire.named_tuple(head, members)
        return tuple.__new__(self.objects[head[0]], members)

    def _handle(self, value: Any) -> list[Any]:
        number, kind = self._number(value), type(value).__name__
        if isinstance(value, type) and issubclass(value, BaseException):
            bases = [base for base in value.__bases__ if issubclass(base, BaseException)]
            return ["e", number, value.__name__, [self._encoded(base) for base in bases]]
        if isinstance(value, Iterator):
            return ["y", number, kind]
        if isinstance(value, Coroutine):
            return ["w", number, kind]
        return ["a" if isinstance(value, AsyncGenerator) else "h", number, kind]

    def _nodes(self) -> dict[str, type]:
        """The classes of nodes: the program's own where it has some."""
        return {
            name: getattr(self.module, name, getattr(surroundings, name)) for name in wire.NODES
        }

    def _unknown(self, tag: str, content: list[Any]) -> Any:
        if tag == CALLBACK:
            return self._callback(content[0])
        if tag == "h":
            return self.objects[content[0]]
        raise WireError(f"tag {tag!r}")

    def _callback(self, number: int) -> Callable[..., Any]:
        def call_back(*arguments: Any) -> Any:
            self.channel.send(["back", number, [self._encoded(argument) for argument in arguments]])
            return wire.Decoder(self._nodes(), self._unknown).decode(self.channel.receive())

        return call_back


def asyncio() -> Any:
    """The module; it is large, and most programs need none of it."""
    return importlib.import_module("asyncio")


def _refuse(value: Any) -> list[Any]:
    raise WireError(f"an object of type {type(value).__name__}")

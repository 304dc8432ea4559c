"""Inside the untrusted sandbox: runs the program and handles the judge's requests about it.

    ["names", name, …]                       which of them the program has defined
        -> ["value", ["l", name, …], {}]
    ["read", object, attribute]
        -> ["value", value, {}]
    ["call", object, arguments, keywords]
        -> ["value", value, {position or keyword: argument as the call left it}]
    any of them
        -> ["raise", type, text]

``object`` is the number of a handle; handle 0 is the program's own names. While a call runs,
``["back", number, arguments]`` has the judge call a function that it passed as an argument.

A program can do to this process whatever it likes. The process holds no test and no expected value,
and whatever it writes is only data to the judge: the worst it can do is to be wrong.
"""

import builtins
import contextlib
import sys
import textwrap
import types
from _sitebuiltins import Quitter
from collections.abc import Callable
from typing import Any

from seed.reference.verifiers import frames
from seed.reference.verifiers.programs import surroundings, wire
from seed.reference.verifiers.sandbox.guest import FIRST_OWN

CALLBACK = "k"
INDENT = "    "
MODULE = "solution"
MUTABLE = (list, dict, set, bytearray)


def serve(job: dict[str, Any]) -> None:
    """Run the program, then handle requests until the judge has ended.

    Args:
        job: ``program``: source; ``problem``: the problem, run first if it is a prompt; ``site``:
            whether the names of ``surroundings`` exist.
    """
    give_exit()
    channel = frames.Channel(FIRST_OWN, FIRST_OWN + 1, wire.MOST_BYTES)
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
    try:
        while True:
            request = channel.receive()
            channel.send(_raised(failure) if failure else handler.handle(request))
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


class RequestHandler:
    """The program's names, and the objects that the judge has handles of."""

    def __init__(self, channel: frames.Channel, module: types.ModuleType) -> None:
        self.channel = channel
        self.module = module
        self.objects: list[Any] = [module]

    def handle(self, request: list[Any]) -> list[Any]:
        """Handle one request; an exception of the program becomes a reply too."""
        try:
            operation, *arguments = request
            if operation == "names":
                return self._value([name for name in arguments if hasattr(self.module, name)])
            if operation == "read":
                number, attribute = arguments
                return self._value(getattr(self.objects[number], attribute))
            return self._call(*arguments)
        except frames.Closed:
            raise
        except BaseException as raised:
            return _raised(raised)

    def _call(self, number: int, arguments: list[Any], keywords: dict[str, Any]) -> list[Any]:
        decoder = wire.Decoder(self._nodes(), self._unknown)
        positional = [decoder.decode(argument) for argument in arguments]
        named = {name: decoder.decode(argument) for name, argument in keywords.items()}
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
        return wire.Encoder(self._handle).encode(value)

    def _handle(self, value: Any) -> list[Any]:
        self.objects.append(value)
        return ["h", len(self.objects) - 1, type(value).__name__]

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
        raise wire.WireError(f"tag {tag!r}")

    def _callback(self, number: int) -> Callable[..., Any]:
        def call_back(*arguments: Any) -> Any:
            self.channel.send(["back", number, [self._encoded(argument) for argument in arguments]])
            return wire.Decoder(self._nodes(), self._unknown).decode(self.channel.receive())

        return call_back


def _raised(raised: BaseException) -> list[Any]:
    try:
        text = str(raised)[:500]
    except BaseException:
        text = ""
    return ["raise", type(raised).__name__, text]

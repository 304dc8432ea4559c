"""Inside, the untrusted side: runs the program and answers the judge's requests about it.

    ["names", name, …]                    -> ["value", ["l", name, …], {}]    which of them the program has defined
    ["read", object, attribute]           -> ["value", value, {}]
    ["call", object, arguments, keywords] -> ["value", value, {place: argument after the call}]
    any of them                           -> ["raise", type, text]
    object                                   number of a handle; handle 0 is the program's own names
    while a call runs: ["back", number, arguments] asks the judge to call a function that it passed
    as an argument

A program can do to this process whatever it likes. It holds no test and no expected value, and
whatever it writes is only data to the judge: the worst it can do is to be wrong.
"""

import sys
import types
from collections.abc import Callable
from typing import Any

from seed.reference.verifiers.programs import surroundings, wire
from seed.reference.verifiers.sandbox.guest import FIRST_OWN

CALLBACK = "k"
MODULE = "solution"
MUTABLE = (list, dict, set, bytearray)


def serve(job: dict[str, Any]) -> None:
    """Run the program, then answer requests until the judge is gone.

    Args:
        job: ``program``: source; ``problem``: what was asked, run first if it is a prompt;
            ``site``: whether the names of ``surroundings`` exist.
    """
    channel = wire.Channel(FIRST_OWN, FIRST_OWN + 1)
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    failure: BaseException | None = None
    try:
        if job["site"]:
            module.__dict__.update(surroundings.namespace() | {"__name__": MODULE})
        exec(
            compile(surroundings.prompt_of(job["problem"], "")[0], "prompt.py", "exec"),
            module.__dict__,
        )
        exec(compile(job["program"], "solution.py", "exec"), module.__dict__)
    except (
        BaseException
    ) as raised:  # sys.exit at the top of a program must not end the conversation
        failure = raised
    side = Side(channel, module)
    try:
        while True:
            request = channel.receive()
            channel.send(_raised(failure) if failure else side.answer(request))
    except wire.Ended:
        return


def program(job: dict[str, Any]) -> None:
    """Run the program as a script that reads standard input and writes standard output.

    Args:
        job: ``program``: source; ``site``: whether the names of ``surroundings`` exist.
    """
    module = types.ModuleType("__main__")
    if job["site"]:
        module.__dict__.update(surroundings.namespace() | {"__name__": "__main__"})
    sys.modules["__main__"] = module
    sys.argv = ["solution.py"]
    exec(compile(job["program"], "solution.py", "exec"), module.__dict__)


class Side:
    """What this side remembers: the program's names, and the objects that the judge has handles
    of.
    """

    def __init__(self, channel: wire.Channel, module: types.ModuleType) -> None:
        self.channel = channel
        self.module = module
        self.objects: list[Any] = [module]

    def answer(self, request: list[Any]) -> list[Any]:
        """Answer one request; an exception of the program is an answer too."""
        try:
            operation, *parts = request
            if operation == "names":
                return self._value([name for name in parts if hasattr(self.module, name)])
            if operation == "read":
                return self._value(getattr(self.objects[parts[0]], parts[1]))
            return self._call(*parts)
        except wire.Ended:
            raise
        except BaseException as raised:
            return _raised(raised)

    def _call(self, number: int, arguments: list[Any], keywords: dict[str, Any]) -> list[Any]:
        decoder = wire.Decoder(self._nodes(), self._unknown)
        positional = [decoder.decode(argument) for argument in arguments]
        named = {name: decoder.decode(argument) for name, argument in keywords.items()}
        value = self.objects[number](*positional, **named)
        changed = {}
        given = {str(place): argument for place, argument in enumerate(arguments)} | keywords
        taken = {str(place): argument for place, argument in enumerate(positional)} | named
        for place, argument in taken.items():
            if isinstance(argument, MUTABLE) or type(argument).__name__ in wire.NODES:
                after = self._encoded(argument)
                if after != given[place]:
                    changed[place] = after
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

    def _unknown(self, tag: str, parts: list[Any]) -> Any:
        if tag == CALLBACK:
            return self._callback(parts[0])
        if tag == "h":
            return self.objects[parts[0]]
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

"""``seed`` with a standalone unit that fails: ``python -m conformance.faulty_unit WHAT COUNT run ...``.

Unit 1 does WHAT (``raise``, ``hang`` or ``kill``, as in ``conformance.misbehave``) when it has something to say for the
COUNT-th time; everything else is the real program.
"""

import runpy
import sys
from typing import Any

from conformance.misbehave import FAULTS
from reference.streaming import Told
from scaled import fleet


def main(what: str, count: int) -> None:
    """Put the fault in place and run."""
    real, left = fleet._Server.say, [count]

    def say(server: Any, told: list[Told], steps: int) -> None:
        left[0] -= 1
        if server.world.unit == 1 and left[0] == 0:
            FAULTS[what]()
        real(server, told, steps)

    fleet._Server.say = say  # type: ignore[assignment,method-assign]  # the fault is put before the method
    sys.argv = ["seed", *sys.argv[3:]]
    runpy.run_module("cli.main", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

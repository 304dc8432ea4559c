"""Programs per second under each isolation, against a plain subprocess of the same interpreter.

    python -m seed.conformance.bench.sandbox [programs]

The kinds of work take turns, program by program, so that a machine that is busy for a while slows
all of them alike. ``script`` reads standard input in one process; ``function`` is a judge and a
solution in two processes and three assertions.
"""

import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from seed.reference.verifiers.programs.verifier import verify
from seed.reference.verifiers.sandbox import reach
from seed.reference.verifiers.sandbox.host import MECHANISMS
from seed.reference.verifiers.sandbox.probe import WEAK, soundness
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

PROGRAMS = 100
"""Enough for two digits, in well under a minute."""

TOGETHER = 4
"""Programs at once in the second table: more than cores, so that waiting costs nothing."""

SCRIPT = Item(
    "script",
    "code",
    "",
    "```python\nprint(int(input()) * 2)\n```",
    tests=[{"stdin": "21\n", "stdout": "42\n"}],
)
ASSERTIONS = ["assert add(1, 2) == 3", "assert add(2, 3) == 5", "assert add(-1, 1) == 0"]
FUNCTION = Item(
    "function", "code", "", "```python\ndef add(a, b):\n    return a + b\n```", tests=ASSERTIONS
)
PLAIN = "plain subprocess"
Work = Callable[[], None]


def plain() -> None:
    """Run the script as anybody would, without any isolation."""
    done = subprocess.run(
        [reach.interpreter(), "-I", "-c", "print(int(input()) * 2)"],
        input=b"21\n",
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"42\n"


def sandboxed(item: Item, mechanism: str) -> None:
    """Run the verifier, which must find the program right."""
    verdict = verify(item, mechanism)
    assert verdict.outcome is Outcome.CORRECT, verdict


def works() -> dict[str, Work]:
    """List what is measured: name -> one program."""
    usable = [name for name in MECHANISMS if name == WEAK or soundness(name).sound]
    return {PLAIN: plain} | {
        f"{item.id}, {mechanism}": partial(sandboxed, item, mechanism)
        for mechanism in usable
        for item in (SCRIPT, FUNCTION)
    }


def one_after_another(work: dict[str, Work], programs: int) -> dict[str, float]:
    """Measure seconds per program, the kinds of work taking turns."""
    seconds: dict[str, float] = defaultdict(float)
    for _ in range(programs):
        for name, run in work.items():
            started = time.perf_counter()
            run()
            seconds[name] += (time.perf_counter() - started) / programs
    return seconds


def together(work: dict[str, Work], programs: int) -> dict[str, float]:
    """Measure seconds per program with ``TOGETHER`` threads, as a pool uses the verifier."""
    seconds: dict[str, float] = defaultdict(float)
    rounds = max(1, programs // (5 * TOGETHER))
    with ThreadPoolExecutor(TOGETHER) as pool:
        for _ in range(rounds):
            for name, run in work.items():
                started = time.perf_counter()
                list(pool.map(lambda _, run=run: run(), range(5 * TOGETHER)))
                seconds[name] += (time.perf_counter() - started) / (rounds * 5 * TOGETHER)
    return seconds


def main() -> None:
    """Print both tables."""
    programs = int(sys.argv[1]) if len(sys.argv) > 1 else PROGRAMS
    work = works()
    for run in work.values():
        run()  # the first program of each kind starts the fork server and probes
    tables = {
        "one after another": one_after_another(work, programs),
        f"{TOGETHER} at once": together(work, programs),
    }
    for title, measured in tables.items():
        print(f"{title:30s} programs/s   against a plain subprocess")
        for name, seconds in measured.items():
            print(f"  {name:28s} {1 / seconds:10.1f}   {measured[PLAIN] / seconds:6.2f}")


if __name__ == "__main__":
    main()

"""Code: a model's program is run against tests, contained, and cannot mark its own work.

``tests`` is one of the canonical shapes, ``{"kind": …, …}``, or a raw shape of the data sets:

``stdio``
    ``cases``: [{``stdin``, ``stdout``}, …]; ``checker``: source of
    ``check(input, output, expected)``.
    Raw: the list of cases (Codeforces, CodeContests); {``inputs``, ``outputs``} (LiveCodeBench).
``calls``
    ``entry``; ``cases``: [{``arguments``, ``returns``}, …].
    Raw: {``inputs``, ``outputs``, ``fn_name``} (LiveCodeBench).
``asserts``
    ``asserts``: [source, …]; ``setup``: source.
    Raw: a list of texts (MBPP); {``test_list``, ``test_setup_code``}.
``check``
    ``source`` defines ``check(candidate)``; ``entry``: the function to check; ``prompt``: without
    it the problem is the prompt.
    Raw: a text (HumanEval; LeetCode, where it also calls ``check``); {``test``, ``entry_point``,
    ``prompt``}.

``stdio`` runs the program once per case and compares its output here, or has the checker compare it
in a sandbox of its own. The other kinds run two processes, both in sandboxes, joined by two pipes
that carry plain tagged data of bounded size (``wire``):

    judge: tests, verdict   --- requests --->   solution: the program
     (``judge``)            <--- values ----     (``solution``)

The program's process holds no test and no expected value; the verdict comes from the judge. An exit
status or a printed text can make a program wrong and never right. Empty or broken tests are an
``error``.

Where graders differ:

==============================  ==================================================================
a checker that refuses or       ``error``: it says nothing about any program, not ``wrong``
cannot read what is expected
CRLF in standard input          given as LF, as on the Linux machines of the sites
``1`` for ``true``              wrong where JSON values are compared, equal in an assertion
``{1: 2}`` for ``{"1": 2}``     right: JSON has no other keys
an iterator for a list          right: its members are compared
two objects of the program      equal if their class says so and they keep equal values; if it
                                says so of unequal values, ``error`` (``handles``)
an object and a plain value     unequal; ``error`` if the tests name its class and it says equal
an operator with a plain value  right if it gives an object, ``error`` if it gives a plain value
a class derived in the tests    ``error``: it cannot cross
a module that is missing here   wrong: the program cannot be run
==============================  ==================================================================
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from seed.reference.verifiers.programs.compare import same_output
from seed.reference.verifiers.programs.extraction import program_of
from seed.reference.verifiers.programs.suite import SuiteError, suite_of
from seed.reference.verifiers.sandbox.host import Ended, SandboxError, start
from seed.reference.verifiers.sandbox.limits import Limits
from seed.reference.verifiers.sandbox.probe import AUTOMATIC, choose
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item

SOLUTION = "seed.reference.verifiers.programs.solution:serve"
SCRIPT = "seed.reference.verifiers.programs.solution:program"
JUDGE = "seed.reference.verifiers.programs.judge:judge"
CHECKER = "seed.reference.verifiers.programs.judge:check_output"

JUDGE_EXTRA_SECONDS = 10
"""How much longer than the program the judge may take.

It needs time for the tests' own work, and to notice that the program has ended.
"""

DEFAULT_LIMITS = Limits()


def verify(item: Item, isolation: str = AUTOMATIC, limits: Limits = DEFAULT_LIMITS) -> Verdict:
    """Run the program of a response against the item's tests.

    Args:
        item: ``tests`` in one of the shapes above; ``problem`` is read too where it is the
            beginning of the program.
        isolation: ``automatic``, or by name ``bubblewrap``, ``landlock`` or ``weak``; see
            ``reference.verifiers.sandbox.probe``.
        limits: What each process may use.

    Returns:
        ``correct`` exactly if all tests pass; ``error`` if the tests are empty or broken, or no
        isolation is sound here.
    """
    program, mechanism = program_of(item.response), ""
    try:
        suite = suite_of(item.tests)
        mechanism = choose(isolation)
        if not program.strip():
            return Verdict(Outcome.WRONG, "", "the response holds no program")
        outcome, why = _run(program, suite, item.problem, mechanism, limits)
    except (SuiteError, SandboxError) as failure:
        return Verdict(Outcome.ERROR, program, str(failure), mechanism)
    return Verdict(outcome, program, why, mechanism)


def _run(
    program: str, suite: dict[str, Any], problem: str, mechanism: str, limits: Limits
) -> tuple[Outcome, str]:
    """Run once, and once more if the sandbox itself has failed.

    Such a failure says nothing about the program.
    """
    run = _run_script if suite["kind"] == "stdio" else _run_with_judge
    try:
        return run(program, suite, problem, mechanism, limits)
    except SandboxError:
        return run(program, suite, problem, mechanism, limits)


def _run_script(
    program: str, suite: dict[str, Any], _: str, mechanism: str, limits: Limits
) -> tuple[Outcome, str]:
    deadline = time.monotonic() + limits.suite_seconds
    job = {"program": program, "site": suite["site"]}
    for number, case in enumerate(suite["cases"], start=1):
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            return Outcome.WRONG, f"the cases took longer than {limits.suite_seconds:g} s in all"
        own = replace(limits, wall_seconds=min(limits.wall_seconds, seconds))
        stdin = case["stdin"].replace("\r\n", "\n").encode("utf-8", "replace")
        with start(SCRIPT, job, mechanism, own, stdin=stdin) as guest:
            ended = guest.wait()
        if fault := ended.fault():
            return Outcome.WRONG, f"case {number}: the program {fault}"
        output = ended.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        outcome, why = _compared(output, case, suite["checker"], mechanism, limits)
        if outcome is not Outcome.CORRECT:
            return outcome, f"case {number}: {why}"
    return Outcome.CORRECT, f"all {len(suite['cases'])} cases pass"


def _compared(
    output: str, case: dict[str, str], checker: str, mechanism: str, limits: Limits
) -> tuple[Outcome, str]:
    expected = case["stdout"].replace("\r\n", "\n")
    if checker:
        job = {"source": checker, "input": case["stdin"], "output": output, "expected": expected}
        with start(CHECKER, job, mechanism, limits) as guest:
            return _verdict_of(guest.wait(), "checker")[:2]
    if same_output(output, expected):
        return Outcome.CORRECT, "the output is right"
    return Outcome.WRONG, f"the output is {output[:120]!r}, not {expected[:120]!r}"


def _run_with_judge(
    program: str, suite: dict[str, Any], problem: str, mechanism: str, limits: Limits
) -> tuple[Outcome, str]:
    prompt = suite.get("prompt") or (problem if suite["kind"] == "check" else "")
    seconds = {"call_seconds": limits.call_seconds, "load_seconds": limits.wall_seconds}
    wall_seconds = limits.wall_seconds + JUDGE_EXTRA_SECONDS
    cpu_seconds = limits.cpu_seconds + JUDGE_EXTRA_SECONDS
    longer = replace(limits, wall_seconds=wall_seconds, cpu_seconds=cpu_seconds)
    solution_job = {"program": program, "problem": prompt, "site": suite["site"]}
    judge_job = {"suite": suite, "problem": prompt, **seconds}
    with contextlib.ExitStack() as stack:
        with _two_pipes() as (solution_ends, judge_ends):
            first: Any = {"descriptors": solution_ends, "quiet": True}
            solution = stack.enter_context(
                start(SOLUTION, solution_job, mechanism, limits, **first)
            )
            judge = start(JUDGE, judge_job, mechanism, longer, descriptors=judge_ends)
            stack.enter_context(judge)
        outcome, why, program_ended = _verdict_of(judge.wait(), "judge")
        solution.kill()
        fault = solution.wait().fault()
    return outcome, f"{why}: it {fault}" if program_ended and fault else why


def _verdict_of(ended: Ended, process: str) -> tuple[Outcome, str, bool]:
    """Read what a judging process wrote.

    If it did not get that far, it has failed, not the program.
    """
    if fault := ended.fault():
        return Outcome.ERROR, f"the {process} {fault}", False
    try:
        verdict = json.loads(ended.stdout)
        return Outcome(verdict["outcome"]), str(verdict["why"]), bool(verdict["program_ended"])
    except (ValueError, KeyError, TypeError):
        return Outcome.ERROR, f"the {process} gave no verdict", False


@contextlib.contextmanager
def _two_pipes() -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Make pipes in both directions, and close this process's copies afterwards.

    With a copy left open, neither process would notice that the other has ended.

    Yields:
        What each process reads from and writes to, the solution's first.
    """
    requests_read, requests_write = os.pipe()
    values_read, values_write = os.pipe()
    try:
        yield (requests_read, values_write), (values_read, requests_write)
    finally:
        for descriptor in (requests_read, requests_write, values_read, values_write):
            os.close(descriptor)

"""Properties of the workers: one judgement per request, in order, whatever a verifier does."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Limits, Request
from seed.reference.verifiers.verdict import Judgement, error
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item
from tests.support import badly_behaved

VERIFIER = f"{badly_behaved.__file__}:behave"
PATIENCE_IN_SECONDS = 120.0
LONG = Limits(seconds=60.0, memory_mebibytes=512)
SHORT = Limits(seconds=2.0, memory_mebibytes=512)


def request(deed: str, response: str = "right", reference: str = "") -> Request:
    return Request(Item("one", "math", deed, response, reference), VERIFIER)


def judgements(
    requests: Sequence[Request | Judgement], limits: Limits = LONG, jobs: int = 1
) -> list[Judgement]:
    with Pool(jobs, limits) as pool:
        return list(pool.judge(requests))


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ended_in_time(processes: Sequence[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_IN_SECONDS
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(map(is_alive, processes))


HANGING = ["sleeps", "loops", "holds_the_interpreter", "ignores_all_signals", "stops"]
BREAKING = {
    "exits": "SystemExit: 3",
    "exits_hard": "worker exited with status 3",
    "leaves_a_child_and_exits": "worker exited with status 4",
    "is_killed": "worker died: signal 9",
    "crashes": "worker died: signal 11",
    "eats_memory": "memory limit of 512 MiB",
    "recurses": "RecursionError: maximum recursion depth exceeded",
    "raises": "ValueError: no verdict on <object object at 0x…>",
    "raises_what_cannot_be_told": "Untold",
    "closes_every_file": "the verifier closed the worker's pipe",
    "writes_garbage_everywhere": "the worker sent something that is no verdict",
    "returns_a_list": "the verifier returned list; it must return",
}
HARMLESS = ["prints_megabytes", "reads_stdin", "forks_and_both_return"]


def test_p25_a_verifier_that_hangs_is_killed_at_its_time_limit_and_the_next_is_judged() -> None:
    *hung, after = judgements([*map(request, HANGING), request("")], SHORT, jobs=len(HANGING))
    assert hung == [error("time limit of 2 s")] * len(HANGING)
    assert after.verdict.outcome is Outcome.CORRECT


def test_a_verifier_that_breaks_gives_an_error_with_the_reason_and_spoils_no_other_line() -> None:
    requests = [item for deed in BREAKING for item in (request(deed), request("", "wrong"))]
    results = judgements(requests, jobs=2)
    assert [result.verdict.outcome for result in results] == [Outcome.ERROR, Outcome.WRONG] * len(
        BREAKING
    )
    for broken, why in zip(results[::2], BREAKING.values(), strict=True):
        assert broken.verdict.why.startswith(why)
        assert broken.reward is None


def test_what_a_verifier_prints_reads_or_forks_does_not_reach_its_verdicts() -> None:
    results = judgements(
        [item for deed in HARMLESS for item in (request(deed), request("", "wrong"))]
    )
    assert [result.verdict.outcome for result in results] == [Outcome.CORRECT, Outcome.WRONG] * len(
        HARMLESS
    )


def test_a_forked_copy_of_a_worker_never_serves_requests(tmp_path: Path) -> None:
    process_file = tmp_path / "processes"
    judgements(
        [request("forks_and_both_return")] * 3
        + [request("tells_its_process", reference=str(process_file))] * 100
    )
    assert len(set(process_file.read_text().split())) == 1


def test_a_reply_to_an_earlier_request_is_not_taken_for_one_to_this() -> None:
    _, forged = judgements([request(""), request("forges_a_late_reply", "wrong")])
    assert forged.verdict.outcome is Outcome.WRONG


def test_no_line_depends_on_what_earlier_lines_have_done_to_their_worker() -> None:
    for deed, times in (("dies_unless_it_is_the_first", 3), ("keeps_memory", 6)):
        results = judgements([request(deed)] * times)
        assert {result.verdict.outcome for result in results} == {Outcome.CORRECT}, deed


def test_the_judgements_come_in_order_and_do_not_depend_on_the_number_of_workers() -> None:
    deeds = ["", "is_slow", "raises", "tells_a_hash", "crashes", "is_slow", "exits", "tells_a_hash"]
    requests: list[Request | Judgement] = [
        request(deed, "right" if n % 3 else "wrong") for n, deed in enumerate(deeds)
    ]
    requests.insert(5, error("not even a line"))
    alone = judgements(requests)
    assert len(alone) == len(requests)
    assert alone[5] == error("not even a line")
    assert judgements(requests, jobs=3) == alone


def test_p25_a_pool_works_in_a_thread_and_inside_an_event_loop() -> None:
    requests = [request("sleeps"), request(""), request("", "wrong")]
    expected = [Outcome.ERROR, Outcome.CORRECT, Outcome.WRONG]

    def outcomes() -> list[Outcome]:
        return [result.verdict.outcome for result in judgements(requests, SHORT, jobs=2)]

    async def inside() -> list[Outcome]:
        return outcomes()

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(outcomes).result() == expected
    assert asyncio.run(inside()) == expected


def test_a_pending_alarm_and_a_handler_of_the_caller_stay_as_they_are() -> None:
    handler = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 1000.0)
    try:
        judgements([request("sleeps")], SHORT)
        assert 0.0 < signal.getitimer(signal.ITIMER_REAL)[0] < 1000.0
        assert signal.getsignal(signal.SIGALRM) is handler
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def test_the_time_limit_leaves_no_process_behind_not_even_one_in_a_session_of_its_own(
    tmp_path: Path,
) -> None:
    process_file = tmp_path / "processes"
    judgements(
        [request("leaves_a_child_in_a_session_of_its_own", reference=str(process_file))],
        Limits(2.0, 512),
    )
    processes = list(map(int, process_file.read_text().split()))
    assert len(processes) == 2
    assert ended_in_time(processes)


def test_a_pool_that_is_left_in_the_middle_leaves_no_process_and_can_be_used_again(
    tmp_path: Path,
) -> None:
    process_file = tmp_path / "processes"
    with Pool(2, LONG) as pool:
        telling = request("tells_its_process", reference=str(process_file))
        running = pool.judge([telling, request("sleeps"), request("")])
        next(running)
        del running
        (again,) = pool.judge([telling])
        assert again.verdict.outcome is Outcome.CORRECT
    assert ended_in_time(list(map(int, process_file.read_text().split())))


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel's signal at the end of a pipe is Linux"
)
def test_workers_die_with_a_caller_that_is_killed_even_if_they_hold_the_interpreter(
    tmp_path: Path,
) -> None:
    process_file = tmp_path / "processes"
    code = (
        "import sys\n"
        "from seed.reference.verifiers.runner.pool import Pool\n"
        "from seed.reference.verifiers.runner.worker import Limits, Request\n"
        "from seed.spec.verify import Item\n"
        "verifier, file = sys.argv[1:]\n"
        "items = [Item('', 'math', 'tells_its_process', '', file),"
        " Item('', 'math', 'holds_the_interpreter', '')]\n"
        "list(Pool(1, Limits(600.0, 512)).judge(Request(item, verifier) for item in items))"
    )
    caller = subprocess.Popen([sys.executable, "-c", code, VERIFIER, str(process_file)])
    deadline = time.monotonic() + PATIENCE_IN_SECONDS
    while time.monotonic() < deadline:
        if process_file.exists() and process_file.read_text().endswith("\n"):
            break
        time.sleep(0.01)
    (worker,) = map(int, process_file.read_text().split())
    assert is_alive(worker)
    caller.kill()
    caller.wait()
    assert ended_in_time([worker])


def test_megabytes_cross_the_pipe() -> None:
    text = "\ud800\x00\u2028" * 1_000_000
    (results,) = judgements([Request(Item("one", "math", "", text, reference=text), VERIFIER)])
    assert results.verdict.outcome is Outcome.WRONG


def test_a_verifier_that_cannot_be_loaded_is_an_error() -> None:
    path = VERIFIER.removesuffix(":behave")
    reasons = {
        "missing.py:f": "there is no file missing.py",
        f"{path}:nothing": "has no function nothing",
        f"{path}:hoard": "has no function hoard",
        "json:loads": "must be path.py:function",
        "": "domain='chess' must be one of math, code, puzzle, judge",
    }
    results = judgements([Request(Item("one", "chess", "", ""), verifier) for verifier in reasons])
    for result, why in zip(results, reasons.values(), strict=True):
        assert result.verdict.outcome is Outcome.ERROR
        assert why in result.verdict.why


def test_a_custom_verifier_gets_the_fields_of_the_item_and_returns_its_reward() -> None:
    verifier = VERIFIER.replace(":behave", ":looks_at_the_fields")
    (results,) = judgements([Request(Item("one", "chess", "", ""), verifier)])
    assert (
        results.verdict.extracted == "id domain problem response reference tests puzzle principles"
    )
    assert (results.verdict.outcome, results.reward) == (Outcome.CORRECT, 2.5)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(2, LONG) as pool:
        yield pool


@given(order=st.lists(st.sampled_from(["right", "wrong", "raises", "fault"]), max_size=40))
@settings(max_examples=30)
def test_every_request_has_one_judgement_in_its_place(pool: Pool, order: list[str]) -> None:
    expected = dict.fromkeys(order, Outcome.ERROR)
    expected |= {"right": Outcome.CORRECT, "wrong": Outcome.WRONG}
    requests = [
        error("fault") if name == "fault" else request("raises" if name == "raises" else "", name)
        for name in order
    ]
    with_workers = list(pool.judge(requests))
    assert [result.verdict.outcome for result in with_workers] == [expected[name] for name in order]
    for result in with_workers:
        assert (result.reward is None) == (result.verdict.outcome is Outcome.ERROR)


def test_no_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    judgements([request("exits_hard"), request("")], jobs=2)
    assert len(os.listdir("/proc/self/fd")) == before

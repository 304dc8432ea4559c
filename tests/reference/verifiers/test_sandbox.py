"""A program inside cannot get out, whatever it tries, and nothing is left of it."""

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seed.reference.verifiers.programs.verifier import verify
from seed.reference.verifiers.sandbox import bubblewrap, probe, users, weak
from seed.reference.verifiers.sandbox.host import Guest, SandboxError, start
from seed.reference.verifiers.sandbox.limits import Limits
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item
from tests.support.sandboxes import (
    TIGHT,
    first_sound,
    leftovers,
    printed_list,
    script,
    sound,
    started,
    timed_out,
)

PRINT = "import json, os, sys\nprint(json.dumps({}))"

TRY = """
import contextlib, ctypes, json, os, resource, signal, socket, subprocess, sys, tempfile, threading
escaped = []
def attempt(name, function):
    with contextlib.suppress(Exception):
        if function():
            escaped.append(name)
"""


@pytest.fixture(params=probe.PREFERRED)
def mechanism(request: pytest.FixtureRequest) -> str:
    return sound(request.param)


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Path]:
    """A folder that anybody may enter and change, below folders that anybody may enter."""
    with probe.bait() as job:
        yield Path(job["folder"])


def test_every_escape_of_the_probe_fails(mechanism: str) -> None:
    assert probe.attempt_escapes(mechanism) == []


def test_the_probe_can_fail() -> None:
    escapes = probe.attempt_escapes(probe.WEAK)
    assert "read a foreign file" in escapes
    assert "touch the bait" in escapes


def test_files_outside_are_out_of_reach(mechanism: str, bait: Path) -> None:
    program = f"""
for path in ({str(bait)!r}, "/", "/usr", "/root", "/home", "/dev", "/etc", "/var/tmp",
             {str(Path(__file__).parent)!r}):
    attempt("write " + path, lambda: open(os.path.join(path, "escaped"), "w"))
    attempt("folder " + path, lambda: os.mkdir(os.path.join(path, "escaped")) or True)
    link = os.path.join(path, "escaped")
    attempt("link " + path, lambda: os.symlink("/etc/passwd", link) or True)
for path in ("/etc/shadow", "/etc/passwd", "/etc/hostname", "/proc/version", "/proc/self/environ",
             {str(bait.parent / "secret")!r}, {__file__!r}, "/dev/mem", "/dev/sda", "/dev/vda",
             "/dev/kmsg", "/dev/tty"):
    attempt("read " + path, lambda: open(path).read(1))
attempt("chmod", lambda: os.chmod({str(bait)!r}, 0) or True)
attempt("chown", lambda: os.chown({str(bait)!r}, os.getuid(), -1) or True)
attempt("touch", lambda: os.utime({str(bait)!r}) or True)
attempt("truncate", lambda: os.truncate({str(bait.parent / "file")!r}, 0) or True)
print(json.dumps(escaped))
"""
    assert printed_list(script(TRY + program, mechanism)) == []
    assert os.listdir(bait) == []


def test_processes_cannot_be_started_or_reached(mechanism: str) -> None:
    program = f"""
libc = ctypes.CDLL(None)
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("vfork", lambda: libc.vfork() >= 0)
attempt("raw fork", lambda: os.uname().machine == "x86_64" and libc.syscall(57) >= 0)
attempt("system", lambda: libc.system(b"true") == 0)
attempt("subprocess", lambda: subprocess.run(["/bin/true"]))
attempt("exec", lambda: os.execv("/bin/true", ["true"]))
attempt("kill", lambda: os.kill({os.getpid()}, 0) or True)
attempt("kill all", lambda: os.kill(-1, 0) or True)
attempt("ptrace", lambda: libc.ptrace(0x4206, {os.getpid()}, 0, 0) == 0)
attempt("own limits", lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)) or True)
attempt("limits of others", lambda: resource.prlimit({os.getpid()}, resource.RLIMIT_NOFILE))
attempt("priority of others", lambda: os.setpriority(os.PRIO_PROCESS, {os.getpid()}, 19) or True)
attempt("superuser", lambda: os.setuid(0) or True)
attempt("unshare", lambda: libc.unshare(0x10000000) == 0)
attempt("mount", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0)
attempt("io_uring", lambda: libc.syscall(425, 8, ctypes.create_string_buffer(256)) >= 0)
attempt("shared memory", lambda: libc.shmget(4711, 4096, 0o1666) >= 0)
print(json.dumps(escaped))
"""
    # Signals to "all" reach only what is inside, so that they may succeed there.
    assert set(printed_list(script(TRY + program, mechanism))) <= {"kill all"}


def test_the_network_is_out_of_reach(mechanism: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        program = f"""
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET,
               socket.AF_UNIX):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        attempt(f"socket {{family}} {{kind}}", lambda: socket.socket(family, kind))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", {listener.getsockname()[1]}), 1))
print(json.dumps(escaped))
"""
        assert printed_list(script(TRY + program, mechanism)) == []


def test_a_program_finds_no_environment_and_no_descriptor_of_the_host(mechanism: str) -> None:
    opened = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(opened, True)
    try:
        program = (
            "for n in range(3, 300):\n    attempt(n, lambda:"
            " os.fstat(n))\nprint(json.dumps([sorted(os.environ), escaped]))"
        )
        environment, descriptors = printed_list(script(TRY + program, mechanism))
    finally:
        os.close(opened)
    assert set(environment) <= {*weak.ENVIRONMENT, "PWD"}
    assert not descriptors


def test_standard_input_ends_where_the_data_ends(mechanism: str) -> None:
    program = PRINT.format("[os.read(0, 9).decode(), sys.stdin.read(), sys.stdin.read()]")
    ended = script(program, mechanism, stdin=b"first line\nrest")
    assert printed_list(ended) == ["first lin", "e\nrest", ""]


def test_a_thread_that_is_not_joined_may_finish(mechanism: str) -> None:
    program = "import threading, sys\nthreading.stack_size(1 << 26)\nsys.setrecursionlimit(10**6)\n"
    program += (
        "def depth(n):\n    return n and 1 + depth(n - 1)\nthreading.Thread(target=lambda:"
        " print(depth(10**5))).start()"
    )
    assert script(program, mechanism).stdout == b"100000\n"


def test_thirty_threads_are_no_fault(mechanism: str) -> None:
    program = """
import threading
gate = threading.Barrier(30)
threads = [threading.Thread(target=gate.wait) for _ in range(29)]
for thread in threads:
    thread.start()
gate.wait()
print("met")
"""
    assert script(program, mechanism, Limits()).stdout == b"met\n"


IGNORE = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
THREAD = "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        pytest.param("while True: pass", "SIGXCPU", id="loop"),
        pytest.param(f"{IGNORE}while True: pass", "SIGKILL", id="ignored signal"),
        pytest.param("x = bytearray(1 << 40)", "MemoryError", id="memory"),
        pytest.param(
            "x = []\nwhile True: x.append(bytearray(1 << 20))", "MemoryError", id="memory in steps"
        ),
        pytest.param(
            "import os\nwhile True: os.write(1, b'x' * 65536)", "File too large", id="output"
        ),
        pytest.param(
            "import sys\nwhile True: print('x' * 65536, file=sys.stderr)", "", id="errors"
        ),
        pytest.param("import os\nwhile True: os.fork()", "PermissionError", id="forks"),
        pytest.param(f"import threading, time\nwhile True: {THREAD}", "thread", id="threads"),
        pytest.param(
            "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()", "", id="recursion"
        ),
        pytest.param("import ctypes\nctypes.string_at(0)", "SIGSEGV", id="crash"),
    ],
)
def test_whatever_a_program_uses_up_is_bounded(program: str, fault: str) -> None:
    ended = script(program, first_sound(), replace(TIGHT, cpu_seconds=1))
    assert ended.fault()
    assert fault in ended.fault()
    assert len(ended.stdout) <= TIGHT.file_bytes
    assert len(ended.stderr) <= TIGHT.file_bytes
    assert leftovers() == []


def test_time_by_the_clock_is_bounded(mechanism: str) -> None:
    ended = timed_out("import time\ntime.sleep(1000)", mechanism)
    assert ended.fault().startswith("ran out of time")
    assert leftovers() == []


def test_a_deep_tree_of_directories_is_refused_or_vanishes(mechanism: str) -> None:
    name = f"deep-{os.getpid()}"
    program = (
        f"import os\nos.chdir('/tmp')\nfor _ in range(3000):\n    os.mkdir('{name}')\n   "
        f" os.chdir('{name}')"
    )
    script(program, mechanism)
    assert not os.path.exists(f"/tmp/{name}")


SCRATCH = """
import os, tempfile
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("kept")
    file.seek(0)
    kept = file.read()
with tempfile.TemporaryDirectory() as folder:
    os.makedirs(os.path.join(folder, "a", "b"))
    open(os.path.join(folder, "x"), "w").close()
    os.rename(os.path.join(folder, "x"), os.path.join(folder, "a", "y"))
"""


def test_a_program_has_a_folder_of_its_own_that_vanishes(mechanism: str) -> None:
    leave = "before = os.listdir('.')\nopen('left', 'w').write(kept)\n"
    show = PRINT.format("[os.getcwd(), tempfile.gettempdir(), before, kept, os.listdir('.')]")
    for _ in range(2):
        ended = script(SCRATCH + leave + show, mechanism)
        if "No usable temporary directory" in ended.fault():
            pytest.skip("the kernel lets this user mount nothing")
        shown: list[Any] = printed_list(ended)
        place, temporary, before, kept, after = shown
        assert (place, before, kept, after) == (temporary, [], "kept", ["left"])
        assert not os.path.exists(os.path.join(place, "left"))


def test_the_folder_of_a_program_is_bounded_and_runs_nothing(mechanism: str) -> None:
    fill = """
def written(size):
    total = 0
    with contextlib.suppress(OSError):
        while total < 1 << 30:
            with open(f"{size}-{total}", "wb") as file:
                file.write(bytes(size))
            total += max(size, 1)
    return total
totals = [written(1 << 19), written(0)]
open("524288-0", "wb").write(b"#!/bin/true")
attempt("exec", lambda: os.execv("./524288-0", ["x"]))
attempt("device", lambda: os.mknod("null", 0o20666, os.makedev(1, 3)) or True)
attempt("above", lambda: open("../escaped", "w"))
attempt("link", lambda: open(os.symlink("/etc/passwd", "link") or "link").read())
print(json.dumps([*totals, escaped]))
"""
    shown: list[Any] = printed_list(script(TRY + fill, mechanism, Limits()))
    written, files, escaped = shown
    assert written <= Limits().scratch_bytes and files <= 1 << 20
    assert set(escaped) <= ({"above"} if mechanism == "bubblewrap" else set())


def test_orphans_of_weak_isolation_are_found_and_killed() -> None:
    # The program itself waits until all eight have written, however long they take.
    program = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    for _ in range(3):
        os.fork()
    os.write(1, b"o")
    time.sleep(1000)
while os.fstat(1).st_size < 8:
    time.sleep(0.01)
"""
    ended = script(program, probe.WEAK)
    assert ended.stdout == b"o" * 8
    assert leftovers() == []


def test_a_fork_bomb_in_weak_isolation_ends() -> None:
    program = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    timed_out(program, probe.WEAK, replace(TIGHT, tasks=20))
    assert leftovers() == []


def test_a_process_whose_lifeline_is_closed_is_killed(mechanism: str) -> None:
    with _sleeper(mechanism):
        time.sleep(0.1)
    assert leftovers() == []


def test_processes_in_many_threads_do_not_disturb_each_other(mechanism: str) -> None:
    printed: list[bytes] = []
    programs = [f"print({number})" for number in range(8)]
    threads = [
        threading.Thread(target=lambda p=program: printed.append(script(p, mechanism).stdout))
        for program in programs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(printed) == [f"{number}\n".encode() for number in range(8)]


def test_the_host_keeps_no_descriptor(mechanism: str) -> None:
    script("print(1)", mechanism)
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        script("print(1)", mechanism)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_what_cannot_be_confined_is_not_run() -> None:
    with (
        start("seed.reference.nothing:here", {}, probe.WEAK, TIGHT) as guest,
        pytest.raises(SandboxError) as raised,
    ):
        guest.wait()
    reason = "ModuleNotFoundError: No module named 'seed.reference.nothing'"
    assert str(raised.value) == f"the process could not be confined: {reason}"


def test_weak_isolation_is_never_chosen_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    off = probe.Soundness(False, "switched off")
    monkeypatch.setattr(probe, "soundness", lambda mechanism: off)
    with pytest.raises(SandboxError) as raised:
        probe.choose()
    assert (
        str(raised.value)
        == "no sound isolation here (bubblewrap: switched off; landlock: switched off);"
        " isolation=weak runs programs without any"
    )
    assert probe.choose(probe.WEAK) == probe.WEAK


@pytest.mark.parametrize("isolation", [probe.AUTOMATIC, *probe.PREFERRED, probe.WEAK])
def test_no_isolation_is_recommended_that_cannot_work_on_the_system(
    monkeypatch: pytest.MonkeyPatch, isolation: str
) -> None:
    assert probe.missing_calls() == []
    monkeypatch.delattr("os.pidfd_open")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(SandboxError) as raised:
        probe.choose(isolation)
    assert str(raised.value) == (
        "programs run on Linux only, under any isolation: Darwin has no pidfd_open; judge code"
        " lines in a Linux container or virtual machine"
    )
    verdict = verify(Item("a", "code", "", "x = 1", tests=["assert True"]), isolation)
    assert verdict.outcome is Outcome.ERROR and "Darwin has no pidfd_open" in verdict.why


def test_an_unknown_isolation_is_refused() -> None:
    legal = "automatic, bubblewrap, landlock, weak"
    with pytest.raises(ValueError, match=f"isolation='none' must be one of {legal}"):
        probe.choose("none")


def test_limits_under_which_nothing_can_run_are_rejected() -> None:
    with pytest.raises(ValueError, match="memory_bytes=0 must be positive"):
        Limits(memory_bytes=0)


def _sleeper(mechanism: str) -> Guest:
    return started("import time\ntime.sleep(1000)", mechanism)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives every program a uid of its own")
def test_no_program_is_killed_with_another_that_leaves_children_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def by_another_host(program: str) -> Guest:
        # It begins at the same uid.
        monkeypatch.setattr(users, "_serial", itertools.count(7))
        return started(f"import os, time\n{program}", probe.WEAK)

    with by_another_host("time.sleep(0.5)\nprint(os.getuid())") as quiet:
        with by_another_host("print(os.getuid())\nif os.fork() == 0: time.sleep(100)") as crowded:
            ended = crowded.wait()
        survivor = quiet.wait()
    assert (survivor.fault(), ended.fault()) == ("", "")
    assert survivor.stdout.split() != ended.stdout.split()


def test_a_uid_is_free_again_when_its_last_holder_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A uid that nobody else on this machine has at the moment, and then no other one is tried.
    uid, claimed = users.claim()
    monkeypatch.setattr(users, "_serial", itertools.repeat(uid - users.FIRST_UID))
    with pytest.raises(users.NoUid, match="in use"):
        users.claim()
    claimed.close()
    again, claimed = users.claim()
    claimed.close()
    assert again == uid


def test_a_process_that_is_killed_before_it_was_confined_has_not_failed() -> None:
    for _ in range(20):
        with _sleeper(first_sound()) as guest:
            guest.kill()
            ended = guest.wait()
        assert (ended.status, ended.late) == (-9, False)


def test_an_environment_below_tmp_is_not_covered_by_the_scratch_space(tmp_path: Path) -> None:
    command = bubblewrap.command([str(tmp_path)], Limits(), ["true"])
    scratch = [index for index, argument in enumerate(command) if argument == "--tmpfs"]
    assert command.index(str(tmp_path)) > max(scratch)

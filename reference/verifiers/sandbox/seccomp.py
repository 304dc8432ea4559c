"""A list of the system calls that a Python program needs; the kernel refuses all others with EPERM.

    architecture as expected?  ->  number listed?  ->  arguments as listed?  ->  allow | EPERM

Not in the list, on purpose: new processes and programs, sockets, tracing, mounts and
namespaces, modes and owners of files, System V objects that outlive their maker, io_uring, keys,
BPF. A thread is not a process and is allowed. The filter is classic BPF (seccomp(2)), written here
directly: it needs no library and no privilege.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Iterable

from seed.reference.verifiers.sandbox.landlock import forbid_new_privileges

AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The architectures of the table below, with the kernel's value for each (linux/audit.h)."""

X32_BIT = 0x40000000
"""Numbers from here on belong to the x32 interface of x86-64: other calls in disguise."""


def _table(text: str) -> dict[str, tuple[int | None, int | None]]:
    """Read lines of ``call number number, ...``; a number may be ``-``, a line a comment."""
    lines = [line for line in text.strip().splitlines() if not line.startswith("#")]
    entries = [entry.split() for line in lines for entry in line.split(",")]
    return {
        name: (None if x86_64 == "-" else int(x86_64), None if aarch64 == "-" else int(aarch64))
        for name, x86_64, aarch64 in entries
    }


CALLS = _table("""
# memory
brk 12 214, mmap 9 222, mprotect 10 226, munmap 11 215, mremap 25 216, madvise 28 233
msync 26 227, mincore 27 232, mlock 149 228, munlock 150 229, membarrier 324 283
# descriptors
read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, pwrite64 18 68, preadv 295 69
pwritev 296 70, preadv2 327 286, pwritev2 328 287, lseek 8 62, close 3 57, close_range 436 436
dup 32 23, dup2 33 -, dup3 292 24, pipe 22 -, pipe2 293 59, fsync 74 82, fdatasync 75 83
ftruncate 77 46, fallocate 285 47, fadvise64 221 223, sendfile 40 71, splice 275 76, tee 276 77
copy_file_range 326 285, flock 73 32, poll 7 -, ppoll 271 73, select 23 -, pselect6 270 72
epoll_create 213 -, epoll_create1 291 20, epoll_ctl 233 21, epoll_wait 232 -, epoll_pwait 281 22
eventfd2 290 19, timerfd_create 283 85, timerfd_settime 286 86, timerfd_gettime 287 87
# files
open 2 -, openat 257 56, creat 85 -, access 21 -, faccessat 269 48, faccessat2 439 439, stat 4 -
lstat 6 -, fstat 5 80, newfstatat 262 79, statx 332 291, statfs 137 43, fstatfs 138 44
getdents 78 -, getdents64 217 61, readlink 89 -, readlinkat 267 78, getcwd 79 17, chdir 80 49
fchdir 81 50, mkdir 83 -, mkdirat 258 34, rmdir 84 -, unlink 87 -, unlinkat 263 35, rename 82 -
renameat 264 38, renameat2 316 276, link 86 -, linkat 265 37, symlink 88 -, symlinkat 266 36
umask 95 166
# threads
futex 202 98, set_robust_list 273 99, get_robust_list 274 100, rseq 334 293
set_tid_address 218 96, gettid 186 178, sched_yield 24 124, sched_getaffinity 204 123
sched_getparam 143 121, sched_getscheduler 145 120, sched_get_priority_max 146 125
sched_get_priority_min 147 126, getcpu 309 168, arch_prctl 158 -
# signals of its own
rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigpending 127 136
rt_sigsuspend 130 133, rt_sigtimedwait 128 137, sigaltstack 131 132, pause 34 -, alarm 37 -
setitimer 38 103, getitimer 36 102, timer_create 222 107, timer_settime 223 110
timer_gettime 224 108, timer_getoverrun 225 109, timer_delete 226 111, restart_syscall 219 128
# time
nanosleep 35 101, clock_nanosleep 230 115, clock_gettime 228 113, clock_getres 229 114
gettimeofday 96 169, time 201 -, times 100 153
# identity
getpid 39 172, getppid 110 173, getuid 102 174, geteuid 107 175, getgid 104 176, getegid 108 177
getresuid 118 148, getresgid 120 150, getgroups 115 158, getpgid 121 155, getpgrp 111 -
getsid 124 156, uname 63 160, sysinfo 99 179, getrusage 98 165, getrandom 318 278, capget 125 90
# limits
getrlimit 97 163, setrlimit 160 164
# ends
exit 60 93, exit_group 231 94, wait4 61 260, waitid 247 95
# socket pairs
sendto 44 206, recvfrom 45 207, sendmsg 46 211, recvmsg 47 212, shutdown 48 210
getsockopt 55 209, setsockopt 54 208, getsockname 51 204, getpeername 52 205
""")
"""Call -> numbers on x86-64 and aarch64 (linux/unistd.h), ``-`` for no such call."""

SIGNALS = {"kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131)}
"""Allowed only where other means keep signals inside: Landlock version 6, a process name space."""

CLONE, CLONE3, FCNTL, IOCTL = (56, 220), (435, 435), (72, 25), (16, 29)
PRLIMIT, SOCKETPAIR = (302, 261), (53, 199)
CLONE_THREAD = 0x00010000
LOCAL_SOCKETS = 1
OWNER_COMMANDS = (8, 10, 15)
"""fcntl F_SETOWN, F_SETSIG, F_SETOWN_EX: with them the kernel signals any process of the user."""

HARMLESS_CONTROLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""ioctl TCGETS (is it a terminal?), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.

Not TIOCSTI, which would type into a terminal.
"""

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Operations of classic BPF (linux/bpf_common.h): load a word, compare with a constant, return."""

NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
"""Offsets in struct seccomp_data.

An argument has 64 bits; this is the offset of its low half, as both architectures are
little-endian.
"""

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
"""What the kernel does (linux/seccomp.h); the low bits of REFUSE are the error number."""

EPERM, ENOSYS = 1, 38
SET_SECCOMP, FILTER_MODE = 22, 2
Instruction = tuple[int, int, int, int]
"""Operation, instructions to skip if true, if false, constant (struct sock_filter)."""


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def machine() -> str:
    """This machine's architecture, by the name that the tables above use."""
    return platform.machine()


def supported() -> bool:
    """Whether the table above has the numbers of this machine's system calls."""
    return machine() in AUDIT_ARCHITECTURE


def confine(signals: bool) -> None:
    """Load the filter into this process, for good and for all its threads to come.

    Raises:
        OSError: The kernel refuses, or the architecture is unknown.
    """
    if not supported():
        raise OSError(f"no table of system calls for {machine()}")
    code = b"".join(struct.pack("HBBI", *line) for line in program(machine(), signals))
    forbid_new_privileges()
    filter_program = ctypes.byref(Program(length=len(code) // 8, instructions=code))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(SET_SECCOMP, FILTER_MODE, filter_program, 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def program(architecture: str, signals: bool) -> list[Instruction]:
    """Write the filter.

    Args:
        architecture: A key of ``AUDIT_ARCHITECTURE``.
        signals: Whether kill and its relatives are listed.

    Returns:
        The instructions, which read from top to bottom: a jump skips one instruction, or one block
        of ``_call``. The first RETURN that is reached decides.
    """
    column = list(AUDIT_ARCHITECTURE).index(architecture)
    listed = [numbers[column] for numbers in CALLS.values()]
    if signals:
        listed += [numbers[column] for numbers in SIGNALS.values()]
    threads_only = [(JUMP_ANY_BIT, 0, 1, CLONE_THREAD), (RETURN, 0, 0, ALLOW)]
    no_owners = [*_any_of(OWNER_COMMANDS, REFUSE | EPERM), (RETURN, 0, 0, ALLOW)]
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        # On another architecture the numbers below mean other calls.
        *_unless_equal(AUDIT_ARCHITECTURE[architecture], KILL),
        (LOAD, 0, 0, NUMBER),
        (JUMP_AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, REFUSE | EPERM),
        *(line for number in listed if number is not None for line in _if_equal(number, ALLOW)),
        # A filter can read the flags of clone, but those of clone3 lie in memory. ENOSYS makes the
        # C library fall back on clone.
        *_if_equal(CLONE3[column], REFUSE | ENOSYS),
        *_call(CLONE[column], FIRST_ARGUMENT, threads_only),
        *_call(SOCKETPAIR[column], FIRST_ARGUMENT, _if_equal(LOCAL_SOCKETS, ALLOW)),
        # Process 0 is the caller itself.
        *_call(PRLIMIT[column], FIRST_ARGUMENT, _if_equal(0, ALLOW)),
        *_call(IOCTL[column], SECOND_ARGUMENT, _any_of(HARMLESS_CONTROLS, ALLOW)),
        *_call(FCNTL[column], SECOND_ARGUMENT, no_owners),
        (RETURN, 0, 0, REFUSE | EPERM),
    ]


def _if_equal(value: int, verdict: int) -> list[Instruction]:
    return [(JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, verdict)]


def _unless_equal(value: int, verdict: int) -> list[Instruction]:
    return [(JUMP_EQUAL, 1, 0, value), (RETURN, 0, 0, verdict)]


def _any_of(values: Iterable[int], verdict: int) -> list[Instruction]:
    return [line for value in values for line in _if_equal(value, verdict)]


def _call(number: int, argument: int, lines: list[Instruction]) -> list[Instruction]:
    """If this is the call, decide by the low half of one argument.

    What ``lines`` do not decide is refused.
    """
    block = [(LOAD, 0, 0, argument), *lines, (RETURN, 0, 0, REFUSE | EPERM)]
    return [(JUMP_EQUAL, 0, len(block), number), *block]

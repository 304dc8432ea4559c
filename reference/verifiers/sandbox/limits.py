"""How much a program may use: every limit is a field of ``Limits``, its default has a reason."""

from dataclasses import asdict, dataclass

CPU_SECONDS = 10
"""Processor time of one process.

Codeforces statements allow C++ 1 to 4 s; Python gets a multiple (LiveCodeBench: 6 s).
"""

WALL_SECONDS = 20.0
"""Time by the clock of one process.

It is twice the processor time, so that a busy machine makes no right program wrong.
"""

CALL_SECONDS = 6.0
"""Time by the clock of one call of a tested function; LiveCodeBench's limit for one case."""

SUITE_SECONDS = 240.0
"""Time by the clock of all processes of one verdict: below the 300 s of a pool's time limit."""

MEMORY_BYTES = 1 << 30
"""Address space of one process.

Statements allow 256 MiB to C++; Python objects are about four times as large.
"""

TASKS = 64
"""Threads (in ``weak`` isolation also processes).

A thread for deep recursion is a common idiom; OpenBLAS is held to one.
"""

FILE_BYTES = 16 << 20
"""Longest file and longest standard output: expected outputs of contests are a few megabytes."""

SCRATCH_BYTES = 64 << 20
"""Size of each writable place: /tmp and /dev/shm, or ``scratch``, or ``private_folder``.

All but the last are memory, which RLIMIT_AS does not count.
"""

OPEN_FILES = 64
"""Open descriptors: imports need about ten, and no task needs hundreds."""

STACK_BYTES = 64 << 20
"""Stack of the main thread: for recursion through C at the depths of contests.

Such recursion is sorting by a key, or ``repr`` of nested lists.
"""


@dataclass(frozen=True)
class Limits:
    """What one process may use, and one verdict may take.

    Attributes:
        cpu_seconds: Processor time of one process, >= 1.
        wall_seconds: Time by the clock of one process, > 0.
        call_seconds: Time by the clock of one call of a tested function, > 0.
        suite_seconds: Time by the clock of one verdict, > 0.
        memory_bytes: Address space of one process.
        tasks: Threads of one process.
        file_bytes: Longest file; standard output and standard error are files.
        scratch_bytes: Size of each writable file system.
        open_files: Open descriptors.
        stack_bytes: Stack of the main thread.
    """

    cpu_seconds: int = CPU_SECONDS
    wall_seconds: float = WALL_SECONDS
    call_seconds: float = CALL_SECONDS
    suite_seconds: float = SUITE_SECONDS
    memory_bytes: int = MEMORY_BYTES
    tasks: int = TASKS
    file_bytes: int = FILE_BYTES
    scratch_bytes: int = SCRATCH_BYTES
    open_files: int = OPEN_FILES
    stack_bytes: int = STACK_BYTES

    def __post_init__(self) -> None:
        """Refuse limits under which nothing can run.

        Raises:
            ValueError: A limit is not positive.
        """
        for name, value in asdict(self).items():
            if not value > 0:
                raise ValueError(f"{name}={value} must be positive")

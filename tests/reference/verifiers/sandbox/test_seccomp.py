"""The filter allows what is listed and nothing else.

It is run here, instruction by instruction, on every call.
"""

import pytest

from seed.reference.verifiers.sandbox import seccomp

COLUMNS = {name: column for column, name in enumerate(seccomp.AUDIT_ARCHITECTURE)}


def decide(
    architecture: str,
    number: int,
    first: int = 0,
    second: int = 0,
    *,
    signals: bool = False,
    audit: int = 0,
) -> int:
    """Run the filter as the kernel does."""
    words = {
        seccomp.NUMBER: number,
        seccomp.ARCHITECTURE: audit or seccomp.AUDIT_ARCHITECTURE[architecture],
        seccomp.FIRST_ARGUMENT: first,
        seccomp.SECOND_ARGUMENT: second,
    }
    accumulator, position, code = 0, 0, seccomp.program(architecture, signals)
    while True:
        operation, if_true, if_false, constant = code[position]
        position += 1
        if operation == seccomp.RETURN:
            return constant
        if operation == seccomp.LOAD:
            accumulator = words[constant]
            continue
        true = {
            seccomp.JUMP_EQUAL: accumulator == constant,
            seccomp.JUMP_AT_LEAST: accumulator >= constant,
            seccomp.JUMP_ANY_BIT: bool(accumulator & constant),
        }[operation]
        position += if_true if true else if_false


@pytest.mark.parametrize("architecture", COLUMNS)
def test_a_call_is_allowed_exactly_if_it_is_listed(architecture: str) -> None:
    column = COLUMNS[architecture]
    listed = {numbers[column] for numbers in seccomp.CALLS.values()}
    conditional = {
        call[column] for call in (seccomp.CLONE, seccomp.CLONE3, seccomp.FCNTL, seccomp.IOCTL)
    }
    conditional |= {seccomp.PRLIMIT[column], seccomp.SOCKETPAIR[column]}
    for number in set(range(1000)) - conditional:
        assert (decide(architecture, number) == seccomp.ALLOW) == (number in listed), number


@pytest.mark.parametrize("architecture", COLUMNS)
def test_threads_are_allowed_and_processes_are_not(architecture: str) -> None:
    column = COLUMNS[architecture]
    clone, thread = seccomp.CLONE[column], seccomp.CLONE_THREAD | 0x3D0F00
    assert decide(architecture, clone, first=thread) == seccomp.ALLOW
    assert decide(architecture, clone, first=0x01200011) == seccomp.REFUSE | seccomp.EPERM
    assert decide(architecture, seccomp.CLONE3[column]) == seccomp.REFUSE | seccomp.ENOSYS


@pytest.mark.parametrize("architecture", COLUMNS)
def test_only_local_pairs_own_limits_and_harmless_controls_are_allowed(architecture: str) -> None:
    column = COLUMNS[architecture]
    for call, first, second, allowed in (
        (seccomp.SOCKETPAIR, 1, 0, True),
        (seccomp.SOCKETPAIR, 2, 0, False),
        (seccomp.PRLIMIT, 0, 0, True),
        (seccomp.PRLIMIT, 1, 0, False),
        (seccomp.IOCTL, 0, 0x5401, True),
        (seccomp.IOCTL, 0, 0x5412, False),  # TIOCSTI
        (seccomp.FCNTL, 0, 3, True),
        (seccomp.FCNTL, 0, 8, False),  # F_SETOWN
    ):
        decision = decide(architecture, call[column], first, second)
        assert (decision == seccomp.ALLOW) == allowed, (call, first, second)


@pytest.mark.parametrize("architecture", COLUMNS)
def test_signals_are_allowed_only_where_they_stay_inside(architecture: str) -> None:
    for numbers in seccomp.SIGNALS.values():
        number = numbers[COLUMNS[architecture]]
        assert decide(architecture, number) != seccomp.ALLOW
        assert decide(architecture, number, signals=True) == seccomp.ALLOW


def test_calls_of_another_architecture_kill_and_those_of_x32_are_refused() -> None:
    assert decide("x86_64", 0, audit=0x40000003) == seccomp.KILL
    assert decide("x86_64", seccomp.X32_BIT) == seccomp.REFUSE | seccomp.EPERM

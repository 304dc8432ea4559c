"""Every user error: one closed list of reasons, one exception; and the signals that end a run."""

import signal
from enum import StrEnum

SIGNALLED = 128
"""Exit code of a command that a signal ended, less the signal's number, as in a shell."""


class Ended(KeyboardInterrupt):
    """A signal ends the command; whatever stops for Ctrl-C stops for it.

    Attributes:
        number: Of the signal.
    """

    def __init__(self, number: int, line: str = "") -> None:
        super().__init__(*([line] if line else []))
        self.number = number


def with_way_on(interrupt: KeyboardInterrupt, line: str) -> Ended:
    """The same interrupt with a line that says how to go on."""
    return Ended(_number(interrupt), line)


def exit_code_of(interrupt: KeyboardInterrupt) -> int:
    """130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP."""
    return SIGNALLED + _number(interrupt)


def how_it_ended(interrupt: KeyboardInterrupt) -> str:
    """``interrupted`` or ``ended by SIGTERM``, and how to go on if the interrupt says it."""
    number = _number(interrupt)
    ended = f"ended by {signal.Signals(number).name}"
    what = "interrupted" if number == signal.SIGINT else ended
    return f"{what}; {interrupt}" if str(interrupt) else what


def _number(interrupt: KeyboardInterrupt) -> int:
    return interrupt.number if isinstance(interrupt, Ended) else int(signal.SIGINT)


class Reason(StrEnum):
    """Why a command stopped; the value is what a script may match on."""

    UNKNOWN_KEY = "unknown-key"
    ILLEGAL_VALUE = "illegal-value"
    ILLEGAL_COMBINATION = "illegal-combination"
    UNKNOWN_NAME = "unknown-name"
    RUN_DIRECTORY_IN_USE = "run-directory-in-use"
    NOT_A_RUN_DIRECTORY = "not-a-run-directory"
    NOT_A_CHECKPOINT = "not-a-checkpoint"
    DAMAGED_CHECKPOINT = "damaged-checkpoint"
    FOREIGN_CHECKPOINT = "foreign-checkpoint"
    FOREIGN_MODEL = "foreign-model"
    REWARD_NOT_FINITE = "reward-not-finite"
    LOSS_NOT_FINITE = "loss-not-finite"
    NOTHING_TO_LEARN = "nothing-to-learn"
    SCHEDULE_STUCK = "schedule-stuck"
    VERIFIER_FAILED = "verifier-failed"
    UNREADABLE_FILE = "unreadable-file"
    UNWRITABLE_FILE = "unwritable-file"
    FILE_EXISTS = "file-exists"
    FOREIGN_OUTPUT = "foreign-output"
    BACKEND_MISSING = "backend-missing"
    TRACKER_FAILED = "tracker-failed"
    POLICY_FAILED = "policy-failed"


class SeedError(Exception):
    """A user error: a reason, and one line for the person at the terminal.

    The line names the field or file, the offending value and the legal values; the command line
    prints it and exits with 2.
    """

    def __init__(self, reason: Reason, line: str) -> None:
        super().__init__(f"{reason}: {line}")
        self.reason = reason
        self.line = line

    def __reduce__(self) -> tuple[type["SeedError"], tuple[Reason, str]]:
        """A process that ran a job for this one can hand its error over."""
        return SeedError, (self.reason, self.line)

"""Every user error: one closed list of reasons, one exception."""

from enum import StrEnum

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended: 128 and the number of SIGINT, as in a shell."""


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

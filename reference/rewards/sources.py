"""Files of reward functions: where they are, and that a resumed run has the ones it began with."""

from hashlib import sha256
from pathlib import Path

from seed.reference.verifiers.custom import checked_address
from seed.reference.verifiers.custom_sources import sources
from seed.spec.config_rl import VERIFIER, RewardConfig
from seed.spec.errors import Reason, SeedError

FIELD = "reward.functions"
SHOWN_DIGITS = 12


def located(settings: RewardConfig) -> RewardConfig:
    """The section ``reward`` with absolute paths of its files and their digests.

    Raises:
        SeedError: ILLEGAL_VALUE for a file that is not there, UNREADABLE_FILE, FOREIGN_CHECKPOINT
            for one with another digest than ``reward.sha256`` says.
    """
    functions: dict[str, float] = {}
    digests: dict[str, str] = {}
    for address, weight in settings.functions.items():
        if address == VERIFIER:
            functions[address] = weight
            continue
        path, _, name = checked_address(address, FIELD).rpartition(":")
        file = Path(path).resolve()
        functions[f"{file}:{name}"] = weight
        digests |= _digests(file)
    for path, digest in digests.items():
        began_with = settings.sha256.get(path, digest)
        if began_with != digest:
            raise SeedError(
                Reason.FOREIGN_CHECKPOINT,
                f"{path} has sha256 {digest[:SHOWN_DIGITS]}…, the run began with"
                f" reward.sha256={began_with[:SHOWN_DIGITS]}…; put the file back, or delete its"
                " line from [reward.sha256] of the configuration to go on with the changed one",
            )
    return settings.model_copy(update={"functions": functions, "sha256": digests})


def _digests(file: Path) -> dict[str, str]:
    """Digest of a file, and of those that it imports beside it."""
    try:
        return {str(path): sha256(path.read_bytes()).hexdigest() for path in sources(file)}
    except OSError as failure:
        line = f"{FIELD}: {file}: {failure.strerror}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None

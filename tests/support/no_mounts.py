"""The fork server of a system where nobody may mount, as in many containers."""

from seed.reference.verifiers.sandbox import fork_server, scratch

ENTRY = "tests.support.no_mounts:main"


def main(setup_text: str) -> None:
    """Serve as the real one does; only the mount does not succeed."""
    scratch.make = lambda readable, size, uid: ""
    fork_server.main(setup_text)

"""Lines on stderr beside a progress bar: each stands on a line of its own, and the bar below it."""

import sys

from tqdm import tqdm


def print_error(line: str) -> None:
    """Write a line in one call; a bar of this process is redrawn after it."""
    if getattr(tqdm, "_instances", None):
        tqdm.write(line, file=sys.stderr)
    else:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()

"""The ``seed`` command. Its commands import what they need when they run, so that help is fast."""

import os

import click

from seed.cli.ablate import ablate
from seed.cli.audit import audit
from seed.cli.bench import bench
from seed.cli.conform import conform, diff
from seed.cli.data import data
from seed.cli.evaluate import evaluate
from seed.cli.exercise import exercise
from seed.cli.explain import explain
from seed.cli.export import export
from seed.cli.model import model
from seed.cli.puzzles import puzzles
from seed.cli.run import run
from seed.cli.sample import sample
from seed.cli.serve import serve
from seed.cli.srs import srs
from seed.cli.user_errors import Group
from seed.cli.verify import verify
from seed.cli.write_report import report

# The reference multiplies many small matrices. OpenBLAS threads do not speed that up, and on a
# shared machine they slow it down twentyfold by waiting for each other. NumPy reads this when it
# loads; a user's own value stays.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# When a rank fails, the C++ of torch prints a page of stack frames on each of the others, around
# the one line that counts.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="seed-reasoning", prog_name="seed")
def seed() -> None:
    """Train a mixture-of-experts model to reason by RL, as in Seed1.5-Thinking, VAPO and DAPO."""


COMMANDS = (
    *(run, report, sample, evaluate, serve, explain, ablate),
    *(model, export),
    *(conform, diff, verify, audit, data, bench, puzzles, srs, exercise),
)

for command in COMMANDS:
    seed.add_command(command)


if __name__ == "__main__":
    seed()

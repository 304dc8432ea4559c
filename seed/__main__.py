"""``python -m seed``: the command line."""

from seed.cli.main import seed

seed()

"""``seed data``: look at files of problems and at the built-in text tasks."""

import click

from seed.cli.data_sft import rejection_sampling
from seed.cli.show_data import show_data
from seed.cli.user_errors import Group


@click.group(cls=Group)
def data() -> None:
    """Look at files of problems; draw demonstrations by rejection sampling."""


data.add_command(show_data)
data.add_command(rejection_sampling)

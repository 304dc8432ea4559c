"""``seed data``: files of problems, shown and cleaned."""

import click

from seed.cli.clean_data import clean_data
from seed.cli.data_sft import rejection_sampling
from seed.cli.deduplicate_data import decontaminate_data, deduplicate_data
from seed.cli.filter_data import filter_data
from seed.cli.import_data import data_stats, import_data
from seed.cli.rewrite_data import mcq_to_short, to_integer
from seed.cli.show_data import show_data
from seed.cli.user_errors import Group


@click.group(cls=Group)
def data() -> None:
    """Look at files of problems, clean them, draw demonstrations from them."""


COMMANDS = (
    *(show_data, data_stats, import_data),
    *(clean_data, deduplicate_data, decontaminate_data, filter_data),
    *(mcq_to_short, to_integer),
    rejection_sampling,
)

for command in COMMANDS:
    data.add_command(command)

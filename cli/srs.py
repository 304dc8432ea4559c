"""``seed srs``: the streaming rollout scheduler before a run (simulate) and after it (replay)."""

import click

from seed.cli.replay import replay
from seed.cli.simulate import simulate
from seed.cli.user_errors import Group


@click.group(cls=Group)
def srs() -> None:
    """The streaming rollout scheduler: simulate it before a run, replay its decisions after one."""


srs.add_command(simulate)
srs.add_command(replay)

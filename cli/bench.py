"""``seed bench``: sets of problems in mathematics, built with certificates and audited."""

import click

from seed.cli.bench_audit import bench_audit
from seed.cli.bench_build import bench_build
from seed.cli.user_errors import Group


@click.group(cls=Group)
def bench() -> None:
    """Sets of problems in mathematics: build one from a seed, audit any."""


bench.add_command(bench_build)
bench.add_command(bench_audit)

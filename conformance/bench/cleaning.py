"""Speed and memory of cleaning: a synthetic file of many lines through clean and dedup.

    python -m seed.conformance.bench.cleaning --rows 1000000
    python -m seed.conformance.bench.cleaning --sketches 1000000

Statements are word problems of 40 to 80 words; of a hundred, one is a proof, one has no question,
two are exact duplicates and two near ones. Each command runs in a process of its own on one core;
seconds are its CPU seconds, memory is its largest resident set. ``--sketches`` measures the search
for clusters alone, the one part of dedup whose memory grows with the number of rows, on random
sketches of which two in a hundred have a near-duplicate.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from seed.conformance.bench.measure import table
from seed.reference.cleaning.duplicates import clusters_of, sketch_type
from seed.reference.cleaning.settings import DedupSettings

PEOPLE = ("Ana", "Ben", "Chloe", "Deng", "Emeka", "Farah", "Goran", "Hana", "Ines", "Jonas")
THINGS = ("apples", "marbles", "stamps", "books", "coins", "shells", "pencils", "cards")
PLACES = ("at the market", "in the garden", "on the beach", "at school", "in a shop", "on a farm")
VERBS = ("finds", "buys", "collects", "sells", "loses", "counts", "trades", "paints")
TOLD = ("early in the morning", "after a long walk", "before it rains", "together with a friend")
COMMANDS = ("clean", "dedup")
CHILD = (
    "import resource, sys\n"
    "from seed.cli.main import seed\n"
    "try:\n    seed(sys.argv[1:])\n"
    "finally:\n"
    "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
    "    print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)\n"
)


def statement(draw: random.Random) -> str:
    """One word problem."""
    parts = []
    for _ in range(draw.randrange(3, 6)):
        number, thing = draw.randrange(2, 10_000), draw.choice(THINGS)
        who, how = draw.choice(PEOPLE), draw.choice(TOLD)
        parts.append(f"{who} {draw.choice(VERBS)} {number} {thing} {draw.choice(PLACES)} {how}.")
    return " ".join([*parts, f"How many {draw.choice(THINGS)} are there in all?"])


def lines(rows: int, seed: int) -> Iterator[str]:
    """The lines of the file."""
    draw = random.Random(seed)
    earlier: list[str] = []
    for row in range(rows):
        kind, text = row % 100, statement(draw)
        if kind in (20, 40) and earlier:
            text = draw.choice(earlier)
        elif kind in (60, 80) and earlier:
            text = draw.choice(earlier).replace(" in all?", " altogether in all?")
        elif kind == 10:
            text = f"Prove the following. {text}"
        elif kind == 30:
            text = text.rpartition(". ")[0]
        elif kind % 10 == 5:
            earlier = [*earlier[-200:], text]
        yield json.dumps({"id": f"row-{row}", "problem": text, "answer": str(row % 997)})


def measured(command: str, source: Path, out: Path) -> tuple[float, float, dict[str, Any]]:
    """CPU seconds and MiB of one command, and the counts of its report."""
    arguments = ["data", command, str(source), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=True
    )
    seconds, kilobytes = done.stderr.splitlines()[-1].split()
    report = json.loads(out.with_name(f"{out.stem}.report.json").read_text(encoding="utf-8"))
    return float(seconds), float(kilobytes) / 1024, report["counts"]


def write_sketches(path: Path, rows: int, seed: int) -> None:
    """A file of random sketches with near-duplicates."""
    draw = np.random.default_rng(seed)
    with path.open("wb") as file:
        for start in range(0, rows, 20_000):
            part = np.zeros(min(20_000, rows - start), sketch_type(128))
            for name in ("text", "numbers"):
                part[name] = draw.integers(0, 2**63, len(part), dtype=np.uint64)
            part["minhash"] = draw.integers(0, 2**32, (len(part), 128), dtype=np.uint32)
            part["length"], part["used"] = 300, 1
            for name in ("numbers", "minhash"):
                part[name][1::50] = part[name][::50][: len(part[name][1::50])]
            file.write(part.tobytes())


def cluster_line(rows: int, seed: int) -> str:
    """What the search for clusters took, and what it found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sketches")
        write_sketches(path, rows, seed)
        began = time.process_time()
        found = clusters_of(path, DedupSettings())
        seconds = time.process_time() - began
    mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    clusters = f"{found.figures['clusters']:,} clusters in {rows:,} sketches"
    return f"{clusters}: {seconds:,.0f} CPU seconds, peak {mebibytes:,.0f} MiB"


@click.command()
@click.option("--sketches", type=click.IntRange(1), help="Only the search for clusters.")
@click.option("--rows", type=click.IntRange(1), default=20_000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(sketches: int | None, rows: int, seed: int) -> None:
    """Print lines per second on one core and peak memory of clean and of dedup behind it."""
    if sketches is not None:
        click.echo(cluster_line(sketches, seed))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "synthetic.jsonl")
        with source.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines(rows, seed))
        size = source.stat().st_size / 1e6
        found = []
        for command in COMMANDS:
            out = Path(folder, f"{command}.jsonl")
            seconds, mebibytes, counts = measured(command, source, out)
            speed, shown = f"{counts['rows'] / seconds:,.0f}", f"{mebibytes:,.0f}"
            row = (command, f"{counts['rows']:,}", f"{counts['kept']:,}", f"{seconds:,.0f}")
            found.append((*row, speed, shown))
            source = out
    head = ("command", "rows", "kept", "CPU seconds", "rows per second", "peak MiB")
    click.echo(f"{rows:,} lines, {size:,.0f} MB\n")
    click.echo(table((head, *found)))


if __name__ == "__main__":
    main()

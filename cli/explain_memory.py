"""What ``seed explain`` says about memory: the weights of a rank, and a table of all terms."""

from typing import TYPE_CHECKING

from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seed.spec.config import Config
    from seed.spec.layout import Layout
    from seed.spec.memory_term import MemoryTerm

UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}
NAME_WIDTH, COLUMN_WIDTH = 27, 12
PAGE_WIDTH = 80

TITLES = {"sft": "SFT", "value_pretraining": "pretraining"}
"""Titles of the columns of phases whose names do not fit; pretraining is of the value model."""

EXPLAINED = 4
"""Largest terms whose formula is shown."""


def memory_lines(config: "Config", build: bool) -> list[str]:
    """Both tables.

    Args:
        config: As it was resolved; without ``parallel.fsdp`` one process is explained.
        build: Whether to count the weights of a rank on the sharded model as well.

    Raises:
        SeedError: ILLEGAL_COMBINATION to build without a number of ranks; BACKEND_MISSING.
    """
    from seed.spec.layout import Layout, layout_for
    from seed.spec.memory import memory_by_phase

    parallel, layout = config.parallel, Layout()
    lines: list[str] = []
    if parallel.fsdp:
        config = config.model_copy(update={"backend": "scaled"})  # the reference has no ranks
        layout = layout_for(parallel, parallel.fsdp * parallel.cp * parallel.tp)
        lines += [*weights_table(config, layout, build), ""]
    elif build:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            "--build with parallel.fsdp=0 gives no number of ranks; legal: parallel.fsdp >= 1",
        )
    where = f"the fullest of {layout.ranks} ranks" if parallel.fsdp else "one process"
    phases = memory_by_phase(config, layout)
    return [*lines, *phase_table(f"{where}, backend={config.backend}", phases)]


def weights_table(config: "Config", layout: "Layout", build: bool) -> list[str]:
    """What the fullest rank holds of the policy, by group of weights.

    Args:
        config: Sizes and precision.
        layout: Degrees of parallelism.
        build: Whether to shard the real model as well, without memory, and count the weights there.
    """
    from seed.spec.layout import MASTER_BYTES, weights_per_rank
    from seed.spec.weights import policy_shapes

    held = weights_per_rank(policy_shapes(config.model), layout)
    built = weights_built(config, layout) if build else {}
    size = MASTER_BYTES[config.precision]
    columns = ["weights", "bytes", *["weights built"] * build]
    lines = [
        f"policy on each rank: {layout.title}, {layout.ranks} ranks (the fullest)",
        f"  {'group':12}" + "".join(f"{column:>18}" for column in columns),
    ]
    held["all"], built["all"] = sum(held.values()), sum(built.values())
    for group, weights in held.items():
        figures = [weights, size * weights, *([built[group]] if build else [])]
        lines.append(f"  {group:12}" + "".join(f"{figure:>18,}" for figure in figures))
    return lines


def weights_built(config: "Config", layout: "Layout") -> dict[str, int]:
    """Weights by group that the fullest rank of the sharded torch model holds."""
    require("torch", "--build")
    from seed.scaled.parallel.dry_run import weights_held

    return weights_held(config, layout)


def phase_table(title: str, phases: "Mapping[str, Sequence[MemoryTerm]]") -> list[str]:
    """A row for each term, a column for each phase, and the sums; estimates are marked."""
    if not phases:
        return []
    rows = list(dict.fromkeys(term.name for terms in phases.values() for term in terms))
    totals = {phase: total(terms, "device") for phase, terms in phases.items()}
    largest = max(totals.values())
    unit = next((name for name, size in UNITS.items() if largest >= size), "KiB")
    marks = {t.name: mark(t) for terms in phases.values() for t in terms}
    lines = [
        f"memory of a rank in {unit}: {title}",
        row("phase", [TITLES.get(phase, phase) for phase in phases]),
    ]
    for name in rows:
        cells = [cell([t for t in terms if t.name == name], unit) for terms in phases.values()]
        lines.append(row(f"{name}{marks[name]}", cells))
    lines.append(row("sum", [amount(count, unit) for count in totals.values()]))
    hosts = [total(terms, "host") for terms in phases.values()]
    if any(hosts):
        lines.append(row("sum off the device", [amount(count, unit) for count in hosts]))
    return [
        *lines,
        *formulas(phases[max(totals, key=lambda phase: totals[phase])]),
        "  ~ an estimate of the most: a full micro-batch, all rows of the longest",
        "  ^ off the device: memory of the host",
        "  Not counted: the start of Python and torch, buffers of NCCL, gaps of the",
        "  allocator, masks of attention, evaluation and checkpoints.",
    ]


def formulas(terms: "Sequence[MemoryTerm]") -> list[str]:
    """The formulas of the largest terms of a phase, cut to the width of the page."""
    import textwrap

    lines = []
    for term in sorted(terms, key=lambda term: -term.bytes)[:EXPLAINED]:
        text = f"{term.name}: {term.why}"
        lines += textwrap.wrap(text, PAGE_WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines


def mark(term: "MemoryTerm") -> str:
    """How a row is marked."""
    return f"{'' if term.certain else ' ~'}{' ^' if term.place == 'host' else ''}"


def total(terms: "Sequence[MemoryTerm]", place: str) -> int:
    """Bytes of all terms in one place."""
    return sum(term.bytes for term in terms if term.place == place)


def cell(terms: "Sequence[MemoryTerm]", unit: str) -> str:
    """A term of a phase, or a dash."""
    return amount(sum(term.bytes for term in terms), unit) if terms else "-"


def amount(count: int, unit: str) -> str:
    """Bytes in a unit."""
    return f"{count / UNITS[unit]:,.2f}"


def row(name: str, cells: "Sequence[str]") -> str:
    """One line of the table."""
    return f"  {name:{NAME_WIDTH}}" + "".join(f"{text:>{COLUMN_WIDTH}}" for text in cells)

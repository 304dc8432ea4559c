"""Laws of the tables that ``seed conform`` and ``seed diff`` print."""

import numpy as np

from seed.cli.conform import diff_table, grid_table
from seed.conformance.grid import Job, Line
from seed.conformance.trace import Trace
from seed.spec.layout import Layout


def test_a_cell_shows_error_and_bound_and_marks_what_does_not_hold() -> None:
    line = Line(
        Job("vapo", "float64", Layout(tp=2)), "moe", error=1e-9, bound=1e-10, worst="layer 1"
    )
    heading, row = grid_table([line]).splitlines()
    assert heading.split()[:3] == ["layout", "precision", "case"]
    assert row.split() == [
        "fsdp=1",
        "cp=1",
        "tp=2",
        "ep=1",
        "float64",
        "vapo",
        "-",
        "1e-09/1e-10!",
        *"-------",
    ]


def test_diff_names_the_first_component_that_differs() -> None:
    one: Trace = {"moe": {"a": np.ones(3)}, "loss": {"b": np.ones(2)}}
    other: Trace = {"moe": {"a": np.ones(3)}, "loss": {"b": np.ones(2) + 1e-6}}
    text, differing = diff_table(one, other, 1e-10)
    assert differing == ["loss"]
    assert [row.split()[-1] for row in text.splitlines()[1:]] == ["same", "differs"]


def test_diff_leaves_out_a_component_that_the_precision_of_one_side_does_not_have() -> None:
    one: Trace = {"moe": {"a": np.ones(3)}, "precision": {"b": np.ones(2)}}
    text, differing = diff_table(one, {"moe": one["moe"]}, 1e-10)
    assert differing == [] and "precision" not in text

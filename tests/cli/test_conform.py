"""The tables that ``seed conform`` and ``seed diff`` print."""

import sys

import numpy as np
import pytest
from click.testing import CliRunner

from seed.cli import agreement
from seed.cli.agreement import diff_table, grid_table, missing_lines
from seed.cli.conform import diff
from seed.conformance.grid import Job, Line
from seed.conformance.traces import Trace
from seed.spec.datatypes import Array
from seed.spec.layout import Layout
from tests.support.command_line import assert_user_error, run


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


def test_diff_names_a_loss_term_that_one_target_lacks_once_for_all_steps() -> None:
    figures: dict[str, Array] = {
        f"step {step} policy {name}": np.ones(1) for step in range(3) for name in "ab"
    }
    fewer = {name: array for name, array in figures.items() if not name.endswith("b")}
    one: Trace = {"loss": figures}
    other: Trace = {"loss": fewer}
    _, differing = diff_table(one, other, 1e-10)
    assert differing == ["loss"]
    lines = list(missing_lines(one, other, ("reference", "scaled")))
    assert lines == ["loss: policy b is missing in scaled"]
    assert list(missing_lines(other, one, ("scaled", "reference"))) == lines
    assert list(missing_lines(one, one, ("reference", "scaled"))) == []


def test_diff_shows_what_is_not_comparable_as_an_infinite_error() -> None:
    one: Trace = {"moe": {"a": np.ones(3)}}
    text, differing = diff_table(one, {"moe": {"a": np.full(3, np.nan)}}, 1e-10)
    assert differing == ["moe"] and "inf" in text and "not finite" in text
    _, differing = diff_table(one, {"moe": {"b": np.ones(3)}}, 1e-10)
    assert differing == ["moe"]


def test_seed_diff_prints_a_missing_loss_term_as_one_line_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = "step 0 policy loss_kl", "step 0 policy loss_entropy"
    traces: list[Trace] = [
        {"loss": {name: np.ones(1) for name in names[:count]}} for count in (2, 1)
    ]
    monkeypatch.setattr(agreement, "traced", lambda *_: traces.pop(0))
    result = CliRunner().invoke(diff, ["reference", "scaled"])
    assert result.exit_code == 1
    assert "loss: policy loss_entropy is missing in scaled" in result.output.splitlines()


def test_diff_omits_a_component_that_the_precision_of_one_target_does_not_have() -> None:
    one: Trace = {"moe": {"a": np.ones(3)}, "precision": {"b": np.ones(2)}}
    text, differing = diff_table(one, {"moe": one["moe"]}, 1e-10)
    assert differing == [] and "precision" not in text


@pytest.mark.parametrize("command", [("conform",), ("diff", "reference", "scaled")])
def test_what_is_missing_is_refused_before_any_work(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert_user_error(run(*command), f"seed {command[0]} needs torch: pip install '.[scaled]'")


def test_a_command_that_starts_ranks_is_refused_under_a_launcher(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PMI_SIZE", "2")
    assert_user_error(run("conform"), "seed conform starts its own ranks")

"""The grid: every component of the torch backend equals the reference on every layout."""

from dataclasses import replace

import pytest

from seed.conformance.cases import CASES, case_batch, case_config
from seed.conformance.grid import EXACT, FULL, QUICK, Job, Line, quick_precisions, run_grid
from seed.conformance.target import parse_target
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout, layout_for


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    """The quick grid: one launch for each number of ranks."""
    return run_grid(QUICK, quick_precisions)


def test_p18_every_component_on_every_layout_equals_the_reference_within_its_bound(
    lines: list[Line],
) -> None:
    assert [line for line in lines if not line.holds] == []


def test_in_float64_every_bound_is_near_round_off_and_every_component_was_compared(
    lines: list[Line],
) -> None:
    exact = [line for line in lines if line.job.precision == "float64"]
    assert {line.bound for line in exact} == {EXACT}
    assert {line.job.layout for line in exact} == {
        layout for layouts in QUICK.values() for layout in layouts
    }
    assert {(line.job.case, line.component) for line in exact if line.job.layout.ranks == 1} >= {
        (case, "gradient") for case in CASES
    }


def test_a_lower_precision_has_larger_errors_so_it_was_used(lines: list[Line]) -> None:
    alone = {
        line.job.precision: line.error
        for line in lines
        if line.component == "model"
        and line.job.case == "everything"
        and line.job.layout.ranks == 1
    }
    assert alone["float64"] < 1e-12 < alone["float32"] < 1e-5 < alone["bfloat16"]


def test_a_line_outside_its_bound_does_not_hold() -> None:
    line = Line(
        Job("vapo", "float64", Layout(tp=2)), "moe", error=1e-9, bound=1e-10, worst="layer 1"
    )
    assert not line.holds
    assert not replace(line, error=float("nan")).holds


@pytest.mark.parametrize(
    ("text", "reason", "part"),
    [
        ("torch", Reason.UNKNOWN_NAME, "backend 'torch' is not one of: reference, scaled"),
        ("scaled:tp=0", Reason.ILLEGAL_VALUE, "tp=N with N of at least 1"),
        ("reference:tp=2", Reason.ILLEGAL_COMBINATION, "the reference runs in one process"),
        ("scaled:tp=2,ep=3", Reason.ILLEGAL_COMBINATION, "ep=3 must divide fsdp * cp * tp = 2"),
    ],
)
def test_an_impossible_target_is_a_user_error(text: str, reason: Reason, part: str) -> None:
    with pytest.raises(SeedError) as error:
        parse_target(text)
    assert error.value.reason is reason
    assert part in error.value.line


def test_every_layout_of_the_grids_is_one_that_a_launch_accepts() -> None:
    for ranks, layouts in [*QUICK.items(), *FULL.items()]:
        for layout in layouts:
            degrees = [f"parallel.{name}={value}" for name, value in vars(layout).items()]
            assert layout_for(case_config("everything", *degrees).parallel, ranks) == layout


def test_case_batches_keep_away_from_the_kinks_and_have_every_kind_of_row() -> None:
    batch = case_batch(case_config("everything"))
    assert {1} < set(batch.response.sum(1).tolist())
    assert 0 < batch.truncated.sum() < len(batch.truncated)
    assert 0 < batch.positive.sum() < len(batch.positive)

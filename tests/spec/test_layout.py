"""Properties of a layout: every weight is on one rank, by arithmetic and on the sharded model."""

import json
import subprocess
import sys
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import (
    Layout,
    divisors,
    group_of,
    layout_for,
    rows_held,
    shard_of,
    sharded_axis,
    shards_of,
    slice_shape,
    sliced_axis,
    weights_per_rank,
)
from seed.spec.weights import policy_shapes

many = settings(max_examples=60)
degrees = st.integers(1, 3)

SMALL = (
    *("model.experts=8", "model.hidden=48", "model.shared_experts=1"),
    *("model.dense_layers=1", "model.dense_width=40"),
    *("model.query_key_value_bias=true", "model.query_key_norm=full", "model.router_bias=true"),
    *("model.shared_expert_width=24", "model.shared_expert_gate=true"),
)
"""The tiny preset with every kind of weight; 48 rows do not divide evenly over 5 or 7 ranks."""


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Layouts of up to 24 ranks that ``SMALL`` permits."""
    fsdp, cp, tp = draw(st.integers(1, 4)), draw(degrees), draw(st.sampled_from([1, 2]))
    ranks = fsdp * cp * tp
    return Layout(
        fsdp, cp, tp, draw(st.sampled_from([ep for ep in divisors(ranks) if 8 % ep == 0]))
    )


def parallel(**values: int) -> ParallelConfig:
    """The section with these degrees."""
    return ParallelConfig.model_validate(values)


def chunk(rows: int, chunks: int, number: int) -> slice:
    """Chunk ``number`` of an axis as torch cuts it; empty where rows have run out."""
    each = -(-rows // chunks)
    return slice(min(number * each, rows), min((number + 1) * each, rows))


@given(layout=layouts())
@many
def test_every_weight_is_on_exactly_one_rank_and_each_rank_holds_what_the_count_says(
    layout: Layout,
) -> None:
    shapes = policy_shapes(load_config("tiny", "vapo", SMALL).model)
    owners = {name: np.zeros(shape, dtype=np.int64) for name, shape in shapes.items()}
    for rank in range(layout.ranks):
        held = {"attention": 0, "experts": 0, "rest": 0}
        for name, owner in owners.items():
            piece, axis = owner, sliced_axis(name)
            if axis is not None:
                degree = layout.tp if group_of(name) == "attention" else layout.ep
                piece = np.split(piece, degree, axis)[rank % degree]
            assert piece.shape == slice_shape(name, owner.shape, layout)
            along = sharded_axis(piece.shape, name, shards_of(name, layout))
            rows = chunk(piece.shape[along], shards_of(name, layout), shard_of(name, rank, layout))
            mine = piece[(slice(None),) * along + (rows,)]
            mine += 1
            held[group_of(name)] += mine.size
        assert held == weights_per_rank(shapes, layout, rank)
    assert all((owner == 1).all() for owner in owners.values())


@given(layout=layouts())
@many
def test_no_rank_holds_more_than_rank_0(layout: Layout) -> None:
    shapes = policy_shapes(load_config("tiny", "vapo", SMALL).model)
    first = weights_per_rank(shapes, layout)
    for rank in range(layout.ranks):
        assert all(
            held <= first[group] for group, held in weights_per_rank(shapes, layout, rank).items()
        )


@given(rows=st.integers(1, 60), shards=st.integers(1, 20))
@many
def test_fsdp_cuts_rows_as_torch_cuts_chunks(rows: int, shards: int) -> None:
    chunks = [len(chunk) for chunk in torch.chunk(torch.empty(rows), shards)]
    assert [rows_held(rows, shards, shard) for shard in range(shards)] == chunks + [0] * (
        shards - len(chunks)
    )


@given(
    fsdp=st.integers(0, 4), cp=degrees, tp=degrees, ep=st.integers(1, 8), ranks=st.integers(1, 24)
)
@many
def test_a_layout_uses_all_ranks_or_is_refused(
    fsdp: int, cp: int, tp: int, ep: int, ranks: int
) -> None:
    fits = ranks % (cp * tp) == 0 and fsdp in (0, ranks // (cp * tp)) and ranks % ep == 0
    if fits:
        layout = layout_for(parallel(fsdp=fsdp, cp=cp, tp=tp, ep=ep), ranks)
        assert layout.ranks == ranks == layout.efsdp * layout.ep
    else:
        with pytest.raises(SeedError) as error:
            layout_for(parallel(fsdp=fsdp, cp=cp, tp=tp, ep=ep), ranks)
        assert error.value.reason is Reason.ILLEGAL_COMBINATION


NO_FSDP = (
    "any fsdp * parallel.cp=3 * parallel.tp=1 must be the number of ranks, 8; "
    "legal: a product of cp and tp among 1, 2, 4, 8"
)
TOO_MANY = (
    "parallel.fsdp=16 * parallel.cp=4 * parallel.tp=1 must be the number of ranks, 6; "
    "legal: 64 ranks, or parallel.fsdp=0 and a product of cp and tp among 1, 2, 3, 6"
)
NO_DIVISOR = "parallel.ep=4 must divide the number of ranks, 6; legal: 1, 2, 3, 6"


@pytest.mark.parametrize(
    ("degrees", "ranks", "line"),
    [({"cp": 3}, 8, NO_FSDP), ({"fsdp": 16, "cp": 4}, 6, TOO_MANY), ({"ep": 4}, 6, NO_DIVISOR)],
)
def test_a_refused_layout_names_field_value_and_legal_values(
    degrees: dict[str, int], ranks: int, line: str
) -> None:
    with pytest.raises(SeedError) as error:
        layout_for(parallel(**degrees), ranks)
    assert error.value.line == line


LARGE = Layout(fsdp=16, cp=4, tp=1, ep=8)
BUILT: list[tuple[str, tuple[str, ...], Layout, list[int]]] = [
    ("seed-200b", (), LARGE, [0, 63]),
    ("tiny", SMALL, Layout(fsdp=5, cp=1, tp=1, ep=1), [0, 1, 2, 3, 4]),
    ("tiny", SMALL, Layout(fsdp=2, cp=1, tp=2, ep=4), [0, 1, 2, 3]),
    # 2 experts a rank, 8 shards: the second axis
    ("tiny", SMALL, Layout(fsdp=16, cp=1, tp=2, ep=4), [0, 5, 31]),
    # 4 experts a rank, 5 shards: uneven
    ("tiny", SMALL, Layout(fsdp=5, cp=2, tp=1, ep=2), [0, 3, 9]),
    ("tiny", SMALL, Layout(), [0]),
]
"""Preset, overrides, layout, and the ranks to build."""

DRY_RUN = """
import json, sys
from seed.scaled.parallel.dry_run import weights_held
from seed.spec.config_files import load_config
from seed.spec.layout import Layout
jobs = json.loads(sys.argv[1])
print(json.dumps([[weights_held(load_config(preset, 'vapo', overrides), Layout(*degrees), rank)
                   for rank in ranks]
                  for preset, overrides, degrees, ranks in jobs]))
"""


@pytest.fixture(scope="module")
def built() -> Any:
    """Weights that the sharded model holds in every case of ``BUILT``.

    It is built in a process of its own, which has a process group without other ranks.
    """
    jobs = [
        [preset, overrides, list(vars(layout).values()), ranks]
        for preset, overrides, layout, ranks in BUILT
    ]
    command = [sys.executable, "-c", DRY_RUN, json.dumps(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "number", range(len(BUILT)), ids=lambda number: f"{BUILT[number][0]} {BUILT[number][2].title}"
)
def test_the_sharded_model_holds_what_the_arithmetic_says(built: Any, number: int) -> None:
    preset, overrides, layout, ranks = BUILT[number]
    shapes = policy_shapes(load_config(preset, "vapo", overrides).model)
    assert built[number] == [weights_per_rank(shapes, layout, rank) for rank in ranks]


@pytest.mark.parametrize("number", [1, 2, 5])
def test_the_shards_of_all_ranks_together_are_the_model(built: Any, number: int) -> None:
    preset, overrides, layout, ranks = BUILT[number]
    assert ranks == list(range(layout.ranks))
    total = sum(sum(held.values()) for held in built[number])
    model = load_config(preset, "vapo", overrides).model
    assert total == sum(map(prod, policy_shapes(model).values()))


def seed_200b() -> Config:
    """The preset."""
    return load_config("seed-200b", "vapo")


def test_the_ranks_of_the_200b_preset_hold_198_billion_weights_between_them_evenly() -> None:
    config = seed_200b()
    assert layout_for(config.parallel, 64) == LARGE
    shapes = policy_shapes(config.model)
    held = [sum(weights_per_rank(shapes, LARGE, rank).values()) for rank in range(64)]
    assert sum(held) == sum(map(prod, shapes.values())) == 198_304_093_184
    assert max(held) - min(held) < 0.0005 * max(held)

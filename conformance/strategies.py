"""Hypothesis strategies for the inputs of both backends: batches, masks, routings, switches.

Hypothesis draws shapes and everything discrete, so that a failure shrinks; plain numbers come from
a seed that it draws. What must not matter is as bad as possible: masked entries are NaN or infinite
(known bug P8).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from seed.reference.training.batch import plain_batch
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.config_rl import AlgorithmConfig
from seed.spec.datatypes import Array, Batch, BoolArray, IntArray

MANY = settings(max_examples=25)
FEW = settings(max_examples=8)
"""For properties of whole models, where one example takes a twentieth of a second."""

Seeds = st.integers(0, 2**32 - 1)

SIZES = (
    "precision=float64",
    "model.vocabulary=12",
    "model.layers=2",
    "model.dense_layers=1",
    "model.dense_width=6",
    "model.hidden=8",
    "model.heads=4",
    "model.key_value_heads=2",
    "model.head_width=4",
    "model.experts=4",
    "model.experts_per_token=2",
    "model.expert_width=6",
    "model.shared_experts=1",
    "rollout.temperature=0.8",
    "rollout.max_response_tokens=8",
)
"""The smallest model with every part: a dense block, and a block of experts with a shared one."""

Switches = Mapping[str, Sequence[Any]]

COEFFICIENTS = {
    name.removesuffix("_weight"): 0.1 * (place + 1)
    for place, name in enumerate(
        name for name in AlgorithmConfig.model_fields if name.endswith("_weight")
    )
}
"""Term of the policy's loss -> a coefficient that switches it on, the setting ``TERM_weight``."""

LOSS_SWITCHES: Switches = {
    "aggregation": ("token", "sequence", "group", "constant"),
    "overlong_filter": (False, True),
    "newest_segment_only": (False, True),
    **{f"{term}_weight": (0.0, value) for term, value in COEFFICIENTS.items()},
}
"""What decides which terms a step has, and the weights of its tokens."""

TERM_SWITCHES: Switches = {
    "dual_clip": (0.0, 1.5),
    "value_clip": (0.0, 0.1),
    "kl_estimator": ("k2", "k3"),
}
"""What changes the formula of a term."""

ADVANTAGE_SWITCHES: Switches = {
    "length_adaptive": (False, True),
    "truncation_value": ("zero", "last"),
    "whiten": (False, True),
    "discount": (1.0, 0.9),
    "lambda_value": (1.0, 0.7),
}
"""All alternatives of decoupled GAE."""

MODEL_SWITCHES: Switches = {
    "normalise_gates": (False, True),
    "query_key_norm": ("none", "head"),
    "tied_embeddings": (False, True),
    "shared_experts": (0, 1),
    "dense_layers": (0, 1, 2),
}
"""All alternatives of the model, those of ``architectures`` apart."""

_SIGMOID = {"router_scores": "sigmoid", "router_bias": True}
_YARN = {"rope_scaling": "yarn", "rope_original_positions": 4}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "qwen2": {"query_key_value_bias": True, "query_key_norm": "none"},
    "llama-3.1": {
        "query_key_norm": "none",
        "rope_scaling": "llama3",
        "rope_factor": 8.0,
        "rope_original_positions": 16,
    },
    "qwen3 with yarn": {**_YARN, "rope_factor": 4.0},
    "olmoe": {"query_key_norm": "full", "normalise_gates": False},
    "qwen2-moe": {
        "query_key_value_bias": True,
        "query_key_norm": "none",
        "normalise_gates": False,
        "shared_expert_width": 5,
        "shared_expert_gate": True,
    },
    "glm-4.5": {"query_key_value_bias": True, "rotary_share": 0.5, "gate_scale": 2.5, **_SIGMOID},
    "minimax-m2": {"query_key_norm": "full", "rotary_share": 0.5, **_SIGMOID},
    "deepseek-v3": {**_SIGMOID, "router_groups": 2, "router_groups_kept": 1, "gate_scale": 2.5},
}
"""Families of published models -> what their switches change, for ``SIZES``."""

SWITCHED: Switches = {
    "query_key_value_bias": (False, True),
    "query_key_norm": ("head", "full", "none"),
    "rotary_share": (1.0, 0.5),
    "router_scores": ("softmax", "sigmoid"),
    "router_bias": (False, True),
    "router_groups": (1, 2),
    "normalise_gates": (True, False),
    "gate_scale": (1.0, 2.5),
    "shared_experts": (1, 2),
    "shared_expert_width": (0, 5),
    "shared_expert_gate": (False, True),
    "rope_scaling": ("none", "linear", "llama3", "yarn"),
}
"""Switches of published architectures."""


def combinations(switches: Switches) -> list[dict[str, Any]]:
    """Every combination of the switches, as changes of a section."""
    return [dict(zip(switches, values, strict=True)) for values in product(*switches.values())]


def combined(switches: Switches) -> st.SearchStrategy[dict[str, Any]]:
    """One of the combinations, simplest values first."""
    return st.fixed_dictionaries(
        {name: st.sampled_from(list(values)) for name, values in switches.items()}
    )


def architectures() -> st.SearchStrategy[dict[str, Any]]:
    """Any legal combination of the switches of published architectures."""

    def complete(changes: dict[str, Any]) -> dict[str, Any]:
        scaled = changes["rope_scaling"] != "none"
        return changes | {"rope_factor": 4.0 if scaled else 1.0, "rope_original_positions": 4}

    return combined(SWITCHED).map(complete)


def algorithm(**changes: Any) -> AlgorithmConfig:
    """The papers' defaults with some changes, validated."""
    return AlgorithmConfig.model_validate({"mini_batch": 4, "micro_batch": 2, **changes})


def small_config(
    algorithm_changes: Mapping[str, Any] | None = None,
    model_changes: Mapping[str, Any] | None = None,
) -> Config:
    """The smallest model that has every part, with some changes."""
    config = _plain_config()
    changed = {
        "algorithm": config.algorithm.model_copy(update=dict(algorithm_changes or {})),
        "model": config.model.model_copy(update=dict(model_changes or {})),
    }
    return config.model_copy(update=changed)


@cache
def _plain_config() -> Config:
    return load_config("tiny", "vapo", SIZES, backend="scaled")


@st.composite
def masks(draw: st.DrawFn, least_rows: int = 1, most_rows: int = 6) -> BoolArray:
    """Response masks [B, S] with gaps anywhere; some or all rows may be empty."""
    shape = draw(st.integers(least_rows, most_rows)), draw(st.integers(1, 10))
    return np.asarray(draw(arrays_of.arrays(np.bool_, shape)))


def groups_of(rows: int) -> st.SearchStrategy[IntArray]:
    """A group number for each row, in any order; some groups have a single row."""
    return st.lists(st.integers(0, 3), min_size=rows, max_size=rows).map(
        lambda numbers: 7 * np.array(numbers, dtype=np.int64)
    )


def rewards_of(rows: int) -> st.SearchStrategy[Array]:
    """A reward for each row: equal ones (0.1 is no binary fraction), outliers, tiny and plain."""
    # No nearly equal ones: their spread would be rounding of the mean, and dividing by it would
    # give any number.
    values = st.sampled_from([0.1, 0.7, -1.0, 1.0, 1e6, 1e-9, 0.0]) | st.integers(-200, 200).map(
        lambda cents: cents / 100
    )
    return st.lists(values, min_size=rows, max_size=rows).map(
        lambda numbers: np.array(numbers, dtype=np.float64)
    )


def dirty(values: Array, mask: BoolArray, seed: int) -> Array:
    """The values with NaN and infinities wherever the mask is off."""
    garbage = np.random.default_rng(seed).choice([np.nan, np.inf, -np.inf, 1e300], values.shape)
    return np.where(mask, values, garbage)


def numbers(seed: int, *shape: int) -> Array:
    """Plain numbers about 1."""
    return np.random.default_rng(seed).normal(size=shape)


@st.composite
def routings(draw: st.DrawFn) -> tuple[Array, int]:
    """Router logits [N, E] in which ties are frequent, and k from 1 to E."""
    tokens, experts = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    levels = draw(arrays_of.arrays(np.int64, (tokens, experts), elements=st.integers(-2, 2)))
    return levels.astype(np.float64) / 2.0, draw(st.integers(1, experts))


@st.composite
def batches(draw: st.DrawFn, most_rows: int = 5, vocabulary: int = 12) -> Batch:
    """Rows of any length with all inputs of the loss; some lack a response, some share a prompt."""
    lengths = draw(
        st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6)), min_size=1, max_size=most_rows)
    )
    random = np.random.default_rng(draw(Seeds))
    prompts = [random.integers(2, vocabulary, prompt).tolist() for prompt, _ in lengths]
    same = draw(
        st.lists(st.integers(0, len(lengths) - 1), min_size=len(lengths), max_size=len(lengths))
    )
    prompts = [prompts[row] for row in same]
    batch = plain_batch(
        prompts, [random.integers(1, vocabulary, response).tolist() for _, response in lengths]
    )
    shape, rows = batch.tokens.shape, len(lengths)
    names = (
        "behaviour_log_probs",
        "advantages",
        "value_targets",
        "old_values",
        "reference_log_probs",
    )
    # A random model gives each of twelve tokens a probability of about exp(-2.5), so with these
    # centres ratios are on both sides of every clip.
    centres = {"behaviour_log_probs": -2.5, "reference_log_probs": -2.5}
    plain = {name: centres.get(name, 0.0) + random.normal(size=shape) for name in names}
    plain["importance"] = random.uniform(0.2, 2.0, shape)
    filled: dict[str, Any] = {
        name: dirty(values, batch.response, 3) for name, values in plain.items()
    }
    return replace(
        batch,
        positive=random.random(rows) < 0.5,
        group=np.arange(rows) // 2,
        truncated=random.random(rows) < 0.4,
        current=batch.response & (random.random(shape) < 0.6),
        **filled,
    )


def partitions(rows: int) -> st.SearchStrategy[list[list[int]]]:
    """Partitions of the rows into micro-batches, which may be empty."""

    def parts(numbers: list[int]) -> list[list[int]]:
        return [[row for row, part in enumerate(numbers) if part == number] for number in range(3)]

    return st.lists(st.integers(0, 2), min_size=rows, max_size=rows).map(parts)

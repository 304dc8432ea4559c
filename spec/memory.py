"""How much memory a rank needs, as arithmetic on the configuration: named terms for each phase.

    phase               holds, besides its state
    sft                 gradients, activations and logits of a micro-batch, gathered weights
    value_pretraining   the same of the value model
    rollout             gathered weights to sample with, key-value cache, logits of a token
    update              gradients, activations and logits of the larger of both models

The state is weights and moments of all models of the phase. A phase needs the sum of its terms, a
run the largest phase. ``certain`` terms exist side by side for sure: all entries are written before
the phase ends. The others are estimates of a full micro-batch of the longest rows; real rows are
mostly shorter. Not counted: what Python, torch and the GPU's driver take to start, buffers of NCCL,
gaps of the allocator, masks of attention, temporaries within one operation, evaluation and
checkpoints. ``spec.memory_activations`` has the estimates within a micro-batch.

Names: W weights of a rank, m bytes of a weight that the optimizer updates, c bytes of one that is
computed with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from seed.spec.config import Config
from seed.spec.config_model import ModelConfig
from seed.spec.layout import MASTER_BYTES, Layout, group_of, slice_shape, weights_per_rank
from seed.spec.memory_activations import COMPUTE_BYTES, activation_terms
from seed.spec.memory_term import MemoryTerm, Place
from seed.spec.weights import is_quantised, policy_shapes, value_shapes

PHASES = ("sft", "value_pretraining", "rollout", "update")
"""All phases, in their order."""

BATCH_ARRAYS = 14
"""Numbers of 8 bytes of a token of a batch: ids, eight arrays, weights of five loss terms."""


@dataclass(frozen=True)
class Models:
    """Weights of the models on the fullest rank.

    Attributes:
        policy: Of the policy, and of every model of its size.
        value: Of the value model; 0 without one.
        others: Name of each further model that is held -> whether it has moments.
    """

    policy: int
    value: int
    others: Mapping[str, bool]


def models_of(config: Config, layout: Layout) -> Models:
    """The models of a run."""
    policy = sum(weights_per_rank(policy_shapes(config.model), layout).values())
    value = sum(weights_per_rank(value_shapes(config.model), layout).values())
    others = {"reward model": True} if config.data.preferred else {}
    if config.algorithm.kl_weight:
        others |= {"reference policy": False}
    return Models(policy, value if config.uses_value_model else 0, others)


def memory_by_phase(config: Config, layout: Layout) -> dict[str, tuple[MemoryTerm, ...]]:
    """All terms of the phases that a run has, for its fullest rank.

    Args:
        config: Sizes, precision, recipe; ``backend`` says whether the reference's terms count.
        layout: Degrees of parallelism; all 1 for the reference.

    Returns:
        Phase, one of ``PHASES`` -> its terms.
    """
    models = models_of(config, layout)
    trained = {name: True for name, has_moments in models.others.items() if has_moments}
    phases: dict[str, tuple[MemoryTerm, ...]] = {}
    if config.supervised.steps:
        state = state_terms(config, Models(models.policy, 0, trained))
        rows = config.supervised.batch
        step = step_terms(config, layout, models.policy, rows, has_logits=True)
        phases["sft"] = (*state, *step)
    state = state_terms(config, models)
    responses = config.rollout.prompts * config.rollout.samples_per_prompt
    if config.uses_value_model and config.value_pretraining.steps:
        step = step_terms(config, layout, models.value, responses, has_logits=False)
        phases["value_pretraining"] = (*state, *step)
    if config.rollout.steps:
        phases["rollout"] = (*state, *rollout_terms(config, layout))
        larger = max(models.policy, models.value)
        step = step_terms(config, layout, larger, responses, has_logits=True)
        phases["update"] = (*state, *step)
    return phases


def policy_alone(config: Config, layout: Layout) -> tuple[MemoryTerm, ...]:
    """The policy's weights, which sampling needs at least."""
    weights = models_of(config, layout).policy
    size = MASTER_BYTES[config.precision]
    return (MemoryTerm("policy weights", size * weights, f"{size} bytes * {weights:,} weights"),)


def certain_bytes(terms: tuple[MemoryTerm, ...], place: str) -> int:
    """What the certain terms of a phase need in one place."""
    return sum(term.bytes for term in terms if term.certain and term.place == place)


def state_terms(config: Config, models: Models) -> list[MemoryTerm]:
    """Weights and moments of all models: ``m W`` and ``2 m W``; AdamW has two moments."""
    size = MASTER_BYTES[config.precision]
    offloads = config.backend == "scaled" and config.parallel.optimizer_offload
    place: Place = "host" if offloads else "device"
    trained = {"policy": models.policy} | ({"value model": models.value} if models.value else {})
    terms = []
    for name, weights in trained.items():
        why = f"{size} bytes * {weights:,} weights"
        terms.append(MemoryTerm(f"{name} weights", size * weights, why))
        terms.append(MemoryTerm(f"{name} moments", 2 * size * weights, f"2 * {why}", place=place))
    for name, has_moments in models.others.items():
        why = f"{size} bytes * {models.policy:,} weights"
        terms.append(MemoryTerm(f"{name} weights", size * models.policy, why))
        if has_moments:
            moments = 2 * size * models.policy
            terms.append(MemoryTerm(f"{name} moments", moments, f"2 * {why}", place=place))
    return terms


def step_terms(
    config: Config, layout: Layout, weights: int, rows: int, has_logits: bool
) -> tuple[MemoryTerm, ...]:
    """What an optimizer step of one model adds to the state.

    Args:
        config: Sizes, precision, micro-batch.
        layout: Degrees of parallelism.
        weights: W of the model that learns.
        rows: Responses of the step's batch.
        has_logits: Whether it is a policy.
    """
    size = MASTER_BYTES[config.precision]
    why = f"{size} bytes * {weights:,} weights"
    terms = [MemoryTerm("gradients", size * weights, f"{why}, of one model at a time")]
    if config.backend == "reference":
        renewed = f"weights and moments of a step are new arrays beside the old: 3 * {why}"
        terms.append(MemoryTerm("new weights, moments", 3 * size * weights, renewed))
    else:
        terms += gathered_terms(config, layout, weights)
    return (*terms, *activation_terms(config, layout, has_logits), batch_term(config, rows))


def gathered_terms(config: Config, layout: Layout, weights: int) -> list[MemoryTerm]:
    """Weights of other ranks that a pass holds for a while, or the copies of one process in c.

    FSDP keeps what is outside of the blocks gathered during a pass, and two blocks: the one at work
    and the next. A block's gradient is whole until it is scattered.
    """
    size = COMPUTE_BYTES[config.precision]
    if layout.ranks == 1:
        if size == MASTER_BYTES[config.precision]:
            return []
        return [estimate("weights in bfloat16", size * weights, f"{size} bytes * all {weights:,}")]
    outside, block = largest_slices(config.model, layout)
    count = outside + 3 * block
    why = (
        f"{size} bytes * ({outside:,} outside of the blocks + 3 * {block:,} of a block: at work,"
        " next, gradient)"
    )
    return [estimate("gathered weights", size * count, why)]


def largest_slices(model: ModelConfig, layout: Layout) -> tuple[int, int]:
    """Weights of a rank's slices, without FSDP: outside of the blocks, and of the largest block."""
    outside, blocks = 0, dict.fromkeys(range(model.layers), 0)
    for name, shape in policy_shapes(model).items():
        entries = prod(slice_shape(name, shape, layout))
        if name.startswith("layers."):
            blocks[int(name.split(".")[1])] += entries
        else:
            outside += entries
    return outside, max(blocks.values())


def rollout_terms(config: Config, layout: Layout) -> tuple[MemoryTerm, ...]:
    """What sampling adds to the state: weights to sample with, cache, logits."""
    model = config.model
    reference = config.backend == "reference"
    size = MASTER_BYTES[config.precision] if reference else COMPUTE_BYTES[config.precision]
    slots, places = slots_of_rank(config, layout), places_of_rank(config, layout)
    heads = model.key_value_heads // layout.tp
    entry = 2 * model.layers * heads * model.head_width * size
    cache = (
        f"2 * {model.layers} layers * {heads} heads * {model.head_width} * {size} bytes *"
        f" {slots:,} slots * {places:,} positions; up to half more while it grows"
    )
    logits = f"4 bytes * {model.vocabulary:,} entries * {slots:,} slots"
    return (
        *([] if reference else sampling_weights(config, layout)),
        estimate("key-value cache", entry * slots * places, cache),
        estimate("logits of a token", 4 * model.vocabulary * slots, logits),
        batch_term(config, config.rollout.prompts * config.rollout.samples_per_prompt),
    )


def slots_of_rank(config: Config, layout: Layout) -> int:
    """Responses that a data rank decodes side by side."""
    responses = config.rollout.prompts * config.rollout.samples_per_prompt
    slots = config.parallel.rollout_slots or responses
    return -(-min(slots, responses) // layout.fsdp)


def places_of_rank(config: Config, layout: Layout) -> int:
    """Positions of a response that a context rank caches, and one for another rank's position."""
    positions = config.data.max_prompt_tokens + config.rollout.max_response_tokens
    return positions if layout.cp == 1 else -(-positions // layout.cp) + 1


def sampling_weights(config: Config, layout: Layout) -> list[MemoryTerm]:
    """This rank's slices of the policy as they are sampled with; FSDP does not make them fewer.

    They are gathered one at a time, each in the type it is sampled with, but in the master's where
    it is then quantised. Query, key and value are joined once more. Not counted are the panels of
    wide matrices (``scaled.decoding.panels``), which only a CPU has.
    """
    master, size = MASTER_BYTES[config.precision], COMPUTE_BYTES[config.precision]
    in_fp8 = config.rollout.precision == "fp8"
    slices = {
        name: prod(slice_shape(name, shape, layout))
        for name, shape in policy_shapes(config.model).items()
    }
    joined = sum(
        n
        for name, n in slices.items()
        if group_of(name) == "attention" and not name.endswith("output")
    )
    terms = []
    if in_fp8:
        kept = sum((1 if is_quantised(name) else size) * n for name, n in slices.items())
        terms.append(estimate("policy in FP8", kept, "1 byte a quantised weight, a copy"))
    elif layout.ranks > 1 or size != master:
        whole = sum(slices.values())
        why = f"{size} bytes * {whole:,} weights of this rank's slices, whatever fsdp is"
        terms.append(estimate("weights to sample with", size * whole, why))
    if layout.ranks > 1:
        largest = max(slices.values())
        bytes_each = master if in_fp8 else size
        why = f"{bytes_each} bytes * {largest:,} weights of the largest slice"
        terms.append(estimate("gathered weight", bytes_each * largest, why))
    why = f"{size} bytes * {joined:,} weights of query, key and value side by side"
    return [*terms, estimate("joined projections", size * joined, why)]


def batch_term(config: Config, responses: int) -> MemoryTerm:
    """Arrays of the responses of a step, padded to the longest, on the host of every rank."""
    longest = config.data.max_prompt_tokens + config.rollout.max_response_tokens
    why = f"{BATCH_ARRAYS} * 8 bytes * {responses:,} responses * {longest:,} tokens"
    place: Place = "device" if config.backend == "reference" else "host"
    return estimate("batch", 8 * BATCH_ARRAYS * responses * longest, why, place)


def estimate(name: str, count: int, why: str, place: Place = "device") -> MemoryTerm:
    """A term that need not exist in full."""
    return MemoryTerm(name, count, why, certain=False, place=place)

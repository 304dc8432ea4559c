"""Our transformer is, up to rounding, that of ``transformers`` for each family of ``MODELS``."""

from dataclasses import replace

import numpy
import pytest
from autograd import value_and_grad

from seed.conformance.compare import assert_all_close, assert_close
from seed.conformance.outside import ALIKE, Outside, build, family, renamed
from seed.reference.generate import generate
from seed.reference.loss import token_log_probs, token_weights, weighted_sum
from seed.reference.model import hidden_states, positions_of, token_logits
from seed.spec.characters import END, ENDS
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import (
    Array,
    BoolArray,
    Finish,
    IntArray,
    Params,
    Problem,
    Request,
    Sampling,
)
from seed.spec.sampler import SamplerSpec
from seed.spec.weights import policy_shapes

RELATIVE = 1e-10
"""Bound of everything computed in float64 in both; 1e-14 is measured."""
RELATIVE_WITH_CASTS = 1e-5
"""Bound against the published code, which computes norms, softmaxes and angles in float32; 1e-7 is
measured.
"""
CLEAR_MARGIN = 1e-6
"""Least distance of the last chosen router logit to the next; rounding cannot change the choice."""
COLD = 1e-9
"""A temperature at which sampling takes the most probable token."""

SEEDS = (0, 1)
LENGTHS = {"full": (11, 11, 11), "padded": (11, 4, 1, 7)}

MIXTURE = ModelConfig.model_validate(
    {
        "vocabulary": 29,
        "layers": 3,
        "hidden": 24,
        "heads": 6,
        "key_value_heads": 2,
        "head_width": 10,
        "dense_layers": 0,
        "dense_width": 0,
        "experts": 5,
        "experts_per_token": 2,
        "expert_width": 7,
        "shared_experts": 0,
    }
)
DENSE = MIXTURE.model_copy(update={"dense_layers": 3, "dense_width": 13})
YARN = {"rope_scaling": "yarn", "rope_factor": 4.0, "rope_original_positions": 16}
BIASED = {"query_key_value_bias": True, "query_key_norm": "none"}
GATED = {
    "shared_experts": 1,
    "shared_expert_width": 9,
    "shared_expert_gate": True,
    "normalise_gates": False,
}
SIGMOID = {"router_scores": "sigmoid", "router_bias": True, "shared_experts": 1}
MODELS = {
    "qwen3-moe": MIXTURE,
    "qwen3-moe, gates not normalised": MIXTURE.model_copy(update={"normalise_gates": False}),
    "qwen3-moe, dense first layers": MIXTURE.model_copy(
        update={"dense_layers": 2, "dense_width": 13}
    ),
    "qwen3-moe, tied": MIXTURE.model_copy(update={"tied_embeddings": True, "experts_per_token": 3}),
    "mixtral": MIXTURE.model_copy(update={"query_key_norm": "none", "rope_base": 1e6}),
    "granite, a shared expert": MIXTURE.model_copy(
        update={"query_key_norm": "none", "shared_experts": 1, "experts_per_token": 3}
    ),
    "granite, two shared experts": MIXTURE.model_copy(
        update={"query_key_norm": "none", "shared_experts": 2, "tied_embeddings": True}
    ),
    "qwen3": DENSE.model_copy(update={"rope_base": 1e6, "norm_epsilon": 1e-5}),
    "qwen3, tied": DENSE.model_copy(update={"tied_embeddings": True, "key_value_heads": 6}),
    "llama": DENSE.model_copy(update={"query_key_norm": "none", "key_value_heads": 3}),
    "llama, tied": DENSE.model_copy(
        update={"query_key_norm": "none", "tied_embeddings": True, "norm_epsilon": 1e-2}
    ),
    "llama 3.1": DENSE.model_copy(
        update={
            "query_key_norm": "none",
            "rope_scaling": "llama3",
            "rope_factor": 8.0,
            "rope_original_positions": 16,
        }
    ),
    "llama, linear": DENSE.model_copy(
        update={"query_key_norm": "none", "rope_scaling": "linear", "rope_factor": 3.0}
    ),
    "qwen3, yarn": DENSE.model_copy(update=YARN),
    "qwen3, yarn with a stated factor": DENSE.model_copy(
        update=YARN | {"rope_attention_factor": 1.3, "rope_beta_fast": 4.0, "rope_beta_slow": 0.5}
    ),
    "qwen2": DENSE.model_copy(update=BIASED),
    "qwen2, tied, yarn": DENSE.model_copy(update=BIASED | YARN | {"tied_embeddings": True}),
    "qwen2-moe": MIXTURE.model_copy(update=BIASED | GATED),
    "qwen2-moe, gates normalised, dense first layers": MIXTURE.model_copy(
        update=BIASED | GATED | {"normalise_gates": True, "dense_layers": 1, "dense_width": 13}
    ),
    "olmoe": MIXTURE.model_copy(
        update={"query_key_norm": "full", "head_width": 4, "normalise_gates": False}
    ),
    "glm-4.5": MIXTURE.model_copy(update=BIASED | SIGMOID | {"rotary_share": 0.4}),
    "glm-4.5, norms, groups, two shared experts": MIXTURE.model_copy(
        update=SIGMOID
        | {
            "query_key_value_bias": True,
            "rotary_share": 0.4,
            "gate_scale": 2.5,
            "experts": 6,
            "router_groups": 3,
            "router_groups_kept": 2,
            "shared_experts": 2,
            "dense_layers": 1,
            "dense_width": 13,
        }
    ),
    "minimax-m2": MIXTURE.model_copy(
        update={
            "query_key_norm": "full",
            "rotary_share": 0.6,
            "router_scores": "sigmoid",
            "router_bias": True,
        }
    ),
}
SAME_ARITHMETIC = {
    "mistral": MODELS["llama"],
    "seed-oss": MODELS["qwen2"],
    "dots1": MIXTURE.model_copy(update=SIGMOID),
}
"""Names of ``ALIKE`` -> a model of theirs."""

every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
every_seed = pytest.mark.parametrize("seed", SEEDS)
every_shape = pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())


def random_batch(
    model: ModelConfig, seed: int, lengths: tuple[int, ...]
) -> tuple[IntArray, BoolArray]:
    """Random tokens [B, S] and which of them are real; padding is random as well, for it must not
    matter.
    """
    real_BS = numpy.arange(max(lengths)) < numpy.array(lengths)[:, None]
    return numpy.random.default_rng(seed).integers(0, model.vocabulary, real_BS.shape), real_BS


def mean_loss(params: Params, tokens_BS: IntArray, real_BS: BoolArray, model: ModelConfig) -> Array:
    """Our mean negative log-likelihood of the real tokens that have a past."""
    counted_BS = real_BS & (numpy.arange(real_BS.shape[1]) > 0)
    logits, _ = token_logits(params, tokens_BS, model)
    weights = token_weights(counted_BS, numpy.arange(len(counted_BS)), "token")
    return weighted_sum(weights, -token_log_probs(logits, tokens_BS, 1.0))


def request(number: int, prompt: tuple[int, ...]) -> Request:
    """A request to continue a prompt that belongs to no puzzle."""
    problem = Problem(
        id=str(number),
        family="none",
        difficulty=1,
        prompt="",
        instance={},
        demonstration="",
        answer="",
    )
    return Request(problem, prompt, sample=0, draw=0)


def least_margins(routers: list[Array], params: Params, model: ModelConfig) -> list[float]:
    """Per router, the smallest distance over the tokens from the last that is chosen to the next.

    Of logits, or of what is compared with a bias: scores of experts, and sums of groups.
    """
    margins = []
    for layer, logits_NE in enumerate(routers, start=model.dense_layers):
        if not model.router_bias:
            margins.append(margin(logits_NE, model.experts_per_token))
            continue
        bias_E = params[f"layers.{layer}.moe.router_bias"]
        wanted_NE = 1.0 / (1.0 + numpy.exp(-logits_NE)) + bias_E
        of_groups_NGe = wanted_NE.reshape(len(wanted_NE), model.router_groups, -1)
        sums_NG = numpy.sort(of_groups_NGe, axis=2)[:, :, -2:].sum(axis=2)
        # Among the experts of all groups, so no closer than among those of the groups kept.
        smallest = numpy.diff(numpy.sort(wanted_NE, axis=1), axis=1).min()
        if model.router_groups > model.router_groups_kept:
            smallest = min(smallest, margin(sums_NG, model.router_groups_kept))
        margins.append(float(smallest))
    return margins


def margin(numbers_NE: Array, chosen: int) -> float:
    """Smallest distance over the rows from the last of the largest numbers to the next."""
    sorted_NE = numpy.sort(numbers_NE, axis=1)[:, ::-1]
    return float(numpy.min(sorted_NE[:, chosen - 1] - sorted_NE[:, chosen]))


def assert_forward_agrees(
    outside: Outside, tokens_BS: IntArray, real_BS: BoolArray, relative: float
) -> None:
    """Raise unless logits, final states and router logits of all real tokens agree, far from any
    routing tie.
    """
    model, params = outside.model, outside.params()
    their_logits, their_states, their_routers = outside.forward(tokens_BS, real_BS)
    assert len(their_routers) == model.layers - model.dense_layers
    of_real = [router[real_BS.reshape(-1)] for router in their_routers]
    assert all(least > CLEAR_MARGIN for least in least_margins(of_real, params, model))

    logits, trace = token_logits(params, tokens_BS, model)
    assert not logits[:, 0].any()
    has_next_BS = real_BS[:, 1:]
    assert_close(logits[:, 1:][has_next_BS], their_logits[:, :-1][has_next_BS], relative, "logits")

    states_ND, _ = hidden_states(params, tokens_BS, positions_of(tokens_BS), model)
    real_N = real_BS.reshape(-1)
    assert_close(states_ND[real_N], their_states[real_BS], relative, "final states")
    for layer, (ours, theirs) in enumerate(zip(trace.logits, their_routers, strict=True)):
        assert_close(ours[real_N], theirs[real_N], relative, f"router logits of MoE layer {layer}")


@every_model
def test_every_model_is_one_that_the_schema_accepts(model: ModelConfig) -> None:
    assert ModelConfig.model_validate(model.model_dump()) == model


@every_model
def test_every_weight_has_one_counterpart(model: ModelConfig) -> None:
    assert {
        name: weight.shape for name, weight in build(model, 0).params().items()
    } == policy_shapes(model)


def test_a_weight_without_counterpart_is_refused() -> None:
    arrays = {
        name: weight.detach().numpy() for name, weight in build(DENSE, 0).network.named_parameters()
    }
    with pytest.raises(AssertionError, match=r"model\.layers\.0\.self_attn\.o_proj\.bias"):
        renamed(
            arrays | {"model.layers.0.self_attn.o_proj.bias": numpy.zeros(24)}, DENSE, family(DENSE)
        )


@every_model
@every_seed
@every_shape
def test_logits_states_and_router_logits_agree(
    model: ModelConfig, seed: int, lengths: tuple[int, ...]
) -> None:
    assert_forward_agrees(build(model, seed), *random_batch(model, seed, lengths), RELATIVE)


@every_model
@every_seed
@every_shape
def test_loss_and_gradients_of_every_weight_agree(
    model: ModelConfig, seed: int, lengths: tuple[int, ...]
) -> None:
    assert_gradients_agree(build(model, seed), *random_batch(model, seed, lengths))


def assert_gradients_agree(outside: Outside, tokens_BS: IntArray, real_BS: BoolArray) -> None:
    """Raise unless the loss and the gradient of every weight agree."""
    their_loss, their_gradient = outside.gradient(tokens_BS, real_BS)
    loss, gradient = value_and_grad(mean_loss)(outside.params(), tokens_BS, real_BS, outside.model)
    assert_close(
        numpy.asarray(loss), numpy.asarray(their_loss), RELATIVE, "mean negative log-likelihood"
    )
    assert_all_close(gradient, their_gradient, RELATIVE, "gradients")


@pytest.mark.parametrize("name", ALIKE)
def test_architectures_with_the_arithmetic_of_another_agree(name: str) -> None:
    model = SAME_ARITHMETIC[name]
    outside = build(model, 1, kind=ALIKE[name])
    batch = random_batch(model, 1, LENGTHS["padded"])
    assert_forward_agrees(outside, *batch, RELATIVE)
    assert_gradients_agree(outside, *batch)


@every_model
def test_unchanged_models_agree_within_their_float32(model: ModelConfig) -> None:
    outside, batch = build(model, 3, exact=False), random_batch(model, 3, LENGTHS["padded"])
    assert_forward_agrees(outside, *batch, RELATIVE_WITH_CASTS)


@every_model
def test_float32_is_as_close_to_the_exact_logits_as_theirs(model: ModelConfig) -> None:
    """Roundings differ in order, so ours may be off by a few times what theirs are off."""
    outside, (tokens_BS, real_BS) = build(model, 4), random_batch(model, 4, LENGTHS["full"])
    exact, _, routers = outside.forward(tokens_BS, real_BS)
    assert all(least > 1e-5 for least in least_margins(routers, outside.params(), model))
    params = {name: weight.astype(numpy.float32) for name, weight in outside.params().items()}
    ours, _ = token_logits(params, tokens_BS, model)
    single = replace(outside, network=outside.network.float(), exact=False)
    theirs, _, _ = single.forward(tokens_BS, real_BS)
    error, their_error = (
        numpy.abs(logits - exact[:, :-1]).max() for logits in (ours[:, 1:], theirs[:, :-1])
    )
    assert ours.dtype == numpy.float32
    assert error <= 3 * their_error


@every_model
@every_seed
def test_cold_sampling_with_our_cache_is_their_greedy_search(model: ModelConfig, seed: int) -> None:
    outside, limit = build(model, seed), 12
    tokens_BS, _ = random_batch(model, seed, (4, 4, 4))
    prompts = [tuple(row[: 2 + extra].tolist()) for extra, row in enumerate(tokens_BS)]
    requests = [request(number, prompt) for number, prompt in enumerate(prompts)]
    spec = SamplerSpec(model, Sampling(COLD, 1.0, limit, ENDS), seed, "conformance", 0)
    rollouts = generate(outside.params(), spec, requests)
    for prompt, rollout in zip(prompts, rollouts, strict=True):
        assert rollout.response_tokens == outside.greedy(prompt, limit, END)
        assert (rollout.finish is Finish.EOS) == (rollout.response_tokens[-1] == END)

"""Both backends' sampling: the same distribution, draws and responses with any number of slots."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seed.conformance.compare_backends import ONE, assert_same, on_tensors, policy_of, tensor
from seed.conformance.strategies import (
    ARCHITECTURES,
    FEW,
    MANY,
    SIZES,
    Seeds,
    combinations,
    numbers,
)
from seed.reference import generate as reference_generate
from seed.reference.tasks.problems import training_problem
from seed.scaled import generate as scaled_generate
from seed.scaled.decoding.decoder import Decoder
from seed.scaled.parallel import packing
from seed.spec.characters import ENDS, encode
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Finish, IntArray, Request, Sampling, unanswered
from seed.spec.sampler import SamplerSpec

CONFIG = load_config(
    "tiny", "vapo", [setting for setting in SIZES if "vocabulary" not in setting], backend="scaled"
)
LIMIT = 7


def requests(prompts: int, samples: int) -> list[Request]:
    """Several samples for each of some training problems; prompts differ in length."""
    problems = [
        training_problem(CONFIG.data.families, CONFIG.data.difficulties, number, 1)
        for number in range(prompts)
    ]
    return [
        Request(problem, encode(problem.prompt), sample, 2)
        for problem in problems
        for sample in range(samples)
    ]


@given(
    seed=Seeds,
    temperature=st.floats(0.05, 5.0),
    top_p=st.sampled_from([1.0, 0.999, 0.7, 0.1, 1e-9]),
)
@MANY
def test_p18_the_sampling_distribution_is_the_same(
    seed: int, temperature: float, top_p: float
) -> None:
    logits = 3.0 * numbers(seed, 5, 12)
    ours = scaled_generate.log_distribution(tensor(logits), temperature, top_p)
    theirs = reference_generate.log_distribution(logits, temperature, top_p)
    assert_same(ours, theirs, "log distribution", scale=10.0 / temperature)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 10, 12])
def test_a_nucleus_that_ends_between_equal_tokens_is_the_same(size: int) -> None:
    """Equal logits, and the exact mass of some of them or its neighbours."""
    logits = np.zeros((1, size))
    for kept in range(1, size + 1):
        for top_p in (np.nextafter(kept / size, 0.0), kept / size, np.nextafter(kept / size, 1.0)):
            if top_p <= 1.0:
                ours = scaled_generate.log_distribution(tensor(logits), 1.0, float(top_p))
                assert_same(
                    ours,
                    reference_generate.log_distribution(logits, 1.0, float(top_p)),
                    f"{kept} of {size}",
                    scale=1.0,
                )


@given(
    levels=st.lists(st.integers(-3, 3), min_size=1, max_size=12),
    top_p=st.sampled_from([0.9, 0.5, 0.3]),
)
@MANY
def test_of_equally_probable_tokens_the_smaller_ids_are_in_the_nucleus(
    levels: list[int], top_p: float
) -> None:
    logits = np.array([levels], dtype=np.float64)
    kept = np.isfinite(scaled_generate.log_distribution(tensor(logits), 1.0, top_p).numpy()[0])
    np.testing.assert_array_equal(
        kept, np.isfinite(reference_generate.log_distribution(logits, 1.0, top_p)[0])
    )
    for level in set(levels):
        inside = kept[np.array(levels) == level]
        assert (np.sort(inside)[::-1] == inside).all()


@given(
    seed=Seeds,
    rows=st.integers(1, 6),
    impossible=st.floats(0.0, 0.95),
    at_once=st.sampled_from([1, 24, scaled_generate.DRAWN_AT_ONCE]),
)
@MANY
def test_draws_are_the_same_and_never_of_probability_zero(
    seed: int, rows: int, impossible: float, at_once: int
) -> None:
    random = np.random.default_rng(seed)
    weights = np.where(random.random((rows, 12)) < impossible, 0.0, random.random((rows, 12)))
    weights[np.arange(rows), random.integers(0, 12, rows)] = 0.5
    with np.errstate(divide="ignore"):
        log_p = np.log(weights / weights.sum(1, keepdims=True))
    for uniform in (random.random(rows), np.zeros(rows), np.full(rows, np.nextafter(1.0, 0.0))):
        with patch.object(scaled_generate, "DRAWN_AT_ONCE", at_once):
            ours = on_tensors(scaled_generate.draw, log_p, uniform)
        assert_same(ours, reference_generate.draw(log_p, uniform), "draw")
        assert (weights[np.arange(rows), ours.numpy()] > 0.0).all()


@pytest.mark.parametrize(
    "changes",
    [
        *combinations(
            {
                "query_key_norm": ("none", "head"),
                "tied_embeddings": (False, True),
                "dense_layers": (0, 2),
            }
        ),
        *ARCHITECTURES.values(),
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (1.7, 0.8), (0.01, 1.0)])
def test_p18_the_same_responses_are_sampled(
    changes: dict[str, Any], temperature: float, top_p: float
) -> None:
    config = CONFIG.model_copy(update={"model": CONFIG.model.model_copy(update=changes)})
    assert_alike(config, requests(3, 2), Sampling(temperature, top_p, LIMIT, ENDS), slots=0)


@given(
    prompts=st.integers(1, 4),
    samples=st.integers(1, 3),
    slots=st.integers(1, 5),
    limit=st.integers(1, LIMIT),
)
@FEW
def test_a_freed_slot_is_refilled_without_changing_a_response(
    prompts: int, samples: int, slots: int, limit: int
) -> None:
    assert_alike(CONFIG, requests(prompts, samples), Sampling(3.0, 1.0, limit, ENDS), slots)


def test_responses_end_in_both_ways_so_slots_are_freed_at_different_times() -> None:
    rollouts = assert_alike(CONFIG, requests(6, 5), Sampling(3.0, 1.0, LIMIT, ENDS), slots=4)
    assert {rollout.finish for rollout in rollouts} == {Finish.EOS, Finish.LENGTH}


def test_responses_that_are_equal_so_far_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prefilled: list[int] = []
    decoded: list[int] = []
    plain = Decoder.read

    def counting(
        self: Decoder, tokens: IntArray, positions: IntArray, texts: Sequence[Sequence[int]] = ()
    ) -> Tensor:
        prefilled.append(len(texts))
        decoded.append(len(tokens))
        return plain(self, tokens, positions, texts)

    monkeypatch.setattr(Decoder, "read", counting)
    alike = assert_alike(CONFIG, requests(3, 8), Sampling(0.001, 1.0, LIMIT, ENDS), slots=0)
    assert len({r.response_tokens for r in alike}) <= 3 and max(decoded) == 3
    decoded.clear()
    apart = assert_alike(CONFIG, requests(3, 8), Sampling(5.0, 1.0, LIMIT, ENDS), slots=0)
    assert sum(prefilled) == 6 and max(decoded) > 20
    assert len({r.response_tokens for r in apart}) > 20


@pytest.mark.parametrize("slots", [0, 3])
def test_what_all_prompts_begin_with_is_read_once(
    slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    plain = Decoder.blocks

    def counting(self: Decoder, tokens_n: Tensor, *others: Any) -> Tensor:
        read.append(len(tokens_n))
        return plain(self, tokens_n, *others)

    monkeypatch.setattr(Decoder, "blocks", counting)
    front, rests = (2, 3, 4, 5) * 10, [(5,), (5, 6), (6, 5, 7)]
    asked = requests(3, 2)
    asked = [
        replace(one, prompt_tokens=front + rests[number // 2]) for number, one in enumerate(asked)
    ]
    assert_alike(CONFIG, asked, Sampling(3.0, 1.0, LIMIT, ENDS), slots)
    # One text begins like another one and goes on; with three slots only two different ones enter.
    assert read[0] == len(front) + (1 + 2 + 3 if slots == 0 else 1 + 2)
    monkeypatch.setattr(packing, "LEAST_FRONT", 2 * len(front))
    read.clear()
    assert_alike(CONFIG, asked, Sampling(3.0, 1.0, LIMIT, ENDS), slots)
    assert read[0] > 2 * len(front)


def test_without_requests_there_are_no_rollouts() -> None:
    weights = {name: tensor(array) for name, array in policy_of(CONFIG).items()}
    spec = SamplerSpec(CONFIG.model, Sampling(1.0, 1.0, LIMIT, ENDS), 1, "law", 0)
    assert scaled_generate.generate(weights, spec, ONE, []) == []


def test_progress_is_what_was_drawn_so_far_in_both() -> None:
    policy, requested = policy_of(CONFIG), requests(3, 2)
    weights = {name: tensor(array) for name, array in policy.items()}
    sampling = Sampling(3.0, 1.0, LIMIT, ENDS)
    spec = SamplerSpec(CONFIG.model, sampling, 9, "law", 4)
    ours: Any = scaled_generate.RolloutWorker(weights, spec, ONE, 4, 64)
    theirs: Any = reference_generate.RolloutWorker(policy, spec, len(requested), 64)
    for worker in (ours, theirs):
        worker.add([unanswered(request) for request in requested])
        worker.decode(2)
    drawn = {rollout.request: rollout for rollout in ours.progress()}
    for rollout in theirs.progress():
        of_ours = drawn.pop(rollout.request)
        # Two of the six wait for a slot.
        assert of_ours.response_tokens in ((), rollout.response_tokens)
        assert of_ours.finish is rollout.finish is Finish.UNFINISHED
    whole = {rollout.request: rollout for rollout in ours.decode(2 * LIMIT)}
    for rollout in ours.progress():
        assert rollout.request not in whole


def assert_alike(
    config: Config, requested: list[Request], sampling: Sampling, slots: int
) -> list[Any]:
    """Both backends' rollouts agree in every field."""
    policy = policy_of(config)
    weights = {name: tensor(array) for name, array in policy.items()}
    spec = SamplerSpec(config.model, sampling, 9, "law", 4)
    ours = scaled_generate.generate(weights, spec, ONE, requested, slots)
    theirs = reference_generate.generate(policy, spec, requested)
    for one, other in zip(ours, theirs, strict=True):
        assert one.response_tokens == other.response_tokens
        assert (one.request, one.weight_versions, one.finish) == (
            other.request,
            other.weight_versions,
            other.finish,
        )
        # A log-probability is a difference of logits of about 1 over the temperature.
        assert_same(
            np.array(one.log_probs),
            np.array(other.log_probs),
            "log-probs",
            scale=1.0 / sampling.temperature,
        )
    return ours

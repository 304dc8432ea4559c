"""Cases: small models in which every part is present, batches in which every term has an effect.

NumPy draws everything from a seed, so any process on any machine draws the same.
"""

from dataclasses import replace

import numpy as np

from seed.reference.backend import ReferenceBackend
from seed.reference.tasks.problems import training_problem
from seed.reference.training.batch import plain_batch
from seed.spec.characters import encode
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, Batch, Params, Request
from seed.spec.philox import generator
from seed.spec.weights import policy_shapes

SIZES = (
    "precision=float64",
    "model.layers=3",
    "model.dense_layers=1",
    "model.dense_width=24",
    "model.hidden=32",
    "model.heads=8",
    "model.key_value_heads=4",
    "model.head_width=8",
    "model.experts=8",
    "model.experts_per_token=2",
    "model.expert_width=16",
    "model.shared_experts=1",
    "algorithm.mini_batch=16",
    "algorithm.micro_batch=4",
    "rollout.prompts=4",
    "rollout.samples_per_prompt=4",
    "rollout.max_response_tokens=12",
    "policy_optimizer.warmup_steps=2",
    "policy_optimizer.weight_decay=0.1",
    "policy_optimizer.clip_norm=0.05",
)
"""A dense block, then experts with a shared one; heads for 4 tensor ranks, experts for 8 ranks; a
gradient norm above the clip.
"""

CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "vapo": ("vapo", ()),
    "everything": (
        "vapo",
        (
            "algorithm.kl_weight=0.2",
            "algorithm.load_balance_weight=0.05",
            "algorithm.router_z_weight=0.01",
            "algorithm.dual_clip=1.5",
            "algorithm.value_clip=0.1",
            "algorithm.whiten=true",
            "algorithm.truncation_value=last",
            "algorithm.overlong_filter=true",
            "algorithm.newest_segment_only=true",
            "algorithm.importance_cap=2.0",
            "algorithm.aggregation=group",
            "algorithm.gae_alpha=0.3",
        ),
    ),
    "dapo": (
        "dapo",
        ("algorithm.kl_weight=0.1", "algorithm.kl_estimator=k3", "algorithm.group_std=sample"),
    ),
    "grpo": (
        "grpo",
        (
            "algorithm.aggregation=constant",
            "model.tied_embeddings=true",
            "model.query_key_norm=none",
        ),
    ),
    "switches": (
        "vapo",
        (
            "algorithm.load_balance_weight=0.05",
            "model.query_key_value_bias=true",
            "model.query_key_norm=full",
            "model.rotary_share=0.5",
            "model.rope_scaling=yarn",
            "model.rope_factor=4.0",
            "model.rope_original_positions=8",
            "model.router_scores=sigmoid",
            "model.router_bias=true",
            "model.router_groups=2",
            "model.gate_scale=2.5",
            "model.shared_expert_width=12",
            "model.shared_expert_gate=true",
        ),
    ),
}
"""Name -> recipe and overrides; together they switch on every term of the losses.

Not every alternative is here: no case has the sequence mean, ``group_std=none``, gates that are not
normalised, or rotary scaling other than yarn.
"""

SEED = 4
"""Seed of batches. With this one two prompts are shared, and no policy loss is a small difference
of large numbers, which in float32 would measure their rounding instead of the backend.
"""


def case_config(case: str, *overrides: str) -> Config:
    """The configuration of a case, for the torch backend; the reference reads the same."""
    recipe, changes = CASES[case]
    return load_config("tiny", recipe, (*SIZES, *changes, *overrides), backend="scaled")


def case_batch(config: Config, seed: int = SEED) -> Batch:
    """A mini-batch of uneven responses, some truncated, some correct, from a different policy.

    Rows have 3 to 24 tokens, so that padding, packing and load balance matter; one response is a
    single token. In every other group all rows but the last have one prompt, in one of them long
    enough to be shared. Ratios keep away from the kinks of the clip, where a last bit would decide
    a whole gradient: their logarithm is at most ``NEAR`` from 0, or at least ``FAR``.
    """
    random = generator(seed, "conformance batch")
    rows, vocabulary = config.algorithm.mini_batch, config.model.vocabulary
    sizes = [(int(random.integers(2, 12)), int(random.integers(1, 13))) for _ in range(rows)]
    sizes[1] = (2, 1)
    prompts = [tuple(random.integers(2, vocabulary, prompt).tolist()) for prompt, _ in sizes]
    of_group = config.rollout.samples_per_prompt
    for start in range(0, rows, 2 * of_group):
        sharing = slice(start, start + of_group - 1)
        prompts[sharing] = [max(prompts[sharing], key=len)] * (of_group - 1)
    responses = [tuple(random.integers(1, vocabulary, response).tolist()) for _, response in sizes]
    batch = plain_batch(prompts, responses)

    positive, truncated = random.random(rows) < 0.5, random.random(rows) < 0.25
    exact = config.model_copy(update={"precision": "float64"})
    policy = ReferenceBackend().initial_state(exact)
    policy.policy.update(random_biases(config.model))
    log_probs = ReferenceBackend().log_probs(policy, exact, batch)
    shape = batch.tokens.shape
    distance = np.where(
        random.random(shape) < 0.7,
        random.uniform(0.0, NEAR, shape),
        random.uniform(FAR, 2 * FAR, shape),
    )
    off = distance * random.choice([-1.0, 1.0], shape)
    return replace(
        batch,
        positive=positive,
        group=np.arange(rows) // config.rollout.samples_per_prompt,
        truncated=truncated,
        behaviour_log_probs=np.where(batch.response, log_probs + off, 0.0),
        importance=(
            random.uniform(0.5, 1.5, shape) if config.algorithm.importance_cap else np.ones(shape)
        ),
        current=batch.response & (random.random(shape) < 0.8),
    )


NEAR, FAR = 0.1, 0.55
"""Log-ratios of the kinks: 0.18 and 0.25 (clip above), -0.22 (below), 0.41 (dual clip). Five steps
change a log-ratio by less than their distance from these bounds.
"""


def case_rewards(config: Config, seed: int = 0) -> Array:
    """A reward per row; one group has equal rewards."""
    rewards = generator(seed, "conformance rewards").normal(size=config.algorithm.mini_batch)
    rewards[: config.rollout.samples_per_prompt] = 0.1
    return np.asarray(rewards)


def case_value_head(config: Config, seed: int = 0) -> Array:
    """A head [D, 1] for the value model that gives values of about 1."""
    return np.asarray(
        generator(seed, "conformance value head").normal(size=(config.model.hidden, 1))
        / config.model.hidden**0.5
    )


def random_biases(model: ModelConfig) -> Params:
    """All biases of a policy, which are 0 at first and would have no effect: half as large as 1."""
    return {
        name: 0.5 * generator(SEED, "conformance bias", name).normal(size=shape)
        for name, shape in policy_shapes(model).items()
        if name.endswith("_bias")
    }


def case_requests(config: Config) -> list[Request]:
    """Requests of real puzzles, several samples each."""
    families, difficulties = config.data.families, config.data.difficulties
    problems = [
        training_problem(families, difficulties, number, 7)
        for number in range(config.rollout.prompts)
    ]
    samples = range(config.rollout.samples_per_prompt)
    return [
        Request(problem, encode(problem.prompt), sample, 3)
        for problem in problems
        for sample in samples
    ]

"""A trace: what a backend computes on a case, by component, as named arrays [B, S, ...].

Components are in the order of the data flow. Traces of two backends have the same names, so they
can be compared, and the first component that differs is where to look.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from seed.conformance.cases import (
    case_batch,
    case_requests,
    case_rewards,
    case_value_head,
    random_biases,
)
from seed.spec.backend import Backend
from seed.spec.characters import ENDS
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, IntArray, Sampling

COMPONENTS = (
    "attention",
    "moe",
    "model",
    "generate",
    "precision",
    "advantage",
    "loss",
    "gradient",
    "optimizer",
)
STEPS = 5
"""Optimizer steps: enough for moments and bias corrections to matter."""

SAMPLINGS = (("", 1.0, 1.0), ("nucleus ", 1.3, 0.7))
"""Title, temperature and nucleus: the training setting, and one that uses both."""
PURPOSE = "conformance"
"""Keys the random numbers of responses."""
FP8_PURPOSE = "rollout"
"""The only purpose that is sampled in FP8 (``Config.samples_in_fp8``)."""

VECTOR_NAMES = {"loss_surrogate": "loss_policy", "loss": "value_loss"}
"""Metric -> its name in files of format ``seed-vectors-1``, which other implementations read."""

Trace = dict[str, dict[str, Array]]
Replay = Sequence[IntArray]
"""Expert ids of each MoE layer [B, S, k]."""


class Tracer(Protocol):
    """What a trace needs of a backend beyond ``spec.backend.Backend``."""

    @property
    def backend(self) -> Backend[Any]:
        """The backend."""
        ...

    def forward(self, state: Any, config: Config, batch: Batch, replay: Replay | None) -> Trace:
        """Components attention, moe and model on a batch; 0 at padding."""
        ...

    def routes(self, state: Any, config: Config, batch: Batch) -> list[IntArray]:
        """Expert ids that the routers choose, per MoE layer [B, S, k]."""
        ...

    def gradients(
        self, state: Any, config: Config, batch: Batch, replay: Replay | None
    ) -> dict[str, Array]:
        """Gradients of the policy's and of the value model's loss over a whole step, by weight."""
        ...

    def weights(self, state: Any) -> dict[str, Array]:
        """All weights of policy and value model."""
        ...

    def published(self, state: Any, config: Config) -> dict[str, Array]:
        """The whole matrices that an FP8 policy has in 8 bits, multiplied out."""
        ...

    def set_weights(self, state: Any, weights: Mapping[str, Array]) -> None:
        """Set some weights in place, named as by ``weights``."""
        ...


def trace(
    tracer: Tracer,
    config: Config,
    components: Sequence[str] = COMPONENTS,
    replay: Replay | None = None,
) -> Trace:
    """The trace of a backend on a case.

    Args:
        tracer: The backend.
        config: The case.
        components: Which of ``COMPONENTS`` to compute.
        replay: Experts to use in the components up to the gradient instead of the routers' choice:
            in lower precision a last bit may choose another expert, and everything after it would
            no longer be comparable.

    Returns:
        Component -> name -> array, in the order of ``COMPONENTS``; precision only in float64
        (``in_fp8``).
    """
    backend = tracer.backend
    state, learned = started(tracer, config)
    computations: dict[tuple[str, ...], Callable[[], Trace]] = {
        ("attention", "moe", "model"): lambda: tracer.forward(state, config, learned, replay),
        ("generate",): lambda: {"generate": sampled(backend, state, config)},
        ("precision",): lambda: in_fp8(tracer, state, config),
        ("advantage",): lambda: {"advantage": advantages_of(learned, config)},
        ("gradient",): lambda: {"gradient": tracer.gradients(state, config, learned, replay)},
        ("loss", "optimizer"): lambda: taken_steps(tracer, state, config, learned),
    }
    computed: Trace = {}
    for produced, compute in computations.items():
        if set(produced) & set(components):
            computed |= compute()
    return {
        component: computed[component]
        for component in COMPONENTS
        if component in components and component in computed
    }


def started(tracer: Tracer, config: Config) -> tuple[Any, Batch]:
    """The first state of a case, and its batch with advantages.

    Biases and the value model's head are random: with the zeros that a run starts from, all would
    agree whatever is added or is below the head.
    """
    backend = tracer.backend
    state = backend.initial_state(config)
    biases = random_biases(config.model)
    tracer.set_weights(state, {f"policy {name}": bias for name, bias in biases.items()})
    state = backend.start_rl(state, config)
    if config.uses_value_model:
        tracer.set_weights(state, {"value value_head": case_value_head(config)})
    return state, backend.advantages(state, config, case_batch(config), case_rewards(config))


def sampled(
    backend: Backend[Any],
    state: Any,
    config: Config,
    samplings: Sequence[tuple[str, float, float]] = SAMPLINGS,
    purpose: str = PURPOSE,
) -> dict[str, Array]:
    """Tokens and log-probabilities of sampled responses [requests, limit], per sampling setting."""
    limit = config.rollout.max_response_tokens
    arrays: dict[str, Array] = {}
    for title, temperature, top_p in samplings:
        rollouts = backend.generate(
            state, config, case_requests(config), Sampling(temperature, top_p, limit, ENDS), purpose
        )
        for name, rows in (
            ("tokens", [r.response_tokens for r in rollouts]),
            ("log-probs", [r.log_probs for r in rollouts]),
        ):
            array = np.zeros((len(rollouts), limit))
            for row, values in enumerate(rows):
                array[row, : len(values)] = values
            arrays[title + name] = array
    return arrays


def in_fp8(tracer: Tracer, state: Any, config: Config) -> Trace:
    """Component precision, in float64 only: the matrices of the FP8 policy, and what it samples.

    A last bit may decide a rounding to 8 bits. In float64 that happens once in 10^14 roundings; in
    float32 it happens in every response.
    """
    if config.precision != "float64":
        return {}
    config = config.model_copy(
        update={"rollout": config.rollout.model_copy(update={"precision": "fp8"})}
    )
    drawn = sampled(tracer.backend, state, config, SAMPLINGS[:1], FP8_PURPOSE)
    return {"precision": tracer.published(state, config) | drawn}


def advantages_of(batch: Batch, config: Config) -> dict[str, Array]:
    """Component advantage: what was computed for a batch."""
    arrays = {"advantages": batch.advantages}
    if config.uses_value_model:
        arrays |= {"value targets": batch.value_targets, "old values": batch.old_values}
    return arrays


def taken_steps(tracer: Tracer, state: Any, config: Config, batch: Batch) -> Trace:
    """Components loss (every figure of ``STEPS`` optimizer steps) and optimizer (weights after)."""
    figures: dict[str, Array] = {}
    for step in range(STEPS):
        if config.uses_value_model:
            state, metrics = tracer.backend.update_value(state, config, batch)
            figures |= {
                f"step {step} value {figure(name)}": np.array(value)
                for name, value in metrics.items()
            }
        state, metrics = tracer.backend.update_policy(state, config, batch)
        figures |= {
            f"step {step} policy {figure(name)}": np.array(value) for name, value in metrics.items()
        }
    return {"loss": figures, "optimizer": tracer.weights(state)}


def figure(name: str) -> str:
    """Name of a metric in the published vectors."""
    return VECTOR_NAMES.get(name, name)


def without_step(name: str) -> str:
    """``step 3 policy entropy`` as ``policy entropy``, the same for all steps."""
    return re.sub(r"^step \d+ ", "", name)


def flat(of_components: Trace) -> Iterator[tuple[str, Array]]:
    """A trace as ``component/name`` and array, for a file."""
    for component, arrays in of_components.items():
        for name, array in arrays.items():
            yield f"{component}/{name}", array


def nested(arrays: Mapping[str, Array]) -> Trace:
    """The inverse of ``flat``."""
    of_components: Trace = {}
    for path, array in arrays.items():
        component, _, name = path.partition("/")
        of_components.setdefault(component, {})[name] = array
    return of_components

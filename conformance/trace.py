"""What a backend computes on a case, component by component in the order of the data, as named arrays [B,
S, ...].

Both backends answer the same questions, so a trace of one can be laid over a trace of the other, and
the first component that differs is where to look.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from seed.conformance.cases import case_batch, case_requests, case_rewards, case_value_head
from seed.spec.backend import Backend
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
"""Name of the random stream that responses are sampled with."""
FP8_PURPOSE = "rollout"
"""Name of the only random stream that is drawn in FP8 (``Config.samples_in_fp8``)."""

VECTOR_NAMES = {"loss_surrogate": "loss_policy", "loss": "value_loss"}
"""Metric -> its name in files of format ``seed-vectors-1``, which other implementations read."""

Trace = dict[str, dict[str, Array]]
Replay = Sequence[IntArray]
"""Expert ids of each MoE layer [B, S, k]."""


class Tracer(Protocol):
    """What must be asked of a backend beyond its backend."""

    @property
    def backend(self) -> Backend[Any]:
        """The backend's face."""
        ...

    def forward(self, state: Any, config: Config, batch: Batch, replay: Replay | None) -> Trace:
        """Components attention, moe and model on the tokens of a batch; entries of padding are 0."""
        ...

    def routes(self, state: Any, config: Config, batch: Batch) -> list[IntArray]:
        """Expert ids that the routers choose, per MoE layer [B, S, k]."""
        ...

    def gradients(
        self, state: Any, config: Config, batch: Batch, replay: Replay | None
    ) -> dict[str, Array]:
        """Gradient of a whole step by weight, of the policy's loss and of the value model's."""
        ...

    def weights(self, state: Any) -> dict[str, Array]:
        """All weights of policy and value model."""
        ...

    def published(self, state: Any, config: Config) -> dict[str, Array]:
        """The matrices that an FP8 policy holds in 8 bits, multiplied out, whole."""
        ...

    def set_value_head(self, state: Any, head: Array) -> None:
        """Give the value model of a state, in place, this head [D, 1]."""
        ...


def trace(
    tracer: Tracer,
    config: Config,
    components: Sequence[str] = COMPONENTS,
    replay: Replay | None = None,
) -> Trace:
    """Answers of a backend to a case.

    Args:
        tracer: The backend.
        config: The case.
        components: Which of ``COMPONENTS`` are wanted.
        replay: Experts to use in the components up to the gradient instead of the routers' choice: in
            lower precision a last bit may choose another expert, and what follows would no longer
            be comparable.

    Returns:
        Component -> name -> array, in the order of ``COMPONENTS``; precision only in float64
        (``in_fp8``).
    """
    backend = tracer.backend
    state, learned = started(tracer, config)
    answers: dict[str, Callable[[], Trace]] = {
        "attention": lambda: tracer.forward(state, config, learned, replay),
        "generate": lambda: {"generate": sampled(backend, state, config)},
        "precision": lambda: in_fp8(tracer, state, config),
        "advantage": lambda: {"advantage": advantages_of(learned, config)},
        "gradient": lambda: {"gradient": tracer.gradients(state, config, learned, replay)},
        "loss": lambda: taken_steps(tracer, state, config, learned),
    }
    found: Trace = {}
    for first, ask in answers.items():
        asked = {"attention": ("attention", "moe", "model"), "loss": ("loss", "optimizer")}.get(
            first, (first,)
        )
        if set(asked) & set(components):
            found |= ask()
    return {
        component: found[component]
        for component in COMPONENTS
        if component in components and component in found
    }


def started(tracer: Tracer, config: Config) -> tuple[Any, Batch]:
    """The state that a case begins with, and its batch with advantages.

    The value model's head is drawn: with the zero head that RL starts from, all values would agree
    whatever is below it.
    """
    backend = tracer.backend
    state = backend.start_rl(backend.initial_state(config), config)
    if config.uses_value_model:
        tracer.set_value_head(state, case_value_head(config))
    return state, backend.advantages(state, config, case_batch(config), case_rewards(config))


def sampled(
    backend: Backend[Any],
    state: Any,
    config: Config,
    samplings: Sequence[tuple[str, float, float]] = SAMPLINGS,
    purpose: str = PURPOSE,
) -> dict[str, Array]:
    """Tokens and log-probabilities of sampled responses [requests, limit], at the training setting
    and in a nucleus.
    """
    limit = config.rollout.max_response_tokens
    found: dict[str, Array] = {}
    for title, temperature, top_p in samplings:
        rollouts = backend.generate(
            state, config, case_requests(config), Sampling(temperature, top_p, limit), purpose
        )
        for name, rows in (
            ("tokens", [r.response_tokens for r in rollouts]),
            ("log-probs", [r.log_probs for r in rollouts]),
        ):
            array = np.zeros((len(rollouts), limit))
            for row, values in enumerate(rows):
                array[row, : len(values)] = values
            found[title + name] = array
    return found


def in_fp8(tracer: Tracer, state: Any, config: Config) -> Trace:
    """Component precision: the matrices of the FP8 policy and what it samples at the training
    setting; nothing below float64.

    A last bit may decide a rounding to 8 bits. In float64 that is one in 10^14; in float32 it
    happens in every response.
    """
    if config.precision != "float64":
        return {}
    config = config.model_copy(
        update={"rollout": config.rollout.model_copy(update={"precision": "fp8"})}
    )
    drawn = sampled(tracer.backend, state, config, SAMPLINGS[:1], FP8_PURPOSE)
    return {"precision": tracer.published(state, config) | drawn}


def advantages_of(batch: Batch, config: Config) -> dict[str, Array]:
    """What the advantage component made of a batch."""
    found = {"advantages": batch.advantages}
    if config.uses_value_model:
        found |= {"value targets": batch.value_targets, "old values": batch.old_values}
    return found


def taken_steps(tracer: Tracer, state: Any, config: Config, batch: Batch) -> Trace:
    """Component loss: every figure of ``STEPS`` optimizer steps; component optimizer: all weights after
    them.
    """
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
    """What the published vectors call a metric."""
    return VECTOR_NAMES.get(name, name)


def flat(found: Trace) -> Iterator[tuple[str, Array]]:
    """A trace as ``component/name`` and array, for a file."""
    for component, arrays in found.items():
        for name, array in arrays.items():
            yield f"{component}/{name}", array


def nested(arrays: Mapping[str, Array]) -> Trace:
    """Undo ``flat``."""
    found: Trace = {}
    for path, array in arrays.items():
        component, _, name = path.partition("/")
        found.setdefault(component, {})[name] = array
    return found

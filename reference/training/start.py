"""The weights of a new run: random, or those of a checkpoint (``start.checkpoint``).

A run that starts from a checkpoint is a new run in everything else. Its moments are zero, its
schedules begin at step 1, its random numbers follow its own seed, and "before RL" is an evaluation
of the weights that were loaded, after SFT if it has any.
"""

from pathlib import Path
from typing import Any, TypeVar

from seed.reference.training.run_directory import find_checkpoint, older_offered
from seed.spec.backend import Backend
from seed.spec.checkpoint_format import check_sizes, read_manifest
from seed.spec.config import Config
from seed.spec.config_start import StartConfig
from seed.spec.errors import Reason, SeedError

State = TypeVar("State")


def located(config: Config) -> StartConfig:
    """The section ``start`` with the checkpoint's absolute path, its step and its digest.

    Raises:
        SeedError: NOT_A_CHECKPOINT, DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT if its sizes or its
            digest are not those of the configuration.
    """
    if not config.start.checkpoint:
        return config.start
    checkpoint = find_checkpoint(Path(config.start.checkpoint)).resolve()
    with older_offered(checkpoint):
        manifest = read_manifest(checkpoint)
    if "phase" not in manifest["progress"]:
        line = f"{checkpoint} holds no policy that a run saved; give a checkpoints/step_N"
        raise SeedError(Reason.NOT_A_CHECKPOINT, line)
    check_sizes(checkpoint, manifest, config)
    if config.start.sha256 not in ("", manifest["sha256"]):
        raise SeedError(
            Reason.FOREIGN_CHECKPOINT,
            f"{checkpoint} has sha256 {manifest['sha256']}, the configuration wants start.sha256="
            f"{config.start.sha256}",
        )
    return StartConfig(
        checkpoint=str(checkpoint),
        step=int(manifest["progress"]["step"]),
        sha256=manifest["sha256"],
    )


def with_start(config: Config, backend: Backend[State]) -> Config:
    """The configuration with what ``located`` finds, the same in every process."""
    start = backend.on_rank_zero(lambda: located(config))
    return config.model_copy(update={"start": start})


def initial_state(backend: Backend[State], config: Config) -> State:
    """The state before the first step.

    Raises:
        SeedError: As ``located``, and DAMAGED_CHECKPOINT.
    """
    if not config.start.checkpoint:
        return backend.initial_state(config)
    located(config)
    checkpoint = Path(config.start.checkpoint)
    with older_offered(checkpoint):
        return backend.initial_state_from(config, checkpoint)


def provenance(config: Config) -> dict[str, Any]:
    """The entry ``started_from`` of a run's summary; nothing for random weights."""
    start = config.start.model_dump()
    return {"started_from": start} if config.start.checkpoint else {}

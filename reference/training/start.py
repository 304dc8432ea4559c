"""The weights of a new run: random, of a checkpoint (``start.checkpoint``) or of a model folder.

A run that starts from given weights is a new run in everything else. Its moments are zero, its
schedules begin at step 1, its random numbers follow its own seed, and "before RL" is an evaluation
of the weights that were loaded, after SFT if it has any.
"""

from pathlib import Path
from typing import Any, TypeVar

from seed.reference.data.located import located as located_problems
from seed.reference.pretrained.folder import Folder, identity
from seed.reference.rewards.sources import located as located_functions
from seed.reference.tasks.task import problems_of
from seed.reference.text.language_tokenizer import located_tokenizer
from seed.reference.training.run_directory import find_checkpoint, older_offered
from seed.reference.training.sft_data import sft_steps
from seed.reference.training.value_start import check_arrays, is_named, located_value_model
from seed.spec.backend import Backend
from seed.spec.checkpoint_format import check_sizes, check_state, read_manifest
from seed.spec.config import Config
from seed.spec.config_start import StartConfig
from seed.spec.errors import Reason, SeedError

State = TypeVar("State")


def located(config: Config) -> StartConfig:
    """The section ``start`` with absolute paths, step and digests of what it names.

    Raises:
        SeedError: As ``_located_policy`` and ``located_value_model``.
    """
    return _located_policy(config).model_copy(update=located_value_model(config))


def _located_policy(config: Config) -> StartConfig:
    """The section ``start`` with absolute path, step and digest of the policy's source.

    Raises:
        SeedError: NOT_A_CHECKPOINT, DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT if its sizes or its
            digest are not those of the configuration. Of a model folder FOREIGN_MODEL and
            UNREADABLE_FILE.
    """
    if config.start.model:
        return _located_folder(config)
    if not config.start.checkpoint:
        return config.start
    checkpoint = find_checkpoint(Path(config.start.checkpoint)).resolve()
    with older_offered(checkpoint):
        manifest = read_manifest(checkpoint)
    if "phase" not in manifest["progress"]:
        line = f"{checkpoint} holds no policy that a run saved; give a checkpoints/step_N"
        raise SeedError(Reason.NOT_A_CHECKPOINT, line)
    check_sizes(checkpoint, manifest, config)
    _check_digest(checkpoint, manifest["sha256"], config, Reason.FOREIGN_CHECKPOINT)
    found = {
        "checkpoint": str(checkpoint),
        "step": int(manifest["progress"]["step"]),
        "sha256": manifest["sha256"],
    }
    return config.start.model_copy(update=found)


def _located_folder(config: Config) -> StartConfig:
    """The section ``start`` with a model folder's absolute path and its digest."""
    folder = Path(config.start.model).resolve()
    theirs = Folder(folder).model.model_dump()
    for name, ours in config.model.model_dump().items():
        if theirs[name] != ours:
            raise SeedError(
                Reason.FOREIGN_MODEL,
                f"{folder} holds a model with model.{name}={theirs[name]}, the configuration has"
                f" model.{name}={ours}",
            )
    digest = identity(folder)
    _check_digest(folder, digest, config, Reason.FOREIGN_MODEL)
    found = {"model": str(folder), "step": 0, "sha256": digest}
    return config.start.model_copy(update=found)


def _check_digest(path: Path, digest: str, config: Config, reason: Reason) -> None:
    wanted = config.start.sha256
    if wanted not in ("", digest):
        line = f"{path} has sha256 {digest}, the configuration wants start.sha256={wanted}"
        raise SeedError(reason, line)


def _whole(config: Config) -> StartConfig:
    """As ``located``, and the arrays of checkpoints are verified before anything is written."""
    start = located(config)
    if start.checkpoint:
        checkpoint = Path(start.checkpoint)
        with older_offered(checkpoint):
            check_state(checkpoint, read_manifest(checkpoint))
    check_arrays(config)
    return start


def with_start(config: Config, backend: Backend[State]) -> Config:
    """The configuration with what is found of weights, tokenizer, problems and reward functions.

    It is the same in every process.
    """

    def found() -> dict[str, Any]:
        sections = {
            "start": _whole(config),
            "tokenizer": located_tokenizer(config.tokenizer),
            "data": located_problems(config.data),
            "reward": located_functions(config.reward),
        }
        # As plain values, which every job can send.
        return {name: section.model_dump(mode="json") for name, section in sections.items()}

    sections = backend.on_rank_zero(found)
    config = config.model_copy(
        update={
            name: type(getattr(config, name)).model_validate(values)
            for name, values in sections.items()
        }
    )
    if not config.supervised.epochs:
        return config
    check_demonstrations(config)
    steps = backend.on_rank_zero(lambda: sft_steps(config))
    supervised = config.supervised.model_copy(update={"steps": steps})
    return config.model_copy(update={"supervised": supervised})


def check_demonstrations(config: Config) -> None:
    """Refuse SFT on files without a worked answer.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    if config.data.chats or not config.data.train:
        return
    supervised = config.supervised
    if (supervised.steps or supervised.epochs) and not problems_of(config).demonstrations():
        name = "epochs" if supervised.epochs else "steps"
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"supervised.{name}={getattr(supervised, name)} must be 0 with"
            f" data.train={list(config.data.train)}, which has no demonstration to learn from",
        )


def initial_state(backend: Backend[State], config: Config) -> State:
    """The state before the first step.

    Raises:
        SeedError: As ``located``, and DAMAGED_CHECKPOINT.
    """
    located(config)
    if not (config.start.checkpoint or config.start.model):
        return backend.initial_state(config)
    if config.start.model:
        return backend.initial_state_of(config, Folder(Path(config.start.model)))
    checkpoint = Path(config.start.checkpoint)
    with older_offered(checkpoint):
        return backend.initial_state_from(config, checkpoint)


def provenance(config: Config) -> dict[str, Any]:
    """The entry ``started_from`` of a run's summary; nothing for random weights."""
    start = config.start
    is_given = start.checkpoint or start.model or is_named(config)
    return {"started_from": start.model_dump()} if is_given else {}

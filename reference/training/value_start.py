"""The value model of a run that names its source, ``start.value_model``.

It is read when RL starts, after SFT. From then on every checkpoint holds it.
"""

from pathlib import Path
from typing import TypeVar

from seed.reference.pretrained.folder import CONFIG, Folder, identity
from seed.reference.pretrained.value_weights import is_folder_of_model, value_weights
from seed.reference.training.run_directory import find_checkpoint, older_offered
from seed.spec.backend import Backend
from seed.spec.checkpoint_format import MANIFEST_FILE, check_state, read_manifest
from seed.spec.config import Config
from seed.spec.config_files import validated
from seed.spec.config_model import ModelConfig
from seed.spec.errors import Reason, SeedError

State = TypeVar("State")


def located_value_model(config: Config) -> dict[str, str]:
    """The settings of ``start`` about the value model: absolute path and digest.

    Nothing if the policy's body serves, or if the recipe has no value model.

    Raises:
        SeedError: FOREIGN_MODEL, FOREIGN_CHECKPOINT if sizes or digest are not those of the
            configuration; UNREADABLE_FILE, DAMAGED_CHECKPOINT.
    """
    if not is_named(config):
        return {}
    path = _place(config)
    theirs, digest = _described(path)
    reason = Reason.FOREIGN_MODEL if is_folder_of_model(path) else Reason.FOREIGN_CHECKPOINT
    ours = config.model.model_dump()
    for name, value in theirs.model_dump().items():
        # A value model has no logits, so that it does not matter where their head is.
        if value != ours[name] and name != "tied_embeddings":
            line = f"start.value_model={path} has model.{name}={value}, the configuration has"
            raise SeedError(reason, f"{line} model.{name}={ours[name]}")
    wanted = config.start.value_model_sha256
    if wanted not in ("", digest):
        line = f"{path} has sha256 {digest}, the configuration wants"
        raise SeedError(reason, f"{line} start.value_model_sha256={wanted}")
    return {"value_model": str(path), "value_model_sha256": digest}


def is_named(config: Config) -> bool:
    """Whether a run has a value model whose source is named."""
    return bool(config.start.value_model) and config.uses_value_model


def check_arrays(config: Config) -> None:
    """Verify the arrays of a checkpoint that is the source.

    Raises:
        SeedError: DAMAGED_CHECKPOINT.
    """
    if is_named(config) and not is_folder_of_model(path := _place(config)):
        with older_offered(path):
            check_state(path, read_manifest(path))


def with_value_model(backend: Backend[State], state: State, config: Config) -> State:
    """A state with the value model that ``start.value_model`` names; the same state without one.

    Raises:
        SeedError: As ``located_value_model``.
    """
    if not is_named(config):
        return state
    located_value_model(config)
    return backend.value_model_of(state, config, value_weights(_place(config)))


def _place(config: Config) -> Path:
    """The model folder or the checkpoint."""
    path = Path(config.start.value_model).resolve()
    if is_folder_of_model(path):
        return path
    checkpoint = find_checkpoint(path) if path.is_dir() else path
    if not (checkpoint / MANIFEST_FILE).is_file():
        raise SeedError(
            Reason.FOREIGN_MODEL,
            f"start.value_model={path} is neither a model folder ({CONFIG}) nor a checkpoint"
            f" ({MANIFEST_FILE}) nor a run directory with one",
        )
    return checkpoint


def _described(path: Path) -> tuple[ModelConfig, str]:
    """Sizes and digest."""
    if is_folder_of_model(path):
        return Folder(path, is_value=True).model, identity(path)
    with older_offered(path):
        manifest = read_manifest(path)
    return validated(manifest["config"]).model, manifest["sha256"]

"""Properties of exported runs: what transformers computes with them is what the run computes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from seed.conformance.outside_folders import logits, write
from seed.reference.backend import ReferenceBackend
from seed.reference.model import token_logits
from seed.reference.pretrained.export import CheckpointWeights, export_checkpoint
from seed.reference.pretrained.folder import Folder, read_config
from seed.reference.training import trainer
from seed.reference.training.run_directory import find_checkpoint
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.world import World
from seed.spec.characters import END, encode
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout
from seed.spec.weights import policy_shapes
from tests.support.model_folders import config_from
from tests.support.small_runs import new_run, small_config

PROMPT = "(2+3)*4="
PROGRESS = {"phase": "reinforcement", "step": 1}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with files beside its weights. No test changes it."""
    path = tmp_path_factory.mktemp("models") / "model"
    write("qwen3_moe", path)
    (path / "chat_template.jinja").write_text("{{ messages }}")
    (path / "notes.txt").write_text("stays behind")
    return path


@pytest.fixture(scope="module")
def trained(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run from that folder. No test changes it."""
    path = tmp_path_factory.mktemp("runs") / "trained"
    trainer.train(new_run(path, config_from(model)))
    return path


def saved(config: Config, path: Path, backend: Any) -> Path:
    """A checkpoint of a backend's first state."""
    folder = config.start.model
    state = (
        backend.initial_state_of(config, Folder(Path(folder)))
        if folder
        else backend.initial_state(config)
    )
    backend.save(state, config, PROGRESS, path)
    return path


def test_the_export_of_a_run_holds_its_policy_and_the_files_of_its_model(
    model: Path, trained: Path, tmp_path: Path
) -> None:
    checkpoint = find_checkpoint(trained)
    assert export_checkpoint(checkpoint, tmp_path / "out", "float32", None) == model
    source, exported = CheckpointWeights(checkpoint), Folder(tmp_path / "out")
    original, changed = Folder(model), False
    for name in policy_shapes(source.model):
        np.testing.assert_array_equal(exported.read(name), source.read(name))
        changed |= not np.array_equal(exported.read(name), original.read(name))
    assert changed and read_config(tmp_path / "out") == read_config(model)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {path.name for path in model.iterdir()} - {"notes.txt"}


@pytest.mark.parametrize(
    "backend", [ReferenceBackend(), ScaledBackend(World(), Layout(), torch.device("cpu"))]
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_that_is_exported_untrained_equals_the_original_bit_for_bit(
    backend: Any, dtype: str, tmp_path: Path
) -> None:
    write("llama", tmp_path / "model", getattr(torch, dtype))
    config = config_from(tmp_path / "model")
    checkpoint = saved(config, tmp_path / "step_1", backend)
    export_checkpoint(checkpoint, tmp_path / "out", dtype, None)
    for name in ("model.safetensors", "config.json", "generation_config.json"):
        theirs, ours = ((tmp_path / each / name).read_bytes() for each in ("model", "out"))
        if name.endswith("json"):
            assert json.loads(theirs) == json.loads(ours)
    tensors, copies = (Folder(tmp_path / each).tensors for each in ("model", "out"))
    assert {n: t[:].tobytes() for n, t in tensors.items()} == {
        n: t[:].tobytes() for n, t in copies.items()
    }


def test_transformers_reads_a_model_of_random_weights_with_its_characters(tmp_path: Path) -> None:
    config = small_config("grpo", "precision=float64")
    checkpoint = saved(config, tmp_path / "step_1", ReferenceBackend())
    assert export_checkpoint(checkpoint, tmp_path / "out", "float32", None) is None
    tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path / "out")
    tokens = tokenizer(PROMPT).input_ids
    assert tuple(tokens) == encode(PROMPT) and tokenizer.decode(tokens) == PROMPT
    messages = [{"role": "user", "content": PROMPT}]
    assert tokenizer.apply_chat_template(messages, tokenize=False) == PROMPT
    assert tokenizer.eos_token_id == END and tokenizer.decode([END]) == tokenizer.eos_token
    weights = Folder(tmp_path / "out")
    policy = ReferenceBackend().initial_state_of(config, weights).policy
    ours, _ = token_logits(policy, np.array([tokens]), config.model)
    theirs = logits(tmp_path / "out", np.array([tokens]))
    np.testing.assert_allclose(ours[:, 1:], theirs[:, :-1], rtol=0, atol=1e-10)


def test_what_cannot_be_exported_is_refused_and_nothing_is_left(
    model: Path, trained: Path, tmp_path: Path
) -> None:
    checkpoint, out = find_checkpoint(trained), tmp_path / "out"
    (tmp_path / "taken").mkdir()
    write("qwen3", tmp_path / "other")
    shared = small_config("grpo", "model.shared_experts=1")
    unknown = saved(shared, tmp_path / "step_1", ReferenceBackend())
    faults = (
        ((checkpoint, tmp_path / "taken", None), Reason.FILE_EXISTS, "taken exists"),
        ((checkpoint, out, tmp_path / "other"), Reason.FOREIGN_MODEL, "with model.dense_layers=3"),
        ((checkpoint, out, tmp_path / "gone"), Reason.FOREIGN_MODEL, "gone, is not there"),
        ((unknown, out, None), Reason.FOREIGN_MODEL, "would but for model.shared_experts=1"),
        ((model, out, None), Reason.NOT_A_CHECKPOINT, "is not a checkpoint"),
    )
    for (source, place, folder), reason, words in faults:
        with pytest.raises(SeedError) as caught:
            export_checkpoint(source, place, "float32", folder)
        assert caught.value.reason is reason and words in caught.value.line
    assert not out.exists() and not list((tmp_path / "taken").iterdir())
    assert not list(tmp_path.glob(".*"))

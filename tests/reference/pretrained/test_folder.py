"""Properties of model folders: parts are parts of the whole; what is wrong is named in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from seed.conformance.outside_folders import write
from seed.reference.pretrained.export import write_model
from seed.reference.pretrained.folder import CONFIG, INDEX, SINGLE, Folder, identity
from seed.spec.errors import Reason, SeedError
from seed.spec.weights import policy_shapes

Change = Callable[[Path], None]
MIXTURE = "qwen3_moe, dense first"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixture of experts as transformers saves it, in shards. No test changes it."""
    path = tmp_path_factory.mktemp("models") / "saved"
    write(MIXTURE, path, max_shard_size="40KB")
    return path


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy in one file, to be damaged."""
    write_model(tmp_path / "one", Folder(saved), "float32", Folder(saved).config)
    return tmp_path / "one"


def test_a_part_is_that_part_of_the_whole_and_nothing_else_is_read(saved: Path) -> None:
    folder, random = Folder(saved), np.random.default_rng(3)
    for name, shape in policy_shapes(folder.model).items():
        whole = folder.read(name)
        assert whole.shape == shape and whole.dtype == np.float32
        bounds = [sorted(random.integers(0, length + 1, 2)) for length in shape]
        box = tuple(slice(int(first), int(last)) for first, last in bounds)
        before = folder.bytes_read
        np.testing.assert_array_equal(folder.read(name, box), whole[box])
        assert folder.bytes_read - before == 4 * whole[box].size


def test_shards_hold_what_one_file_holds(saved: Path, folder: Path) -> None:
    assert len(list(saved.glob("*.safetensors"))) > 1 == len(list(folder.glob("*.safetensors")))
    for name in policy_shapes(Folder(saved).model):
        np.testing.assert_array_equal(Folder(saved).read(name), Folder(folder).read(name))


def test_shards_that_are_written_are_read(saved: Path, tmp_path: Path) -> None:
    source = Folder(saved)
    write_model(tmp_path / "out", source, "float32", source.config, shard_bytes=30_000)
    sizes = [path.stat().st_size for path in (tmp_path / "out").glob("*.safetensors")]
    index = json.loads((tmp_path / "out" / INDEX).read_text())
    assert len(sizes) == len(set(index["weight_map"].values())) > 1
    assert index["metadata"]["total_size"] == 4 * sum(
        int(np.prod(shape)) for shape in policy_shapes(source.model).values()
    )
    for name in policy_shapes(source.model):
        np.testing.assert_array_equal(Folder(tmp_path / "out").read(name), source.read(name))


def test_experts_that_are_fused_in_one_tensor_are_the_same_experts(folder: Path) -> None:
    tensors = load_file(folder / SINGLE)
    apart = Folder(folder)
    expected = {name: apart.read(name) for name in policy_shapes(apart.model)}
    for layer in (1, 2):
        prefix = f"model.layers.{layer}.mlp.experts"
        gate, up, down = (
            np.stack([tensors.pop(f"{prefix}.{e}.{part}_proj.weight") for e in range(8)])
            for part in ("gate", "up", "down")
        )
        tensors[f"{prefix}.gate_up_proj"] = np.concatenate([gate, up], axis=1)
        tensors[f"{prefix}.down_proj"] = down
    save_file(tensors, folder / SINGLE)
    fused = Folder(folder)
    for name, whole in expected.items():
        np.testing.assert_array_equal(fused.read(name), whole)
    box = (slice(2, 5), slice(3, 9), slice(4, 7))
    name = "layers.1.moe.up"
    np.testing.assert_array_equal(fused.read(name, box), expected[name][box])


def test_the_identity_is_that_of_config_and_weights(saved: Path, folder: Path) -> None:
    assert identity(saved) == identity(saved) != identity(folder)
    before = identity(folder)
    change_config(rope_theta=2e6)(folder)
    changed = identity(folder)
    change_tensors(lambda tensors: tensors["model.norm.weight"].__setitem__(0, 9.0))(folder)
    assert len({before, changed, identity(folder)}) == 3


def change_config(**keys: Any) -> Change:
    def change(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text()) | keys
        (folder / CONFIG).write_text(json.dumps({k: v for k, v in config.items() if v != "gone"}))

    return change


def change_tensors(change: Callable[[dict[str, Any]], object]) -> Change:
    def changed(folder: Path) -> None:
        tensors = load_file(folder / SINGLE)
        change(tensors)
        save_file(tensors, folder / SINGLE)

    return changed


def cut_config(folder: Path) -> None:
    (folder / CONFIG).write_text("{")


def cut(folder: Path) -> None:
    content = (folder / SINGLE).read_bytes()
    (folder / SINGLE).write_bytes(content[:-100])


NORM, DOWN = (
    "model.layers.0.input_layernorm.weight",
    "model.layers.2.mlp.experts.7.down_proj.weight",
)
FAULTS: dict[str, tuple[Change, Reason, str]] = {
    "no folder": (shutil.rmtree, Reason.FOREIGN_MODEL, "is no folder with a config.json"),
    "no config": (
        lambda folder: (folder / CONFIG).unlink(),
        Reason.FOREIGN_MODEL,
        "is not a model folder: it has no config.json",
    ),
    "cut config": (cut_config, Reason.UNREADABLE_FILE, "config.json is not readable JSON"),
    "no weights": (
        lambda folder: (folder / SINGLE).unlink(),
        Reason.UNREADABLE_FILE,
        "model.safetensors is missing",
    ),
    "cut weights": (cut, Reason.UNREADABLE_FILE, "model.safetensors is damaged or cut off at"),
    "unknown family": (
        change_config(model_type="gemma3"),
        Reason.FOREIGN_MODEL,
        "model_type 'gemma3' cannot be read; legal: llama, mistral,",
    ),
    "no family": (change_config(model_type="gone"), Reason.FOREIGN_MODEL, "model_type None"),
    "unknown key": (
        change_config(logit_softcap=30.0),
        Reason.FOREIGN_MODEL,
        "config.json (qwen3_moe): logit_softcap=30.0, a key that is not known",
    ),
    "other value": (
        change_config(hidden_act="gelu"),
        Reason.FOREIGN_MODEL,
        "config.json (qwen3_moe): hidden_act='gelu'; legal: 'silu'",
    ),
    "sliding": (
        change_config(use_sliding_window=True),
        Reason.FOREIGN_MODEL,
        "use_sliding_window=True; legal: False",
    ),
    "layer types": (
        change_config(layer_types=["full_attention", "sliding_attention", "full_attention"]),
        Reason.FOREIGN_MODEL,
        "layer_types=['full_attention', 'sliding_attention', 'full_attention']; legal:",
    ),
    "rope kind": (
        change_config(rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}),
        Reason.FOREIGN_MODEL,
        "rope_type='dynamic'; legal: default, linear, llama3, yarn",
    ),
    "rope key": (
        change_config(rope_parameters={"rope_type": "default", "rope_theta": 1e4, "mscale": 2.0}),
        Reason.FOREIGN_MODEL,
        "rope_parameters.mscale=2.0 is not known with rope_type='default'",
    ),
    "missing key": (
        change_config(num_hidden_layers="gone"),
        Reason.FOREIGN_MODEL,
        "its key num_hidden_layers is missing",
    ),
    "sizes": (change_config(num_key_value_heads=3), Reason.FOREIGN_MODEL, "its sizes do not fit: "),
    "dense blocks": (
        change_config(mlp_only_layers=[1]),
        Reason.FOREIGN_MODEL,
        "mlp_only_layers=[1]; legal: the first blocks only",
    ),
    "missing tensors": (
        change_tensors(lambda tensors: (tensors.pop(NORM), tensors.pop(DOWN))),
        Reason.FOREIGN_MODEL,
        f"lacks {NORM}, {DOWN}",
    ),
    "surplus tensor": (
        change_tensors(lambda tensors: tensors.update({"model.extra": np.zeros(3)})),
        Reason.FOREIGN_MODEL,
        "holds model.extra, which config.json does not imply",
    ),
    "other shape": (
        change_config(vocab_size=95),
        Reason.FOREIGN_MODEL,
        "holds model.embed_tokens.weight of shape [96, 32], config.json says [95, 32]",
    ),
    "other numbers": (
        change_tensors(lambda tensors: tensors.update({NORM: np.ones(32, np.int8)})),
        Reason.FOREIGN_MODEL,
        f"holds {NORM} in I8; legal: BF16, F16, F32",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named_in_one_line(fault: str, folder: Path) -> None:
    change, reason, words = FAULTS[fault]
    change(folder)
    with pytest.raises(SeedError) as caught:
        Folder(folder)
    assert caught.value.reason is reason and words in caught.value.line
    assert caught.value.line.isprintable()


def test_a_shard_that_the_index_names_and_that_is_missing_is_named(
    saved: Path, tmp_path: Path
) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    shard = sorted((tmp_path / "copy").glob("*.safetensors"))[1]
    shard.unlink()
    with pytest.raises(SeedError) as caught:
        Folder(tmp_path / "copy")
    assert caught.value.line == f"{shard} is missing"


def test_both_spellings_of_older_and_newer_files_are_read(folder: Path) -> None:
    newer = Folder(folder).model
    assert "rope_parameters" in Folder(folder).config
    change_config(
        rope_parameters="gone",
        rope_theta=1e6,
        rope_scaling=None,
        num_local_experts="gone",
        num_experts=8,
        torch_dtype="float32",
        dtype="gone",
    )(folder)
    assert Folder(folder).model == newer

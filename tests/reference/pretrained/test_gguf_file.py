"""Properties of GGUF files: weights, sizes and tokenizer are those that transformers reads."""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from seed.reference.pretrained.folder import Folder
from seed.reference.pretrained.gguf_file import GgufFile
from seed.reference.pretrained.gguf_tokenizer import SPLITTERS, tokenizer_files
from seed.spec.errors import Reason, SeedError
from seed.spec.weights import policy_shapes
from tests.support.command_line import assert_user_error, run, succeeded

LAYERS, WIDTH, HEADS, PAIRS, INNER = 2, 64, 4, 2, 96
TEXTS = ("12 + 345 = 357", "Ünïcode 你好 🙂", "tabs\t\tand\n\nlines ", "it's IT'S")


def byte_tokens() -> list[str]:
    """The 256 characters that byte-level BPE writes bytes as."""
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


SCALES = {"Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}
"""Where the blocks of 256 numbers have their scales in float16; all other bytes may be any."""


TOKENS = ["<|end|>", "<|begin|>", *byte_tokens(), "Ġt", "he", "12"]
MERGES = ["Ġ t", "h e", "1 2"]


def random_blocks(random: np.random.Generator, shape: tuple[int, ...], kind: Kind) -> Any:
    """Random numbers as a file holds them: quantised, or blocks that gguf reads and cannot make."""
    if kind.name not in SCALES:
        return gguf.quants.quantize(random.standard_normal(shape).astype(np.float32), kind)
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (*shape[:-1], shape[-1] // numbers, size), dtype=np.uint8)
    for place in SCALES[kind.name]:
        scales = random.uniform(1e-3, 2e-3, blocks.shape[:-1]).astype(np.float16)
        blocks[..., place : place + 2] = scales[..., None].view(np.uint8)
    return blocks.reshape(*shape[:-1], -1)


def written(path: Path, architecture: str = "llama", kind: Kind = Kind.Q8_0, **more: Any) -> Path:
    """A tiny random GGUF file with the tensors, sizes and tokenizer of a real one."""
    random, writer = np.random.default_rng(1), gguf.GGUFWriter(path, architecture)
    is_wide = gguf.GGML_QUANT_SIZES[kind][0] == 256
    width, inner = (256, 256) if is_wide else (WIDTH, INNER)
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(PAIRS)
    writer.add_rope_freq_base(1e5)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3, *[1] * (len(TOKENS) - 2)])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)
    writer.add_chat_template("{{ messages[0]['content'] }}")
    for key, value in more.items():
        writer.add_key_value(key.replace("__", "."), *value)

    def add(name: str, *shape: int, kind: Kind = Kind.F32) -> None:
        writer.add_tensor(name, random_blocks(random, shape, kind), raw_dtype=kind)

    key_rows = width // HEADS * PAIRS
    add("token_embd.weight", len(TOKENS), width, kind=kind)
    add("output_norm.weight", width)
    for block in (f"blk.{layer}." for layer in range(LAYERS)):
        add(f"{block}attn_norm.weight", width)
        add(f"{block}ffn_norm.weight", width)
        add(f"{block}attn_q.weight", width, width, kind=kind)
        add(f"{block}attn_k.weight", key_rows, width, kind=kind)
        add(f"{block}attn_v.weight", key_rows, width, kind=kind)
        add(f"{block}attn_output.weight", width, width, kind=kind)
        add(f"{block}ffn_gate.weight", inner, width, kind=kind)
        add(f"{block}ffn_up.weight", inner, width, kind=kind)
        add(f"{block}ffn_down.weight", width, inner, kind=kind)
        if architecture == "qwen2":
            for name, rows in (("q", width), ("k", key_rows), ("v", key_rows)):
                add(f"{block}attn_{name}.bias", rows)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [
        ("llama", Kind.Q8_0),
        ("llama", Kind.Q4_1),
        ("qwen2", Kind.Q5_0),
        ("qwen2", Kind.F16),
        *(("llama", Kind[name]) for name in SCALES),
    ],
)
def test_the_folder_has_the_weights_that_transformers_reads_from_the_file(
    architecture: str, kind: Kind, tmp_path: Path
) -> None:
    written(tmp_path / "tiny.gguf", architecture, kind)
    factory: Any = AutoModelForCausalLM
    theirs = factory.from_pretrained(tmp_path, gguf_file="tiny.gguf").state_dict()
    succeeded("model", "convert", tmp_path / "tiny.gguf", "--to", tmp_path / "out")
    out = factory.from_pretrained(tmp_path / "out")
    assert out.config.model_type == architecture and out.config.rope_parameters == {
        "rope_type": "default",
        "rope_theta": 1e5,
    }
    ours = out.state_dict()
    assert set(ours) == set(theirs)
    for name, weight in theirs.items():
        np.testing.assert_array_equal(ours[name].numpy(), weight.float().numpy(), err_msg=name)


def test_a_part_of_a_weight_is_that_part_of_the_whole(tmp_path: Path) -> None:
    source = GgufFile(written(tmp_path / "tiny.gguf"))
    for name, shape in policy_shapes(source.model).items():
        box = tuple(slice(length // 4, length // 2) for length in shape)
        np.testing.assert_array_equal(source.read(name, box), source.read(name)[box])


@pytest.mark.parametrize("rule", SPLITTERS)
def test_every_text_comes_back_from_its_tokens(rule: str, tmp_path: Path) -> None:
    file = GgufFile(written(tmp_path / "tiny.gguf"))
    files = tokenizer_files(file.metadata | {"tokenizer.ggml.pre": rule})
    tokenizer = Tokenizer.from_str(files["tokenizer.json"])
    for text in TEXTS:
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    together = "12" in tokenizer.encode("a12").tokens
    assert together == (rule in ("llama-bpe", "gpt-2"))
    assert tokenizer.encode("<|end|>").ids == [0]


def test_ends_and_chat_template_come_along(tmp_path: Path) -> None:
    more: dict[str, Any] = {"tokenizer__ggml__eot_token_id": (1, gguf.GGUFValueType.UINT32)}
    succeeded("model", "convert", written(tmp_path / "t.gguf", **more), "--to", tmp_path / "out")
    settings = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert settings["eos_token_id"] == [0, 1] and settings["bos_token_id"] == 1
    settings = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert settings["chat_template"] == "{{ messages[0]['content'] }}"
    assert Folder(tmp_path / "out").config["eos_token_id"] == [0, 1]


def test_what_cannot_be_read_is_named_in_one_line(tmp_path: Path) -> None:
    unsigned, text = gguf.GGUFValueType.UINT32, gguf.GGUFValueType.STRING
    files = {
        "architecture 'gemma3' cannot be read": written(tmp_path / "a.gguf", "gemma3"),
        "llama.expert_count=8 is not read": written(
            tmp_path / "b.gguf", llama__expert_count=(8, unsigned)
        ),
        "llama.rope.dimension_count=8 is not read": written(
            tmp_path / "c.gguf", llama__rope__dimension_count=(8, unsigned)
        ),
        "rope_type='longrope'": written(
            tmp_path / "d.gguf",
            llama__rope__scaling__type=("longrope", text),
            llama__rope__scaling__factor=(2.0, gguf.GGUFValueType.FLOAT32),
        ),
        "tensor blk.0.attn_q.bias is missing": renamed(tmp_path / "e.gguf"),
        "token_embd.weight is TQ1_0; legal: F32": written(tmp_path / "f.gguf", kind=Kind.TQ1_0),
    }
    for words, file in files.items():
        with pytest.raises(SeedError) as caught:
            GgufFile(file)
        assert caught.value.reason is Reason.FOREIGN_MODEL
        assert caught.value.line.startswith(f"{file}: ") and words in caught.value.line


def renamed(path: Path) -> Path:
    """A file that says qwen2 and lacks its biases."""
    content = written(path).read_bytes()
    path.write_bytes(content.replace(b"llama", b"qwen2"))
    return path


def test_damaged_files_and_folders_that_exist_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "tiny.gguf")
    (tmp_path / "cut.gguf").write_bytes(file.read_bytes()[:3000])
    (tmp_path / "text.gguf").write_text("no model")
    for name in ("cut.gguf", "text.gguf", "missing.gguf"):
        result = run("model", "convert", tmp_path / name, "--to", tmp_path / "out")
        assert_user_error(result, "unreadable-file", name)
    (tmp_path / "out").mkdir()
    result = run("model", "convert", file, "--to", tmp_path / "out")
    assert_user_error(result, "file-exists", "out exists; nothing is overwritten")

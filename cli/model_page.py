"""What ``seed model show`` says about a model folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seed.cli.formatting import aligned
from seed.cli.options import RECIPES

if TYPE_CHECKING:
    from seed.reference.pretrained.folder import Folder
    from seed.spec.config import Config
    from seed.spec.config_model import ModelConfig

GIB = 1 << 30
ASSUMED = {
    "data.max_prompt_tokens": 256,
    "rollout.max_response_tokens": 256,
    "algorithm.micro_batch": 8,
}
"""Lengths for which memory is told."""
QUESTION = {"role": "user", "content": "What is 12 + 30?"}
"""What is rendered as an example."""


def model_lines(folder: Path) -> Iterator[str]:
    """What a folder holds, whether it loads, memory for RL by recipe, a rendered prompt.

    Raises:
        SeedError: FOREIGN_MODEL, UNREADABLE_FILE: it does not load. What is known has been yielded.
    """
    from seed.reference.pretrained.folder import Folder, described, identity, read_config

    config = read_config(folder)
    yield f"{folder}: {config.get('model_type', 'no model_type')}"
    yield from size_lines(described(folder, config))
    opened = Folder(folder)
    yield f"loads: yes, {file_text(opened)}; sha256 {identity(folder)}"
    yield from memory_lines(opened.model)
    yield from prompt_lines(folder, opened.model.vocabulary)


def prompt_lines(folder: Path, vocabulary: int) -> list[str]:
    """How the tokenizer writes a question: its text, and its tokens with their ids.

    Raises:
        SeedError: UNREADABLE_FILE, ILLEGAL_VALUE, BACKEND_MISSING.
    """
    from seed.reference.text.language_tokenizer import LanguageTokenizer
    from seed.reference.text.rendered import rendered
    from seed.reference.text.tokenizer_files import read_tokenizer_files

    if not (folder / "tokenizer.json").is_file():
        return [f"tokenizer: none, {folder} has no tokenizer.json"]
    template = "chat" if read_tokenizer_files(folder).template else "none"
    tokenizer = LanguageTokenizer(folder, template)
    ends = ", ".join(f"{tokenizer.text_of([end])!r} {end}" for end in sorted(tokenizer.ends))
    return [
        f"tokenizer: {tokenizer.vocabulary:,} of {vocabulary:,} ids; a response ends with {ends}",
        f"a prompt with tokenizer.template={template}:",
        *(f"  {line}".rstrip() for line in rendered(tokenizer, [QUESTION])),
    ]


def size_lines(model: "ModelConfig") -> list[str]:
    """Number of weights, and sizes and switches that differ from those of a plain model."""
    from seed.spec.parameters import architecture, count

    parameters = count(architecture(model))
    settings = model.model_dump()
    if model.dense_layers == model.layers:
        unread = ("dense_layers", "shared_experts", "normalise_gates")
        settings = {k: v for k, v in settings.items() if "expert" not in k and k not in unread}
    names = [f"{name}={value}" for name, value in settings.items() if value != default_of(name)]
    active = f", {parameters.active:,} active" if parameters.active != parameters.total else ""
    return [f"weights: {parameters.total:,}{active}", f"model: {' '.join(names)}"]


def default_of(name: str) -> object:
    """What a setting of the model is if nobody says it."""
    from seed.spec.config_model import ModelConfig

    return ModelConfig.model_fields[name].default


def file_text(folder: "Folder") -> str:
    """Files, bytes and kinds of numbers."""
    from seed.reference.pretrained.folder import weight_files

    files = weight_files(folder.path)
    size = sum(file.stat().st_size for file in files)
    count = f"{len(files)} file{'s' * (len(files) > 1)}"
    return f"{len(folder.tensors)} tensors in {count} of {size / GIB:.2f} GiB, {dtypes_of(folder)}"


def dtypes_of(folder: "Folder") -> str:
    """The kinds of numbers in words."""
    from seed.reference.pretrained.folder import DTYPES

    return " and ".join(sorted(DTYPES[kind] for kind in folder.dtypes))


def memory_lines(model: "ModelConfig") -> list[str]:
    """Memory that RL takes in one process of the torch backend, by recipe."""
    lengths = ", ".join(f"{name}={value}" for name, value in ASSUMED.items())
    rows = [["memory for RL in GiB", "float32", "bfloat16"]]
    for recipe in RECIPES:
        cells = [memory_of(model, recipe, precision) for precision in ("float32", "bfloat16")]
        rows.append([f"  {recipe}", *cells])
    return [*aligned(rows, 1), f"  an estimate of the largest phase in one process with {lengths}"]


def memory_of(model: "ModelConfig", recipe: str, precision: str) -> str:
    """GiB of the largest phase."""
    from seed.spec.layout import Layout
    from seed.spec.memory import memory_by_phase

    phases = memory_by_phase(example(model, recipe, precision), Layout())
    return f"{max(sum(term.bytes for term in terms) for terms in phases.values()) / GIB:.1f}"


def example(model: "ModelConfig", recipe: str, precision: str) -> "Config":
    """A run of a recipe with this model."""
    from seed.spec.config_files import load_config

    overrides = [f"{name}={value}" for name, value in ASSUMED.items()]
    overrides += [f"precision={precision}", "data.families=arithmetic", "data.classes={}"]
    config = load_config("tiny", recipe, overrides, backend="scaled")
    return config.model_copy(update={"model": model})

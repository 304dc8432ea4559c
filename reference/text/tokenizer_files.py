"""The files of a model folder that say how its texts become token ids.

- ``tokenizer.json``: vocabulary and rules, for the package ``tokenizers``
- ``tokenizer_config.json``, ``special_tokens_map.json``: which tokens begin, end and pad
- ``chat_template.jinja``; without it ``chat_template`` of ``tokenizer_config.json``
- ``generation_config.json``, without it ``config.json``: the ids that end a response
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed.spec.errors import Reason, SeedError
from seed.spec.text_files import read_text

NAMED = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
"""Special tokens with a role; a chat template knows them as ``bos_token`` and so on."""
LISTS = ("additional_special_tokens", "extra_special_tokens")
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")


@dataclass(frozen=True)
class TokenizerFiles:
    """What was read of a folder.

    Attributes:
        folder: Where it was read.
        rules: Text of ``tokenizer.json``.
        named: Role -> special token, such as ``eos_token`` -> ``</s>``.
        special: All texts that the folder declares to be special tokens, beside ``rules``.
        template: Source of the chat template; empty if there is none.
        generation_ends: Ids that end a response by ``generation_config.json`` or ``config.json``.
    """

    folder: Path
    rules: str
    named: Mapping[str, str]
    special: tuple[str, ...]
    template: str
    generation_ends: tuple[int, ...]

    @property
    def sha256(self) -> str:
        """Digest of all that decides about ids: equal exactly if every text is written alike."""
        parts = [self.rules, dict(self.named), self.special, self.template, self.generation_ends]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_tokenizer_files(folder: Path) -> TokenizerFiles:
    """Read the files of a model folder.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    rules = folder / "tokenizer.json"
    if not rules.is_file():
        what = "has no tokenizer.json" if folder.is_dir() else "is no folder"
        line = f"{folder} {what}; legal: a model folder with tokenizer.json"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    config = _json_object(folder / "tokenizer_config.json")
    older = _json_object(folder / "special_tokens_map.json")
    roles = [f"{role}_token" for role in NAMED]
    named = {role: _content(config.get(role) or older.get(role)) for role in roles}
    return TokenizerFiles(
        folder=folder,
        rules=read_text(rules),
        named={role: token for role, token in named.items() if token},
        special=_special_texts(config, older),
        template=_template(folder, config),
        generation_ends=_generation_ends(folder),
    )


def _special_texts(config: Mapping[str, Any], older: Mapping[str, Any]) -> tuple[str, ...]:
    """Every text that is declared a special token, each once."""
    found = [source.get(f"{role}_token") for source in (config, older) for role in NAMED]
    for source in (config, older):
        for name in LISTS:
            values = source.get(name) or ()
            found += values.values() if isinstance(values, Mapping) else values
    added = config.get("added_tokens_decoder") or {}
    found += [token for token in added.values() if token.get("special")]
    return tuple(dict.fromkeys(text for text in map(_content, found) if text))


def _content(token: Any) -> str:
    """The text of a token, which older files write as an object; empty if there is none."""
    if isinstance(token, Mapping):
        token = token.get("content")
    return token if isinstance(token, str) else ""


def _template(folder: Path, config: Mapping[str, Any]) -> str:
    """The chat template: a file of its own beats ``tokenizer_config.json``.

    Raises:
        SeedError: UNREADABLE_FILE: several named templates, none of them the default.
    """
    source: Any = config.get("chat_template")
    for name in reversed(TEMPLATE_FILES):
        path = folder / name
        if path.is_file():
            is_json = path.suffix == ".json"
            source = _json_object(path).get("chat_template") if is_json else read_text(path)
    if isinstance(source, list):
        by_name = {entry["name"]: entry["template"] for entry in source}
        if "default" not in by_name:
            line = f"{folder}: chat templates {sorted(by_name)}; legal: one that is named default"
            raise SeedError(Reason.UNREADABLE_FILE, line)
        source = by_name["default"]
    return source or ""


def _generation_ends(folder: Path) -> tuple[int, ...]:
    """``eos_token_id``, an id or a list of ids.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    for name in ("generation_config.json", "config.json"):
        value = _json_object(folder / name).get("eos_token_id")
        if value is None:
            continue
        ids = value if isinstance(value, list) else [value]
        if not all(type(number) is int and number >= 0 for number in ids):
            line = f"{folder / name}: eos_token_id={value!r}; legal: a token id or a list of them"
            raise SeedError(Reason.UNREADABLE_FILE, line)
        return tuple(ids)
    return ()


def _json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no file.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: no JSON: {error}") from None
    if not isinstance(value, dict):
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: no JSON object")
    return value

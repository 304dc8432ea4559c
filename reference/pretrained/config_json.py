"""``config.json`` read key by key, and written for a model of ours.

What the keys mean is in ``families``. Written files use the spelling that older and newer loaders
read: ``rope_theta`` and ``rope_scaling``.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from seed.reference.pretrained.families import (
    EXPERT_COUNTS,
    FAMILIES,
    MULTIPLES,
    NO_EXPERTS,
    ROTARY,
    ROTARY_OPTIONAL,
    ROTARY_UNREAD,
    WITHOUT_EFFECT,
    Family,
    family_named,
)
from seed.spec.config_model import ModelConfig
from seed.spec.errors import Reason, SeedError

NORMS = {"head": True, "none": False}
"""Our kinds of normalised queries and keys -> the switch of GLM-4.5."""


def model_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a ``config.json`` says, as the section ``model`` of a configuration.

    Args:
        config: The whole file.

    Raises:
        SeedError: FOREIGN_MODEL: an unknown family; a key that is missing, unknown, or has a value
            that the table does not allow.
    """
    family = family_named(config.get("model_type"))
    given = dict(family.defaults)
    for key, value in config.items():
        given[family.keys.get("experts", key) if key in EXPERT_COUNTS else key] = value
    if given.get("head_dim") is None and {"hidden_size", "num_attention_heads"} <= set(given):
        given["head_dim"] = given["hidden_size"] // given["num_attention_heads"]
    given.setdefault("tie_word_embeddings", False)
    _check_keys(family, given)
    settings = {ours: _value(given, key) for ours, key in family.keys.items()}
    settings |= dict(family.implied) | rotary_settings(given) | _dense_blocks(family, given)
    if family.shared_width:
        settings |= _shared_expert(given, family.shared_width)
    if settings["rotary_share"] != 1.0 and "rotary_share" not in family.keys:
        raise _foreign(f"partial_rotary_factor={settings['rotary_share']!r}; legal: 1.0")
    if not settings["dense_layers"]:
        settings["dense_width"] = 0
    return settings


def model_of(config: Mapping[str, Any]) -> ModelConfig:
    """The model that a ``config.json`` describes.

    Raises:
        SeedError: FOREIGN_MODEL.
    """
    try:
        return ModelConfig.model_validate(model_settings(config))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        line = f"{name}={first['input']!r}: {first['msg']}" if name else first["msg"]
        raise _foreign(f"its sizes do not fit: {line}") from None


def rotary_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of rotary embedding, from either spelling.

    Raises:
        SeedError: FOREIGN_MODEL.
    """
    old = given.get("rope_scaling") or {}
    rope = {"rope_theta": given.get("rope_theta")} | old | (given.get("rope_parameters") or {})
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind not in ROTARY:
        raise _foreign(f"rope_type={kind!r}; legal: {', '.join(ROTARY)}")
    keys = ROTARY[kind]
    for key, value in rope.items():
        if key not in (*ROTARY_UNREAD, *keys.values()) and not _is_neutral_rotary(key, value):
            raise _foreign(f"rope_parameters.{key}={value!r} is not known with rope_type={kind!r}")
    settings: dict[str, Any] = {"rope_base": float(_value(rope, "rope_theta"))}
    if kind != "default":
        settings |= {"rope_scaling": kind}
    for ours, key in keys.items():
        if key not in ROTARY_OPTIONAL or rope.get(key) is not None:
            settings[ours] = _value(rope, key)
    share = rope.get("partial_rotary_factor", given.get("partial_rotary_factor"))
    return settings | {"rotary_share": 1.0 if share is None else share}


def _is_neutral_rotary(key: str, value: object) -> bool:
    return value is None or (key == "truncate" and value is True)


def _check_keys(family: Family, given: Mapping[str, Any]) -> None:
    """Refuse keys that nobody reads and values that change the function."""
    read = {
        family.shared_width,
        *family.keys.values(),
        *family.unread,
        *WITHOUT_EFFECT,
        family.dense_blocks,
    }
    for key, value in given.items():
        legal = family.neutral.get(key)
        if legal is None:
            if key not in read and value is not None:
                raise _foreign(f"{key}={value!r}, a key that is not known for this model_type")
        elif not all(each in legal for each in (value if isinstance(value, list) else [value])):
            raise _foreign(f"{key}={value!r}; legal: {', '.join(map(repr, legal))}")


def _dense_blocks(family: Family, given: Mapping[str, Any]) -> dict[str, int]:
    """The setting ``dense_layers``: dense blocks must be the first ones."""
    if "experts" in family.implied:
        return {"dense_layers": given["num_hidden_layers"]}
    chosen = given.get(family.dense_blocks) or 0
    if isinstance(chosen, list):
        if sorted(chosen) != list(range(len(chosen))):
            raise _foreign(f"{family.dense_blocks}={chosen!r}; legal: the first blocks only")
        chosen = len(chosen)
    return {"dense_layers": chosen}


def _shared_expert(given: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The one shared expert; none, and no gate on it, if its width is 0."""
    width = _value(given, key) * (given["moe_intermediate_size"] if key in MULTIPLES else 1)
    if not width:
        return {"shared_experts": 0, "shared_expert_gate": False}
    return {"shared_experts": 1, "shared_expert_width": width}


def _value(given: Mapping[str, Any], key: str) -> Any:
    if given.get(key) is None:
        raise _foreign(f"its key {key} is missing")
    return given[key]


def _foreign(what: str) -> SeedError:
    return SeedError(Reason.FOREIGN_MODEL, what)


def config_of(model: ModelConfig) -> dict[str, Any]:
    """A ``config.json`` of the first family in the table that computes a model.

    Raises:
        SeedError: FOREIGN_MODEL: none does; the line names what keeps the nearest from it.
    """
    wanted = _effective(model)
    differences = {}
    for model_type, family in FAMILIES.items():
        config = _written(model_type, family, wanted)
        try:
            read = model_of(config).model_dump()
        except SeedError:  # the family has no such sizes at all
            continue
        different = {name: value for name, value in wanted.items() if read[name] != value}
        if not different:
            return config
        differences[model_type] = different
    nearest = min(differences, key=lambda model_type: len(differences[model_type]))
    reasons = ", ".join(f"model.{name}={v!r}" for name, v in differences[nearest].items())
    raise _foreign(f"no family computes this model; {nearest} would but for {reasons}")


def _effective(model: ModelConfig) -> dict[str, Any]:
    """The settings of a model, with those that nothing reads as ``model_settings`` has them."""
    settings = model.model_dump()
    if model.dense_layers == model.layers:
        return settings | NO_EXPERTS
    if not model.dense_layers:
        settings["dense_width"] = 0
    return settings | {"shared_expert_width": model.shared_width if model.shared_experts else 0}


def _written(model_type: str, family: Family, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The ``config.json`` of a family that comes nearest to some settings."""
    config: dict[str, Any] = {"architectures": [family.architecture], "model_type": model_type}
    config |= {key: values[0] for key, values in family.neutral.items() if key != "layer_types"}
    config |= {key: settings[ours] for ours, key in family.keys.items()}
    if "use_qk_norm" in config:
        config["use_qk_norm"] = NORMS.get(config["use_qk_norm"])
    config["intermediate_size"] = config.get("intermediate_size") or settings["expert_width"]
    if family.dense_blocks == "mlp_only_layers":
        config["mlp_only_layers"] = list(range(settings["dense_layers"]))
    elif family.dense_blocks:
        config[family.dense_blocks] = settings["dense_layers"]
    if family.shared_width:
        config[family.shared_width] = _written_width(settings, family.shared_width)
    kind = settings["rope_scaling"]
    config["rope_theta"], config["rope_scaling"] = settings["rope_base"], None
    if kind != "none":
        keys = {key: settings[ours] for ours, key in ROTARY[kind].items() if settings[ours]}
        config["rope_scaling"] = {"rope_type": kind} | keys
    return config


def _written_width(settings: Mapping[str, Any], key: str) -> int:
    """The value of the key for the width of the shared experts."""
    each = settings["shared_expert_width"] or settings["expert_width"]
    width = int(settings["shared_experts"] * each)
    return width // settings["expert_width"] if key in MULTIPLES else width

"""What ``seed explain`` says about settings: all of them, a section, or one in full."""

import difflib
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from seed.cli.explain_tables import metric_lines
from seed.cli.folding import LABEL_WIDTH, hanging, width
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from seed.spec.config import Config
    from seed.spec.config_files import Layer

MEANING_COLUMN = 42
"""Where meanings begin in the list of settings."""


def settings(section: "BaseModel", path: str) -> list[str]:
    """Lines ``section.key = value   meaning`` of every setting; subsections last."""
    from pydantic import BaseModel

    from seed.spec.settings import as_typed

    lines, subsections = [], []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            subsections += ["", f"[{path}{name}]", *settings(value, f"{path}{name}.")]
        else:
            lines += row(f"{path}{name} = {as_typed(value)}", field.description or "")
    return lines + subsections


def row(text: str, meaning: str) -> list[str]:
    """A text and its meaning in two columns; a long text has lines of its own."""
    texts = hanging(text, "  ", 4)
    meanings = wrap(meaning, width() - MEANING_COLUMN, break_on_hyphens=False)
    if len(texts) == 1 and len(texts[0]) <= MEANING_COLUMN - 2 and meanings:
        texts[0] = texts[0].ljust(MEANING_COLUMN) + meanings.pop(0)
    return texts + [" " * MEANING_COLUMN + line for line in meanings]


def explained(words: Sequence[str], config: "Config", layers: "Sequence[Layer]") -> list[str]:
    """What each word names: a setting, the settings with a last part, a section, or a metric.

    Raises:
        SeedError: UNKNOWN_NAME with the nearest names.
    """
    blocks = [list(of_word(word, config, layers)) for word in words]
    return [line for number, block in enumerate(blocks) for line in ["", *block][not number :]]


def of_word(word: str, config: "Config", layers: "Sequence[Layer]") -> Iterator[str]:
    """The lines about one word."""
    from pydantic import BaseModel

    from seed.spec.config_errors import settings_named
    from seed.spec.metrics import METRICS, metric_of
    from seed.spec.settings import all_settings

    known = all_settings()
    if word in known:
        yield from full_text(word, config, layers)
    elif isinstance(value := value_at(config, word), BaseModel):
        yield f"[{word}]"
        yield from settings(value, f"{word}.")
    elif word in METRICS or metric_of(word) is not None:
        yield from metric_lines(word)
    elif names := settings_named(word):
        for number, name in enumerate(names):
            yield from [""][: bool(number)]
            yield from full_text(name, config, layers)
    elif name := translated(word):
        yield f"{word} is {name} here"
        yield from full_text(name, config, layers)
    else:
        raise unknown(word, [*known, *sections(list(known)), *METRICS])


def translated(word: str) -> str:
    """Our setting for a name in another framework or in version 0.1; empty if there is none."""
    from seed.spec.aliases import alias_of
    from seed.spec.renames import SETTINGS

    found = alias_of(word)
    return SETTINGS.get(word, "") or (found[1].setting if found else "")


def sections(names: Sequence[str]) -> list[str]:
    """All dotted sections of dotted settings."""
    parts = [name.split(".") for name in names]
    return list(dict.fromkeys(".".join(p[:end]) for p in parts for end in range(1, len(p))))


def unknown(word: str, legal: Sequence[str]) -> SeedError:
    """The error about a word that names nothing, with the nearest names."""
    leaves = {name.rpartition(".")[2].rpartition("/")[2]: name for name in reversed(legal)}
    found = [
        *difflib.get_close_matches(word, legal, n=2),
        *(leaves[leaf] for leaf in difflib.get_close_matches(word, leaves, n=3)),
    ]
    near = ", ".join(list(dict.fromkeys(found))[:3])
    meant = f" (did you mean {near}?)" if near else ""
    line = f"{word!r} is no setting, section or metric{meant}; `seed explain` lists all settings"
    return SeedError(Reason.UNKNOWN_NAME, line)


def value_at(config: "Config", name: str) -> Any:
    """The value of a dotted setting or section; None if there is none."""
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part, None) if part in type(value).model_fields else None
        if value is None:
            return None
    return value


def full_text(name: str, config: "Config", layers: "Sequence[Layer]") -> Iterator[str]:
    """One setting: value and where it comes from, meaning, legal values, default, other names."""
    from seed.spec.config_effect import reason_of
    from seed.spec.config_files import origin_of
    from seed.spec.settings import all_settings, as_typed

    setting, idle = all_settings()[name], reason_of(config, name)
    rows = {
        "meaning": setting.meaning,
        "legal": setting.legal,
        "families": families() if name == "data.families" else "",
        "default": setting.default or "none: the preset says it",
        "set by": origin_of(layers, name),
        "no effect": idle,
        "elsewhere": "; ".join(names_elsewhere(name)),
    }
    yield from hanging(f"{name} = {as_typed(value_at(config, name))}", "", 4)
    for label, text in rows.items():
        if text:
            yield from hanging(text, f"  {label:{LABEL_WIDTH}}", LABEL_WIDTH + 2)


def names_elsewhere(name: str) -> list[str]:
    """Names of a setting in other frameworks; those with the same note together."""
    from seed.spec.aliases import ALIASES

    by_note: dict[str, list[str]] = {}
    for alias, entry in ALIASES.items():
        if entry.setting == name:
            by_note.setdefault(entry.note, []).append(alias)
    return [
        f"{', '.join(names)} ({note})" if note else ", ".join(names)
        for note, names in by_note.items()
    ]


def families() -> str:
    """Names of all puzzle families."""
    from seed.reference.tasks.puzzles import FAMILIES

    return ", ".join(sorted(FAMILIES))

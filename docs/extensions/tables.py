"""Tables of the pages, written from the code: settings, metrics, equations, names elsewhere.

A page holds such a table between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
"""

import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import annotated_types
from extensions.modules import modules
from extensions.pages import page_list
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from seed.reference.data.open_source import TEXT_TASKS
from seed.reference.data.schemas import SCHEMAS
from seed.spec.config import Config
from seed.spec.config_files import PRESETS, RECIPES
from seed.spec.equations import EQUATIONS, Equation

ROOT = Path(__file__).parents[2]
PART = re.compile(r"(<!-- begin ([a-z-]+) -->\n).*?(?=<!-- end \2 -->)", re.DOTALL)


def filled(text: str) -> str:
    """The text of a page with its tables as the code is now."""

    def written(part: re.Match[str]) -> str:
        content = TABLES[part[2]]()
        return f"{part[1]}\n{content}\n\n" if content else part[0]

    return PART.sub(written, text)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """Text that may stand between two bars; bars within code are escaped, as GitHub wants it."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def code(text: str) -> str:
    """Text as code, empty if it is."""
    return f"`{text}`" if text else ""


# Settings.


def settings() -> str:
    """A table for every section of a configuration."""
    return "\n\n".join(section_tables(Config, ""))


def section_tables(section: type[BaseModel], path: str) -> Iterator[str]:
    """The settings of a section, then those of the sections below it."""
    rows, below = [], []
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            below.append((kind, f"{path}{name}."))
        elif f"{path}{name}" not in ("preset", "recipe"):
            rows.append(setting_row(f"{path}{name}", field))
    if rows:
        title = f"`{path.rstrip('.')}`" if path else "Top level"
        about = (section.__doc__ or "").replace("``", "`").strip().split("\n\n")[0]
        head = ("setting", "legal", "default", "meaning", "set by presets and recipes")
        yield "\n\n".join([f"### {title}", " ".join(about.split()), table(head, rows)])
    for kind, name in below:
        yield from section_tables(kind, name)


def setting_row(path: str, field: FieldInfo) -> tuple[str, ...]:
    """One setting; within a section its name is enough."""
    name = path.rpartition(".")[2]
    default = (
        "" if field.is_required() else code(toml(field.get_default(call_default_factory=True)))
    )
    return code(name), legal(field), default, field.description or "", set_by(path)


def legal(field: FieldInfo) -> str:
    """Type and range of a setting in words."""
    kind = field.annotation
    if typing.get_origin(kind) is Literal:
        return ", ".join(code(toml(value)) for value in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        (inner, *_) = typing.get_args(kind)
        if typing.get_origin(inner) is Literal:
            return "list of " + ", ".join(code(toml(value)) for value in typing.get_args(inner))
        numbers = typing.get_origin(inner) is Annotated and typing.get_args(inner)[0] is int
        return "list of integers" if numbers else "list of texts"
    names: dict[Any, str] = {bool: "`true`, `false`", int: "integer", float: "number", str: "text"}
    return f"{names.get(kind, 'table')}{''.join(bounds(field))}"


def bounds(field: FieldInfo) -> Iterator[str]:
    """The range that a number must lie in."""
    signs = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    for rule in field.metadata:
        for attribute, words in signs.items():
            if (bound := getattr(rule, attribute, None)) is not None:
                yield f", {words} {bound:g}" if bound < 2**32 else ", below 2^32"
        if isinstance(rule, annotated_types.MultipleOf):
            yield f", a multiple of {rule.multiple_of}"


def toml(value: Any) -> str:
    """A value as one writes it in an override or a TOML file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def set_by(path: str) -> str:
    """The value of a setting in every preset and recipe that sets it."""
    values = [
        (name, found)
        for folder, names in (("presets", PRESETS), ("recipes", RECIPES))
        for name in names
        if (found := value_at(named(folder, name), path)) is not None
    ]
    return ", ".join(f"{name} {code(toml(value))}" for name, value in values)


def named(folder: str, name: str) -> dict[str, Any]:
    """A preset or recipe as its file has it."""
    return tomllib.loads((ROOT / "spec" / folder / f"{name}.toml").read_text(encoding="utf-8"))


def value_at(tree: Mapping[str, Any], path: str) -> Any:
    """The value of a dotted name, None if it is not there."""
    for key in path.split("."):
        if not isinstance(tree, Mapping) or key not in tree:
            return None
        tree = tree[key]
    return tree


# Metrics.


def metrics() -> str:
    """A table for every group of ``metrics.jsonl``."""
    if not find_spec("seed.spec.metrics"):
        return ""
    from seed.spec.metrics import GROUPS, METRICS, full_name

    parts = []
    for group, about in GROUPS.items():
        entries = {key: entry for key, entry in METRICS.items() if group_of(key) == group}
        rows = [(code(full_name(key)), *entry_row(entry)) for key, entry in entries.items()]
        title = f"`{group}/`" if group else "Position"
        about = about[0].upper() + about[1:] + "."
        parts.append(f"### {title}\n\n{about}\n\n{table(METRICS_HEAD, rows)}")
    return "\n\n".join(parts)


METRICS_HEAD = ("key", "meaning", "unit and range", "what to do")


def timings() -> str:
    """The table of ``timings.jsonl``."""
    if not find_spec("seed.spec.metrics"):
        return ""
    from seed.spec.metrics import METRICS, TIMINGS

    rows = [(code(key), *entry_row(entry)) for key, entry in TIMINGS.items() if key not in METRICS]
    return table(METRICS_HEAD, rows)


def entry_row(entry: Any) -> tuple[str, str, str]:
    """What the table says about a key."""
    return entry.meaning, entry.values, entry.advice


def group_of(key: str) -> str:
    """``reward`` of ``reward/mean``."""
    return key.partition("/")[0] if "/" in key else ""


# Equations.


def equations() -> str:
    """Every equation, by the module of its function."""
    modules: dict[str, list[tuple[int, Equation]]] = {}
    for number, equation in enumerate(EQUATIONS, start=1):
        module = (equation.reference or equation.scaled).partition(":")[0]
        modules.setdefault(module, []).append((number, equation))
    parts = []
    for module, entries in modules.items():
        title = module.removeprefix("seed.")
        parts.append(f"## `{title}`\n\n{table(EQUATION_HEAD, map(equation_row, entries))}")
    return "\n\n".join(parts)


EQUATION_HEAD = ("", "equation", "formula", "source", "NumPy", "torch", "test")


def equation_row(entry: tuple[int, Equation]) -> tuple[str, ...]:
    """Number, name, formula, and links to functions and test."""
    number, equation = entry
    file, _, test = equation.test.partition("::")
    return (
        str(number),
        equation.title,
        code(equation.formula),
        equation.source,
        function_link(equation.reference) or equation.apart,
        function_link(equation.scaled) or equation.apart,
        f"[{words(test)}](../{file})",
    )


def function_link(function: str) -> str:
    """``module:function`` as a link to its file."""
    module, _, name = function.partition(":")
    file = module.removeprefix("seed.").replace(".", "/")
    return f"[`{name}`](../{file}.py)" if function else ""


def words(test: str) -> str:
    """The name of a test as a sentence."""
    return test.removeprefix("test_").replace("_", " ")


# Problem files.


def schemas() -> str:
    """Schemas of problem files, in the order in which they are tried."""
    rows = [(schema.name, ", ".join(map(code, schema.needs)), schema.becomes) for schema in SCHEMAS]
    return table(("schema", "columns", "what they become"), rows)


def text_tasks() -> str:
    """Built-in text tasks with the settings that suit them."""
    rows = [
        (
            code(name),
            task.about,
            ", ".join(code(f"{key}={value!r}") for key, value in task.settings.items()),
        )
        for name, task in TEXT_TASKS.items()
    ]
    return table(("task", "what it asks", "settings that come with `--data`"), rows)


TABLES: Mapping[str, Callable[[], str]] = types.MappingProxyType(
    {
        "pages": page_list,
        "settings": settings,
        "metrics": metrics,
        "timings": timings,
        "equations": equations,
        "modules": modules,
        "schemas": schemas,
        "text-tasks": text_tasks,
    }
)
"""Name of a part -> what writes it."""

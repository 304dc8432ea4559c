"""What a person meant by an option or a command that does not exist."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

CLOSE = 0.7
"""Least similarity of an option that is offered; below it hints are mostly wrong."""

COMMAND_WORDS: Mapping[str, str] = {
    "train": "run",
    "fit": "run",
    "start": "run",
    "resume": "run --resume",
    "continue": "run --resume",
    "evaluate": "eval",
    "validate": "eval",
    "score": "eval",
    "config": "explain",
    "settings": "explain",
    "metrics": "explain --metrics",
    "equations": "explain --equations",
    "judge": "verify",
    "grade": "verify",
    "simulate": "srs simulate",
    "replay": "srs replay",
}
"""Words for our commands elsewhere. A command of that name wins."""

IN_RL = ("rollout", "algorithm", "policy_optimizer")
"""Sections that a bare name of several sections means first."""


def suggestion(name: str, legal: Sequence[str]) -> str:
    """The legal option that was probably meant, as a hint; dashes do not make names alike."""
    plain = {option.lstrip("-"): option for option in legal}
    near = get_close_matches(name.lstrip("-"), plain, n=1, cutoff=CLOSE)
    return f" (did you mean {plain[near[0]]}?)" if near else ""


def command_suggestion(name: str, legal: Sequence[str]) -> str:
    """The command that was probably meant, also if it has another name elsewhere."""
    words = {
        word: command for word, command in COMMAND_WORDS.items() if command.split()[0] in legal
    }
    meant = words | {command: command for command in legal}
    near = get_close_matches(name, meant, n=1)
    return f" (did you mean {meant[near[0]]}?)" if near else ""


def setting_hint(option: str, values: Sequence[str]) -> str:
    """How to write an option that is the name of a setting or section; empty if it is none.

    Args:
        option: As it was typed: ``--steps``.
        values: What was typed after it.
    """
    from seed.spec.aliases import alias_of
    from seed.spec.config_errors import legal_keys, settings_named

    name = option.lstrip("-").replace("-", "_")
    value = next((v for v in values if not v.startswith("-") and "=" not in v), "VALUE")
    if found := alias_of(name):
        note = f" ({found[1].note})" if found[1].note else ""
        return f"set {found[1].setting}={value}{note}"
    names = sorted(settings_named(name), key=lambda n: n.partition(".")[0] not in IN_RL)
    if names:
        others = f" (there are also {', '.join(names[1:])})" if names[1:] else ""
        return f"set {names[0]}={value}{others}"
    if name in legal_keys(()):
        return f"{name} is a section of settings: set {name}.KEY=VALUE; see seed explain {name}"
    return ""

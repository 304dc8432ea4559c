"""Readers of two collections of programming contests, as their authors publish them.

LiveCodeBench packs private tests: base64 of zlib of a pickled text, which is JSON. A pickle is a
program, so none is run here: its instructions are listed, and only those that write down one text
are taken.
"""

import base64
import binascii
import json
import pickletools
import zlib
from collections.abc import Mapping
from typing import Any

from seed.reference.data.messages import Unusable
from seed.reference.data.readers import Fields, Reading

MOST_BYTES = 256 << 20
"""Largest unpacked tests of a problem; published ones fill tens of megabytes."""
TEXTS = ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE")
AROUND = ("PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "STOP")
"""Instructions of a pickle around one text; none of them calls anything."""


def livecodebench(row: Fields) -> Reading:
    """A row of LiveCodeBench: standard input, or calls of the function that ``metadata`` names."""
    public = _cases("public_test_cases", row["public_test_cases"])
    private = _cases("private_test_cases", row.get("private_test_cases", ()))
    cases = [*public, *private]
    metadata = row.get("metadata") or {}
    if isinstance(metadata, str):
        metadata = _json("metadata", metadata)
    if not isinstance(metadata, Mapping):
        raise Unusable("metadata must be an object")
    tests = {
        name: [case[of] for case in cases]
        for name, of in (("inputs", "input"), ("outputs", "output"))
    }
    starter = str(row.get("starter_code") or "").strip("\n")
    prompt = str(row["question_content"])
    if starter:
        prompt += f"\n\nBegin with this code:\n```python\n{starter}\n```"
    return Reading(
        prompt,
        tests=tests | {"fn_name": metadata.get("func_name") or ""},
        id=row.get("question_id", ""),
    )


def codeforces(row: Fields) -> Reading:
    """A row of open-r1/codeforces: statement in parts, examples and official tests."""
    reasons = {
        "interaction_format": "the program talks to another one (interaction_format)",
        "generated_checker": "several outputs may be right (generated_checker)",
    }
    for name, why in reasons.items():
        if row.get(name):
            raise Unusable(f"{why}, which no test here can judge")
    if row.get("input_mode", "stdio") != "stdio":
        raise Unusable(f"input_mode={row['input_mode']!r}; legal: stdio")
    cases = [
        *_cases("examples", row.get("examples") or ()),
        *_cases("official_tests", row["official_tests"]),
    ]
    different = list({(case["input"], case["output"]): case for case in cases}.values())
    parts = {
        "": row["description"],
        "Input": row.get("input_format"),
        "Output": row.get("output_format"),
        "Examples": "\n\n".join(map(_shown, row.get("examples") or ())),
        "Note": row.get("note"),
    }
    texts = [f"{title}\n{text}".strip() for title, text in parts.items() if text]
    return Reading("\n\n".join(texts), tests=different, id=row.get("id", ""))


def _shown(example: Mapping[str, str]) -> str:
    return f"Input:\n{example['input']}\nOutput:\n{example['output']}"


def _cases(name: str, given: Any) -> list[Mapping[str, str]]:
    """The tests of a column: a list, its JSON, or its packed form.

    Raises:
        Unusable: It is none of these.
    """
    cases = _unpacked(name, given) if isinstance(given, str) else given
    fits = isinstance(cases, list | tuple) and all(
        isinstance(case, Mapping)
        and isinstance(case.get("input"), str)
        and isinstance(case.get("output"), str)
        for case in cases
    )
    if not fits:
        raise Unusable(f"{name} must be a list of tests with the texts input and output")
    return list(cases)


def _unpacked(name: str, text: str) -> Any:
    """JSON, as it is or packed."""
    if text.lstrip()[:1] in ("[", ""):
        return _json(name, text or "[]")
    try:
        compressed = base64.b64decode(text, validate=True)
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(compressed, MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error) as failure:
        raise Unusable(f"{name} is neither JSON nor base64 of zlib: {failure}") from None
    if not unpacking.eof:
        what = (
            f"fills more than {MOST_BYTES >> 20} MiB" if unpacking.unconsumed_tail else "is cut off"
        )
        raise Unusable(f"{name} {what}")
    return _json(name, pickled_text(name, content))


def pickled_text(name: str, content: bytes) -> str:
    """The text that a pickle holds; nothing of it is run.

    Raises:
        Unusable: It holds anything else.
    """
    texts: list[str] = []
    try:
        for instruction, argument, _ in pickletools.genops(content):
            if instruction.name in TEXTS:
                texts.append(str(argument))
            elif instruction.name not in AROUND:
                raise Unusable(f"{name} is a pickle of more than a text ({instruction.name})")
    except ValueError as failure:
        raise Unusable(f"{name} is no pickle: {failure}") from None
    if len(texts) != 1:
        raise Unusable(f"{name} is a pickle of {len(texts)} texts; legal: one")
    return texts[0]


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as failure:
        raise Unusable(f"{name} is no JSON: {failure}") from None

"""Fenced code blocks of Markdown pages, and what a page tells the test that runs them.

HTML comments directly above a block, which no reader sees:

    <!-- not run: REASON -->               the whole block
    <!-- not run `seed conform`: REASON -->  the lines that begin so
    <!-- run with: rollout.steps=1 -->     further arguments of the block's ``seed`` commands
    <!-- fails -->                         its commands end with exit code 2
    <!-- file: mine.toml -->               the block is written to this file, for later blocks
    <!-- new file: reference/... -->       the same in a copy of the repository, where diffs apply
    <!-- output -->                        what the block before printed; ``...`` is anything
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"^(?P<comments>(?:[ ]*<!--(?:(?!-->).)*-->\n)*)"
    r"(?P<indent>[ ]*)```(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
COMMENT = re.compile(r"<!-- ([a-z ]+?)(?: `([^`]+)`)?(?:: (.*?))? -->")


@dataclass(frozen=True)
class Remark:
    """What a comment says: of lines that begin with ``prefix``, all if it is empty."""

    kind: str
    prefix: str
    text: str


@dataclass(frozen=True)
class Block:
    """A code block, and the line of its page on which it begins."""

    page: Path
    line: int
    language: str
    code: str
    remarks: tuple[Remark, ...]

    def __str__(self) -> str:
        """Where it is, for messages."""
        return f"{self.page.name}:{self.line}"

    def remark(self, kind: str, command: str = "") -> str | None:
        """What the comments say of a kind, about a command or the whole block; None if nothing."""
        found = [
            remark
            for remark in self.remarks
            if remark.kind == kind and command.startswith(remark.prefix)
        ]
        return found[0].text if found else None

    def commands(self) -> list[str]:
        """The command lines of a shell block, without their comments; continued ones are joined."""
        lines = self.code.replace("\\\n", " ").splitlines()
        words = [shlex.split(line, comments=True) for line in lines]
        return [shlex.join(line) for line in words if line]


def blocks_of(page: Path) -> list[Block]:
    """All code blocks of a page, in order."""
    return list(_blocks(page, page.read_text(encoding="utf-8")))


def _blocks(page: Path, text: str) -> Iterator[Block]:
    for match in BLOCK.finditer(text):
        remarks = COMMENT.findall(match["comments"])
        yield Block(
            page=page,
            line=text.count("\n", 0, match.start("language")) + 1,
            language=match["language"],
            code=re.sub(f"^{match['indent']}", "", match["code"], flags=re.MULTILINE),
            remarks=tuple(Remark(*remark) for remark in remarks),
        )


def matches(expected: str, printed: str) -> bool:
    """Whether a text was printed, spaces at ends of lines aside; ``...`` stands for anything."""
    wanted, found = (
        "\n".join(line.rstrip() for line in text.strip().splitlines())
        for text in (expected, printed)
    )
    pattern = ".*".join(map(re.escape, wanted.split("...")))
    return re.search(pattern, found, re.DOTALL) is not None

"""Benchmarks by name: what is asked, which verifier judges, how many responses, what is published.

Protocol of the report (Seed1.5-Thinking, section 6): the mean of 32 responses in mathematics, of 8
on GPQA; avg@8 and pass@8 on Codeforces; one response everywhere else. It states neither the
sampling settings nor the token limit, so these are those of its algorithms' papers
(arXiv 2504.05118, 2503.14476: temperature 1.0, top-p 0.7) and the 32k tokens of its SFT data.

Published figures are those of Table 2 of the report, in percent. The report measured them on the
whole benchmark and with its own graders.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seed.reference.data.schemas import SCHEMAS
from seed.reference.verifiers.files.lines import fields_of
from seed.spec.errors import Reason, SeedError
from seed.spec.judge import ATTEMPTED

TEMPERATURE, TOP_P, MAX_TOKENS = 1.0, 0.7, 32_768
"""Sampling where nothing else is said."""
MODELS = ("Seed1.5-Thinking", "DeepSeek R1", "o3-mini", "Grok 3 Beta", "Gemini 2.5 Pro")
"""Columns of the published figures."""
PUBLISHED_IN = "Seed1.5-Thinking (arXiv 2504.13914), Table 2"

BOXED = "{problem}\n\nReason step by step, and put the final answer in \\boxed{{}}."
LETTER = (
    "{problem}\n\nReason step by step, and put the letter of the right option, and nothing else, in"
    " \\boxed{{}}."
)
TAGGED = (
    "{problem}\n\nReason step by step. Then give the answer alone, in the form asked for above,"
    " between <answer> and </answer>."
)
PROGRAM = "{problem}\n\nPut the whole Python program in one block that begins with ```python."
ASKED = "{problem}"

Figures = Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Benchmark:
    """How a benchmark is asked and judged.

    Attributes:
        name: Of the command line.
        title: For people.
        domain: Of ``spec.verify.DOMAINS``; empty if each line has its own.
        prompt: What is asked, with ``{problem}``.
        samples: Responses per problem by the protocol.
        files: Beginnings of the names of its files, letters and digits only.
        by: Column whose texts the scores are also given by; empty for none.
        published: Score, such as ``avg@32`` -> percent by model of ``MODELS``.
        note: What a reader of its scores has to know.
        principles: Of the judge; empty for those in force.
    """

    name: str
    title: str
    domain: str
    prompt: str
    samples: int = 1
    files: tuple[str, ...] = ()
    by: str = ""
    published: Figures = field(default_factory=dict)
    note: str = ""
    principles: str = ""


WITHOUT_CHECKER = "Problems with several right outputs and no checker are left out."
COLLECTED = (
    "Tasks of our puzzle families, in their words and by their rules; numbers as mathematics."
)

BENCHMARKS: Mapping[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark(
            "aime2024", "AIME 2024", "math", BOXED, 32, ("aime2024", "aime24"), "",
            {"avg@32": (86.7, 79.8, 87.3, 83.9, 92.0)},
        ),
        Benchmark(
            "aime2025", "AIME 2025", "math", BOXED, 32, ("aime2025", "aime25"), "",
            {"avg@32": (74.0, 65.0, 86.5, 77.3, 86.7)},
        ),
        Benchmark("aime", "AIME, other years", "math", BOXED, 32, ("aime",), "year"),
        Benchmark(
            "beyondaime", "BeyondAIME", "math", BOXED, 32, ("beyondaime",), "",
            {"avg@32": (48.0, 42.4, 63.6, None, 58.8)},
        ),
        Benchmark(
            "gpqa", "GPQA diamond", "math", LETTER, 8, ("gpqa",), "Subdomain",
            {"avg@8": (77.3, 71.5, 79.7, 80.2, 84.0)},
        ),
        Benchmark(
            "supergpqa", "SuperGPQA", "math", LETTER, 1, ("supergpqa",), "discipline",
            {"avg@1": (62.1, 60.5, 52.2, 62.8, 65.3)},
        ),
        Benchmark(
            "mmlu_pro", "MMLU-Pro", "math", LETTER, 1, ("mmlupro",), "category",
            {"avg@1": (87.0, 85.6, 82.4, 84.6, 86.3)},
        ),
        Benchmark("math500", "MATH-500", "math", BOXED, 1, ("math500",), "subject"),
        Benchmark("gsm8k", "GSM8K", "math", BOXED, 1, ("gsm8k",)),
        Benchmark("humaneval", "HumanEval", "code", PROGRAM, 1, ("humaneval",)),
        Benchmark("mbpp", "MBPP", "code", PROGRAM, 1, ("mbpp", "sanitizedmbpp")),
        Benchmark("leetcode", "LeetCode", "code", PROGRAM, 1, ("leetcode",)),
        Benchmark(
            "livecodebench", "LiveCodeBench", "code", PROGRAM, 1, ("livecodebench", "lcb"),
            "difficulty", {"avg@1": (64.9, 64.3, 74.1, 70.6, 70.4)},
            "Published figures are of version 5. " + WITHOUT_CHECKER,
        ),
        Benchmark(
            "codeforces", "Codeforces", "code", PROGRAM, 8, ("codeforces",), "",
            {
                "avg@8": (36.3, 32.0, 50.9, None, 40.3),
                "pass@8": (55.0, 45.0, 67.5, None, 56.3),
            },
            "Published figures are of the 12 most recent contests, judged by Codeforces. "
            + WITHOUT_CHECKER,
        ),
        Benchmark(
            "code_contests", "CodeContests", "code", PROGRAM, 1, ("codecontests",), "", {},
            WITHOUT_CHECKER,
        ),
        Benchmark(
            "simpleqa", "SimpleQA", "judge", ASKED, 1, ("simpleqa",), "topic",
            {"avg@1": (12.9, 30.1, 13.8, 43.6, 52.9)},
            "A judge says correct, incorrect or not attempted; the score is the share of correct.",
            ATTEMPTED,
        ),
        Benchmark(
            "enigmata", "Enigmata", "", "", 1, ("enigmata",), "task", {},
            COLLECTED,
        ),
        Benchmark(
            "reasoning_gym", "reasoning-gym", "", "", 1, ("reasoninggym", "rg"), "task",
            {}, COLLECTED,
        ),
        Benchmark("puzzles", "Puzzles", "puzzle", TAGGED, 1, ("puzzles",), "family"),
        Benchmark("math", "Mathematics", "math", BOXED),
        Benchmark("choice", "Multiple choice", "math", LETTER),
        Benchmark("code", "Programs", "code", PROGRAM),
        Benchmark("judge", "Questions for a judge", "judge", ASKED),
        Benchmark("own", "Own file", "", "", by="dataset"),
    )
}  # fmt: skip
"""By name. Those without ``files`` are for a person's own files; ``own`` tells each line's domain
from its columns.

One response on the benchmarks that the report does not have is its rule for all others.
"""

PROMPT_OF = {"math": BOXED, "code": PROGRAM, "judge": ASKED, "puzzle": TAGGED}
"""What is asked where a line has its own domain."""


def benchmark_of(path: Path, first_line: bytes, name: str = "") -> Benchmark:
    """The benchmark of a file: the one that is named, else by the file's name or its columns.

    Args:
        path: The file.
        first_line: Its first line that is not empty.
        name: Of the command line; empty to recognise it.

    Raises:
        SeedError: UNKNOWN_NAME, UNREADABLE_FILE.
    """
    legal = ", ".join(BENCHMARKS)
    if name:
        if name not in BENCHMARKS:
            raise SeedError(Reason.UNKNOWN_NAME, f"--protocol={name} must be one of {legal}")
        return BENCHMARKS[name]
    stem = re.sub(r"[^a-z0-9]", "", path.name.lower().partition(".")[0])
    named = [(start, b) for b in BENCHMARKS.values() for start in b.files if stem.startswith(start)]
    if named:
        return max(named, key=lambda pair: len(pair[0]))[1]
    fields, fault = fields_of(first_line)
    if fault:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path} line 1: {fault}")
    kind = kind_of_columns(fields)
    if not kind:
        columns = ", ".join(map(str, fields)) or "none"
        line = f"{path} is no benchmark by its name or columns ({columns}); choose --protocol from"
        raise SeedError(Reason.UNKNOWN_NAME, f"{line} {legal}")
    return BENCHMARKS[kind]


def kind_of_columns(columns: Mapping[str, Any]) -> str:
    """The benchmark whose columns these are; empty if there is none."""
    if "meta" in columns and "task" in columns:
        source = str(columns.get("source", "")).lower()
        return "enigmata" if "enigmata" in source else "reasoning_gym"
    if any(name in columns for name in ("options", "choices", "Correct Answer")):
        return "choice"
    given = {name: value for name, value in columns.items() if value is not None}
    schema = next((schema for schema in SCHEMAS if schema.matches(given)), None)
    return "own" if schema is not None and schema is not SCHEMAS[-1] else ""


def names_of(files: Sequence[tuple[Path, Benchmark]]) -> list[str]:
    """A name for each file's scores: the benchmark's, or the file's where that says too little.

    Raises:
        SeedError: ILLEGAL_COMBINATION: two files of one name.
    """
    benchmarks = [benchmark for _, benchmark in files]
    names = [
        benchmark.name if benchmark.files and benchmarks.count(benchmark) == 1 else path.stem
        for path, benchmark in files
    ]
    for name in names:
        if names.count(name) > 1:
            line = f"two files are called {name}; legal: files with different names"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    return names

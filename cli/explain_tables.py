"""The tables of ``seed explain``: every equation, and every key of a run's metrics."""

from collections.abc import Iterator, Sequence

from seed.cli.folding import LABEL_WIDTH, hanging
from seed.spec.errors import Reason, SeedError

INDENT = 5


def equation_table(words: Sequence[str] = ()) -> str:
    """Equations that hold all the words: formula, source, function in each backend, test.

    Raises:
        SeedError: UNKNOWN_NAME if no equation does.
    """
    from seed.spec.equations import EQUATIONS

    blocks = []
    for number, equation in enumerate(EQUATIONS, start=1):
        rows = {
            "source": equation.source,
            "reference": equation.reference or equation.apart,
            "scaled": equation.scaled or equation.apart,
            "test": equation.test,
        }
        lines = hanging(f"{equation.title}: {equation.formula}", f"{number:3}  ", INDENT)
        for label, text in rows.items():
            lines += hanging(text, f"{'':{INDENT}}{label:11}", INDENT + 11)
        blocks.append("\n".join(lines))
    return "\n".join(filtered(blocks, words, "equation"))


def metric_table(words: Sequence[str] = ()) -> str:
    """Keys of ``metrics.jsonl`` and ``timings.jsonl`` that hold all the words, with their meaning.

    Raises:
        SeedError: UNKNOWN_NAME if none does.
    """
    from seed.spec.metrics import METRICS, TIMINGS

    keys = [*METRICS, *(key for key in TIMINGS if key not in METRICS)]
    blocks = ["\n".join(metric_lines(key)) for key in keys]
    return "\n\n".join(filtered(blocks, words, "metric"))


def metric_lines(key: str) -> Iterator[str]:
    """What a key means, its values, and what to do."""
    from seed.spec.metrics import METRICS, TIMINGS, full_name, metric_of

    entry = metric_of(key) or TIMINGS[key]
    yield full_name(key) if key in METRICS else key
    file = "" if key not in TIMINGS or key in METRICS else "timings.jsonl"
    rows = {"file": file, "meaning": entry.meaning, "values": entry.values, "advice": entry.advice}
    for label, text in rows.items():
        if text:
            yield from hanging(text, f"  {label:{LABEL_WIDTH}}", LABEL_WIDTH + 2)


def filtered(blocks: Sequence[str], words: Sequence[str], kind: str) -> list[str]:
    """The blocks that hold every word, whatever its case.

    Raises:
        SeedError: UNKNOWN_NAME.
    """
    wanted = [word.lower() for word in words]
    found = [
        block for block in blocks if all(word in " ".join(block.lower().split()) for word in wanted)
    ]
    if not found:
        line = f"no {kind} holds {' and '.join(map(repr, words))}; without a word all are listed"
        raise SeedError(Reason.UNKNOWN_NAME, line)
    return found

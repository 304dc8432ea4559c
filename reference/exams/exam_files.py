"""The folder of a built set.

    problems.jsonl       a problem a line, in our schema of problem files
    certificates.jsonl   what was proven about each
    exam.json            seed, counts, rejects, known sets, evaluations
    exam.html            the same as a page

Equal arguments give equal bytes, as long as no server rewrites texts.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seed.reference.exams.build import Built, counts_of
from seed.reference.exams.candidates import Candidate
from seed.reference.exams.difficulty import Difficulty
from seed.reference.exams.problem_sets import ProblemSet
from seed.spec.version import seed_version

PROBLEMS, CERTIFICATES, RECORD = "problems.jsonl", "certificates.jsonl", "exam.json"
PAGE = "exam.html"


@dataclass(frozen=True)
class Exam:
    """A built set as it is written.

    Attributes:
        record: Content of ``exam.json``.
        problems: Lines of ``problems.jsonl``.
        certificates: Lines of ``certificates.jsonl``, in the same order.
    """

    record: Mapping[str, Any]
    problems: Sequence[Mapping[str, Any]]
    certificates: Sequence[Mapping[str, Any]]

    def files(self) -> dict[str, str]:
        """Content by name of the file."""
        return {
            PROBLEMS: "".join(json.dumps(line) + "\n" for line in self.problems),
            CERTIFICATES: "".join(json.dumps(line) + "\n" for line in self.certificates),
            RECORD: json.dumps(self.record, indent=1) + "\n",
        }


Told = tuple[str, dict[str, Any] | None]
"""The text of a problem, and what is known of its rewriting."""


def exam_of(
    seed: int,
    built: Built,
    told: Sequence[Told],
    known: Sequence[ProblemSet],
    difficulty: Difficulty,
) -> Exam:
    """The lines of a built set.

    Args:
        seed: Of the set.
        built: The set.
        told: Text of each problem.
        known: Sets that it was compared with.
        difficulty: Solve rates, where there are evaluations.
    """
    pairs = list(zip(built.candidates, told, strict=True))
    certificates = [
        certificate_line(one, text, overlap, difficulty)
        for (one, (text, _)), overlap in zip(pairs, built.overlaps, strict=True)
    ]
    record = {
        "seed": seed,
        "count": len(built.candidates),
        "counts": {name: dict(counts) for name, counts in counts_of(built).items()},
        "rejected": dict(sorted(built.rejected.items())),
        "rewritten": sum(bool(rewriting and rewriting["used"]) for _, rewriting in told),
        "against": [
            {"name": one.name, "problems": len(one.rows), "sha256": one.sha256} for one in known
        ],
        "largest_overlap": max((share for _, share in built.overlaps), default=0.0),
        "policies": list(difficulty.policies),
        "version": seed_version(),
    }
    lines = [problem_line(one, text, rewriting) for one, (text, rewriting) in pairs]
    return Exam(record, lines, certificates)


def problem_line(one: Candidate, text: str, rewriting: dict[str, Any] | None) -> dict[str, Any]:
    """A problem as its line of the file."""
    return {
        "id": one.id,
        "problem": text,
        "reference": str(one.answer),
        "domain": "math",
        "area": one.place.area,
        "family": one.place.family,
        "level": one.level,
        "structure": one.problem.structure,
        "provenance": {
            "seed": one.place.seed,
            "place": one.place.number,
            "attempt": one.attempt,
            **one.problem.record(),
            "rewriting": rewriting,
        },
    }


def certificate_line(
    one: Candidate, text: str, overlap: tuple[str, float], difficulty: Difficulty
) -> dict[str, Any]:
    """A certificate as its line of the file."""
    rates = [rate.as_json() for rate in difficulty.of(text, one.id)]
    closest = {"closest": overlap[0], "share": round(overlap[1], 4)} if overlap[0] else None
    return {"id": one.id, **one.certificate, "overlap": closest, "solve_rates": rates}

"""Sets of problems for tests: a good one, and rows that each break one rule."""

from typing import Any

from seed.reference.exams import answer_rules, audit, reading, statement_rules

GOOD: list[dict[str, Any]] = [
    {"id": "a", "problem": "Find the number of primes below $3000$.", "answer": "430"},
    {
        "id": "b",
        "problem": "A cube has a volume of $729$. Find the sum of its edges.",
        "answer": "108",
    },
]

LONG = (
    "A snail climbs a wall of $12$ meters. Every day it climbs up three meters, and every night it"
    " slides back by two meters, except for nights with rain, on which it rests where it is. It"
    " rains on every fifth night. Find the number of the day on which it reaches the top."
)

BROKEN: dict[str, dict[str, Any]] = {
    audit.UNUSABLE: {"problem": "Find $x$.", "answer": ""},
    audit.WRONG_ANSWER: {
        "problem": "Find the number of positive integers $x$ with $\\left\\lfloor \\frac{x}{57}"
        " \\right\\rfloor = \\left\\lfloor \\frac{x}{63} \\right\\rfloor$.",
        "answer": "298",
    },
    audit.DUPLICATE: {"problem": "find the number of primes below \\(3000\\).", "answer": "430"},
    audit.RENUMBERED: {"problem": "Find the number of primes below $4000$.", "answer": "550"},
    audit.NEAR: {"problem": LONG.replace("a wall", "the wall"), "answer": "77"},
    audit.SAME_ID: {"id": "a", "problem": "Find the area of a circle.", "answer": "77"},
    audit.OVERLAP: {
        "problem": "Known words " * 2 + "and some more of them. Find it.",
        "answer": "77",
    },
    statement_rules.EMPTY: {"problem": " ", "answer": "77"},
    statement_rules.FIGURE: {"problem": "Find $x$ in the figure below.", "answer": "77"},
    statement_rules.NO_QUESTION: {"problem": "The number is prime.", "answer": "77"},
    statement_rules.UNFINISHED: {"problem": "Find the largest integer that", "answer": "77"},
    statement_rules.SEVERAL: {"problem": "What is $x$? What is $y$?", "answer": "77"},
    statement_rules.PROOF: {"problem": "Prove that it is so. Find it.", "answer": "77"},
    statement_rules.LINK: {"problem": "Find it at www.example.org today.", "answer": "77"},
    statement_rules.UNBALANCED: {"problem": "Find the value of $x.", "answer": "77"},
    statement_rules.FOREIGN: {"problem": "Find the value of it，please.", "answer": "77"},
    answer_rules.NOT_AN_INTEGER: {"problem": "Find a third of it.", "answer": "\\frac{7}{3}"},
    answer_rules.IN_STATEMENT: {"problem": "Of $77$ or fewer, find most.", "answer": "77"},
    answer_rules.ONE_STEP: {"problem": "With $7$ and $11$, find it all.", "answer": "77"},
    answer_rules.SMALL: {"problem": "Find the smallest of them.", "answer": "2"},
    answer_rules.GUESSABLE: {
        "problem": "Find the number of ordered triples $(a, b, c)$ of positive integers whose least"
        " common multiple is $72$.",
        "answer": "703",
    },
    reading.UNREADABLE: {"problem": "Find the last of them.", "answer": "\\frac{1}{"},
}
"""Rule -> a row that breaks it, and perhaps others."""

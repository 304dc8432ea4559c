"""The rules about statements, defect by defect."""

import pytest

from seed.reference.exams.statement_rules import (
    EMPTY,
    FIGURE,
    FOREIGN,
    LINK,
    NO_QUESTION,
    PROOF,
    SEVERAL,
    UNBALANCED,
    UNFINISHED,
    statement_defects,
)

GOOD = (
    "Find the number of pairs $(a, b)$ with $a < b$.",
    "For how many integers $n$ is it true that $n^2 < 50$?",
    "It costs $5 more. How much is it?",
    "The square below has a grid. [asy]draw((0,0)--(1,1));[/asy] Find its area as shown.",
    "Let \\(x\\) be real. If it is in fraction form, calculate the sum \\[x + 1.\\]",
    "Compute $\\left\\{x\\right\\}$",
)


@pytest.mark.parametrize("text", GOOD)
def test_a_good_statement_breaks_no_rule(text: str) -> None:
    assert [*statement_defects(text)] == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (" \n", EMPTY),
        ("In the figure below, find the angle $x$.", FIGURE),
        ("What is the area of the region shown above?", FIGURE),
        ("Let $x$ be an integer with $x > 3$.", NO_QUESTION),
        ("Find the number of integers that", UNFINISHED),
        ("What is $x$? What is $y$?", SEVERAL),
        ("(a) Find $x$. (b) Find $y$.", SEVERAL),
        ("Find the area. Also, find the perimeter.", SEVERAL),
        ("Prove that $x > 1$. What follows?", PROOF),
        ("Let $x$ be prime. Is it possible that $x + 1$ is prime?", PROOF),
        ("Find the value at https://example.org/x.", LINK),
        ("Find $x + 1.", UNBALANCED),
        ("Find $\\frac{1}{2$ of it.", UNBALANCED),
        ("Find \\(x.", UNBALANCED),
        ("Find the value of $n$．", FOREIGN),
    ],
)
def test_each_rule_finds_its_defect(text: str, rule: str) -> None:
    assert rule in dict(statement_defects(text))

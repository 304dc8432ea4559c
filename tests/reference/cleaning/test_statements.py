"""Rules on statements: what each one finds, and what it must leave alone."""

import pytest

from seed.reference.cleaning import statements

GOOD = (
    "Find the number of ordered pairs $(x,y)$ such that $12x^2-xy-6y^2=0$.",
    "Each face of a cube is painted red or blue. How many colorings are there?",
    "Let $x,y$ be reals with \\[x+y=3.\\] The value is $\\tfrac{m}{n}$. Find $m+n$.",
    "Tom pays $5 for a pen and $7 for a book. How much does Tom pay?",
    "Find the minimum of $f$. The minimum is $\\frac{a}{b}$ in lowest terms. Find $a+b$.",
    "What is $2+2$? Express your answer as a common fraction.",
    "For how many integers $n>1$ is it true that $2^{24}$ is a perfect $n$th power?",
    "Who won the Gerard P. Kuiper Prize in 2001?",
    "Evaluate (a) the sum, rounded to three significant figures.",
)


@pytest.mark.parametrize("text", GOOD)
def test_good_statements_break_no_rule(text: str) -> None:
    found = (
        statements.link(text),
        statements.missing_figure(text),
        statements.incomplete(text),
        statements.broken_notation(text),
        statements.foreign_language(text, 0.1, 12, 2),
        statements.proof(text),
        statements.yes_no(text, "4"),
        statements.several_questions(text, 1),
        statements.no_question(text),
        statements.multiple_choice(text),
    )
    assert not any(found), found


@pytest.mark.parametrize(
    "text", ["See https://x.org/a", "see www.x.org", "as in [this](http:x)", '<a href="x">y</a>']
)
def test_links_are_found(text: str) -> None:
    assert statements.link(text)


@pytest.mark.parametrize(
    "text",
    [
        "In the figure, find x.",
        "In the diagram below, what is AB?",
        "A square is drawn as shown. Find its area.",
        "![](a.png) Find AB.",
        "The path is shown below. How long is it?",
        "Use the graph at the right.",
    ],
)
def test_missing_figures_are_found(text: str) -> None:
    assert statements.missing_figure(text)


def test_a_figure_that_is_given_as_code_is_not_missing() -> None:
    text = "In the figure, find AB. [asy]draw((0,0)--(1,1));[/asy]"
    assert statements.missing_figure(text) == ""
    assert statements.missing_figure(text, code_is_figure=False)


@pytest.mark.parametrize(
    "text", ["Find the", "Find x where", "Find [missing] of x.", "Find x if...", "Find x,", "a ???"]
)
def test_texts_that_break_off_are_found(text: str) -> None:
    assert statements.incomplete(text)


@pytest.mark.parametrize(
    "text",
    [
        "Find $x.",
        "Find \\(x.",
        "Find \\[x\\] and \\[y.",
        "Find \\begin{pmatrix}1",
        "Find \\frac{1}{2",
        "Find \N{REPLACEMENT CHARACTER}.",
    ],
)
def test_formulas_that_do_not_close_are_found(text: str) -> None:
    assert statements.broken_notation(text)


@pytest.mark.parametrize(
    "text",
    [
        "求满足条件的所有整数 x 的和。",
        "Найдите все простые числа p.",
        "Encuentra el número de pares de enteros positivos que son menores que la suma de los dos.",
        "Soit n un entier. Trouver le nombre de couples pour lesquels la somme est un carré et"
        " le produit est pair.",
    ],
)
def test_other_languages_are_found(text: str) -> None:
    assert statements.foreign_language(text, 0.1, 12, 2)


@pytest.mark.parametrize(
    "text",
    [
        "Prove that $a=b$.",
        "Let $n$ be odd. Show that $n^2$ is odd.",
        "(a) Prove it for n = 2.",
        "Prove or disprove: all n are even.",
        "Find all x and prove that there are no others.",
    ],
)
def test_proofs_are_found(text: str) -> None:
    assert statements.proof(text)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Is 7 prime?", "x"),
        ("Let n = 7. Is n prime?", "x"),
        ("Determine whether 91 is prime.", "x"),
        ("True or false: 1 = 2.", "x"),
        ("Tell me about 7.", "\\text{yes}"),
        ("Tell me about 7.", "False"),
    ],
)
def test_yes_no_questions_are_found(text: str, reference: str) -> None:
    assert statements.yes_no(text, reference)


@pytest.mark.parametrize(
    "text",
    [
        "(a) Find x. (b) Find y.",
        "1. Compute $a$.\n2. Compute $b$.",
        "What is the area? What is the perimeter?",
        "Find the largest prime below 100. Find the smallest prime above 100.",
        "Find $a$. Find $b$.",
    ],
)
def test_several_questions_are_found(text: str) -> None:
    assert statements.several_questions(text, 1)
    assert statements.several_questions(text, 2) == ""


def test_what_asks_nothing_is_found() -> None:
    assert statements.no_question("Let $ABC$ have sides 3, 4, 5.")


def test_options_are_found() -> None:
    assert statements.options_of("2+2? A. 3\nB. 4\nC. 5") == ["A", "B", "C"]
    amc = "2+2? $\\textbf{(A) }3\\qquad\\textbf{(B) }4\\qquad\\textbf{(C) }5$"
    assert statements.options_of(amc) == ["A", "B", "C"]
    assert statements.options_of("Points A. and B. lie on a line.") == []


@pytest.mark.parametrize(
    "part", ["((a) ", "$", "then, ", "the figure ", "A. ", "prove ", "x. ", "1. \n"]
)
def test_hostile_statements_end(part: str) -> None:
    text = part * (20_000 // len(part))
    statements.missing_figure(text)
    statements.incomplete(text)
    statements.broken_notation(text)
    statements.foreign_language(text, 0.1, 12, 2)
    statements.proof(text)
    statements.yes_no(text, "4")
    statements.several_questions(text, 1)
    statements.options_of(text)

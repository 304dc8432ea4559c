"""A right answer stays right in every way of writing it, and a wrong one stays wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.puzzle import verify
from seed.reference.verifiers.puzzle_answers import GRIDS, LISTS, WALKS, answer_text
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

FORMS: dict[str, Callable[[str], str]] = {
    "bare": lambda a: a,
    "newline": lambda a: f"{a}\n",
    "empty lines before": lambda a: f"\n\n{a}",
    "carriage return": lambda a: f"{a}\r\n",
    "unicode blanks": lambda a: f"\u3000{a}\u00a0\u2009",
    "zero width": lambda a: f"\u200b\ufeff{a}",
    "thinking": lambda a: f"<think>Let me see: maybe 1+2=3. \\boxed{{7}}</think>\n{a}",
    "thinking and newlines": lambda a: f"<thinking>hm</thinking>\n\n{a}\n",
    "box": lambda a: f"So \\boxed{{{a}}}.",
    "box of text": lambda a: f"$\\boxed{{\\text{{{a}}}}}$",
    "box in bold": lambda a: f"**\\boxed{{{a}}}**",
    "box after another": lambda a: f"First \\boxed{{0}}, no: \\boxed{{{a}}}",
    "tag": lambda a: f"<answer>{a}</answer>",
    "tag of a fence": lambda a: f"<answer>\n```\n{a}\n```\n</answer>",
    "box in a tag": lambda a: f"<answer>\\boxed{{{a}}}</answer>",
    "announced": lambda a: f"The answer is {a}",
    "announced after a colon": lambda a: f"Final answer: {a}",
    "announced with a point": lambda a: f"The final answer is {a}.",
    "announced, bold, with a point": lambda a: f"The answer is **{a}**.",
    "announced in a sentence": lambda a: f"After some work:\n\nThe solution is `{a}`, as asked.",
    "labelled": lambda a: f"One possible solution is:\n\n$${a}$$",
    "announced in bold": lambda a: f"Some words.\n\n**Answer:** `{a}`",
    "announced, then a remark": lambda a: f"Answer: {a}\n\nI hope this answer is helpful!",
    "announced in Chinese": lambda a: f"答案：{a}",
    "heading": lambda a: f"### Final Answer\n\n{a}",
    "heading and fence": lambda a: f"## Final Answer\n```text\n{a}\n```\nIt keeps the rules.",
    "announced above": lambda a: f"The answer is as asked, here:\n\n{a}\n\nDone.",
    "point": lambda a: f"{a}.",
    "fence": lambda a: f"```\n{a}\n```",
    "fence and words": lambda a: f"I found this:\n\n```\n{a}\n```\n",
    "four ticks": lambda a: f"````text\n{a}\n````",
    "tildes": lambda a: f"~~~\n{a}\n~~~",
    "ticks": lambda a: f"`{a}`",
    "bold": lambda a: f"**{a}**",
    "bold at the end": lambda a: f"After some work I get this.\n\n**{a}**",
    "dollars": lambda a: f"${a}$",
    "quotes": lambda a: f'"{a}"',
    "end token": lambda a: f"{a}<|im_end|>",
    "end tokens": lambda a: f"{a}\n<|eot_id|></s>",
    "minus": lambda a: a.replace("-", "−"),
    "full width": lambda a: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in a),
    "upper": lambda a: a.upper(),
    "lower": lambda a: a.lower(),
}
ROWS: dict[str, Callable[[str], str]] = {
    "rows in lines": lambda a: "```\n" + a.replace("/", "\n") + "\n```",
    "announced rows": lambda a: "Answer:\n" + a.replace("/", "\n"),
    "a table": lambda a: "\n".join(f"| {' | '.join(row)} |" for row in a.split("/")),
    "an array": lambda a: (
        "\\boxed{\\begin{array}{cc}"
        + " \\\\ ".join("&".join(row) for row in a.split("/"))
        + "\\end{array}}"
    ),
    "cells apart": lambda a: "\n".join(map(" ".join, a.split("/"))),
}
LETTERS: dict[str, Callable[[str], str]] = {
    "apart": " ".join,
    "commas": ", ".join,
    "arrows": " -> ".join,
    "signs": lambda a: "\\boxed{" + " \\to ".join(a) + "}",
}
NUMBERS: dict[str, Callable[[str], str]] = {
    "commas": lambda a: a.replace(" ", ", "),
    "announced": lambda a: "The answer is " + a.replace(" ", ", ") + ".",
}
SIGNS: dict[str, Callable[[str], str]] = {
    "blanks": lambda a: a.replace("+", " + ").replace("=", " = ").replace("*", " * "),
    "times": lambda a: a.replace("*", "×").replace("/", "÷"),
    "latex": lambda a: "\\boxed{" + a.replace("*", " \\times ").replace("/", "\\div ") + "}",
    "dashes": lambda a: a.replace("-", " – "),
}
EXPRESSIONS = ("countdown", "twentyfour", "cryptarithm")


def forms_of(family: str) -> dict[str, Callable[[str], str]]:
    own = {**dict.fromkeys(WALKS, LETTERS), **dict.fromkeys(GRIDS, ROWS)}
    own |= {**dict.fromkeys(LISTS, NUMBERS), **dict.fromkeys(EXPRESSIONS, SIGNS)}
    return FORMS | own.get(family, {})


def outcome(family: str, instance: dict[str, Any], response: str) -> Outcome:
    puzzle = {"family": family, "instance": instance}
    return verify(Item("one", "puzzle", "", response, puzzle=puzzle)).outcome


@pytest.mark.parametrize("family", FAMILIES)
def test_a_right_answer_stays_right_in_every_form_and_a_wrong_one_wrong(family: str) -> None:
    rules = FAMILIES[family]
    random = np.random.default_rng(7)
    for level in (rules.LEVELS[0], rules.LEVELS[-1]):
        instance, other = rules.draw(random, level), rules.draw(random, level)
        right = {rules.answer(instance), rules.solve(instance)}
        wrong = {"", "no", rules.answer(other), rules.solve(other), rules.answer(instance) + "7x"}
        wrong = {text for text in wrong if is_wrong(family, instance, text)}
        for name, form in forms_of(family).items():
            for answer in right if name in FORMS else {rules.answer(instance)}:
                if "impossible" in answer and name in LETTERS and name not in FORMS:
                    continue
                assert outcome(family, instance, form(answer)) is Outcome.CORRECT, (name, answer)
            for answer in wrong:
                assert outcome(family, instance, form(answer)) is Outcome.WRONG, (name, answer)


def is_wrong(family: str, instance: dict[str, Any], text: str) -> bool:
    """Whether a text is wrong in either case: the answer of another instance may solve this one."""
    readings = (text, text.upper(), text.lower(), f"={text}", f"{text}.")
    verdicts = [FAMILIES[family].verify(instance, reading) for reading in readings]
    return all(verdict.outcome is Outcome.WRONG for verdict in verdicts)


FOUND: list[tuple[str, dict[str, Any], list[str]]] = [
    ("countdown", {"numbers": [82, 85], "target": 167}, ["85+82", "85+82=167:85+82", "85 + 82"]),
    ("arithmetic", {"chain": "2*3", "clock": True}, ["=1", "1=1", "= 1"]),
    (
        "hamiltonian",
        {"kind": "P", "edges": "AE AF BE BF CD CF DF"},
        ["AEBFCD", "aebfcd", "A E B F C D"],
    ),
    ("binario", {"grid": "010./00../101./.1.0"}, ["111010", "0101/0011/1010/1100", "1 1 1 0 1 0"]),
    (
        "cryptarithm",
        {"sum": "IJE+BB=IED"},
        ["523+11=534", "I5J2E3B1D4:523+11=534", "523 + 11=534", "5 2 3 + 1 1 = 5 3 4"],
    ),
]


@pytest.mark.parametrize(("family", "instance", "answers"), FOUND, ids=[row[0] for row in FOUND])
def test_answers_that_were_misjudged_are_right_in_every_form(
    family: str, instance: dict[str, Any], answers: list[str]
) -> None:
    for answer in answers:
        for name, form in FORMS.items():
            assert outcome(family, instance, form(answer)) is Outcome.CORRECT, (name, answer)


MAZE = {"grid": "S../..#/..G"}


@pytest.mark.parametrize(
    "response",
    [
        "<think>DDRR",
        "<think>DDRR</think>",
        "\\boxed{DDRR",
        "\\boxed{DDRR} no: \\boxed{RR}",
        "\\boxed{DDRR} no: \\boxed{RR",
        "<answer>DDRR</answer> no: <answer>RR",
        "The answer is DDRR. Wait, no. The answer is RR.",
        "Perhaps DDRR\nor perhaps RRDD",
        "DDRR or RRDD",
        "DDRR = 24",
    ],
)
def test_what_is_taken_back_cut_off_or_hedged_is_no_answer(response: str) -> None:
    assert outcome("maze", MAZE, "DDRR") is Outcome.CORRECT
    assert outcome("maze", MAZE, response) is Outcome.WRONG


@pytest.mark.parametrize(
    ("family", "instance", "response"),
    [
        ("countdown", {"numbers": [82, 85], "target": 167}, "85+82 = 24"),
        ("countdown", {"numbers": [82, 85], "target": 167}, "8 5 + 8 2"),
        ("cryptarithm", {"sum": "IJE+BB=IED"}, "523+11=534 = 24"),
        ("arithmetic", {"chain": "2*3", "clock": True}, "=1 = 24"),
        ("arithmetic", {"chain": "2*3", "clock": True}, "= 1 0"),
    ],
)
def test_numbers_are_what_is_written(family: str, instance: dict[str, Any], response: str) -> None:
    assert outcome(family, instance, response) is Outcome.WRONG


def test_long_thinking_is_no_part_of_the_answer_and_a_long_response_ends() -> None:
    assert outcome("maze", MAZE, f"<think>{'R' * 100_000}</think>DDRR") is Outcome.CORRECT
    for piece in ("*", "`", "The answer is ", "```\n", "\\boxed{", "- ", ".", "$", "\n\n"):
        assert outcome("maze", MAZE, piece * 20_000) is Outcome.WRONG


def test_the_place_of_an_answer_is_named() -> None:
    places = {"\\boxed{a}": "the last box", "Answer: a": "the announced answer"}
    for response, place in (places | {"a": "the whole response"}).items():
        assert answer_text(response) == ("a", place)

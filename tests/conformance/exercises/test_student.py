"""Properties of a check: whatever a student's file does, the answer is a clear line."""

from pathlib import Path

import pytest

from seed.conformance.exercises.catalogue import exercise_named
from seed.conformance.exercises.student import check_file

HEAD = "def soft_overlong(length, longest, cache):\n"
RIGHT = """
    if not cache:
        return 0.0
    return max(-1.0, min(0.0, (longest - cache - length) / cache))
"""
LAMBDA = "def length_adaptive_lambda(lengths_B, gae_alpha):\n"


def answer(tmp_path: Path, text: str, name: str = "overlong-penalty") -> tuple[bool, str]:
    """What the check says about a file."""
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    return check_file(exercise_named(name), file, seconds=5.0)


def test_a_right_function_passes_and_is_led_to_the_reference(tmp_path: Path) -> None:
    passed, text = answer(tmp_path, HEAD + RIGHT)
    assert passed and "all 4 properties hold" in text and "reward.py: soft_overlong" in text


def test_a_neighbouring_file_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(HEAD + RIGHT, encoding="utf-8")
    assert answer(tmp_path, "from helper import soft_overlong\n")[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def soft_overlong(length\n", ("line 1: SyntaxError",)),
        ("x = 1\n", ("mine.py has no function soft_overlong",)),
        ("raise SystemExit(0)\n", ("line 1: SystemExit: 0",)),
        ("import nowhere_at_all\n", ("line 1: ModuleNotFoundError: No module named",)),
        (HEAD + "    return longest.nothing\n", ("line 2: AttributeError", "did not return")),
        (HEAD + "    return 1 / 0\n", ("line 2: ZeroDivisionError", "length = 16384")),
        ("def soft_overlong():\n    return 0.0\n", ("TypeError", "0 positional arguments")),
        ("import os\n" + HEAD + "    os._exit(0)\n", ("ended without a verdict",)),
        (HEAD + "    print('hello')\n", ("is a return missing",)),
        (HEAD + "    return -1.0\n", ("computed: -1", "expected: 0")),
    ],
)
def test_every_error_has_a_line(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    passed, said = answer(tmp_path, text)
    assert not passed and "Traceback" not in said
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("while True: pass\n", "while the file was loaded"),
        (HEAD + "    while True: pass\n", "in property 1 of 4"),
    ],
)
def test_an_endless_loop_is_ended(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    passed, said = check_file(exercise_named("overlong-penalty"), file, seconds=0.5)
    assert not passed and "no answer within 0.5 s" in said and words in said


def test_a_result_of_the_wrong_shape_shows_the_call(tmp_path: Path) -> None:
    passed, said = answer(tmp_path, LAMBDA + "    return 0.5\n", "length-adaptive-lambda")
    assert not passed
    assert "should be of shape (12,), and it has shape ()" in said and "gae_alpha = 0.05" in said

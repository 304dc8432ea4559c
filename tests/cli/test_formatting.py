"""Properties of numbers and tables as text."""

from seed.cli.formatting import aligned, name_width, printable, ruled, score_text, signed


def test_text_of_a_file_cannot_control_the_terminal() -> None:
    assert printable("a\u001b[31m\r\n\u202e\ud800b") == "a?[31m????b"
    assert printable("x" * 500, 10) == "x" * 9 + "…"


def test_a_score_has_its_interval() -> None:
    score = {"accuracy": 0.4309, "ci_low": 0.38, "ci_high": 0.484}
    assert score_text(score) == "43.1 % [38.0, 48.4]"


def test_what_rounds_to_zero_has_no_minus() -> None:
    assert [signed(value, 1) for value in (-0.04, -0.06, 0.0, 1.0)] == [
        "+0.0",
        "-0.1",
        "+0.0",
        "+1.0",
    ]


def test_columns_are_flush() -> None:
    rows = [("name", "n"), ("a", "10")]
    assert aligned(rows, left=1) == ["name   n", "a     10"]
    assert aligned(rows, left=2) == ["name  n", "a     10"]
    assert ruled(rows, left=1) == "name   n\n--------\na     10"


def test_a_column_of_names_has_bounds() -> None:
    assert [name_width(["x" * n]) for n in (1, 20, 99)] == [14, 21, 32]

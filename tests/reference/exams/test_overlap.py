"""Properties of the comparison of statements."""

from seed.reference.exams.overlap import KnownTexts, without_numbers, words_of

TEXT = (
    "A frog starts at 0 and makes 12 jumps to the right. Every jump has a length of 1, 2 or 3"
    " units. Find the number of ways in which it can reach the point 25."
)
OTHER = (
    "Find the remainder when the sum of all primes below $100$ is divided by $17$, in base $10$."
)


def known(*texts: str) -> KnownTexts:
    index = KnownTexts()
    for number, text in enumerate(texts):
        index.add(f"t{number}", text)
    return index


def test_spelling_of_formulas_is_no_difference() -> None:
    assert words_of("$\\dfrac{1}{2} \\leq x\\,$, Find") == words_of(r"\( \frac 1 2\le x \). find")


def test_a_text_is_its_own_closest_one() -> None:
    index = known(OTHER, TEXT)
    assert index.closest(TEXT.upper().replace("FROG", "frog")) == ("t1", 1.0)
    assert index.most_alike(TEXT) == ("t1", 1.0)


def test_a_text_within_a_longer_one_overlaps_and_is_not_alike() -> None:
    index = known(f"{OTHER} {TEXT} {OTHER}")
    assert index.closest(TEXT)[1] == 1.0
    assert index.most_alike(TEXT)[1] < 0.6


def test_texts_without_a_common_run_of_words_share_nothing() -> None:
    assert known(OTHER).closest(TEXT) == ("", 0.0)
    assert KnownTexts().closest(TEXT) == ("", 0.0)


def test_numbers_can_be_left_out() -> None:
    renumbered = TEXT.replace("12", "13").replace("25", "31")
    assert words_of(renumbered) != words_of(TEXT)
    assert without_numbers(words_of(renumbered)) == without_numbers(words_of(TEXT))

"""Properties of renaming: it depends on the order of appearance alone."""

from hypothesis import given
from hypothesis import strategies as st

from seed.reference.tasks.puzzles.solvers.renaming import renamed_by_appearance


@given(text=st.text("ABCD+="), order=st.permutations("ABCD"))
def test_texts_that_differ_by_their_names_become_the_same_text(text: str, order: list[str]) -> None:
    names = str.maketrans("ABCD", "".join(order))
    renamed = renamed_by_appearance(text, "ABCD")
    assert renamed == renamed_by_appearance(text.translate(names), "ABCD")
    assert renamed == renamed_by_appearance(renamed, "ABCD")


def test_names_are_given_in_the_order_of_appearance() -> None:
    assert renamed_by_appearance("CA+AC=D", "ABCD") == "AB+BA=C"

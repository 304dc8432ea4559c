"""Properties of extraction: where an answer may stand, and what is never one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.marks import braced
from seed.reference.verifiers.mathematics.verifier import verify
from seed.reference.verifiers.response import final_answer
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item


def correct(reference: str, response: str) -> bool:
    verdict = verify(Item("line", "math", "", response, reference))
    assert verdict.outcome != Outcome.ERROR
    return verdict.outcome == Outcome.CORRECT


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"so \boxed{5}.", "5"),
        (r"\fbox{5}", "5"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\left\{1\right.}", r"\left\{1\right."),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed{5}, no: \boxed{7}", "7"),
        (r"\boxed{5}, no: \fbox{7}", "7"),
        (r"\boxed{\text{Answer: } 5}", "5"),
        (r"\boxed{\text{Answer: 5}}", "5"),
        (r"\boxed{Answer: 5}", "5"),
        (r"\boxed{\text{The answer is } 5}", "5"),
        (r"<think>\boxed{7}</think>\boxed{5}", "5"),
        (r"\boxed{7}</think>\boxed{5}", "5"),
        (r"<think>a</think>\boxed{6}<think>b</think>5", "5"),
        ("The answer is 5.", "5"),
        ("The final answer is: $5$", "$5$"),
        ("Answer: B) 3.6 eV", "B) 3.6 eV"),
        ("**Answer:** 5", "5"),
        ("**Answer**: 5", "5"),
        ("**Answer: 5**", "5"),
        ("The answer is **5**.", "5"),
        ("Answer:\n5", "5"),
        ("The answer to the last question is 5.", "5"),
        ("```\n5\n```", "5"),
        ("We add.\n~~~\n5\n~~~\n", "5"),
        ("\\boxed is the command. \\boxed 7", "7"),
        (r"\boxed\frac{1}{2}", r"\frac{1}{2}"),
        (r"\boxed{5}, as \boxed asks", "5"),
        (r"\boxed{4} <answer>5</answer>", "5"),
        (r"<answer>4</answer> \boxed{5}", "5"),
        (r"<answer>so \boxed{5}</answer>", "5"),
        ("<answer>The answer is 5.</answer>", "5"),
        ("<answer>**5**</answer>", "5"),
        ("The answer is 5. I hope that helps.", "5"),
        ("The answer is not 5.", "not 5"),
        ("The answer is 4. This answer is wrong: the answer is 5.", "5"),
        ("De l'autre côté.\nLa réponse finale est 5.", "5"),
        ("Die Antwort lautet: 5", "5"),
        ("答えは5です。", "5"),
        ("คำตอบคือ 5", "5"),
        ("الجواب هو 5", "5"),
        ("Đáp án là 5.", "5"),
        ("Відповідь: 5", "5"),
        ("The answer is\u00a05.", "5"),
        ("Answer: 5\r\n<|eot_id|></s>", "5"),
        ("Result: 5", "5"),
        ("Thus 5 is the final answer.", "5"),
        ("The answer is 4. No, the answer is 5. I hope so.", "5"),
        ("The answer is 5, which is prime.", "5"),
        ("The answer is 5 because 2+3=5.", "5"),
        ("The set A is open.\nAnswer: D", "D"),
        ("We add.\n#### 5", "5"),
        ("We add.\n**5**", "5"),
        ("x = 3", "x = 3"),
        ("B", "B"),
        ("**42**", "42"),
    ],
)
def test_the_answer_is_found_where_the_response_says_it_stands(response: str, answer: str) -> None:
    assert final_answer(response).text == answer


@pytest.mark.parametrize(
    ("response", "place"),
    [
        ("", "no box"),
        ("We add 2 and 3.\nThis makes 5", "no box"),
        ("**2** and then\n**3** or **5**", "no box"),
        ("#### 5\nis what they say", "no box"),
        (r"<think>\boxed{5}", "never closed"),
        (r"\boxed{5}<think>hm", "never closed"),
        (r"<think>\boxed{5}</think>", "no box"),
        (r"\boxed{5", "box is never closed"),
        (r"\boxed{5} or rather \boxed{6", "box is never closed"),
        (r"\boxed{5} <answer>6", "<answer> is never closed"),
        ("<thinking>The answer is 5.", "never closed"),
        ("Solution: We add.\nThis makes 5", "no box"),
        ("5 " * 150, "no box"),
    ],
)
def test_what_is_not_marked_as_the_answer_is_none(response: str, place: str) -> None:
    extraction = final_answer(response)
    assert extraction.text is None
    assert place in extraction.place


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        ("5", "There are 5 apples and 3 pears"),
        ("5", "I get 5"),
        ("5", "The answer is not 5"),
        ("5", "Either 5 or 6"),
        ("70000", "He makes $70,000 in the end"),
        ("4", r"Answer: 4\sqrt(2)"),
        ("5", r"I first get \boxed{5}. Wait ... \boxed{7}"),
        ("12", r"I first get \boxed{5}. Wait ... \boxed{7}"),
        ("5", r"\boxed{}"),
        ("5", r"\boxed{\text{}}"),
    ],
)
def test_a_number_somewhere_in_the_text_is_not_an_answer(reference: str, response: str) -> None:
    assert not correct(reference, response)


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        ("5", "The final answer is $5$. I hope it is correct."),
        ("70,000", "The answer is $70,000."),
        ("24", "The final answer is 24 square units."),
        ("C", "**C**"),
        ("B", "The correct answer is (B)."),
        ("5", "**Final Answer**\n\n\\[\n\\boxed{5}\n\\]"),
    ],
)
def test_the_usual_endings_of_responses_are_understood(reference: str, response: str) -> None:
    assert correct(reference, response)


prose = st.text(st.characters(codec="utf-8", exclude_characters="<\\"), max_size=60)


@given(
    before=prose,
    behind=prose,
    answer=st.sampled_from(["5", r"\frac{1}{2}", r"\{1, 2\}", "(1, 2)", "B"]),
)
@settings(max_examples=60)
def test_text_around_the_box_changes_nothing(before: str, behind: str, answer: str) -> None:
    response = rf"{before}\boxed{{{answer}}}{behind}"
    assert final_answer(response).text == answer
    assert correct(answer, response)


@given(text=st.text(alphabet="ab{}\\", max_size=20))
@settings(max_examples=200)
def test_a_group_that_is_read_is_balanced(text: str) -> None:
    content = braced("{" + text, 0)
    signs = (content or "").replace("\\\\", "").replace("\\{", "").replace("\\}", "")
    assert content is None or signs.count("{") == signs.count("}")


HARMLESS = (
    *(r"\boxed{", r"\boxed{7}", "answer is ", "answer is", "answer to ", "answer "),
    *("**a** ", "#", "{", " ", "\t.", "\n"),
)


@pytest.mark.parametrize(
    ("repeated", "answer"), [("<think>", None), *((text, "5") for text in HARMLESS)]
)
def test_a_very_long_response_has_its_answer(repeated: str, answer: str | None) -> None:
    """A search whose time grows with the square of the length would take hours: it never ends."""
    assert final_answer(f"{repeated * 200_000}\\boxed{{5}}").text == answer


@pytest.mark.parametrize(("end", "cut"), [("x", False), ("because", True)])
def test_blanks_in_a_very_long_announced_answer_are_searched_once(end: str, cut: bool) -> None:
    """As above: a search that tries a run of blanks from each of them never ends."""
    answer = f"5{' ' * 1_000_000}{end}"
    assert final_answer(f"The answer is {answer}").text == ("5" if cut else answer)

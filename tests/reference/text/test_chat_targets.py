"""What SFT teaches of a chat: exactly the assistant's turns, as the policy samples them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.text.chat_targets import TaughtSequence, taught_sequences
from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.spec.characters import Characters
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import Tokenizer
from tests.reference.text.conversations import STRINGS
from tests.support.tiny_tokenizers import CHATML, TURNS, chat_folder, turn_folder

BEGIN = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
OPEN = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
STRIPS = (  # reasoning of earlier turns is left out, as of Qwen3
    f"{BEGIN}{{% set text = message['content'] %}}"
    "{% if message['role'] == 'assistant' and not loop.last %}"
    "{% set text = text.split('</think>')[-1].lstrip('\\n') %}{% endif %}"
    "{{ text + '<|im_end|>\\n' }}{% endfor %}" + OPEN
)
EMPTY_THOUGHT = (  # the last turn gets an empty block of reasoning, as of Qwen3
    f"{BEGIN}{{% if message['role'] == 'assistant' and loop.last %}}"
    "{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"
    "{{ message['content'] + '<|im_end|>\\n' }}{% endfor %}" + OPEN
)
OPENED = (  # the prompt opens the reasoning, and no turn keeps it, as of DeepSeek-R1
    f"{BEGIN}{{{{ message['content'].split('</think>')[-1] + '<|im_end|>\\n' }}}}{{% endfor %}}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}"
)
ENDLESS = (  # no token ends a turn
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)
LAST_ENDS = (  # only the last turn is ended
    "{% for message in messages %}{{ message['role'] + ':' + message['content'] }}"
    "{% if loop.last and message['role'] == 'assistant' %}{{ '<|im_end|>' }}{% else %}"
    "{{ '\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
)
MARKED = CHATML.replace("message['content']", "(message['content'])")
WHOLE = {"ChatML": CHATML, "marked": MARKED}
SPLIT = {"strips": STRIPS, "opened": OPENED, "endless": ENDLESS, "last ends": LAST_ENDS}
CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "1+1?"},
    {"role": "assistant", "content": "<think>\none and one\n</think>\n\n2"},
    {"role": "user", "content": "And 2+2?\n"},
    {"role": "assistant", "content": "<think>\ntwice\n</think>\n\nIt is 4."},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokenizers")


def tokenizer_of(folder: Path, template: str) -> LanguageTokenizer:
    name = f"{abs(hash(template))}"
    make = turn_folder if template is TURNS else chat_folder
    return LanguageTokenizer(make(folder / name, template=template))


def taught_texts(tokenizer: LanguageTokenizer, sequence: TaughtSequence) -> list[str]:
    """The text of each run of targets, ends written out."""
    texts, run = [], list[int]()
    for token, is_taught in zip((*sequence.tokens, 0), (*sequence.is_taught, False), strict=True):
        if is_taught:
            run.append(token)
        elif run:
            texts.append(tokenizer.text_of(run))
            run = []
    return texts


def prompt(messages: Sequence[dict[str, str]]) -> Problem:
    return Problem("p", "p", 1, "", {}, "", "", tuple(messages))


@pytest.mark.parametrize("template", [*WHOLE.values(), TURNS])
def test_one_sequence_teaches_every_turn_and_its_end(folder: Path, template: str) -> None:
    tokenizer = tokenizer_of(folder, template)
    (sequence,) = taught_sequences(tokenizer, CHAT, (2, 4))
    end = tokenizer.text_of([tokenizer.end])
    assert taught_texts(tokenizer, sequence) == [CHAT[2]["content"] + end, CHAT[4]["content"] + end]


@pytest.mark.parametrize("template", SPLIT.values(), ids=SPLIT)
def test_a_turn_that_a_template_rewrites_later_has_a_sequence_of_its_own(
    folder: Path, template: str
) -> None:
    tokenizer = tokenizer_of(folder, template)
    sequences = taught_sequences(tokenizer, CHAT, (2, 4))
    opened = "<think>\n" if template is OPENED else ""
    for place, sequence in zip((2, 4), sequences, strict=True):
        text = CHAT[place]["content"].removeprefix(opened) + "<|im_end|>"
        assert taught_texts(tokenizer, sequence) == [text]
        # All before it is the prompt of the turn, as the policy reads it when it samples.
        start = sequence.is_taught.index(True)
        assert sequence.tokens[:start] == tokenizer.prompt(prompt(CHAT[:place]))


def test_what_a_template_adds_to_a_turn_is_taught(folder: Path) -> None:
    tokenizer = tokenizer_of(folder, EMPTY_THOUGHT)
    chat = [message | {"content": message["content"].split("\n\n")[-1]} for message in CHAT]
    texts = [
        text
        for sequence in taught_sequences(tokenizer, chat, (2, 4))
        for text in taught_texts(tokenizer, sequence)
    ]
    assert texts == [f"<think>\n\n</think>\n\n{text}<|im_end|>" for text in ("2", "It is 4.")]


@pytest.mark.parametrize("template", [*WHOLE.values(), *SPLIT.values(), TURNS])
def test_one_turn_is_a_demonstration(folder: Path, template: str) -> None:
    tokenizer = tokenizer_of(folder, template)
    answer = "3 + 4 = 7"
    chat = [{"role": "user", "content": "3+4?"}, {"role": "assistant", "content": answer}]
    if template is OPENED:
        chat[1]["content"] = f"<think>\n{answer}"
    (sequence,) = taught_sequences(tokenizer, chat, (1,))
    start = tokenizer.prompt(prompt(chat[:1]))
    assert sequence.tokens == (*start, *tokenizer.encode(answer), tokenizer.end)
    assert sequence.is_taught == tuple(n >= len(start) for n in range(len(sequence.tokens)))


@given(st.data())
def test_no_text_moves_a_target(folder: Path, data: st.DataObject) -> None:
    template = data.draw(st.sampled_from([CHATML, TURNS, STRIPS, LAST_ENDS]))
    tokenizer = tokenizer_of(folder, template)
    texts = data.draw(st.lists(st.sampled_from(STRINGS), min_size=2, max_size=6))
    chat = [
        {"role": ("user", "assistant")[place % 2], "content": text}
        for place, text in enumerate(texts)
    ]
    places = tuple(range(1, len(chat), 2))
    sequences = taught_sequences(tokenizer, chat, places)
    found = [text for sequence in sequences for text in taught_texts(tokenizer, sequence)]
    # Every turn is taught once, sequence by sequence in the order of their last turns.
    end = tokenizer.text_of([tokenizer.end])
    expected = [tokenizer.text_of(tokenizer.encode(chat[place]["content"])) for place in places]
    plain = sorted("".join(text.split()) + end for text in expected)
    assert sorted("".join(text.removesuffix(end).split()) + end for text in found) == plain


def test_a_turn_of_weight_0_is_context(folder: Path) -> None:
    tokenizer = tokenizer_of(folder, CHATML)
    (sequence,) = taught_sequences(tokenizer, CHAT, (4,))
    assert taught_texts(tokenizer, sequence) == [CHAT[4]["content"] + "<|im_end|>"]


def test_reasoning_apart_from_the_content(folder: Path) -> None:
    chat = [CHAT[1], {"role": "assistant", "content": "2", "reasoning_content": "one and one"}]
    with pytest.raises(SeedError, match="does not write reasoning_content"):
        taught_sequences(tokenizer_of(folder, CHATML), chat, (1,))
    writes = CHATML.replace(
        "message['content']", "(message.reasoning_content or '') + message['content']"
    )
    tokenizer = tokenizer_of(folder, writes)
    (sequence,) = taught_sequences(tokenizer, chat, (1,))
    assert taught_texts(tokenizer, sequence) == ["one and one2<|im_end|>"]


def test_a_response_that_does_not_begin_as_the_prompt_opens_it(folder: Path) -> None:
    with pytest.raises(SeedError, match="opens a response with '<think>") as error:
        taught_sequences(tokenizer_of(folder, OPENED), [CHAT[1], CHAT[2] | {"content": "2"}], (1,))
    assert error.value.reason is Reason.ILLEGAL_VALUE


def test_without_a_template_every_turn_is_prompt_and_response(folder: Path) -> None:
    tokenizers: list[Tokenizer] = [
        LanguageTokenizer(chat_folder(folder / "plain"), template="none"),
        Characters(),
    ]
    chat = [{"role": "user", "content": "A1+1="}, {"role": "assistant", "content": "2"}]
    for tokenizer in tokenizers:
        (sequence,) = taught_sequences(tokenizer, chat, (1,))
        taught = [
            n for n, is_taught in zip(sequence.tokens, sequence.is_taught, strict=True) if is_taught
        ]
        assert taught == [*tokenizer.encode("2"), tokenizer.end]
    with pytest.raises(SeedError, match="one message of the user"):
        taught_sequences(Characters(), [*chat, *chat], (3,))

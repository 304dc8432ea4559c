"""A pretrained model's tokenizer: ids as transformers has them, ends, and no forged tokens."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from seed.reference.text.language_tokenizer import LanguageTokenizer, located_tokenizer
from seed.spec.config_text import TokenizerConfig
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import Tokenizer
from tests.reference.text.conversations import CONVERSATIONS, PLAIN, STRINGS
from tests.support.tiny_tokenizers import CHATML, byte_level, chat_folder, turn_folder, write_folder

FOLDERS = {"byte level": chat_folder, "sentencepiece": turn_folder}
SPECIAL = "<|im_start|>", "<|im_end|>", "<|endoftext|>"


@pytest.fixture(scope="module", params=FOLDERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return FOLDERS[request.param](tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> LanguageTokenizer:
    return LanguageTokenizer(chat_folder(tmp_path_factory.mktemp("chat")))


def outside(folder: Path) -> Any:
    """The same folder in transformers."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(folder))


def problem(prompt: str, *messages: Mapping[str, str]) -> Problem:
    return Problem("file/1", "file", 1, prompt, {}, "", "", messages=messages)


def refused(call: Callable[[], Any], reason: Reason, *words: str) -> None:
    with pytest.raises(SeedError) as error:
        call()
    assert error.value.reason is reason
    assert "\n" not in error.value.line
    for word in words:
        assert word in error.value.line


def test_it_fulfils_the_contract(chat: LanguageTokenizer) -> None:
    tokenizer: Tokenizer = chat
    assert tokenizer.end in tokenizer.ends
    assert all(number < tokenizer.vocabulary for number in tokenizer.ends)


def test_ids_of_texts_are_those_of_transformers(folder: Path) -> None:
    ours, theirs = LanguageTokenizer(folder), outside(folder)
    assert len(STRINGS) > 200
    for text in STRINGS:
        # Behind a line end, as in a prompt, sentencepiece adds no space.
        expected = theirs.encode("\n" + text, add_special_tokens=False, split_special_tokens=True)
        within = theirs.encode("\n", add_special_tokens=False)
        if expected[: len(within)] == within:
            assert ours.encode(text) == tuple(expected[len(within) :]), repr(text)


def test_ids_of_plain_prompts_are_those_of_transformers(folder: Path) -> None:
    ours, theirs = LanguageTokenizer(folder, template="none"), outside(folder)
    for text in STRINGS:
        expected = theirs.encode(text, split_special_tokens=True)
        assert ours.prompt(problem(text)) == tuple(expected), repr(text)


def test_ids_of_chat_prompts_are_those_of_transformers(folder: Path) -> None:
    ours, theirs = LanguageTokenizer(folder), outside(folder)
    harmless = [text for text in STRINGS if not ours.special.in_text(text)]
    assert len(harmless) > 200
    for text in harmless:
        conversations = [[{"role": "user", "content": text}]]
        conversations += [[*CONVERSATIONS["turns"][:2], conversations[0][0]]]
        for messages in conversations:
            expected = theirs.apply_chat_template(messages, add_generation_prompt=True)
            assert ours.prompt(problem("", *messages)) == tuple(expected["input_ids"]), repr(text)


def test_forged_special_tokens_are_written_as_ordinary_text(chat: LanguageTokenizer) -> None:
    theirs = outside(chat.files.folder)
    pattern = "|".join(map(re.escape, chat.special.ids))
    for text in filter(chat.special.in_text, STRINGS):
        prompt = chat.render([{"role": "user", "content": "CONTENT"}])
        expected: list[int] = []
        for part in re.split(f"({pattern})", prompt):
            if part in chat.special.ids:
                expected.append(chat.special.ids[part])
            else:
                ordinary = part.replace("CONTENT", text)
                expected += theirs.encode(ordinary, split_special_tokens=True)
        assert chat.prompt(problem(text)) == tuple(expected), repr(text)


def test_a_text_is_the_same_on_the_way_that_allows_no_special_tokens(folder: Path) -> None:
    ours = LanguageTokenizer(folder)
    for text in STRINGS:
        messages = [{"role": "user", "content": text}]
        if not ours.special.in_text(text):
            mark = ours.special.mark_for([text])
            marked = ours.render(ours._broken(messages, mark))
            assert ours.special.encode(marked, mark) == ours.prompt_of(messages), repr(text)


@given(parts=st.lists(st.sampled_from([*SPECIAL, "<|im_", "end|>", "<", "|>", "é", "\n", " "])))
def test_no_problem_forges_a_special_token(chat: LanguageTokenizer, parts: list[str]) -> None:
    special = set(chat.special.ids.values())
    text = "".join(parts)
    harmless = [n for n in chat.prompt(problem(PLAIN)) if n in special]
    ids = chat.prompt(problem(text))
    assert [number for number in ids if number in special] == harmless
    assert chat.text_of(ids) == chat.render([{"role": "user", "content": text}])
    assert not special & set(chat.encode(text))
    assert chat.decode(chat.encode(text)) == text


def test_overlapping_special_tokens_do_not_uncover_each_other(tmp_path: Path) -> None:
    rules = byte_level()
    rules.add_special_tokens(["<ab", "b>"])
    ours = LanguageTokenizer(write_folder(tmp_path, rules, {"eos_token": "<|im_end|>"}, CHATML))
    ids = {rules.token_to_id(text) for text in ("<ab", "b>")}
    assert not ids & set(ours.prompt(problem("<ab>")))
    assert not ids & set(ours.encode("<ab>"))


def test_data_and_template_make_no_special_token_together(tmp_path: Path) -> None:
    template = "{% for m in messages %}<|{{ m.content }}|>{{ '<|im_end|>' }}{% endfor %}"
    ours = LanguageTokenizer(chat_folder(tmp_path, template=template))
    ids = ours.prompt(problem("im_start"))
    assert [number for number in ids if number < 3] == [2]
    assert ours.text_of(ids) == "<|im_start|><|im_end|>"


def test_normalisation_makes_no_special_token(tmp_path: Path) -> None:
    rules = byte_level(normalizers.NFKC())
    parsed = json.loads(rules.to_str())
    parsed["added_tokens"][2]["normalized"] = True
    ours_rules = type(rules).from_str(json.dumps(parsed))
    wide = "＜｜ｉｍ＿ｅｎｄ｜＞"
    assert ours_rules.encode(wide).ids == [2], "else this tests nothing"
    folder = write_folder(tmp_path, ours_rules, {"eos_token": "<|im_end|>"}, CHATML)
    ours = LanguageTokenizer(folder)
    assert 2 not in ours.encode(wide)
    assert ours.prompt(problem(wide)).count(2) == 1


def test_a_token_of_a_role_is_no_data(chat: LanguageTokenizer) -> None:
    messages = [{"role": "im_end", "content": ""}]
    refused(lambda: chat.prompt_of(messages), Reason.ILLEGAL_VALUE, "'im_end'", "assistant")
    refused(lambda: chat.prompt_of([]), Reason.ILLEGAL_VALUE, "messages=[]")


def test_ordinary_added_tokens_can_be_written(chat: LanguageTokenizer) -> None:
    assert chat.encode("<think>")[0] == chat.rules.token_to_id("<think>")


def test_there_is_one_beginning_of_sequence(tmp_path: Path) -> None:
    folder = turn_folder(tmp_path)
    for template in ("chat", "none"):
        assert LanguageTokenizer(folder, template).prompt(problem("a b")).count(1) == 1


def test_a_plain_prompt_is_not_closed(tmp_path: Path) -> None:
    from tokenizers import processors

    rules = byte_level()
    rules.post_processor = processors.TemplateProcessing(
        single="<|im_start|> $A <|im_end|>", special_tokens=[("<|im_start|>", 1), ("<|im_end|>", 2)]
    )
    folder = write_folder(tmp_path, rules, {"eos_token": "<|im_end|>"})
    ids = LanguageTokenizer(folder, template="none").prompt(problem("Tom"))
    assert (ids[0], ids[-1] == 2) == (1, False)


@pytest.mark.parametrize(
    ("of_generation", "stop", "end", "ends"),
    [
        (None, (), 2, {2}),
        (0, (), 2, {0, 2}),
        ([0, 2], (), 2, {0, 2}),
        ([0], ("<think>",), 400, {0, 2, 400}),
        ([0], ("<think>", "~"), 400, {0, 2, 96, 400}),
    ],
)
def test_every_end_of_the_model_ends_a_response(
    tmp_path: Path, of_generation: Any, stop: tuple[str, ...], end: int, ends: set[int]
) -> None:
    ours = LanguageTokenizer(chat_folder(tmp_path, generation_ends=of_generation), stop=stop)
    assert (ours.end, ours.ends) == (end, frozenset(ends))
    before = ours.encode("Tom has 3 apples")
    for number in ends:
        assert ours.decode([*before, number, *before]) == "Tom has 3 apples"


def test_a_token_that_holds_a_stop_character_ends_a_response_behind_what_it_holds_before(
    tmp_path: Path,
) -> None:
    rules = byte_level()
    rules.add_tokens([".\n\n"])
    folder = write_folder(tmp_path, rules, {"eos_token": "<|im_end|>"}, CHATML)
    ours = LanguageTokenizer(folder, stop=["\n"])
    long: Any = rules.token_to_id(".\n\n")
    assert ours.end == ours.encode("\n")[0] and {2, long, ours.end} <= ours.ends
    assert ours.decode([*ours.encode("7 apples"), long, *ours.encode("8")]) == "7 apples."
    assert ours.decode([*ours.encode("7 apples"), ours.end, long]) == "7 apples"


def test_ends_come_from_the_model_where_generation_says_nothing(tmp_path: Path) -> None:
    folder = chat_folder(tmp_path)
    (folder / "config.json").write_text('{"eos_token_id": [0]}', encoding="utf-8")
    assert LanguageTokenizer(folder).ends == {0, 2}


def test_special_tokens_inside_a_response_are_written_out(chat: LanguageTokenizer) -> None:
    assert chat.decode([1, *chat.encode("user"), 2]) == "<|im_start|>user"


def test_an_id_without_a_token_is_a_replacement_character(chat: LanguageTokenizer) -> None:
    tom = chat.encode("Tom")
    assert chat.decode([*tom, chat.vocabulary + 7, *tom]) == "Tom\N{REPLACEMENT CHARACTER}Tom"


def test_a_system_message_and_arguments_reach_the_template(tmp_path: Path) -> None:
    template = CHATML + "{% if thinking is false %}{{ '<think>\\n\\n</think>' }}{% endif %}"
    ours = LanguageTokenizer(
        chat_folder(tmp_path, template=template),
        template_arguments={"thinking": False},
        system="Be brief.",
    )
    text = ours.text_of(ours.prompt(problem("Hi")))
    assert text.startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi")
    assert text.endswith("<|im_start|>assistant\n<think>\n\n</think>")
    own = problem("", *CONVERSATIONS["system"])
    refused(lambda: ours.prompt(own), Reason.ILLEGAL_COMBINATION, "file/1", "tokenizer.system")


def test_earlier_turns_are_read(chat: LanguageTokenizer) -> None:
    text = chat.text_of(chat.prompt(problem("unused", *CONVERSATIONS["few shots"])))
    assert text.count("<|im_start|>assistant") == 5
    assert "unused" not in text


def test_a_template_file_beats_the_configuration(tmp_path: Path) -> None:
    folder = chat_folder(tmp_path)
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}", encoding="utf-8")
    ours = LanguageTokenizer(folder)
    assert ours.text_of(ours.prompt(problem("Tom"))) == "Tom"


def test_the_default_of_several_templates_is_taken(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": "y"}]
    folder = chat_folder(tmp_path, template=named)
    assert LanguageTokenizer(folder).render([]) == "y"
    folder = chat_folder(tmp_path, template=named[:1])
    refused(lambda: LanguageTokenizer(folder), Reason.UNREADABLE_FILE, "tool_use")


def test_the_digest_changes_with_the_ids(tmp_path: Path) -> None:
    first = chat_folder(tmp_path / "a")
    digests = {
        LanguageTokenizer(folder).files.sha256
        for folder in (
            first,
            chat_folder(tmp_path / "b"),
            chat_folder(tmp_path / "c", generation_ends=0),
            chat_folder(tmp_path / "d", template=CHATML + " "),
        )
    }
    assert len(digests) == 3


def test_a_section_finds_its_tokenizer_again(tmp_path: Path) -> None:
    folder = chat_folder(tmp_path / "x", template=CHATML + "{{ strftime_now('%d.%m') }}{{ word }}")
    given: dict[str, Any] = {
        "path": str(folder),
        "stop": ["x"],
        "system": "Sums.",
        "today": "2026-02-01",
    }
    given["template_arguments"] = {"word": "Tom"}
    section = located_tokenizer(TokenizerConfig.model_validate(given))
    assert (section.ends, section.path) == ((2, 90), str(folder.resolve()))
    tokenizer = LanguageTokenizer.of(section)
    text = tokenizer.text_of(tokenizer.prompt(problem("Hi")))
    assert text.startswith("<|im_start|>system\nSums.<|im_end|>")
    assert text.endswith("01.02Tom")
    chat_folder(folder, template=CHATML)
    refused(lambda: LanguageTokenizer.of(section), Reason.ILLEGAL_VALUE, "tokenizer.sha256=")
    characters = TokenizerConfig.model_validate({})
    assert located_tokenizer(characters) == characters


def test_truncation_of_the_file_is_not_applied(tmp_path: Path) -> None:
    rules = byte_level()
    rules.enable_truncation(4)
    rules.enable_padding(length=64)
    ours = LanguageTokenizer(write_folder(tmp_path, rules, {"eos_token": "<|im_end|>"}, CHATML))
    for text in ("abcdefghijkl", "abcdefghijkl<|im_end|>"):
        assert ours.decode(ours.encode(text)) == text


def test_what_cannot_be_used_is_refused_in_a_line(tmp_path: Path) -> None:
    def make(**options: Any) -> Callable[[], Any]:
        return lambda: LanguageTokenizer(tmp_path / "x", **options)

    unreadable, illegal = Reason.UNREADABLE_FILE, Reason.ILLEGAL_VALUE
    refused(make(), unreadable, "is no folder")
    (tmp_path / "x").mkdir()
    refused(make(), unreadable, "no tokenizer.json")
    (tmp_path / "x" / "tokenizer.json").write_text("{}", encoding="utf-8")
    refused(make(), unreadable, "tokenizer.json is no tokenizer")
    chat_folder(tmp_path / "x", template=None)
    refused(make(), Reason.ILLEGAL_COMBINATION, "no chat template", "tokenizer.template=none")
    for stop in ("two words", "\n\n", "ä", ""):
        refused(make(stop=[stop]), illegal, f"tokenizer.stop={stop!r}", "ASCII", "added token")
    chat_folder(tmp_path / "x", template="{{ raise_exception('no\nsystem') }}")
    refused(lambda: make()().prompt(problem("a")), illegal, "no system", str(tmp_path / "x"))
    chat_folder(tmp_path / "x", template="{% if %}")
    refused(lambda: make()().prompt(problem("a")), illegal, "chat template of")
    refused(make(template_arguments={"messages": []}), illegal, "template_arguments.messages")
    write_folder(tmp_path / "x", byte_level(), {"eos_token": "<eos>"})
    refused(make(template="none"), illegal, "'<eos>'")
    write_folder(tmp_path / "x", byte_level(), {})
    refused(make(template="none"), illegal, "ends a response", "tokenizer.stop")
    assert make(template="none", stop=["~"])().end == 96
    (tmp_path / "x" / "generation_config.json").write_text('{"eos_token_id": "a"}')
    refused(make(template="none"), unreadable, "generation_config.json", "'a'")
    (tmp_path / "x" / "tokenizer_config.json").write_text("[]", encoding="utf-8")
    refused(make(), unreadable, "tokenizer_config.json", "JSON object")

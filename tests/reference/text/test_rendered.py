"""A prompt with its tokens, as a person sees it."""

import re
from pathlib import Path

from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.reference.text.rendered import WIDTH, rendered
from tests.reference.text.conversations import CONVERSATIONS
from tests.support.tiny_tokenizers import chat_folder


def test_text_and_tokens_are_shown(tmp_path: Path) -> None:
    tokenizer = LanguageTokenizer(chat_folder(tmp_path))
    messages = CONVERSATIONS["system"]
    lines = rendered(tokenizer, messages)
    cut = lines.index("")
    assert lines[:cut] == tokenizer.render(messages).splitlines()
    assert lines[0] == "<|im_start|>system"
    ids = tokenizer.prompt_of(messages)
    assert f"{len(ids)} tokens, each with its id:" in lines
    rows = lines[lines.index(f"{len(ids)} tokens, each with its id:") + 1 :]
    found = [int(number) for row in rows for number in re.findall(r"' (\d+)(?:  |$)", row)]
    assert found == list(ids)
    assert max(map(len, rows)) <= WIDTH

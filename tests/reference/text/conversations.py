"""Conversations and texts that tokenizers and templates are compared on."""

from itertools import product

PLAIN = "What is 12 + 30?"
CONVERSATIONS: dict[str, list[dict[str, str]]] = {
    "one": [{"role": "user", "content": PLAIN}],
    "system": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " 你好 "}],
    "turns": [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "<think>\none and one\n</think>\n\n2"},
        {"role": "user", "content": "And 2+2?\n"},
    ],
    "few shots": [
        {"role": "system", "content": "Sums."},
        *(
            {"role": role, "content": text}
            for number in range(4)
            for role, text in (("user", f"{number}+1="), ("assistant", f"{number + 1}"))
        ),
        {"role": "user", "content": "7+8="},
    ],
    "two users": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
}

_HEADS = ("", " ", "\t", "\n\n", "x", "12345", "你好世界", "👍🏽🙂", "é", "<", "|>", "<think>")
_CORES = (
    "",
    "3 + 4 = 7",
    "  two  spaces",
    "a\r\nb\t\tc",
    "Ünïcödé ﬁ",
    "مرحبا, мир",
    "🏳️‍🌈 \u200b",
    "_-_",
)
_TAILS = ("", " ", "<|im_end|>", "</s>", " <|im_start|>system\n", "</think>\n")
STRINGS = ["".join(parts) for parts in product(_HEADS, _CORES, _TAILS)]
"""Digits, several scripts, emoji, tabs, line ends, and texts that look like special tokens."""

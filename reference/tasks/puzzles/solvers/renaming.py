"""Names that do not matter: one form for all texts that differ only by their names."""


def renamed_by_appearance(text: str, names: str) -> str:
    """Rename the characters of a text that are names, in the order in which they first appear.

    Args:
        text: Any text.
        names: The names, one character each; all other characters stay as they are.

    Returns:
        E.g. ``AB+BA`` for ``CA+AC`` and the names ``ABC``.
    """
    appearing = "".join(dict.fromkeys(character for character in text if character in names))
    return text.translate(str.maketrans(appearing, names[: len(appearing)]))

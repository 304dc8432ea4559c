"""Write the tables of the pages from the code: ``python docs/generate.py``.

With ``--check`` nothing is written; the exit code is 1 if some page would change.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(1, str(DOCS.parent))  # the tables are those of this tree, whatever is installed


def main() -> int:
    """Write what changed, and name it."""
    from extensions.tables import filled

    check = "--check" in sys.argv[1:]
    changed = []
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        new = filled(text) if page.stem != "README" else text
        if new != text:
            changed.append(page.name)
            if not check:
                page.write_text(new, encoding="utf-8")
    for name in changed:
        print(f"{'out of date' if check else 'written'}: docs/{name}")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())

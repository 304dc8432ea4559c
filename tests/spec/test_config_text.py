"""Problems come from puzzle families or from files, never from both or from nowhere."""

import pytest

from seed.spec.config_files import load_config
from seed.spec.errors import Reason, SeedError


@pytest.mark.parametrize(
    ("overrides", "start"),
    [
        (["data.families="], "data.families=[] must name a puzzle family, or data.train a file"),
        (["data.train=sums.jsonl"], "data.families=['arithmetic', 'maze'] must be [] with data."),
        (["data.evaluation=sums.jsonl"], "data.evaluation=('sums.jsonl',) needs data.train"),
        (["data.shots=4"], "data.shots=4 needs data.train"),
        (["tokenizer.system=Be brief."], "tokenizer.system='Be brief.' needs tokenizer.path"),
        (["start.model=a", "start.checkpoint=b"], "start.model=a must be empty with start.check"),
    ],
)
def test_what_cannot_go_together_is_refused_in_one_line(overrides: list[str], start: str) -> None:
    with pytest.raises(SeedError) as error:
        load_config(overrides=overrides)
    assert error.value.reason is Reason.ILLEGAL_COMBINATION
    assert error.value.line.startswith(start)


def test_files_take_the_place_of_families() -> None:
    config = load_config(overrides=["data.families=", "data.train=a.jsonl,b.jsonl"])
    assert config.data.train == ("a.jsonl", "b.jsonl")
    assert config.data.preferred == ()

"""Properties of ``seed explain``: every setting, and the sizes of the real model, without torch."""

import subprocess
import sys

import pytest

from seed.cli.options import PRESETS, RECIPES
from seed.spec.config import Config
from seed.spec.config_types import Section
from tests.support.command_line import assert_user_error, run, succeeded

WEIGHTS_OF_A_RANK = 3_098_501_456


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_setting_is_named(preset: str, recipe: str) -> None:
    output = succeeded("explain", "--preset", preset, "--recipe", recipe).output
    for name, field in Config.model_fields.items():
        assert name in output
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            assert all(f"{name}.{key}" in output for key in field.annotation.model_fields)


def test_the_200b_model_is_counted() -> None:
    output = succeeded("explain", "--preset", "seed-200b").output
    assert "198,304,093,184 in all, 19,941,315,584 active per token" in output


def test_what_a_rank_holds_is_counted_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from seed.cli.main import seed; seed(['explain',"
        " '--preset', 'seed-200b'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "fsdp=16 cp=4 tp=1 ep=8, 64 ranks" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  all ")]
    assert line.split()[1:] == [f"{n * WEIGHTS_OF_A_RANK:,}" for n in (1, 4)]


def test_any_layout_can_be_explained_with_the_default_backend() -> None:
    output = succeeded("explain", "--preset", "seed-200b", "parallel.fsdp=32").output
    assert "fsdp=32 cp=4 tp=1 ep=8, 128 ranks" in output


def test_a_model_without_a_number_of_ranks_is_not_built() -> None:
    result = run("explain", "--build")
    assert_user_error(result, "parallel.fsdp=0", "legal: parallel.fsdp >= 1")


def test_the_equations_are_listed() -> None:
    assert "VAPO eq. 5" in succeeded("explain", "--equations").output

"""Properties of ``seed ablate``: every variant is compared with the full recipe."""

from pathlib import Path

from seed.cli.ablate import FULL, folder_name, variants
from seed.spec.config_files import load_config
from tests.support.command_line import assert_user_error, run, succeeded
from tests.support.small_runs import SMALL


def test_every_variant_is_compared_with_the_full_recipe(tmp_path: Path) -> None:
    out = tmp_path / "ablation"
    output = succeeded(
        "ablate", "--seeds", 1, "--jobs", 2, "--out", out, *SMALL, "rollout.steps=1"
    ).output
    names = variants(load_config("tiny", "vapo", SMALL))
    assert all(name in output for name in names)
    assert (out / "ablation.html").is_file()
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"sft"} | {
        folder_name(name) for name in names
    }


def test_every_variant_is_a_legal_configuration_that_differs_from_the_full_recipe() -> None:
    full = load_config("tiny", "vapo")
    for name, overrides in variants(full).items():
        config = load_config("tiny", "vapo", overrides)
        assert (config == full) is (name == FULL)


def test_a_folder_in_use_and_settings_without_effect_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_user_error(run("ablate", "--out", tmp_path), "run-directory-in-use", "--out")
    assert_user_error(run("ablate", "--out", tmp_path / "new", "parallel.cp=2"), "parallel.cp=2")
    assert not (tmp_path / "new").exists()


def test_unknown_starts_are_refused(tmp_path: Path) -> None:
    for starts in ("sft", "sft,sft", "sft,random"):
        result = run("ablate", "--start", starts, "--out", tmp_path / "new")
        assert_user_error(result, "unknown-name", f"--start={starts}")
    assert not (tmp_path / "new").exists()

"""Laws of the command line: a refusal is one line and exit code 2, and nothing is lost or
overwritten.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seed.cli.main import BACKENDS, PRESETS, RECIPES, seed
from seed.spec import config, config_files
from seed.spec.config_types import Section
from tests.reference.training.test_trainer import SMALL


def run(*arguments: str) -> Result:
    """Run ``seed`` with these arguments."""
    return CliRunner().invoke(seed, arguments)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory that ``seed run`` has finished."""
    path = tmp_path_factory.mktemp("runs") / "finished"
    done = run("run", "--out", str(path), *SMALL)
    assert done.exit_code == 0, done.output
    return path


def assert_refused(done: Result, *words: str) -> None:
    """Exit code 2 and one line that holds the words; no traceback."""
    assert done.exit_code == 2, done.output
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert "Traceback" not in done.output
    for word in words:
        assert word in line


def test_the_choices_of_the_command_line_are_those_of_the_configuration() -> None:
    assert (PRESETS, RECIPES) == (config_files.PRESETS, config_files.RECIPES)
    assert BACKENDS == ("reference", "scaled")


def test_a_run_leaves_everything_the_readme_promises(finished: Path) -> None:
    files = {path.name for path in finished.iterdir()}
    assert files == {
        "config.toml",
        "metrics.jsonl",
        "timings.jsonl",
        "samples.jsonl",
        "rollouts.h5",
        "checkpoints",
        "summary.json",
        "report.html",
    }


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (
            "algorithm.clip_hihg=0.3",
            ("unknown-key", "algorithm.clip_hihg", "did you mean clip_high?"),
        ),
        ("algorithm.clip_high=0.1", ("clip_high=0.1", "at least algorithm.clip_low=0.2")),
        ("algorithm.mini_batch=7", ("algorithm.mini_batch=7 must divide", "16 * 16 = 256")),
        ("rollout.top_p=0.9", ("rollout.top_p=0.9 must be 1.0",)),
        ("data.families=['chess']", ("data.difficulties", "'chess'")),
        ("rollout.prompts=many", ("rollout.prompts='many' must be a valid integer",)),
        ("model.vocabulary=5", ("model.vocabulary=5 must be at least",)),
        ("data.difficulties.maze=[9]", ("maze has no level 9; legal are 1 to 6",)),
        ("evaluation.problems=1000000", ("distinct held-out problems",)),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    tmp_path: Path, override: str, words: tuple[str, ...]
) -> None:
    assert_refused(run("run", "--out", str(tmp_path / "run"), override), *words)
    assert not (tmp_path / "run").exists()


def test_a_directory_in_use_is_left_as_it_is(finished: Path) -> None:
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    assert_refused(run("run", "--out", str(finished), *SMALL), "run-directory-in-use", "--resume")
    assert {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()} == before


def test_the_reference_is_refused_under_a_launcher(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PMI_SIZE", "2")
    result = run("run", "--out", str(tmp_path / "run"))
    assert result.exit_code == 2
    assert "backend='reference' runs in one process" in result.output
    assert not (tmp_path / "run").exists()


def test_resuming_nothing_is_refused(tmp_path: Path) -> None:
    assert_refused(run("run", "--resume", str(tmp_path)), "not-a-run-directory", str(tmp_path))


def test_resume_takes_no_other_orders(finished: Path) -> None:
    assert run("run", "--resume", str(finished), "--seed", "2").exit_code == 2


def test_resuming_a_finished_run_changes_nothing(finished: Path) -> None:
    before = (finished / "metrics.jsonl").read_bytes()
    done = run("run", "--resume", str(finished))
    assert done.exit_code == 0, done.output
    assert (finished / "metrics.jsonl").read_bytes() == before


def test_eval_examines_a_checkpoint_and_the_newest_of_a_run(finished: Path) -> None:
    newest = max((finished / "checkpoints").iterdir(), key=lambda path: int(path.name[5:]))
    for target in (finished, newest):
        done = run("eval", str(target), "evaluation.samples=3")
        assert done.exit_code == 0, done.output
        assert "avg@3" in done.output and "overall" in done.output


def test_a_truncated_checkpoint_is_refused(finished: Path, tmp_path: Path) -> None:
    copy = copied_checkpoint(finished, tmp_path)
    (copy / "state.h5").write_bytes((copy / "state.h5").read_bytes()[:-100])
    assert_refused(run("eval", str(copy)), "damaged-checkpoint", "does not match the checksum")


def test_one_flipped_bit_of_a_checkpoint_is_refused(finished: Path, tmp_path: Path) -> None:
    copy = copied_checkpoint(finished, tmp_path)
    content = bytearray((copy / "state.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "state.h5").write_bytes(content)
    assert_refused(run("eval", str(copy)), "damaged-checkpoint")


@pytest.mark.parametrize("manifest", ["{}", '{"format": "pickle"}', "[1]", "not json"])
def test_a_foreign_manifest_is_refused(finished: Path, tmp_path: Path, manifest: str) -> None:
    copy = copied_checkpoint(finished, tmp_path)
    (copy / "manifest.json").write_text(manifest)
    assert_refused(run("eval", str(copy)), "manifest.json")


def test_a_checkpoint_of_another_model_is_refused(finished: Path) -> None:
    assert_refused(
        run("eval", str(finished), "model.layers=2"), "foreign-checkpoint", "section model"
    )


@pytest.mark.parametrize("path", ["missing", "."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, path: str) -> None:
    assert_refused(run("eval", str(tmp_path / path)), "not-a-checkpoint")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_explain_names_every_setting(preset: str, recipe: str) -> None:
    done = run("explain", "--preset", preset, "--recipe", recipe)
    assert done.exit_code == 0, done.output
    for name, field in config.Config.model_fields.items():
        assert name in done.output
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            assert all(f"{name}.{key}" in done.output for key in field.annotation.model_fields)


def test_explain_counts_the_200b_model() -> None:
    done = run("explain", "--preset", "seed-200b")
    assert "198,304,093,184 in all, 19,941,315,584 active per token" in done.output


def test_explain_counts_what_a_rank_holds_without_torch_and_refuses_to_build_what_has_no_ranks() -> (
    None
):
    code = (
        "import sys; sys.modules['torch'] = None; from seed.cli.main import seed; seed(['explain',"
        " '--preset', 'seed-200b'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "fsdp=16 cp=4 tp=1 ep=8, 64 ranks" in done.stdout
    weights = 3_098_501_456
    assert done.stdout.splitlines()[-1].split() == [
        "all",
        *(f"{n * weights:,}" for n in (1, 4, 4, 8)),
    ]
    assert_refused(run("explain", "--build"), "parallel.fsdp=0", "legal: parallel.fsdp >= 1")


def test_explain_lists_the_equations() -> None:
    done = run("explain", "--equations")
    assert done.exit_code == 0
    assert "VAPO eq. 5" in done.output


def test_ablate_compares_every_variant_with_the_full_recipe(tmp_path: Path) -> None:
    done = run(
        "ablate",
        "--seeds",
        "1",
        "--jobs",
        "2",
        "--out",
        str(tmp_path / "ablation"),
        *SMALL,
        "rollout.steps=1",
    )
    assert done.exit_code == 0, done.output
    for name in ("full VAPO", "without value pretraining", "without group sampling"):
        assert name in done.output
    assert (tmp_path / "ablation" / "ablation.html").is_file()


def copied_checkpoint(finished: Path, tmp_path: Path) -> Path:
    """A copy of the newest checkpoint, free to be damaged."""
    newest = max((finished / "checkpoints").iterdir(), key=lambda path: int(path.name[5:]))
    copy = tmp_path / newest.name
    copy.mkdir()
    for file in newest.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy

"""``seed export``: from a run or a checkpoint to a folder, and what it says."""

from pathlib import Path

from seed.reference.pretrained.folder import Folder
from seed.reference.training import trainer
from tests.support.command_line import assert_user_error, run, succeeded
from tests.support.small_runs import new_run, small_config


def test_the_newest_checkpoint_of_a_run_or_a_named_one_is_exported(tmp_path: Path) -> None:
    trainer.train(new_run(tmp_path / "run", small_config("grpo")))
    checkpoints = sorted((tmp_path / "run" / "checkpoints").iterdir())
    newest = max(checkpoints, key=lambda path: int(path.name.removeprefix("step_")))
    printed = succeeded("export", tmp_path / "run", "--to", tmp_path / "deep" / "out").output
    with_characters = "in bfloat16, with the character tokenizer\n"
    expected = f"{tmp_path / 'deep' / 'out'}: the policy of {newest} {with_characters}"
    assert printed == expected and Folder(tmp_path / "deep" / "out").dtypes == {"BF16"}
    succeeded("export", checkpoints[0], "--to", tmp_path / "first", "--dtype", "float32")
    assert Folder(tmp_path / "first").dtypes == {"F32"}
    result = run("export", tmp_path / "run", "--to", tmp_path / "first")
    assert_user_error(result, "file-exists", "first exists; nothing is overwritten")
    result = run("export", tmp_path / "none", "--to", tmp_path / "out")
    assert_user_error(result, "not-a-checkpoint", "none is not a folder")
    result = run("export", tmp_path / "run", "--to", tmp_path / "out", "--dtype", "int8")
    assert_user_error(result, "--dtype=int8 must be one of bfloat16, float32")

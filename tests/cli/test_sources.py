"""``seed run --model --data``: from a model folder to a model folder, as a person would do it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from transformers import AutoModelForCausalLM, AutoTokenizer

from seed.cli import meter
from seed.conformance.bench import exported
from seed.reference.backend import ReferenceBackend
from seed.reference.data import index
from seed.reference.evaluation.evaluate import held_out_problems
from seed.reference.pretrained.folder import identity
from seed.reference.tasks.task import tokenizer_of
from seed.reference.training.run_directory import find_checkpoint
from tests.support.command_line import assert_user_error, json_lines, run, succeeded
from tests.support.model_folders import chat_model
from tests.support.small_runs import Killed

SHORT = (
    *("precision=float64", "supervised.steps=1", "supervised.batch=4", "data.max_prompt_tokens=64"),
    *("supervised.stop_accuracy=0", "rollout.steps=3", "rollout.prompts=2"),
    *("rollout.samples_per_prompt=4", "rollout.max_response_tokens=6", "rollout.temperature=0.5"),
    *("algorithm.mini_batch=4", "algorithm.micro_batch=4", "policy_optimizer.learning_rate=0.02"),
    *("evaluation.problems=4", "evaluation.samples=1", "reward.workers=1"),
    *("run.checkpoint_every=1", "run.sampled_rollouts=8", "rollout.needs_contrast=false"),
)
"""A run of a second or two in which tokens would tell any difference."""
QUESTION = "What is 2 + 3?"

VARIETY = "def variety(completion):\n    return len(set(completion)) / 16\n"
"""A reward that differs between the responses of a random policy."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder, files of problems and a reward function. No test changes them."""
    path = tmp_path_factory.mktemp("sources")
    chat_model(path / "model")
    for name, first in (("train", 2), ("test", 20)):
        rows = [
            {"problem": f"What is {a} + 3?", "reference": str(a + 3), "demonstration": f"{a + 3}"}
            for a in range(first, first + 12)
        ]
        (path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (path / "mine.py").write_text(VARIETY)
    return path


def arguments(place: Path, model: Path, out: Path, *more: str) -> list[str]:
    """``seed run`` from a model folder."""
    data = ("--data", place / "train.jsonl", "--eval-data", place / "test.jsonl")
    options = (*data, "--reward", f"{place / 'mine.py'}:variety", "--out", out)
    return [str(each) for each in ("run", "--model", model, *options, *SHORT, *more)]


@pytest.fixture(scope="module")
def trained(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the reference. No test changes it."""
    path = tmp_path_factory.mktemp("runs") / "trained"
    succeeded(*arguments(place, place / "model", path, "--backend", "reference"))
    return path


@pytest.fixture(scope="module")
def orphan(place: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run, killed in its third step and resumed without the model folder."""
    folder = tmp_path_factory.mktemp("orphans")
    model, path, calls = folder / "model", folder / "run", []
    shutil.copytree(place / "model", model)
    update = ReferenceBackend.update_policy

    def killed(*given: Any) -> Any:
        calls.append(given)
        if len(calls) > 5:  # two updates a step
            raise Killed
        return update(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReferenceBackend, "update_policy", killed)
        with pytest.raises(Killed):
            run(*arguments(place, model, path, "--backend", "reference"))
    before = len((path / "samples.jsonl").read_bytes())
    assert 0 < before < len((trained / "samples.jsonl").read_bytes())
    shutil.rmtree(model)
    succeeded("run", "--resume", path)
    return path


def test_before_anything_is_loaded_two_commands_tell_what_the_model_takes(place: Path) -> None:
    shown = succeeded("model", "show", place / "model").output
    assert f"{place / 'model'}: llama" in shown and "<|im_start|>user" in shown
    explained = succeeded("explain", "--model", place / "model", "--toml").output
    assert f'path = "{place / "model"}"' in explained and "hidden = 16" in explained


def test_texts_longer_than_what_the_model_has_seen_are_said(place: Path, tmp_path: Path) -> None:
    start = arguments(place, place / "model", tmp_path / "run", "--dry-run")
    seen = "more than max_position_embeddings=256"
    assert seen not in succeeded(*start).stderr
    longer = succeeded(*start, "rollout.max_response_tokens=200")
    assert f"= 264 positions are {seen}" in longer.stderr


def test_a_run_from_a_folder_says_what_it_started_from_and_samples_text(
    place: Path, trained: Path
) -> None:
    summary = json.loads((trained / "summary.json").read_text())
    assert summary["started_from"]["model"] == str(place / "model")
    assert summary["started_from"]["sha256"] == identity(place / "model")
    assert summary["steps_by_phase"] == {
        "supervised": 1,
        "value_pretraining": 0,
        "reinforcement": 3,
    }
    lines = json_lines((trained / "samples.jsonl").read_text())
    assert {line["prompt"][:7] for line in lines} == {"What is"}
    assert len({line["response"] for line in lines}) > 1
    assert not (trained / "model" / "model.safetensors").exists()


def test_both_backends_sample_the_same_texts(place: Path, trained: Path, tmp_path: Path) -> None:
    succeeded(*arguments(place, place / "model", tmp_path / "run", "--backend", "scaled"))
    ours, theirs = (path / "samples.jsonl" for path in (trained, tmp_path / "run"))
    assert ours.read_text() == theirs.read_text() != ""


def test_the_number_of_judges_changes_nothing(place: Path, trained: Path, tmp_path: Path) -> None:
    several = ("--backend", "reference", "reward.workers=3")
    succeeded(*arguments(place, place / "model", tmp_path / "run", *several))
    for name in ("samples.jsonl", "metrics.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (trained / name).read_bytes()


def test_a_run_outlives_its_model_folder(place: Path, trained: Path, orphan: Path) -> None:
    for name in ("samples.jsonl", "metrics.jsonl"):
        assert (orphan / name).read_bytes() == (trained / name).read_bytes()


def test_the_policy_of_an_orphan_is_evaluated_and_sampled_like_any_other(
    trained: Path, orphan: Path
) -> None:
    overall = [
        next(line for line in succeeded("eval", path).output.splitlines() if "overall" in line)
        for path in (trained, orphan)
    ]
    assert overall[0] == overall[1]
    texts = [
        json_lines(succeeded("sample", path, QUESTION, "--json").stdout)
        for path in (trained, orphan)
    ]
    assert texts[0] == texts[1] and texts[0][0]["prompt"] == QUESTION


def test_transformers_computes_what_was_exported(orphan: Path, tmp_path: Path) -> None:
    succeeded("export", orphan, "--to", tmp_path / "out", "--dtype", "float32")
    factory: Any = AutoModelForCausalLM
    network = factory.from_pretrained(tmp_path / "out").eval()
    tokenizer: Any = AutoTokenizer
    rules = tokenizer.from_pretrained(tmp_path / "out")
    chat = [{"role": "user", "content": QUESTION}]
    prompt = rules.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    ids = rules(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        out = network.generate(
            ids, max_new_tokens=6, do_sample=False, eos_token_id=rules.eos_token_id
        )
    theirs = rules.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
    cold = ("--temperature", "0.0001", "--json")
    (ours,) = json_lines(succeeded("sample", orphan, QUESTION, *cold).stdout)
    assert ours["response"] == theirs != ""


def test_the_export_answers_held_out_problems_greedily_as_the_run_does(
    trained: Path, tmp_path: Path
) -> None:
    succeeded("export", trained, "--to", tmp_path / "out", "--dtype", "float32")
    checkpoint = find_checkpoint(trained)
    greedy = "evaluation.top_p=1e-12"
    command = ("sample", trained, "--problems", 4, "--set", greedy, "--json")
    sampled = json_lines(succeeded(*command).stdout)
    config = exported.run_config(checkpoint, 4)
    problems = held_out_problems(config)
    theirs = exported.of_transformers(tmp_path / "out", config, problems)
    texts = [tokenizer_of(config).decode(rollout.response_tokens) for rollout in theirs]
    assert [line["response"] for line in sampled] == texts and all(texts)
    printed = CliRunner().invoke(
        exported.main, [str(checkpoint), str(tmp_path / "out"), "--problems", "4"]
    )
    assert "equal prompts 4, equal responses 4" in printed.output


def test_reading_large_files_is_shown(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "ROWS_PER_NEWS", 4)
    monkeypatch.setattr(meter, "DELAY_SECONDS", 0.0)
    unread = ("--dry-run", "--seed", "7")  # sources are kept in memory by their settings
    shown = succeeded(*arguments(place, place / "model", tmp_path / "run", *unread))
    assert "rows read, prompts measured 4\n" in shown.stderr
    assert "rows read, prompts measured 24\n" in shown.stderr


def without_tokenizer(place: Path, tmp_path: Path) -> list[str]:
    shutil.copytree(place / "model", tmp_path / "bare")
    (tmp_path / "bare" / "tokenizer.json").unlink()
    return arguments(place, tmp_path / "bare", tmp_path / "run")


def two_origins(place: Path, tmp_path: Path) -> list[str]:
    return [*arguments(place, place / "model", tmp_path / "run"), "--from", str(tmp_path)]


def unknown_file(place: Path, tmp_path: Path) -> list[str]:
    return [*arguments(place, place / "model", tmp_path / "run"), "--data", "nowhere.jsonl"]


def missing_column(place: Path, tmp_path: Path) -> list[str]:
    return [*arguments(place, place / "model", tmp_path / "run"), "data.columns.reference=solved"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (without_tokenizer, ("bare", "tokenizer.json")),
        (two_origins, ("illegal-combination", "both name weights; give one of them")),
        (unknown_file, ("nowhere.jsonl",)),
        (missing_column, ("solved",)),
    ],
)
def test_bad_input_is_refused_in_one_line_before_anything_is_written(
    place: Path, tmp_path: Path, wrong: Callable[[Path, Path], list[str]], words: tuple[str, ...]
) -> None:
    assert_user_error(run(*wrong(place, tmp_path)), *words)
    assert not (tmp_path / "run").exists()


ALONE = (
    *("--preset", "smollm2", "--backend", "reference", "precision=float64", "rollout.steps=0"),
    *("supervised.batch_tokens=64", "supervised.epochs=1", "algorithm.micro_batch=4"),
    *("run.checkpoint_every=1", "evaluation.problems=4", "evaluation.samples=1"),
    *("rollout.max_response_tokens=6", "data.max_prompt_tokens=64", "reward.workers=1"),
)


def chats_of(path: Path) -> Path:
    """Chats of two turns, and a row that is none."""
    rows = [
        {"messages": [*turn(f"{n}+1?", f"{n + 1}"), *turn("And one more?", f"{n + 2}")]}
        for n in range(6)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"text": "x"}]))
    return path


def turn(asked: str, answered: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]


def test_sft_alone_on_chats_trains_and_exports(place: Path, tmp_path: Path) -> None:
    chats, out = chats_of(tmp_path / "chats.jsonl"), tmp_path / "sft"
    command = "run", "--model", place / "model", "--chats", chats, *ALONE
    result = succeeded(*command, "--out", out)
    assert "line 7: no form of chat has the columns text" in result.stderr
    lines = json_lines((out / "metrics.jsonl").read_text())
    assert {line["phase"] for line in lines} == {"supervised"}
    assert all(line["sft/tokens"] <= 64 for line in lines)
    assert lines[-1]["sft/epoch"] == 1.0
    assert sum(line["sft/sequences"] for line in lines) == 6
    assert "SFT steps" in result.stdout
    succeeded("export", out, "--to", tmp_path / "exported")
    # With problems they are evaluated on, once.
    out = tmp_path / "evaluated"
    result = succeeded(*command, "--eval-data", place / "test.jsonl", "--out", out)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["eval_before"] == summary["eval_after"]
    assert summary["eval_before"]["overall"]["n"] == 4


def test_what_is_wrong_with_chats_is_one_line(place: Path, tmp_path: Path) -> None:
    chats = chats_of(tmp_path / "chats.jsonl")
    command = "run", "--model", place / "model", "--chats", chats, *ALONE, "--out", tmp_path / "no"
    for word, parts in {
        "supervised.batch_tokens=8": ("illegal-value", "batch_tokens=8 must be at least"),
        "supervised.max_sequence_tokens=9": ("illegal-value", "6 of 6 chats are longer"),
        "supervised.steps=3": ("illegal-combination", "both say how long SFT is"),
        "supervised.stop_accuracy=0.5": ("illegal-combination", "must be 0 without problems"),
        "rollout.steps=1": ("illegal-combination", "rollout.steps=1 must be 0 without problems"),
    }.items():
        more = ("data.train=[]",) if word == "rollout.steps=1" else ()
        assert_user_error(run(*command, *more, word), *parts)
    assert not (tmp_path / "no").exists()
    twice = run(*command, "--chats", chats)
    assert_user_error(twice, "illegal-value", "twice")

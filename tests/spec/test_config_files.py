"""Properties of where settings come from: preset < recipe < file < options < overrides."""

from pathlib import Path

import pytest

from seed.spec.config import Config
from seed.spec.config_files import COMMAND_LINE, layers_of, load_config, origin_of, to_toml
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import SETTINGS


def written(tmp_path: Path, text: str) -> Path:
    """A file with this text."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error_of(path: Path, *overrides: str, preset: str | None = None) -> SeedError:
    """The error that a file leads to; it is one line."""
    with pytest.raises(SeedError) as error:
        load_config(preset, None, overrides, file=path)
    assert "\n" not in error.value.line
    return error.value


def test_without_anything_it_is_the_default_run() -> None:
    assert load_config() == load_config("tiny", "vapo")


@pytest.mark.parametrize(
    ("preset", "recipe"), [("tiny", "vapo"), ("mixed", "grpo"), ("seed-200b", "dapo")]
)
def test_a_whole_configuration_survives_being_written_and_given_as_a_file(
    tmp_path: Path, preset: str, recipe: str
) -> None:
    config = load_config(preset, recipe, ["rollout.steps=3", "data.families=maze,arithmetic"])
    file = written(tmp_path, to_toml(config))
    assert load_config(file=file) == config
    assert load_config(preset, recipe, file=file) == config


def test_every_origin_beats_the_one_before(tmp_path: Path) -> None:
    def clip_high(file_text: str = "", **arguments: object) -> float:
        file = written(tmp_path, file_text)
        config: Config = load_config("tiny", "grpo", file=file, **arguments)  # type: ignore[arg-type]
        return config.algorithm.clip_high

    text = "[algorithm]\nclip_high = 0.5\n"
    option = {"algorithm": {"clip_high": 0.6}}
    assert load_config("tiny", "vapo").algorithm.clip_high == 0.28
    assert clip_high() == 0.2
    assert clip_high(text) == 0.5
    assert clip_high(text, **option) == 0.6
    assert clip_high(text, overrides=["algorithm.clip_high=0.7"], **option) == 0.7


def test_an_option_that_is_none_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    file = written(tmp_path, 'seed = 5\nbackend = "scaled"\n')
    config = load_config(file=file, seed=None, backend=None)
    assert (config.seed, config.backend) == (5, "scaled")
    assert load_config(file=file, seed=6).seed == 6


def test_a_file_chooses_preset_and_recipe(tmp_path: Path) -> None:
    file = written(tmp_path, 'preset = "mixed"\nrecipe = "ppo"\n')
    assert load_config(file=file) == load_config("mixed", "ppo")
    assert load_config("mixed", file=file) == load_config("mixed", "ppo")
    assert load_config("mixed", file=written(tmp_path, "")) == load_config("mixed")


def test_another_preset_beside_that_of_a_file_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, 'preset = "mixed"\n')
    error = error_of(file, preset="tiny")
    assert error.reason is Reason.ILLEGAL_COMBINATION
    assert error.line == (
        f"preset tiny contradicts {file}, which has preset = 'mixed'; give one of them"
    )


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("[algorithm]\nclip_hihg = 1\n", Reason.UNKNOWN_KEY, "algorithm.clip_hihg is not a key"),
        ("[actor]\nlr = 1\n", Reason.UNKNOWN_KEY, "actor is not a key: lr is policy_optimizer."),
        ('[rollout]\nprompts = "x"\n', Reason.ILLEGAL_VALUE, "rollout.prompts='x' must be"),
        ("algorithm = 3\n", Reason.ILLEGAL_VALUE, "algorithm is a section; write algorithm.KEY="),
        (
            "[algorithm]\nclip_high = 0.1\n",
            Reason.ILLEGAL_COMBINATION,
            "algorithm.clip_high=0.1 must be at least algorithm.clip_low=0.2",
        ),
        (
            'preset = "huge"\n',
            Reason.UNKNOWN_NAME,
            "preset 'huge' is not one of: tiny, small, mixed",
        ),
        ("recipe = [1]\n", Reason.UNKNOWN_NAME, "recipe [1] is not one of: vapo"),
    ],
)
def test_an_error_of_a_file_begins_with_its_name(
    tmp_path: Path, text: str, reason: Reason, words: str
) -> None:
    file = written(tmp_path, text)
    error = error_of(file)
    assert error.reason is reason
    assert error.line.startswith(f"{file}: ") and words in error.line


def test_an_error_of_an_override_does_not_name_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "[algorithm]\nclip_high = 0.3\n")
    assert error_of(file, "rollout.prompts=x").line.startswith("rollout.prompts='x'")
    assert error_of(file, "algorithm.clip_high=x").line.startswith("algorithm.clip_high='x'")


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert error_of(missing).line == f"{missing}: No such file or directory"
    assert "is a folder; the configuration of a run is" in error_of(tmp_path).line
    assert "is not readable TOML: " in error_of(written(tmp_path, "a = = 3\n")).line
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    error = error_of(tmp_path / "mine.toml")
    assert error.reason is Reason.UNREADABLE_FILE and "is not UTF-8" in error.line


def test_a_file_of_version_0_1_is_read_under_the_names_of_today(tmp_path: Path) -> None:
    new = "reward_model.evaluation_pairs"
    old = next(name for name in SETTINGS if SETTINGS[name] == new)
    file = written(tmp_path, f"[reward_model]\n{old.rpartition('.')[2]} = 7\n")
    assert load_config(file=file) == load_config(overrides=[f"{new}=7"])


def test_the_origin_of_a_value_is_the_last_that_says_it(tmp_path: Path) -> None:
    file = written(tmp_path, "[rollout]\nsteps = 5\nprompts = 8\n")
    layers = layers_of("tiny", "grpo", ["rollout.prompts=4"], file=file, seed=3)
    origins = {
        "seed": COMMAND_LINE,
        "rollout.prompts": COMMAND_LINE,
        "rollout.steps": f"file {file}",
        "algorithm.clip_high": "recipe grpo",
        "rollout.samples_per_prompt": "preset tiny",
        "algorithm.epochs": "default",
        "nothing.at.all": "default",
    }
    assert {name: origin_of(layers, name) for name in origins} == origins


@pytest.mark.parametrize(
    ("override", "families"),
    [
        ("data.families=maze", ("maze",)),
        ("data.families=maze,arithmetic", ("maze", "arithmetic")),
        ("data.families= maze , arithmetic ,", ("maze", "arithmetic")),
        ("data.families=['maze','arithmetic']", ("maze", "arithmetic")),
    ],
)
def test_a_list_of_words_needs_neither_brackets_nor_quotes(
    override: str, families: tuple[str, ...]
) -> None:
    config = load_config(overrides=[override])
    assert config.data.families == families
    assert set(config.data.difficulties) >= set(families)


def test_every_list_of_words_is_read_so() -> None:
    fp8 = ["rollout.precision=fp8", "rollout.fp8_phases=value_pretraining,reinforcement"]
    phases = load_config(overrides=fp8).rollout.fp8_phases
    assert phases == ("value_pretraining", "reinforcement")


@pytest.mark.parametrize(
    "override",
    [
        'data.difficulties={"maze": [4, 5]}',
        "data.difficulties={maze = [4, 5]}",
        'data={"difficulties": {"maze": [4, 5]}}',
    ],
)
def test_a_table_is_typed_as_toml_or_json(override: str) -> None:
    data = load_config(overrides=[override, 'data.classes={"maze": "hybrid"}']).data
    assert data.difficulties == {"arithmetic": (3,), "maze": (4, 5)}
    assert data.classes["maze"] == "hybrid"


def test_a_key_that_stands_twice_in_an_object_is_refused() -> None:
    with pytest.raises(SeedError, match="has maze twice"):
        load_config(overrides=['data.difficulties={"maze": [4], "maze": [5]}'])


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("data.families=3", "data.families=3 must be a list; write data.families=WORD,WORD"),
        (
            "data.difficulties.maze=3",
            "data.difficulties.maze=3 must be a list; write data.difficulties.maze='[1, 2]'",
        ),
        (
            "data.difficulties=3",
            "data.difficulties=3 must be a table; write data.difficulties.FAMILY=VALUE",
        ),
        ("algorithm.whiten=1", "algorithm.whiten=1 must be true or false"),
        (
            "run=3",
            "run=3: run is a section; write run.KEY=VALUE, KEY one of checkpoint_every,"
            " keep_checkpoints, keep_phase_ends, save_moments, sampled_rollouts, show,"
            " save_on_signal, track",
        ),
    ],
)
def test_a_value_of_another_form_is_refused_with_how_to_write_it(override: str, line: str) -> None:
    with pytest.raises(SeedError) as error:
        load_config(overrides=[override])
    assert (error.value.reason, error.value.line) == (Reason.ILLEGAL_VALUE, line)

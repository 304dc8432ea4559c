"""Properties of the configuration: it survives being written and read, later values beat earlier
ones, and an error is one helpful line.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from seed.spec.config import Config
from seed.spec.config_files import PRESETS, RECIPES, load_config, parse_override, to_toml, validated
from seed.spec.errors import Reason, SeedError

ROLLOUT_KEYS = (
    "steps, prompts, samples_per_prompt, max_response_tokens, temperature, top_p, srs_alpha,"
    " max_staleness, at_staleness_bound, continue_with, block_tokens, cache_tokens,"
    " needs_contrast, precision, fp8_phases"
)
TOP_KEYS = (
    "preset, recipe, seed, backend, precision, model, tokenizer, data, distribution,"
    " supervised, value_pretraining, rollout, reward, reward_model, algorithm, policy_optimizer,"
    " value_optimizer, evaluation, parallel, start, run"
)
OPTIMIZER_KEYS = (
    "learning_rate, final_learning_rate, schedule, warmup_steps, beta1, beta2, epsilon,"
    " weight_decay, clip_norm"
)

UNKNOWN_KEYS = {
    "rollout.promts=3": "rollout.promts is not a key (did you mean prompts?); legal keys of section"
    f" rollout: {ROLLOUT_KEYS}",
    "rollout.zzz=3": f"rollout.zzz is not a key; legal keys of section rollout: {ROLLOUT_KEYS}",
    "supervised.optimizer.learning_rat=1": "supervised.optimizer.learning_rat is not a key (did you"
    f" mean learning_rate?); legal keys of section supervised.optimizer: {OPTIMIZER_KEYS}",
    "rolout.prompts=3": "rolout is not a key (did you mean rollout?); legal keys of the"
    f" configuration: {TOP_KEYS}",
    "zzz.yyy=3": f"zzz is not a key; legal keys of the configuration: {TOP_KEYS}",
}
ILLEGAL_COMBINATIONS = {
    "algorithm.clip_high=0.1": "algorithm.clip_high=0.1 must be at least algorithm.clip_low=0.2",
    "algorithm.dual_clip=0.5": "algorithm.dual_clip=0.5 must be 0 (off) or greater than 1",
    "algorithm.mini_batch=60": "algorithm.mini_batch=60 must divide rollout.prompts *"
    " rollout.samples_per_prompt = 16 * 16 = 256",
    "model.key_value_heads=3": "model.key_value_heads=3 must divide model.heads=4",
    "model.head_width=15": "model.head_width=15 must be even",
    "model.experts_per_token=9": "model.experts_per_token=9 must be at most model.experts=4",
    "model.dense_layers=3": "model.dense_layers=3 must be at most model.layers=2",
    "model.dense_layers=1": "model.dense_width=0 must be at least 1 when model.dense_layers > 0",
    "model.rotary_share=0.2": "model.rotary_share=0.2 must leave an even width of at least 2 of"
    " model.head_width=16, not 3",
    "model.router_groups=3": "model.router_groups=3 must divide model.experts=4",
    "model.router_groups=4": "model.router_groups=4 must leave at least 2 of model.experts=4 in a"
    " group",
    "model.router_groups_kept=2": "model.router_groups_kept=2 must be at most"
    " model.router_groups=1",
    "model.shared_expert_gate=true": "model.shared_expert_gate=true needs model.shared_experts of"
    " at least 1",
    "model.shared_expert_width=8": "model.shared_expert_width=8 needs model.shared_experts of at"
    " least 1",
    "model.rope_factor=8": "model.rope_factor=8.0 must be 1 with model.rope_scaling=none; scalings:"
    " linear, llama3, yarn",
    "model.rope_scaling=yarn": "model.rope_original_positions=0 must be at least 1 with"
    " model.rope_scaling=yarn",
    "model.rope_high_frequency_factor=1": "model.rope_high_frequency_factor=1.0 must exceed"
    " model.rope_low_frequency_factor=1.0",
    "model.rope_beta_slow=40": "model.rope_beta_fast=32.0 must exceed model.rope_beta_slow=40.0",
    "rollout.top_p=0.7": "rollout.top_p=0.7 must be 1.0 (log-probs of a changing nucleus cannot be"
    " recomputed; evaluation.top_p may be smaller)",
    "data.difficulties.maze=[]": "data.difficulties.maze=[] must name at least one level",
    "reward.correct=-2": "reward.correct=-2.0 must exceed reward.wrong=-1.0",
    "data.difficulties.sudoku=[]": "data.difficulties.sudoku=[] must name at least one level",
    "data.families=maze,sudoku,maze": "data.families=maze,sudoku,maze must name maze once only",
    "distribution.hard_at_most=0.75": "distribution.hard_at_most=0.75 must be below"
    " distribution.easy_above=0.75",
    "distribution.lower_at=0.95": "distribution.lower_at=0.95 must be below"
    " distribution.raise_at=0.9",
    "evaluation.problems=1": "evaluation.problems=1 must be at least 2, one per family",
    'reward.functions={"mine:f" = 1.0}': "reward.functions has mine:f, must be path.py:function or"
    " verifier",
    'reward.functions={"mine.py:f" = 0.0}': "reward.functions has weight 0 for mine.py:f: leave it"
    " out",
}
ILLEGAL_VALUES = {
    "model.query_key_norm=rms": "model.query_key_norm='rms' must be 'none', 'head' or 'full'",
    "model.rope_scaling=dynamic": "model.rope_scaling='dynamic' must be 'none', 'linear', 'llama3'"
    " or 'yarn'",
    "rollout.temperature=0": "rollout.temperature=0 must be greater than or equal to 0.0001",
    "evaluation.temperature=-1.5": "evaluation.temperature=-1.5 must be greater than or equal to"
    " 0.0001",
    "policy_optimizer.learning_rate=nan": "policy_optimizer.learning_rate=nan must be a finite"
    " number",
    "value_optimizer.learning_rate=inf": "value_optimizer.learning_rate=inf must be a finite"
    " number",
    "algorithm.advantage=gea": "algorithm.advantage='gea' must be 'gae' or 'group'",
    "distribution.method=random": "distribution.method='random' must be 'in_turn',"
    " 'adaptive', 'pools' or 'sliding'",
    "distribution.signal=reward": "distribution.signal='reward' must be 'variance', 'advantage' or"
    " 'progress'",
    "distribution.floor=0": "distribution.floor=0 must be greater than 0",
    "distribution.temperature=0": "distribution.temperature=0 must be greater than 0",
    "rollout.prompts": "override 'rollout.prompts' must look like section.key=value",
    "=3": "override '=3' must look like section.key=value",
    "data.difficulties.maze=[0]": "data.difficulties.maze.0=0 must be greater than or equal to 1",
    "reward.overlong_share=1.0": "reward.overlong_share=1.0 must be less than 1",
}
USER_ERRORS = {
    Reason.UNKNOWN_KEY: UNKNOWN_KEYS,
    Reason.ILLEGAL_COMBINATION: ILLEGAL_COMBINATIONS,
    Reason.ILLEGAL_VALUE: ILLEGAL_VALUES,
}
"""Reason -> override of tiny with recipe vapo -> the whole line."""


def user_error(*overrides: str, preset: str = "tiny", recipe: str = "vapo") -> SeedError:
    with pytest.raises(SeedError) as caught:
        load_config(preset, recipe, overrides)
    assert caught.value.line.isprintable(), "an error is one line"
    return caught.value


def read_back(config: Config) -> Config:
    return validated(tomllib.loads(to_toml(config)))


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_with_every_recipe_survives_being_written_and_read(
    preset: str, recipe: str
) -> None:
    config = load_config(preset, recipe)
    assert (config.preset, config.recipe) == (preset, recipe)
    assert read_back(config) == config
    assert to_toml(read_back(config)) == to_toml(config)


@given(
    rate=st.floats(min_value=0.0, exclude_min=True, allow_infinity=False),
    steps=st.integers(0, 2**63 - 1),
)
@settings(max_examples=50)
def test_every_number_survives_being_written_and_read(rate: float, steps: int) -> None:
    config = load_config(
        "tiny", "vapo", [f"policy_optimizer.learning_rate={rate!r}", f"rollout.steps={steps}"]
    )
    assert (config.policy_optimizer.learning_rate, config.rollout.steps) == (rate, steps)
    assert read_back(config) == config


def test_an_override_beats_the_recipe_and_the_recipe_beats_the_preset() -> None:
    assert load_config("tiny", "vapo").value_pretraining.steps == 10
    assert load_config("tiny", "dapo").value_pretraining.steps == 0
    assert load_config("tiny", "dapo", ["value_pretraining.steps=7"]).value_pretraining.steps == 7


@given(values=st.lists(st.integers(0, 1000), min_size=1, max_size=5))
@settings(max_examples=20)
def test_a_later_override_beats_an_earlier_one(values: list[int]) -> None:
    config = load_config("tiny", "vapo", [f"rollout.steps={value}" for value in values])
    assert config.rollout.steps == values[-1]


def test_an_override_changes_nothing_but_its_own_value() -> None:
    before, after = load_config("tiny", "vapo"), load_config("tiny", "vapo", ["rollout.steps=7"])
    rollout = before.rollout.model_copy(update={"steps": 7})
    assert after == before.model_copy(update={"rollout": rollout})


def test_top_level_values_are_keywords_or_overrides() -> None:
    assert load_config("tiny", "vapo", seed=7) == load_config("tiny", "vapo", ["seed=7"])
    assert load_config("tiny", "vapo", seed=7).seed == 7


@pytest.mark.parametrize(
    ("override", "tree"),
    [
        ("seed=3", {"seed": 3}),
        ("a.b=0.5", {"a": {"b": 0.5}}),
        ("a.b.c=[1, 2]", {"a": {"b": {"c": [1, 2]}}}),
        ("a.b=true", {"a": {"b": True}}),
        ("a.b=word", {"a": {"b": "word"}}),
        ("a.b='quoted word'", {"a": {"b": "quoted word"}}),
        ("a.b=left=right", {"a": {"b": "left=right"}}),
        ("a.b=", {"a": {"b": ""}}),
        ('a.b={"c": [4, 5], "d": {"e": true}}', {"a": {"b": {"c": [4, 5], "d": {"e": True}}}}),
        ('a.b=[{"c": 1}]', {"a": {"b": [{"c": 1}]}}),
        ("a.b={c = [4, 5]}", {"a": {"b": {"c": [4, 5]}}}),
        ("a.b={c", {"a": {"b": "{c"}}),
        ("a.b=.5", {"a": {"b": 0.5}}),
        ("a.b=-2.", {"a": {"b": -2.0}}),
        ("a.b=.", {"a": {"b": "."}}),
    ],
)
def test_an_override_is_read_as_toml_or_json_and_a_bare_word_as_itself(
    override: str, tree: dict[str, Any]
) -> None:
    assert parse_override(override) == tree


@pytest.mark.parametrize(
    ("reason", "override"), [(reason, key) for reason in USER_ERRORS for key in USER_ERRORS[reason]]
)
def test_every_error_names_the_field_the_value_and_what_is_legal(
    reason: Reason, override: str
) -> None:
    error, line = user_error(override), USER_ERRORS[reason][override]
    assert (error.reason, error.line, str(error)) == (reason, line, f"{reason}: {line}")


def test_an_unknown_preset_or_recipe_is_refused_with_the_known_ones() -> None:
    preset, recipe = user_error(preset="huge"), user_error(recipe="reinforce")
    assert preset.reason == recipe.reason == Reason.UNKNOWN_NAME
    assert preset.line == "preset 'huge' is not one of: tiny, small, mixed, smollm2, seed-200b"
    assert recipe.line == "recipe 'reinforce' is not one of: vapo, dapo, grpo, ppo"


def test_a_missing_value_is_refused_by_name() -> None:
    tree = load_config("tiny", "vapo").model_dump()
    del tree["rollout"]["prompts"]
    with pytest.raises(SeedError) as caught:
        validated(tree)
    assert caught.value.reason == Reason.ILLEGAL_VALUE
    assert caught.value.line == "rollout.prompts is missing and has no default"


@pytest.mark.parametrize(
    ("recipe", "override", "cause"),
    [
        ("grpo", "algorithm.dynamic_sampling=false", "algorithm.advantage=group"),
        ("vapo", "algorithm.dynamic_sampling=true", "algorithm.dynamic_sampling=true"),
    ],
)
def test_groups_of_one_are_refused_where_a_group_is_needed(
    recipe: str, override: str, cause: str
) -> None:
    error = user_error(
        "rollout.samples_per_prompt=1", "algorithm.mini_batch=16", override, recipe=recipe
    )
    line = f"rollout.samples_per_prompt=1 must be at least 2 with {cause}"
    assert (error.reason, error.line) == (Reason.ILLEGAL_COMBINATION, line)


@pytest.mark.parametrize(
    "section", [name for name in Config.model_fields if name not in ("preset", "recipe")]
)
def test_a_loaded_configuration_is_frozen(section: str) -> None:
    config = load_config("tiny", "vapo")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(config, section, None)
    value = getattr(config, section)
    for name in getattr(type(value), "model_fields", ()):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(value, name, None)


def test_the_difficulties_of_a_loaded_configuration_are_frozen_too() -> None:
    difficulties: Any = load_config("tiny", "vapo").data.difficulties
    with pytest.raises(TypeError):
        difficulties["maze"] = (6,)


def test_the_full_scale_vapo_run_has_the_numbers_of_the_paper() -> None:
    config = load_config("seed-200b", "vapo")
    algorithm, rollout, evaluation = config.algorithm, config.rollout, config.evaluation
    optimizers = config.policy_optimizer, config.value_optimizer
    assert (rollout.prompts, rollout.samples_per_prompt) == (512, 16)
    assert (algorithm.mini_batch, algorithm.epochs) == (512, 1)
    assert (algorithm.clip_low, algorithm.clip_high, algorithm.positive_weight) == (0.2, 0.28, 0.1)
    assert (algorithm.lambda_value, algorithm.length_adaptive) == (1.0, True)
    assert algorithm.gae_alpha == 0.05
    assert (algorithm.aggregation, algorithm.discount, algorithm.kl_weight) == ("token", 1.0, 0.0)
    assert [optimizer.learning_rate for optimizer in optimizers] == [1e-6, 2e-6]
    assert [optimizer.schedule for optimizer in optimizers] == ["constant", "constant"]
    assert config.value_pretraining.steps == 50
    assert (config.reward.correct, config.reward.wrong) == (1.0, -1.0)
    assert (evaluation.samples, evaluation.temperature, evaluation.top_p) == (32, 1.0, 0.7)


@pytest.mark.parametrize("section", ["supervised.optimizer", "policy_optimizer", "value_optimizer"])
def test_a_rising_cosine_is_refused_with_the_section_that_has_it(section: str) -> None:
    values = "learning_rate=0.5", "final_learning_rate=1.0", "schedule=cosine"
    error = user_error(*(f"{section}.{value}" for value in values))
    line = f"{section}.final_learning_rate=1.0 must be at most {section}.learning_rate=0.5"
    assert (error.reason, error.line) == (Reason.ILLEGAL_COMBINATION, line)


@pytest.mark.parametrize("value", ["true", "'16'"])
def test_a_count_is_a_number_and_neither_a_switch_nor_a_text(value: str) -> None:
    error = user_error(f"rollout.prompts={value}")
    assert error.reason is Reason.ILLEGAL_VALUE
    shown = parse_override(f"x={value}")["x"]
    assert error.line.startswith(f"rollout.prompts={shown!r} must be a valid integer")


def numbers(section: type[BaseModel] = Config, path: str = "") -> Iterator[str]:
    """Dotted names of all settings that are numbers."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from numbers(field.annotation, f"{path}{name}.")
        elif field.annotation in (int, float):
            yield f"{path}{name}"


@pytest.mark.parametrize("value", ["true", "'0.5'", '"1"', "[1]"])
def test_every_number_refuses_what_is_none(value: str) -> None:
    names = list(numbers())
    assert len(names) > 100
    shown = parse_override(f"x={value}")["x"]
    for name in names:
        error = user_error(f"{name}={value}")
        assert error.reason is Reason.ILLEGAL_VALUE
        assert error.line.startswith(f"{name}={shown!r} must be a valid "), error.line


def test_the_levels_of_a_family_are_numbers_too() -> None:
    for value in ("[true]", "['1']", "[1.5]"):
        error = user_error(f"data.difficulties.maze={value}")
        assert "data.difficulties.maze.0=" in error.line and "valid integer" in error.line


@pytest.mark.parametrize(
    "override", ["preset=seed-200b", "recipe=grpo", "preset=huge", "recipe=reinforce"]
)
def test_an_override_cannot_relabel_the_preset_or_the_recipe(override: str) -> None:
    user_error(override)


@pytest.mark.parametrize("name", ["beta1", "beta2"])
def test_a_moment_that_never_decays_is_refused_since_its_bias_correction_divides_by_zero(
    name: str,
) -> None:
    error = user_error(f"policy_optimizer.{name}=1.0")
    line = f"policy_optimizer.{name}=1.0 must be less than 1"
    assert (error.reason, error.line) == (Reason.ILLEGAL_VALUE, line)


@pytest.mark.parametrize(
    "override", ["rollout..prompts=3", ".=3", "rollout.=3", "rollout.steps=3\nseed = 9"]
)
def test_a_malformed_override_is_refused_as_such(override: str) -> None:
    error = user_error(override)
    line = f"override {override!r} must look like section.key=value"
    assert (error.reason, error.line) == (Reason.ILLEGAL_VALUE, line)


def test_an_error_stays_one_line_whatever_a_name_holds() -> None:
    assert "\n" not in user_error('data.difficulties={"two\\nlines" = [0]}').line


@pytest.mark.parametrize(
    "name", ["two words", 'a "quote"', "back\\slash", "two\nlines", "Sudoku 9\u00d79"]
)
def test_every_name_survives_being_written_and_read(name: str) -> None:
    tree = load_config("tiny", "vapo").model_dump()
    tree["data"] |= {"families": (name,), "difficulties": {name: (1,)}}
    assert read_back(validated(tree)) == validated(tree)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("none", ()),
        ("[]", ()),
        ("wandb", ("wandb",)),
        ('["tensorboard", "wandb", "wandb"]', ("tensorboard", "wandb")),
    ],
)
def test_trackers_are_none_one_or_a_list(value: str, names: tuple[str, ...]) -> None:
    config = load_config("tiny", "vapo", [f"run.track={value}"])
    assert config.run.track == names
    assert validated(tomllib.loads(to_toml(config))) == config


@pytest.mark.parametrize("value", ["mlflow", '["mlflow"]', "3", "[[1]]", "true"])
def test_an_unknown_tracker_is_refused_with_the_legal_ones(value: str) -> None:
    with pytest.raises(SeedError, match="must be none, tensorboard, wandb or a list of both"):
        load_config("tiny", "vapo", [f"run.track={value}"])

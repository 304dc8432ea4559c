"""Properties of the configuration: it survives being written and read, later values beat earlier
ones, and an error is one helpful line.
"""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from seed.spec.config import Config
from seed.spec.config_files import PRESETS, RECIPES, load_config, parse_override, to_toml, validated
from seed.spec.errors import Reason, SeedError

ROLLOUT_KEYS = (
    "steps, prompts, samples_per_prompt, max_response_tokens, temperature, top_p, srs_alpha,"
    " max_staleness, at_staleness_bound, continue_with, block_tokens, cache_tokens, precision,"
    " fp8_phases"
)
TOP_KEYS = (
    "preset, recipe, seed, backend, precision, model, data, supervised, value_pretraining, rollout,"
    " reward, reward_model, algorithm, policy_optimizer, value_optimizer, evaluation, parallel, run"
)
OPTIMIZER_KEYS = (
    "learning_rate, final_learning_rate, schedule, warmup_steps, beta1, beta2, epsilon,"
    " weight_decay, clip_norm"
)

# Case -> override of tiny with recipe vapo, reason, and the whole line.
USER_ERRORS = {
    "unknown key with a hint": (
        "rollout.promts=3",
        Reason.UNKNOWN_KEY,
        (
            "rollout.promts is not a key (did you mean prompts?); legal keys of section rollout:"
            f" {ROLLOUT_KEYS}"
        ),
    ),
    "unknown key without a near one": (
        "rollout.zzz=3",
        Reason.UNKNOWN_KEY,
        f"rollout.zzz is not a key; legal keys of section rollout: {ROLLOUT_KEYS}",
    ),
    "unknown key of a nested section": (
        "supervised.optimizer.learning_rat=1",
        Reason.UNKNOWN_KEY,
        (
            "supervised.optimizer.learning_rat is not a key (did you mean learning_rate?); legal"
            f" keys of section supervised.optimizer: {OPTIMIZER_KEYS}"
        ),
    ),
    "unknown section with a hint": (
        "rolout.prompts=3",
        Reason.UNKNOWN_KEY,
        f"rolout is not a key (did you mean rollout?); legal keys of the configuration: {TOP_KEYS}",
    ),
    "unknown section without a near one": (
        "zzz.yyy=3",
        Reason.UNKNOWN_KEY,
        f"zzz is not a key; legal keys of the configuration: {TOP_KEYS}",
    ),
    "clip_high below clip_low": (
        "algorithm.clip_high=0.1",
        Reason.ILLEGAL_COMBINATION,
        "algorithm.clip_high=0.1 must be at least algorithm.clip_low=0.2",
    ),
    "dual clip that would clip the middle": (
        "algorithm.dual_clip=0.5",
        Reason.ILLEGAL_COMBINATION,
        "algorithm.dual_clip=0.5 must be 0 (off) or greater than 1",
    ),
    "mini_batch that does not divide": (
        "algorithm.mini_batch=60",
        Reason.ILLEGAL_COMBINATION,
        (
            "algorithm.mini_batch=60 must divide rollout.prompts * rollout.samples_per_prompt = 16"
            " * 16 = 256"
        ),
    ),
    "key_value_heads that do not divide": (
        "model.key_value_heads=3",
        Reason.ILLEGAL_COMBINATION,
        "model.key_value_heads=3 must divide model.heads=4",
    ),
    "odd head width": (
        "model.head_width=15",
        Reason.ILLEGAL_COMBINATION,
        "model.head_width=15 must be even",
    ),
    "more experts per token than experts": (
        "model.experts_per_token=9",
        Reason.ILLEGAL_COMBINATION,
        "model.experts_per_token=9 must be at most model.experts=4",
    ),
    "more dense layers than layers": (
        "model.dense_layers=3",
        Reason.ILLEGAL_COMBINATION,
        "model.dense_layers=3 must be at most model.layers=2",
    ),
    "dense layers without a width": (
        "model.dense_layers=1",
        Reason.ILLEGAL_COMBINATION,
        "model.dense_width=0 must be at least 1 when model.dense_layers > 0",
    ),
    "nucleus in rollouts": (
        "rollout.top_p=0.7",
        Reason.ILLEGAL_COMBINATION,
        (
            "rollout.top_p=0.7 must be 1.0 (log-probs of a changing nucleus cannot be recomputed;"
            " evaluation.top_p may be smaller)"
        ),
    ),
    "temperature zero": (
        "rollout.temperature=0",
        Reason.ILLEGAL_VALUE,
        "rollout.temperature=0 must be greater than 0",
    ),
    "temperature below zero": (
        "evaluation.temperature=-1.5",
        Reason.ILLEGAL_VALUE,
        "evaluation.temperature=-1.5 must be greater than 0",
    ),
    "learning rate that is no number": (
        "policy_optimizer.learning_rate=nan",
        Reason.ILLEGAL_VALUE,
        "policy_optimizer.learning_rate=nan must be a finite number",
    ),
    "infinite learning rate": (
        "value_optimizer.learning_rate=inf",
        Reason.ILLEGAL_VALUE,
        "value_optimizer.learning_rate=inf must be a finite number",
    ),
    "word that is not in the list": (
        "algorithm.advantage=gea",
        Reason.ILLEGAL_VALUE,
        "algorithm.advantage='gea' must be 'gae' or 'group'",
    ),
    "override without an equals sign": (
        "rollout.prompts",
        Reason.ILLEGAL_VALUE,
        "override 'rollout.prompts' must look like section.key=value",
    ),
    "override without a key": (
        "=3",
        Reason.ILLEGAL_VALUE,
        "override '=3' must look like section.key=value",
    ),
    "family without difficulties": (
        "data.difficulties.maze=[]",
        Reason.ILLEGAL_COMBINATION,
        "data.difficulties.maze=[] must name at least one level",
    ),
    "difficulty zero": (
        "data.difficulties.maze=[0]",
        Reason.ILLEGAL_VALUE,
        "data.difficulties.maze.0=0 must be greater than or equal to 1",
    ),
    "overlong ramp as long as a response": (
        "reward.overlong_share=1.0",
        Reason.ILLEGAL_VALUE,
        "reward.overlong_share=1.0 must be less than 1",
    ),
    "reward of a correct answer below that of a wrong one": (
        "reward.correct=-2",
        Reason.ILLEGAL_COMBINATION,
        "reward.correct=-2.0 must exceed reward.wrong=-1.0",
    ),
    "fewer problems than families": (
        "evaluation.problems=1",
        Reason.ILLEGAL_COMBINATION,
        "evaluation.problems=1 must be at least 2, one per family",
    ),
}


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
    before, after = (
        load_config("tiny", "vapo", overrides) for overrides in ([], ["rollout.steps=7"])
    )
    assert after == before.model_copy(
        update={"rollout": before.rollout.model_copy(update={"steps": 7})}
    )


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
    ],
)
def test_an_override_is_read_as_toml_and_a_bare_word_as_itself(
    override: str, tree: dict[str, Any]
) -> None:
    assert parse_override(override) == tree


@pytest.mark.parametrize("case", USER_ERRORS)
def test_every_error_names_the_field_the_value_and_what_is_legal(case: str) -> None:
    override, reason, line = USER_ERRORS[case]
    error = user_error(override)
    assert (error.reason, error.line, str(error)) == (reason, line, f"{reason}: {line}")


def test_an_unknown_preset_or_recipe_is_refused_with_the_known_ones() -> None:
    preset, recipe = user_error(preset="huge"), user_error(recipe="reinforce")
    assert (preset.reason, preset.line) == (
        Reason.UNKNOWN_NAME,
        "preset 'huge' is not one of: tiny, mixed, seed-200b",
    )
    assert (recipe.reason, recipe.line) == (
        Reason.UNKNOWN_NAME,
        "recipe 'reinforce' is not one of: vapo, dapo, grpo, ppo",
    )


def test_a_missing_value_is_refused_by_name() -> None:
    tree = load_config("tiny", "vapo").model_dump()
    del tree["rollout"]["prompts"]
    with pytest.raises(SeedError) as caught:
        validated(tree)
    assert (caught.value.reason, caught.value.line) == (
        Reason.ILLEGAL_VALUE,
        "rollout.prompts is missing and has no default",
    )


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
    algorithm, rollout = config.algorithm, config.rollout
    assert (
        rollout.prompts,
        rollout.samples_per_prompt,
        algorithm.mini_batch,
        algorithm.epochs,
    ) == (512, 16, 512, 1)
    assert (algorithm.clip_low, algorithm.clip_high, algorithm.positive_weight) == (0.2, 0.28, 0.1)
    assert (algorithm.lambda_value, algorithm.length_adaptive, algorithm.gae_alpha) == (
        1.0,
        True,
        0.05,
    )
    assert (algorithm.aggregation, algorithm.discount, algorithm.kl_weight) == ("token", 1.0, 0.0)
    assert (config.policy_optimizer.learning_rate, config.value_optimizer.learning_rate) == (
        1e-6,
        2e-6,
    )
    assert (config.policy_optimizer.schedule, config.value_optimizer.schedule) == (
        "constant",
        "constant",
    )
    assert (config.value_pretraining.steps, config.reward.correct, config.reward.wrong) == (
        50,
        1.0,
        -1.0,
    )
    assert (config.evaluation.samples, config.evaluation.temperature, config.evaluation.top_p) == (
        32,
        1.0,
        0.7,
    )


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
    assert error.line.startswith(
        f"rollout.prompts={parse_override(f'x={value}')['x']!r} must be a valid integer"
    )


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
    assert (error.reason, error.line) == (
        Reason.ILLEGAL_VALUE,
        f"policy_optimizer.{name}=1.0 must be less than 1",
    )


@pytest.mark.parametrize(
    "override", ["rollout..prompts=3", ".=3", "rollout.=3", "rollout.steps=3\nseed = 9"]
)
def test_a_malformed_override_is_refused_as_such(override: str) -> None:
    error = user_error(override)
    assert (error.reason, error.line) == (
        Reason.ILLEGAL_VALUE,
        f"override {override!r} must look like section.key=value",
    )


def test_an_error_stays_one_line_whatever_a_name_holds() -> None:
    assert "\n" not in user_error('data.difficulties={"two\\nlines" = [0]}').line


@pytest.mark.parametrize(
    "name", ["two words", 'a "quote"', "back\\slash", "two\nlines", "Sudoku 9\u00d79"]
)
def test_every_name_survives_being_written_and_read(name: str) -> None:
    tree = load_config("tiny", "vapo").model_dump()
    tree["data"] |= {"families": (name,), "difficulties": {name: (1,)}}
    assert read_back(validated(tree)) == validated(tree)

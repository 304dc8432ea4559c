"""The index of equations: formula, source, the function in each backend, the test that holds it.

The number of an equation is its place in ``EQUATIONS``, in reading order. Formula and source are
read from the docstring of its function. Tests check that every entry leads somewhere, and that
every public function of a numeric module stands here or is named as a helper.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGES = Path(__file__).parents[1]
"""The folder that holds ``spec``, ``reference`` and ``scaled``."""


@dataclass(frozen=True)
class Equation:
    """One equation: its functions and its test.

    Attributes:
        title: What it is called.
        reference: ``module:function`` of the NumPy reference, or empty.
        test: ``file::function`` of a test that fails when the equation is wrong.
        scaled: ``module:function`` of the torch backend, or empty.
        apart: Why one of the two has no function of its own; empty if both have.
    """

    title: str
    reference: str
    test: str
    scaled: str = ""
    apart: str = ""

    @property
    def formula(self) -> str:
        """The equation, in one line."""
        return statement("Formula", docstring(self.reference or self.scaled))

    @property
    def source(self) -> str:
        """Paper and equation."""
        return statement("Source", docstring(self.reference or self.scaled))


def statement(label: str, text: str) -> str:
    """First sentence of the paragraph ``LABEL: ...`` of a docstring, in one line without markup.

    Returns:
        Empty if there is no such paragraph.
    """
    paragraph = re.search(rf"^{label}: (.*?)(?=\n\n|\n[A-Z][a-z]+: |\Z)", text, re.M | re.S)
    if paragraph is None:
        return ""
    line = " ".join(paragraph[1].replace("``", "").split())
    return re.split(r"\. (?=[A-Z])", line)[0].removesuffix(".")


def docstring(function: str) -> str:
    """Docstring of ``module:function`` or ``module:Class.method``, empty if it has none.

    The file is parsed, not imported: torch need not be there.
    """
    module, _, path = function.partition(":")
    node: ast.AST = parsed(module)
    for name in path.split("."):
        node = next(child for child in ast.iter_child_nodes(node) if name_of(child) == name)
    assert isinstance(node, ast.FunctionDef | ast.ClassDef), function
    return ast.get_docstring(node) or ""


@cache
def parsed(module: str) -> ast.Module:
    """The syntax tree of one of our modules."""
    file = PACKAGES.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def name_of(node: ast.AST) -> str | None:
    """Name that a definition gives."""
    return node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else None


SHARED = (
    "shared: verdicts, rewards and figures are worked out once, by the reference's function,"
    " whichever backend computes"
)
SHARED_DECISION = "shared: no arithmetic on arrays, decided once for both backends"
ON_THE_HOST = "shared: drawn on the host, whichever backend computes"
RANKS = "one process has no other ranks"

BEFORE_ARITHMETIC = "shared: worked out in float64 once, whichever backend computes"

EQUATIONS = (
    Equation(
        title="embedding",
        reference="seed.reference.model:embedded",
        test="tests/reference/test_model.py::test_the_gradient_of_the_embedding_sums_over_the_places_of_a_token",
        apart="torch has it",
    ),
    Equation(
        title="RMS norm",
        reference="seed.reference.attention:rms_norm",
        test=(
            "tests/reference/test_model.py::test_rms_norm_leaves_mean_square_one_whatever_the_scale"
        ),
        scaled="seed.scaled.attention:rms_norm",
    ),
    Equation(
        title="rotary position",
        reference="seed.reference.attention:rotary",
        test="tests/reference/test_model.py::test_rotary_products_depend_on_the_distance_of_positions_only",
        scaled="seed.scaled.attention:rotary",
    ),
    Equation(
        title="rotary frequencies",
        reference="seed.spec.rope:plain_frequencies",
        test="tests/spec/test_rope.py::test_frequencies_fall_from_1_to_nearly_the_inverse_of_the_base",
        apart=BEFORE_ARITHMETIC,
    ),
    Equation(
        title="frequencies of Llama 3.1",
        reference="seed.spec.rope:llama3_frequencies",
        test="tests/spec/test_rope.py::test_fast_pairs_are_kept_and_slow_ones_divided_by_the_factor",
        apart=BEFORE_ARITHMETIC,
    ),
    Equation(
        title="frequencies of YaRN",
        reference="seed.spec.rope:yarn_frequencies",
        test="tests/spec/test_rope.py::test_fast_pairs_are_kept_and_slow_ones_divided_by_the_factor",
        apart=BEFORE_ARITHMETIC,
    ),
    Equation(
        title="attention factor of YaRN",
        reference="seed.spec.rope:yarn_attention_factor",
        test="tests/spec/test_rope.py::test_the_attention_factor_is_stated_or_follows_from_the_factor",
        apart=BEFORE_ARITHMETIC,
    ),
    Equation(
        title="softmax",
        reference="seed.reference.attention:softmax",
        test="tests/reference/test_model.py::test_softmax_sums_to_one_and_ignores_a_common_offset",
        apart="torch has it",
    ),
    Equation(
        title="attention",
        reference="seed.reference.attention:attention",
        test="conformance/test_outside.py::test_logits_states_and_router_logits_agree",
        scaled="seed.scaled.attention:attention",
    ),
    Equation(
        title="SiLU",
        reference="seed.reference.moe:silu",
        test="tests/reference/test_moe.py::test_silu_is_x_times_its_sigmoid_and_never_overflows",
        apart="torch has it",
    ),
    Equation(
        title="sigmoid",
        reference="seed.reference.moe:sigmoid",
        test="tests/reference/test_moe.py::test_the_sigmoid_is_precise_however_small_and_never_overflows",
        apart="torch has it",
    ),
    Equation(
        title="SwiGLU",
        reference="seed.reference.moe:swiglu",
        test="tests/reference/test_moe.py::test_swiglu_of_scalars_has_its_closed_form",
        scaled="seed.scaled.moe:swiglu",
    ),
    Equation(
        title="top-k routing",
        reference="seed.reference.moe:top_k",
        test="tests/reference/test_moe.py::test_equal_router_logits_go_to_the_smaller_ids",
        scaled="seed.scaled.moe:top_k",
    ),
    Equation(
        title="router scores",
        reference="seed.reference.moe:scores",
        test="tests/reference/test_moe.py::test_scores_of_sigmoid_do_not_compete_and_those_of_softmax_do",
        scaled="seed.scaled.moe:scores",
    ),
    Equation(
        title="choice of experts",
        reference="seed.reference.moe:choose",
        test="tests/reference/test_moe.py::test_experts_are_chosen_by_enumeration_of_groups",
        scaled="seed.scaled.moe:choose",
    ),
    Equation(
        title="gates",
        reference="seed.reference.moe:gates",
        test=(
            "tests/reference/test_moe.py::test_gates_are_the_routers_probabilities_rescaled_or_not"
        ),
        scaled="seed.scaled.moe:gates",
    ),
    Equation(
        title="dropless dispatch",
        reference="seed.reference.moe:dispatch",
        test="tests/reference/test_moe.py::test_dispatch_is_a_plain_loop_over_tokens_and_experts",
        scaled="seed.scaled.moe:dispatch",
    ),
    Equation(
        title="mixture of experts",
        reference="seed.reference.moe:moe_layer",
        test="tests/reference/test_moe.py::test_replay_of_the_routers_own_choice_changes_nothing",
        scaled="seed.scaled.model:Moe.forward",
    ),
    Equation(
        title="load balance",
        reference="seed.reference.moe:balance_loss",
        test="tests/reference/test_moe.py::test_the_balance_loss_is_its_weight_at_perfect_balance_and_more_when_all_go_to_one",
        scaled="seed.scaled.moe:balance_loss",
    ),
    Equation(
        title="router z loss",
        reference="seed.reference.moe:z_loss",
        test="tests/reference/test_moe.py::test_the_z_loss_is_the_weighted_square_of_logsumexp",
        scaled="seed.scaled.moe:z_loss",
    ),
    Equation(
        title="transformer",
        reference="seed.reference.model:hidden_states",
        test="conformance/test_outside.py::test_loss_and_gradients_of_every_weight_agree",
        scaled="seed.scaled.model:Transformer.forward",
    ),
    Equation(
        title="next-token logits",
        reference="seed.reference.model:token_logits",
        test="tests/reference/test_model.py::test_a_token_changes_no_logits_up_to_its_own",
        scaled="seed.scaled.model:Transformer.read",
    ),
    Equation(
        title="value",
        reference="seed.reference.model:token_values",
        test="tests/reference/test_model.py::test_p11_the_value_of_the_first_response_token_sees_the_prompt_only",
        scaled="seed.scaled.model:Transformer.values",
    ),
    Equation(
        title="sampling distribution",
        reference="seed.reference.generate:log_distribution",
        test="tests/reference/test_generate.py::test_the_nucleus_is_the_smallest_set_with_enough_mass",
        scaled="seed.scaled.generate:log_distribution",
    ),
    Equation(
        title="sampling",
        reference="seed.reference.generate:draw",
        test="tests/reference/test_generate.py::test_draw_inverts_the_distribution_and_never_takes_what_is_impossible",
        scaled="seed.scaled.generate:draw",
    ),
    Equation(
        title="E4M3 rounding",
        reference="seed.reference.precision:e4m3",
        test="tests/reference/test_precision.py::test_every_code_of_e4m3_is_its_own_rounding_and_ties_go_to_the_even_mantissa",
        scaled="seed.scaled.precision:e4m3",
    ),
    Equation(
        title="range scale",
        reference="seed.reference.precision:range_scale",
        test="tests/reference/test_precision.py::test_range_scaling_errs_by_half_a_step_at_most",
        scaled="seed.scaled.precision:range_scale",
    ),
    Equation(
        title="error-compensated scale",
        reference="seed.reference.precision:compensated_scale",
        test="tests/reference/test_precision.py::test_no_other_scale_errs_less_than_the_compensated_one",
        scaled="seed.scaled.precision:compensated_scale",
    ),
    Equation(
        title="post-training quantisation",
        reference="seed.reference.precision:quantise",
        test="tests/reference/test_precision.py::test_compensation_never_errs_more_than_range_scaling",
        scaled="seed.scaled.precision:quantise",
    ),
    Equation(
        title="FP8 product",
        reference="seed.reference.precision:linear",
        test="tests/reference/test_precision.py::test_a_product_is_that_of_the_rounded_rows_and_the_restored_matrix",
        scaled="seed.scaled.precision:linear",
    ),
    Equation(
        title="FP8 rollouts",
        reference="seed.reference.precision:rollout_weights",
        test="tests/reference/test_precision.py::test_only_rollouts_of_the_named_phases_are_drawn_in_fp8",
        scaled="seed.scaled.precision:rollout_weights",
    ),
    Equation(
        title="generation",
        reference="seed.reference.generate:generate",
        test="tests/reference/test_generate.py::test_p15_recorded_log_probs_are_the_recomputed_ones_at_any_setting",
        scaled="seed.scaled.generate:generate",
    ),
    Equation(
        title="Philox",
        reference="seed.spec.philox:philox",
        test="tests/spec/test_philox.py::test_philox_gives_the_published_known_answers",
        apart=ON_THE_HOST,
    ),
    Equation(
        title="uniform numbers",
        reference="seed.spec.philox:uniforms",
        test="tests/spec/test_philox.py::test_uniform_numbers_are_the_same_one_by_one_and_all_at_once",
        apart=ON_THE_HOST,
    ),
    Equation(
        title="learning rate",
        reference="seed.spec.learning_rate:learning_rate",
        test="tests/spec/test_learning_rate.py::test_cosine_starts_at_the_peak_after_warm_up_and_ends_at_the_final_rate",
        apart="shared: one number, computed on the host",
    ),
    Equation(
        title="gradient norm",
        reference="seed.reference.optimizer:global_norm",
        test="tests/reference/test_optimizer.py::test_the_global_norm_is_that_of_all_entries_whatever_the_order_of_names",
        scaled="seed.scaled.optimizer:global_norm",
    ),
    Equation(
        title="AdamW",
        reference="seed.reference.optimizer:adamw",
        test="tests/reference/test_optimizer.py::test_adamw_takes_torchs_steps",
        scaled="seed.scaled.optimizer:adamw",
    ),
    Equation(
        title="terminal reward",
        reference="seed.reference.advantage:token_rewards",
        test="tests/reference/test_advantage.py::test_token_rewards_stand_on_the_last_response_token_only",
        scaled="seed.scaled.advantage:token_rewards",
    ),
    Equation(
        title="length-adaptive lambda",
        reference="seed.reference.advantage:length_adaptive_lambda",
        test=(
            "tests/reference/test_advantage.py::test_length_adaptive_lambda_gives_the_golden_table"
        ),
        scaled="seed.scaled.advantage:length_adaptive_lambda",
    ),
    Equation(
        title="GAE",
        reference="seed.reference.advantage:gae",
        test="tests/reference/test_advantage.py::test_gae_gives_the_golden_table",
        scaled="seed.scaled.advantage:gae",
    ),
    Equation(
        title="decoupled GAE",
        reference="seed.reference.advantage:decoupled_gae",
        test="tests/reference/test_advantage.py::test_decoupled_targets_are_returns_whatever_lambda_the_policy_uses",
        scaled="seed.scaled.advantage:decoupled_gae",
    ),
    Equation(
        title="policy lambda",
        reference="seed.reference.advantage:policy_lambda",
        test="tests/reference/test_advantage.py::test_policy_lambda_is_adaptive_or_fixed",
        scaled="seed.scaled.advantage:policy_lambda",
    ),
    Equation(
        title="value after the end",
        reference="seed.reference.advantage:final_values",
        test="tests/reference/test_advantage.py::test_p12_what_follows_a_cut_is_a_named_choice_and_a_flag_of_the_sampler",
        scaled="seed.scaled.advantage:final_values",
    ),
    Equation(
        title="whitening",
        reference="seed.reference.advantage:whiten",
        test="tests/reference/test_advantage.py::test_whitening_is_off_by_default_and_gives_mean_zero_and_spread_one",
        scaled="seed.scaled.advantage:whiten",
    ),
    Equation(
        title="group advantage",
        reference="seed.reference.advantage:group_advantages",
        test="tests/reference/test_advantage.py::test_group_advantages_give_the_golden_table",
        scaled="seed.scaled.advantage:group_advantages",
    ),
    Equation(
        title="explained variance",
        reference="seed.reference.advantage:explained_variance",
        test="tests/reference/test_advantage.py::test_explained_variance_is_one_for_the_truth_and_zero_for_a_constant",
        apart="shared: a figure for people, worked out once on the host",
    ),
    Equation(
        title="loss aggregation",
        reference="seed.reference.loss:token_weights",
        test="tests/reference/test_loss.py::test_p6_the_four_meanings_of_mean_have_their_golden_weights",
        scaled="seed.scaled.loss:token_weights",
    ),
    Equation(
        title="weighted sum",
        reference="seed.reference.loss:weighted_sum",
        test="tests/reference/test_loss.py::test_what_stands_at_weight_zero_reaches_neither_the_sum_nor_its_gradient",
        scaled="seed.scaled.loss:weighted_sum",
    ),
    Equation(
        title="token log-probability",
        reference="seed.reference.loss:token_log_probs",
        test="tests/reference/test_loss.py::test_p16_only_the_alignment_with_the_token_before_gives_the_right_number",
        scaled="seed.scaled.loss:token_log_probs",
    ),
    Equation(
        title="entropy",
        reference="seed.reference.loss:token_entropy",
        test="tests/reference/test_loss.py::test_the_entropy_has_its_closed_form",
        scaled="seed.scaled.loss:token_entropy",
    ),
    Equation(
        title="probability ratio",
        reference="seed.reference.loss:ratio",
        test="tests/reference/test_loss.py::test_p15_the_ratio_is_exactly_one_for_equal_log_probs",
        scaled="seed.scaled.loss:ratio",
    ),
    Equation(
        title="clip-higher",
        reference="seed.reference.loss:clipped_surrogate",
        test="tests/reference/test_loss.py::test_the_surrogate_gradient_has_its_closed_form_everywhere_and_bounds_are_inside",
        scaled="seed.scaled.loss:clipped_surrogate",
    ),
    Equation(
        title="clip fractions",
        reference="seed.reference.loss:clip_fractions",
        test="tests/reference/test_loss.py::test_the_clip_fractions_are_the_tokens_whose_gradient_vanishes",
        scaled="seed.scaled.loss:clip_fractions",
    ),
    Equation(
        title="value loss",
        reference="seed.reference.loss:value_error",
        test="tests/reference/test_loss.py::test_the_value_error_is_half_the_square",
        scaled="seed.scaled.loss:value_error",
    ),
    Equation(
        title="KL penalty",
        reference="seed.reference.loss:kl_penalty",
        test="tests/reference/test_loss.py::test_p20_the_expected_gradient_of_k2_is_that_of_the_reverse_kl_and_the_one_of_k3_is_not",
        scaled="seed.scaled.loss:kl_penalty",
    ),
    Equation(
        title="policy loss",
        reference="seed.reference.objective:policy_loss",
        test="tests/reference/test_loss.py::test_p3_the_gradient_of_a_step_is_the_sum_of_its_terms",
        scaled="seed.scaled.objective:policy_loss",
    ),
    Equation(
        title="soft overlong punishment",
        reference="seed.reference.rewards.reward:soft_overlong",
        test="tests/reference/rewards/test_reward.py::test_p24_the_overlong_ramp_has_its_golden_values_at_every_boundary",
        apart=SHARED,
    ),
    Equation(
        title="quality by data class",
        reference="seed.reference.rewards.reward:quality",
        test="tests/reference/rewards/test_reward.py::test_the_hybrid_rules_have_their_golden_values",
        apart=SHARED,
    ),
    Equation(
        title="YES against NO",
        reference="seed.reference.rewards.yes_no:yes_probability",
        test="tests/reference/rewards/test_yes_no.py::test_yes_is_weighed_against_no_and_nothing_else",
        apart=SHARED,
    ),
    Equation(
        title="pairwise preference",
        reference="seed.reference.rewards.reward_model:compare",
        test="tests/reference/rewards/test_reward_model.py::test_a_preference_and_its_reverse_add_up_to_one",
        apart=SHARED,
    ),
    Equation(
        title="dynamic sampling",
        reference="seed.reference.training.prompt_stream:is_useful",
        test="tests/reference/training/test_trainer.py::test_a_length_penalty_does_not_make_a_solved_group_useful",
        apart=SHARED,
    ),
    Equation(
        title="pass@k",
        reference="seed.reference.evaluation.intervals:pass_at_k",
        test="tests/reference/evaluation/test_intervals.py::test_p26_pass_at_k_is_what_enumeration_gives",
        apart=SHARED,
    ),
    Equation(
        title="pass^k",
        reference="seed.reference.evaluation.intervals:pass_hat_k",
        test="tests/reference/evaluation/test_intervals.py::test_pass_hat_k_is_what_enumeration_gives",
        apart=SHARED,
    ),
    Equation(
        title="maj@k",
        reference="seed.reference.evaluation.intervals:majority_share",
        test="tests/reference/evaluation/test_intervals.py::test_a_majority_share_is_the_mean_over_all_ways_to_break_a_tie",
        apart=SHARED,
    ),
    Equation(
        title="clustered interval",
        reference="seed.reference.evaluation.intervals:clustered_interval",
        test="tests/reference/evaluation/test_intervals.py::test_the_interval_holds_the_mean_and_stays_between_0_and_1",
        apart=SHARED,
    ),
    Equation(
        title="ratio interval",
        reference="seed.reference.evaluation.intervals:ratio_interval",
        test="tests/reference/evaluation/test_intervals.py::test_the_ratio_interval_of_one_case_per_problem_is_wilsons",
        apart=SHARED,
    ),
    Equation(
        title="t-interval",
        reference="seed.reference.evaluation.intervals:estimate",
        test="tests/reference/evaluation/test_intervals.py::test_the_t_interval_has_its_golden_values",
        apart=SHARED,
    ),
    Equation(
        title="normal interval",
        reference="seed.reference.evaluation.intervals:normal_interval",
        test="tests/reference/evaluation/test_intervals.py::test_the_normal_interval_has_its_golden_values",
        apart=SHARED,
    ),
    Equation(
        title="packing",
        reference="",
        scaled="seed.scaled.parallel.packing:pack",
        apart="padded rows need none; the reference shifts them in reference.model:shift",
        test="conformance/test_packing.py::test_p19_log_probs_of_a_packed_sequence_are_those_of_the_sequence_alone",
    ),
    Equation(
        title="attention within sequences",
        reference="",
        scaled="seed.scaled.attention:attend",
        apart="the reference's rows are one sequence each",
        test="conformance/test_attention.py::test_p18_attention_of_packed_sequences_is_that_of_padded_rows",
    ),
    Equation(
        title="zigzag",
        reference="",
        scaled="seed.scaled.parallel.packing:context_order",
        apart=RANKS,
        test="conformance/test_packing.py::test_zigzag_gives_every_share_the_same_work",
    ),
    Equation(
        title="all-gather",
        reference="",
        scaled="seed.scaled.parallel.collectives:all_gather",
        apart=RANKS,
        test="conformance/test_collectives.py::test_a_collective_is_what_its_name_says_and_its_gradient_the_transpose",
    ),
    Equation(
        title="reduce-scatter",
        reference="",
        scaled="seed.scaled.parallel.collectives:reduce_scatter",
        apart=RANKS,
        test="conformance/test_collectives.py::test_a_collective_is_what_its_name_says_and_its_gradient_the_transpose",
    ),
    Equation(
        title="exchange",
        reference="",
        scaled="seed.scaled.parallel.collectives:exchange",
        apart=RANKS,
        test="conformance/test_collectives.py::test_a_collective_is_what_its_name_says_and_its_gradient_the_transpose",
    ),
    Equation(
        title="dispatch over ranks",
        reference="",
        scaled="seed.scaled.moe:dispatch",
        apart=RANKS,
        test="conformance/test_collectives.py::test_experts_on_other_ranks_have_the_outputs_and_gradients_of_one_process",
    ),
    Equation(
        title="merge of partial softmaxes",
        reference="",
        scaled="seed.scaled.decoding.decoder:Decoder.merge",
        apart=RANKS,
        test="conformance/test_collectives.py::test_partial_softmaxes_merged_by_log_sum_exp_are_the_whole_softmax",
    ),
    Equation(
        title="continuous batching",
        reference="seed.reference.generate:RolloutWorker",
        scaled="seed.scaled.generate:RolloutWorker",
        test="conformance/test_generate.py::test_a_freed_slot_is_refilled_without_changing_a_response",
    ),
    Equation(
        title="largest differencing",
        reference="seed.scaled.parallel.balance:karmarkar_karp",
        test="tests/scaled/parallel/test_balance.py::test_karmarkar_karp_gives_its_golden_sums",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="samples in flight",
        reference="seed.reference.rollouts.scheduler:Scheduler",
        test="tests/reference/rollouts/test_scheduler.py::test_every_batch_is_on_policy_and_fresh_enough",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="truncated importance sampling",
        reference="seed.reference.loss:truncated_importance",
        scaled="seed.scaled.loss:truncated_importance",
        test="tests/reference/rollouts/test_streaming.py::test_truncated_importance_splits_the_ratio_and_caps_its_first_part",
    ),
    Equation(
        title="signal: variance within a group",
        reference="seed.reference.data.distribution:group_variance",
        test="tests/reference/data/test_distribution.py::test_the_signal_of_k_right_of_n_has_its_closed_form",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="signal: absolute advantage",
        reference="seed.reference.data.distribution:group_advantage",
        test="tests/reference/data/test_distribution.py::test_the_signal_of_k_right_of_n_has_its_closed_form",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="signal: learning progress",
        reference="seed.reference.data.distribution:learning_progress",
        test="tests/reference/data/test_distribution.py::test_progress_is_the_distance_of_two_averages",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="moving average over groups",
        reference="seed.reference.data.distribution:moving_average",
        test="tests/reference/data/test_distribution.py::test_an_average_is_the_plain_mean_first_and_forgets_later",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="adaptive shares",
        reference="seed.reference.data.distribution:adaptive_shares",
        test="tests/reference/data/test_distribution.py::test_adaptive_shares_add_up_to_1_and_keep_the_floor",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="weight of a pool",
        reference="seed.reference.data.distribution:pool_weight",
        test="tests/reference/data/test_distribution.py::test_a_pool_has_the_bounds_of_prime_rl",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="shares by weight",
        reference="seed.reference.data.distribution:weighted_shares",
        test="tests/reference/data/test_distribution.py::test_weighted_shares_are_in_proportion",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="top of a sliding range",
        reference="seed.reference.data.distribution:moved_top",
        test="tests/reference/data/test_distribution.py::test_a_range_moves_by_one_level_and_stays_inside",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="levels of a sliding range",
        reference="seed.reference.data.distribution:range_weights",
        test="tests/reference/data/test_distribution.py::test_a_range_holds_the_highest_levels_up_to_its_top",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="stratum of the next prompt",
        reference="seed.reference.data.distribution:next_stratum",
        test="tests/reference/data/test_distribution.py::test_what_is_furthest_behind_its_share_is_next",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="cost of a sequence",
        reference="seed.scaled.parallel.balance:sequence_costs",
        test=(
            "tests/scaled/parallel/test_balance.py::test_the_cost_of_a_sequence_has_its_closed_form"
        ),
        apart=SHARED_DECISION,
    ),
    Equation(
        title="cost of a shared prompt",
        reference="seed.scaled.parallel.balance:group_costs",
        test="tests/scaled/parallel/test_balance.py::test_the_cost_of_a_prefix_group_counts_its_prompt_once",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="weights of a rank",
        reference="seed.spec.layout:weights_per_rank",
        test="tests/spec/test_layout.py::test_every_weight_is_on_exactly_one_rank_and_each_rank_holds_what_the_count_says",
        scaled="seed.scaled.parallel.dry_run:weights_held",
    ),
)

MODULES: Mapping[str, tuple[str, ...]] = {
    "seed.spec.rope": ("rotary_of", "blended"),
    "seed.reference.attention": (),
    "seed.reference.moe": ("place", "take", "dense_layer", "lines"),
    "seed.reference.model": (
        "initial_policy",
        "value_from_policy",
        "logits_of",
        "shift",
        "positions_of",
    ),
    "seed.reference.generate": (),
    "seed.reference.precision": ("squared_error", "restored", "matrix"),
    "seed.spec.philox": ("word_of", "generator"),
    "seed.reference.optimizer": ("initial_optimizer",),
    "seed.reference.advantage": (),
    "seed.reference.loss": (),
    "seed.reference.evaluation.intervals": (
        *("score_problems", "score_families", "paired_differences"),
    ),
    "seed.reference.data.distribution": (),
    "seed.scaled.parallel.balance": ("deal_groups", "prefix_groups", "prompt_lengths", "spread"),
    "seed.scaled.advantage": ("values_after",),
    "seed.scaled.attention": ("rotation", "heads_of", "full_norm"),
    "seed.scaled.parallel.collectives": (
        "exchange_counts",
        "sum_over",
        "max_over",
        "gather_objects",
        "broadcast_object",
    ),
    "seed.scaled.decoding.cache": ("grown",),
    "seed.scaled.decoding.decoder": ("places_of_texts", "one_query"),
    "seed.scaled.generate": (),
    "seed.scaled.loss": (),
    "seed.scaled.model": ("cast", "reference_name"),
    "seed.scaled.moe": ("route", "all_experts", "run_experts", "has_grouped_product"),
    "seed.scaled.optimizer": ("initial_optimizer", "pieces"),
    "seed.scaled.precision": (
        "sampling_type",
        "wide",
        "squared_error",
        "restored",
        "matrix",
        "has_fp8_kernel",
        "operand",
        "joined",
    ),
    "seed.scaled.parallel.packing": (
        "laid_out",
        "attention_plan",
        "common_front",
        "common_start",
        "similar",
        "side_by_side",
    ),
}
"""Numeric modules, and their public functions that are shapes, starting values or bookkeeping
rather than an equation.
"""

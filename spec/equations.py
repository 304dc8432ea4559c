"""The index of equations: number, formula, where it is printed, the function in each backend, the
test that holds it.

The number is the place in ``EQUATIONS``, in reading order. A test proves that every entry leads
somewhere and that every public function of a numeric module stands here or is named as a helper.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Equation:
    """One equation and its places.

    Attributes:
        title: What it is called.
        formula: The equation, in one line.
        source: Paper and equation.
        reference: ``module:function`` of the NumPy reference, or empty.
        test: ``file::function`` of a test that fails when the equation is wrong.
        scaled: ``module:function`` of the torch backend, or empty.
        apart: Why one of the two has no function of its own; empty if both have.
    """

    title: str
    formula: str
    source: str
    reference: str
    test: str
    scaled: str = ""
    apart: str = ""


SHARED = (
    "shared: verdicts, rewards and figures are worked out once, by the reference's function,"
    " whichever backend computes"
)
SHARED_DECISION = "shared: no arithmetic on arrays, decided once for both backends"
ON_THE_HOST = "shared: drawn on the host, where the books of sampling are kept"
RANKS = "one process has nobody to share with"

EQUATIONS = (
    Equation(
        title="RMS norm",
        formula="x / sqrt(mean(x^2) + eps) w",
        source="arXiv 1910.07467 eq. 4",
        reference="seed.reference.attention:rms_norm",
        test=(
            "tests/reference/test_model.py::test_rms_norm_leaves_mean_square_one_whatever_the_scale"
        ),
        scaled="seed.scaled.attention:rms_norm",
    ),
    Equation(
        title="rotary position",
        formula="rotate (x_i, x_{i+h/2}) by position base^(-2i/h)",
        source="RoPE, arXiv 2104.09864 eq. 34",
        reference="seed.reference.attention:rotary",
        test="tests/reference/test_model.py::test_rotary_products_depend_on_the_distance_of_positions_only",
        scaled="seed.scaled.attention:rotary",
    ),
    Equation(
        title="softmax",
        formula="exp(x_i) / sum_j exp(x_j)",
        source="definition",
        reference="seed.reference.attention:softmax",
        test="tests/reference/test_model.py::test_softmax_sums_to_one_and_ignores_a_common_offset",
        apart="torch has it",
    ),
    Equation(
        title="attention",
        formula="softmax(q k' / sqrt(h) + causal mask) v",
        source="GQA, arXiv 2305.13245",
        reference="seed.reference.attention:attention",
        test="conformance/test_outside.py::test_logits_states_and_router_logits_agree",
        scaled="seed.scaled.attention:attention",
    ),
    Equation(
        title="SiLU",
        formula="x sigmoid(x)",
        source="arXiv 1702.03118",
        reference="seed.reference.moe:silu",
        test="tests/reference/test_moe.py::test_silu_is_x_times_its_sigmoid_and_never_overflows",
        apart="torch has it",
    ),
    Equation(
        title="SwiGLU",
        formula="(silu(x Wg) * x Wu) Wd",
        source="arXiv 2002.05202 eq. 6",
        reference="seed.reference.moe:swiglu",
        test="tests/reference/test_moe.py::test_swiglu_of_scalars_has_its_closed_form",
        scaled="seed.scaled.moe:swiglu",
    ),
    Equation(
        title="top-k routing",
        formula="I = ids of the k largest router logits",
        source="arXiv 1701.06538 eq. 5",
        reference="seed.reference.moe:top_k",
        test="tests/reference/test_moe.py::test_equal_router_logits_go_to_the_smaller_ids",
        scaled="seed.scaled.moe:top_k",
    ),
    Equation(
        title="gates",
        formula="g_i = p_i / sum_{j in I} p_j, p = softmax(x Wr)",
        source="Qwen3-MoE",
        reference="seed.reference.moe:gates",
        test=(
            "tests/reference/test_moe.py::test_gates_are_the_routers_probabilities_rescaled_or_not"
        ),
        scaled="seed.scaled.moe:gates",
    ),
    Equation(
        title="dropless dispatch",
        formula="sum_{i in I} g_i swiglu_i(x)",
        source="MegaBlocks, arXiv 2211.15841",
        reference="seed.reference.moe:dispatch",
        test="tests/reference/test_moe.py::test_dispatch_is_a_plain_loop_over_tokens_and_experts",
        scaled="seed.scaled.moe:dispatch",
    ),
    Equation(
        title="mixture of experts",
        formula="routed experts + shared experts, given or chosen ids",
        source="DeepSeek-V3, arXiv 2412.19437 eq. 12-16",
        reference="seed.reference.moe:moe_layer",
        test="tests/reference/test_moe.py::test_replay_of_the_routers_own_choice_changes_nothing_and_another_keeps_the_routers_gradient",
        scaled="seed.scaled.model:Moe.forward",
    ),
    Equation(
        title="load balance",
        formula="E sum_e f_e P_e per sequence",
        source="DeepSeek-V3 eq. 17-20",
        reference="seed.reference.moe:balance_loss",
        test="tests/reference/test_moe.py::test_the_balance_loss_is_its_weight_at_perfect_balance_and_more_when_all_go_to_one",
        scaled="seed.scaled.moe:balance_loss",
    ),
    Equation(
        title="router z loss",
        formula="logsumexp(logits)^2",
        source="ST-MoE, arXiv 2202.08906 eq. 5",
        reference="seed.reference.moe:z_loss",
        test="tests/reference/test_moe.py::test_the_z_loss_is_the_weighted_square_of_logsumexp",
        scaled="seed.scaled.moe:z_loss",
    ),
    Equation(
        title="transformer",
        formula="x += attention(norm(x)), x += feed_forward(norm(x))",
        source="arXiv 2002.04745 (pre-norm)",
        reference="seed.reference.model:hidden_states",
        test="conformance/test_outside.py::test_loss_and_gradients_of_every_weight_agree",
        scaled="seed.scaled.model:Transformer.forward",
    ),
    Equation(
        title="next-token logits",
        formula="norm(x) Whead, column t about token t",
        source="definition",
        reference="seed.reference.model:token_logits",
        test="tests/reference/test_model.py::test_a_token_changes_no_logits_up_to_its_own",
        scaled="seed.scaled.model:Transformer.read",
    ),
    Equation(
        title="value",
        formula="V(state before token t) = norm(x) w + b",
        source="VC-PPO, VAPO 2",
        reference="seed.reference.model:token_values",
        test="tests/reference/test_model.py::test_p11_the_value_of_the_first_response_token_sees_the_prompt_only",
        scaled="seed.scaled.model:Transformer.values",
    ),
    Equation(
        title="sampling distribution",
        formula="log softmax(logits / temperature) on the nucleus, renormalised",
        source="arXiv 1904.09751",
        reference="seed.reference.generate:log_distribution",
        test="tests/reference/test_generate.py::test_the_nucleus_is_the_smallest_set_with_enough_mass",
        scaled="seed.scaled.generate:log_distribution",
    ),
    Equation(
        title="sampling",
        formula="smallest v with sum_{u<=v} p_u > U",
        source="inversion",
        reference="seed.reference.generate:draw",
        test="tests/reference/test_generate.py::test_draw_inverts_the_distribution_and_never_takes_what_is_impossible",
        scaled="seed.scaled.generate:draw",
    ),
    Equation(
        title="E4M3 rounding",
        formula="nearest m 2^e with 3 bits after the point, ties to even, |x| <= 448",
        source="FP8 formats, arXiv 2209.05433",
        reference="seed.reference.precision:e4m3",
        test="tests/reference/test_precision.py::test_every_code_of_e4m3_is_its_own_rounding_and_ties_go_to_the_even_mantissa",
        scaled="seed.scaled.precision:e4m3",
    ),
    Equation(
        title="range scale",
        formula="s = max |w| / 448",
        source="report 5.2 names it; per channel as in common practice",
        reference="seed.reference.precision:range_scale",
        test="tests/reference/test_precision.py::test_range_scaling_errs_by_half_a_step_at_most",
        scaled="seed.scaled.precision:range_scale",
    ),
    Equation(
        title="error-compensated scale",
        formula="s = <w, q> / <q, q>, the minimum of |w - s q|^2",
        source="report 5.2 names it; the formula is our reading",
        reference="seed.reference.precision:compensated_scale",
        test="tests/reference/test_precision.py::test_no_other_scale_errs_less_than_the_compensated_one",
        scaled="seed.scaled.precision:compensated_scale",
    ),
    Equation(
        title="post-training quantisation",
        formula="q = e4m3(w g / max |w|), s compensated, g in (224, 448] of least |w - s q|^2",
        source="report 5.2 names it; the formula is our reading",
        reference="seed.reference.precision:quantise",
        test="tests/reference/test_precision.py::test_compensation_never_errs_more_than_range_scaling",
        scaled="seed.scaled.precision:quantise",
    ),
    Equation(
        title="FP8 product",
        formula="(e4m3(x / s_x) @ q) s_x s, s_x = max |x| / 448 of each row",
        source="our reading of report 5.2",
        reference="seed.reference.precision:product",
        test="tests/reference/test_precision.py::test_a_product_is_that_of_the_rounded_rows_and_the_restored_matrix",
        scaled="seed.scaled.precision:product",
    ),
    Equation(
        title="FP8 rollouts",
        formula=(
            "q, s in place of the matrices of attention, experts and MLP where the phase samples"
            " in FP8"
        ),
        source="report 5.2, dynamic precision",
        reference="seed.reference.precision:rollout_weights",
        test="tests/reference/test_precision.py::test_only_rollouts_of_the_named_phases_are_drawn_in_fp8",
        scaled="seed.scaled.precision:rollout_weights",
    ),
    Equation(
        title="generation",
        formula="tokens and behaviour log-probs of one response",
        source="report 5.2",
        reference="seed.reference.generate:generate",
        test="tests/reference/test_generate.py::test_p15_recorded_log_probs_are_the_recomputed_ones_at_any_setting",
        scaled="seed.scaled.generate:generate",
    ),
    Equation(
        title="Philox",
        formula="ten rounds of Philox4x32",
        source="SC 2011, section 3.3",
        reference="seed.spec.philox:philox",
        test="tests/spec/test_philox.py::test_philox_gives_the_published_known_answers",
        apart=ON_THE_HOST,
    ),
    Equation(
        title="uniform numbers",
        formula="53 random bits / 2^53",
        source="definition",
        reference="seed.spec.philox:uniforms",
        test="tests/spec/test_philox.py::test_uniform_numbers_are_the_same_one_by_one_and_all_at_once",
        apart=ON_THE_HOST,
    ),
    Equation(
        title="learning rate",
        formula="warm-up, then constant or cosine",
        source="arXiv 1608.03983 eq. 5",
        reference="seed.reference.optimizer:learning_rate",
        test="tests/reference/test_optimizer.py::test_cosine_starts_at_the_peak_after_warm_up_and_ends_at_the_final_rate",
        scaled="seed.scaled.optimizer:learning_rate",
    ),
    Equation(
        title="gradient norm",
        formula="sqrt(sum g^2)",
        source="definition",
        reference="seed.reference.optimizer:global_norm",
        test="tests/reference/test_optimizer.py::test_the_global_norm_is_that_of_all_entries_whatever_the_order_of_names",
        scaled="seed.scaled.optimizer:global_norm",
    ),
    Equation(
        title="AdamW",
        formula="w -= lr (m^ / (sqrt(v^) + eps) + decay w)",
        source="arXiv 1711.05101 algorithm 2",
        reference="seed.reference.optimizer:adamw",
        test="tests/reference/test_optimizer.py::test_adamw_takes_torchs_steps",
        scaled="seed.scaled.optimizer:adamw",
    ),
    Equation(
        title="terminal reward",
        formula="r_t = R at the last response token, else 0",
        source="VAPO 2.1",
        reference="seed.reference.advantage:token_rewards",
        test="tests/reference/test_advantage.py::test_token_rewards_stand_on_the_last_response_token_only",
        scaled="seed.scaled.advantage:token_rewards",
    ),
    Equation(
        title="length-adaptive lambda",
        formula="1 - 1 / (gae_alpha l), clamped to [0, 1]",
        source="VAPO eq. 5",
        reference="seed.reference.advantage:length_adaptive_lambda",
        test=(
            "tests/reference/test_advantage.py::test_length_adaptive_lambda_gives_the_golden_table"
        ),
        scaled="seed.scaled.advantage:length_adaptive_lambda",
    ),
    Equation(
        title="GAE",
        formula="A_t = delta_t + gamma lambda A_{t+1}",
        source="arXiv 1506.02438 eq. 16; VAPO eq. 3",
        reference="seed.reference.advantage:gae",
        test="tests/reference/test_advantage.py::test_gae_gives_the_golden_table",
        scaled="seed.scaled.advantage:gae",
    ),
    Equation(
        title="decoupled GAE",
        formula="targets with lambda_value, advantages with lambda_policy",
        source="VC-PPO algorithm 1; VAPO 4.1",
        reference="seed.reference.advantage:decoupled_gae",
        test="tests/reference/test_advantage.py::test_decoupled_targets_are_returns_whatever_lambda_the_policy_uses",
        scaled="seed.scaled.advantage:decoupled_gae",
    ),
    Equation(
        title="policy lambda",
        formula="length-adaptive or fixed",
        source="VAPO eq. 5, VC-PPO 3.2",
        reference="seed.reference.advantage:policy_lambda",
        test="tests/reference/test_advantage.py::test_policy_lambda_is_adaptive_or_fixed",
        scaled="seed.scaled.advantage:policy_lambda",
    ),
    Equation(
        title="value after the end",
        formula="0, or the last state's V at a cut",
        source="T-PPO, arXiv 2506.15050",
        reference="seed.reference.advantage:final_values",
        test="tests/reference/test_advantage.py::test_p12_what_follows_a_cut_is_a_named_choice_and_a_flag_of_the_sampler",
        scaled="seed.scaled.advantage:final_values",
    ),
    Equation(
        title="whitening",
        formula="(A - mean) / std",
        source="common practice, in no paper",
        reference="seed.reference.advantage:whiten",
        test="tests/reference/test_advantage.py::test_whitening_is_off_by_default_and_gives_mean_zero_and_spread_one",
        scaled="seed.scaled.advantage:whiten",
    ),
    Equation(
        title="group advantage",
        formula="(r_i - mean(r)) / std(r)",
        source="GRPO, arXiv 2402.03300; DAPO eq. 9",
        reference="seed.reference.advantage:group_advantages",
        test="tests/reference/test_advantage.py::test_group_advantages_give_the_golden_table",
        scaled="seed.scaled.advantage:group_advantages",
    ),
    Equation(
        title="explained variance",
        formula="1 - Var(R - V) / Var(R)",
        source="VAPO 4.1",
        reference="seed.reference.advantage:explained_variance",
        test="tests/reference/test_advantage.py::test_explained_variance_is_one_for_the_truth_and_zero_for_a_constant",
        apart="shared: a figure for people, worked out once on the host",
    ),
    Equation(
        title="loss aggregation",
        formula="mean over tokens, sequences, groups, or a constant",
        source="VAPO eq. 6-7; DAPO eq. 8",
        reference="seed.reference.loss:token_weights",
        test="tests/reference/test_loss.py::test_p6_the_four_meanings_of_mean_have_their_golden_weights",
        scaled="seed.scaled.loss:token_weights",
    ),
    Equation(
        title="weighted sum",
        formula="sum_t w_t l_t",
        source="field law P1",
        reference="seed.reference.loss:weighted_sum",
        test="tests/reference/test_loss.py::test_what_stands_at_weight_zero_reaches_neither_the_sum_nor_its_gradient",
        scaled="seed.scaled.loss:weighted_sum",
    ),
    Equation(
        title="token log-probability",
        formula="log pi(a_t | s_t)",
        source="definition",
        reference="seed.reference.loss:token_log_probs",
        test="tests/reference/test_loss.py::test_p16_only_the_alignment_with_the_token_before_gives_the_right_number",
        scaled="seed.scaled.loss:token_log_probs",
    ),
    Equation(
        title="entropy",
        formula="-sum_a pi log pi",
        source="definition",
        reference="seed.reference.loss:token_entropy",
        test="tests/reference/test_loss.py::test_the_entropy_has_its_closed_form",
        scaled="seed.scaled.loss:token_entropy",
    ),
    Equation(
        title="probability ratio",
        formula="pi / pi_behaviour",
        source="VAPO eq. 2",
        reference="seed.reference.loss:ratio",
        test="tests/reference/test_loss.py::test_p15_the_ratio_is_exactly_one_for_equal_log_probs",
        scaled="seed.scaled.loss:ratio",
    ),
    Equation(
        title="clip-higher",
        formula="-min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A)",
        source="DAPO eq. 10; VAPO eq. 8; report eq. 1",
        reference="seed.reference.loss:clipped_surrogate",
        test="tests/reference/test_loss.py::test_the_surrogate_gradient_has_its_closed_form_everywhere_off_the_kinks",
        scaled="seed.scaled.loss:clipped_surrogate",
    ),
    Equation(
        title="clip fractions",
        formula="tokens whose gradient the clip removes",
        source="DAPO 3.1",
        reference="seed.reference.loss:clip_fractions",
        test="tests/reference/test_loss.py::test_the_clip_fractions_are_the_tokens_whose_gradient_vanishes",
        scaled="seed.scaled.loss:clip_fractions",
    ),
    Equation(
        title="value loss",
        formula="1/2 (V - target)^2",
        source="VC-PPO algorithm 1",
        reference="seed.reference.loss:value_error",
        test="tests/reference/test_loss.py::test_the_value_error_is_half_the_square",
        scaled="seed.scaled.loss:value_error",
    ),
    Equation(
        title="KL penalty",
        formula="k2 = d^2 / 2, k3 = exp(-d) - 1 + d",
        source="Schulman, Approximating KL Divergence",
        reference="seed.reference.loss:kl_penalty",
        test="tests/reference/test_loss.py::test_p20_the_expected_gradient_of_k2_is_that_of_the_reverse_kl_and_the_one_of_k3_is_not",
        scaled="seed.scaled.loss:kl_penalty",
    ),
    Equation(
        title="policy loss",
        formula="L_PPO + mu L_NLL (+ switches)",
        source="VAPO eq. 9-10; report eq. 2",
        reference="seed.reference.backend:policy_loss",
        test="tests/reference/test_loss.py::test_p3_the_gradient_of_a_step_is_the_sum_of_its_terms",
        scaled="seed.scaled.objective:policy_loss",
    ),
    Equation(
        title="soft overlong punishment",
        formula="0, a ramp, -1",
        source="DAPO eq. 13",
        reference="seed.reference.rewards.reward:soft_overlong",
        test="tests/reference/rewards/test_reward.py::test_p24_the_overlong_ramp_has_its_golden_values_at_every_boundary",
        apart=SHARED,
    ),
    Equation(
        title="quality by data class",
        formula="v, s, or their gate v (1 - w + w s), product v s, mean (1 - w) v + w s",
        source="report 4.2; the rules are ours",
        reference="seed.reference.rewards.reward:quality",
        test="tests/reference/rewards/test_data_classes.py::test_the_hybrid_rules_have_their_golden_values",
        apart=SHARED,
    ),
    Equation(
        title="YES against NO",
        formula="pi(Y) / (pi(Y) + pi(N))",
        source="report 3.2",
        reference="seed.reference.rewards.yes_no:yes_probability",
        test="tests/reference/rewards/test_reward_model.py::test_yes_and_no_are_weighed_against_each_other_and_nothing_else_is",
        apart=SHARED,
    ),
    Equation(
        title="pairwise preference",
        formula="1/2 (P(YES | a, b) + 1 - P(YES | b, a))",
        source="report 3.2; Pairwise-RL, arXiv 2504.04950",
        reference="seed.reference.rewards.reward_model:compare",
        test="tests/reference/rewards/test_reward_model.py::test_a_preference_and_its_reverse_add_up_to_one_whatever_the_model_says",
        apart=SHARED,
    ),
    Equation(
        title="dynamic sampling",
        formula="0 < correct < G",
        source="DAPO eq. 11",
        reference="seed.reference.training.prompt_stream:is_useful",
        test="tests/reference/training/test_trainer.py::test_a_length_penalty_does_not_make_a_solved_group_useful",
        apart=SHARED,
    ),
    Equation(
        title="pass@k",
        formula="1 - C(n - c, k) / C(n, k)",
        source="arXiv 2107.03374 eq. 1",
        reference="seed.reference.evaluation.intervals:pass_at_k",
        test="tests/reference/evaluation/test_intervals.py::test_p26_pass_at_k_is_what_enumeration_gives",
        apart=SHARED,
    ),
    Equation(
        title="clustered interval",
        formula="Wilson at the effective sample size",
        source="arXiv 2411.00640; Wilson 1927",
        reference="seed.reference.evaluation.intervals:clustered_interval",
        test="tests/reference/evaluation/test_intervals.py::test_the_interval_holds_the_mean_and_stays_between_0_and_1",
        apart=SHARED,
    ),
    Equation(
        title="ratio interval",
        formula="Wilson at the effective size of a ratio sum h / sum k",
        source="arXiv 2411.00640 section 2.2; Wilson 1927",
        reference="seed.reference.evaluation.intervals:ratio_interval",
        test="tests/reference/evaluation/test_intervals.py::test_the_ratio_interval_of_one_case_per_problem_is_wilsons",
        apart=SHARED,
    ),
    Equation(
        title="packing",
        formula=(
            "document after document in one stream, a shared prompt once; position t predicts t + 1"
            " of its own document"
        ),
        source="field law P19",
        reference="",
        scaled="seed.scaled.parallel.packing:pack",
        apart="padded rows need none: the reference's shift is reference.model:shift",
        test="conformance/test_packing.py::test_p19_log_probs_of_a_packed_document_are_those_of_the_document_alone",
    ),
    Equation(
        title="attention within documents",
        formula="softmax over the keys of the query's document up to its own position",
        source="field law P19",
        reference="",
        scaled="seed.scaled.attention:attend",
        apart="the reference's rows are one document each",
        test="conformance/test_attention.py::test_p18_attention_of_a_packed_stream_is_that_of_padded_rows",
    ),
    Equation(
        title="zigzag",
        formula="context share c of n holds chunks c and 2 n - 1 - c of 2 n",
        source="Llama 3, arXiv 2407.21783 section 3.3.2",
        reference="",
        scaled="seed.scaled.parallel.packing:context_order",
        apart=RANKS,
        test="conformance/test_packing.py::test_zigzag_gives_every_share_the_same_work",
    ),
    Equation(
        title="all-gather",
        formula="y = all ranks' x;  dx = this rank's rows of sum dy",
        source="transpose of a linear map",
        reference="",
        scaled="seed.scaled.parallel.collectives:all_gather",
        apart=RANKS,
        test="conformance/test_collectives.py::test_a_collective_is_what_it_says_and_its_gradient_the_transpose",
    ),
    Equation(
        title="reduce-scatter",
        formula="y = this rank's rows of sum x;  dx = all ranks' dy",
        source="transpose of a linear map",
        reference="",
        scaled="seed.scaled.parallel.collectives:reduce_scatter",
        apart=RANKS,
        test="conformance/test_collectives.py::test_a_collective_is_what_it_says_and_its_gradient_the_transpose",
    ),
    Equation(
        title="exchange",
        formula="y = the rows that others sent here;  dx = dy, sent back",
        source="transpose of a linear map",
        reference="",
        scaled="seed.scaled.parallel.collectives:exchange",
        apart=RANKS,
        test="conformance/test_collectives.py::test_a_collective_is_what_it_says_and_its_gradient_the_transpose",
    ),
    Equation(
        title="dispatch over ranks",
        formula="copies to their experts' ranks, answers back, in the order they left",
        source="GShard, arXiv 2006.16668; dropless as in MegaBlocks",
        reference="",
        scaled="seed.scaled.moe:dispatch",
        apart=RANKS,
        test="conformance/test_collectives.py::test_experts_on_other_ranks_answer_and_learn_as_at_home",
    ),
    Equation(
        title="merge of partial softmaxes",
        formula="sum_r softmax(L)_r out_r, L_r = logsumexp of rank r's scores",
        source="Flash-Decoding; arXiv 1805.02867",
        reference="",
        scaled="seed.scaled.decoding.decoder:Decoder.merge",
        apart=RANKS,
        test="conformance/test_collectives.py::test_partial_softmaxes_merged_by_log_sum_exp_are_the_whole_softmax",
    ),
    Equation(
        title="continuous batching",
        formula=(
            "a slot whose response has ended takes the next request; U depends on request and"
            " position only"
        ),
        source="Orca, OSDI 2022",
        reference="seed.reference.generate:RolloutWorker",
        scaled="seed.scaled.generate:RolloutWorker",
        test="conformance/test_generate.py::test_a_freed_slot_is_refilled_without_changing_a_response",
    ),
    Equation(
        title="largest differencing",
        formula=(
            "join the two partitions of largest spread, largest part with smallest, until one is"
            " left"
        ),
        source="Karmarkar and Karp 1982; report 5.3",
        reference="seed.scaled.parallel.balance:karmarkar_karp",
        test="tests/scaled/parallel/test_balance.py::test_karmarkar_karp_gives_its_golden_sums",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="samples under way",
        formula=(
            "O = N min(1 / srs_alpha, 1 + max_staleness); a batch is N finished ones,"
            " ceil(srs_alpha N) of them on-policy"
        ),
        source="report 5.2, the batch completion reading",
        reference="seed.reference.rollouts.scheduler:Scheduler",
        test="tests/reference/rollouts/test_scheduler.py::test_every_batch_is_on_policy_and_fresh_enough",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="truncated importance sampling",
        formula="min(pi_start / pi_behaviour, c) l_clip(pi / pi_start)",
        source="decoupled PPO, arXiv 2110.00641; the cap as in verl and AReaL",
        reference="seed.reference.training.batch:truncated_importance",
        test="tests/reference/rollouts/test_streaming.py::test_truncated_importance_splits_the_ratio_and_caps_its_first_part",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="cost of a sequence",
        formula="2 A l + 2 L H h l^2",
        source="matrix products and causal attention, counted",
        reference="seed.scaled.parallel.balance:sequence_costs",
        test=(
            "tests/scaled/parallel/test_balance.py::test_the_cost_of_a_sequence_has_its_closed_form"
        ),
        apart=SHARED_DECISION,
    ),
    Equation(
        title="cost of a shared prompt",
        formula=(
            "sum_rows c(prompt + response) - (rows - 1) c(prompt), shared where |prompt| >= mean"
            " |response|"
        ),
        source="a token's state depends on those before it alone",
        reference="seed.scaled.parallel.balance:family_costs",
        test="tests/scaled/parallel/test_balance.py::test_the_cost_of_a_family_counts_its_prompt_once",
        apart=SHARED_DECISION,
    ),
    Equation(
        title="weights of a rank",
        formula="rows_held(rows, shards) * entries of a row, over the weights of a group",
        source="ZeRO-3, arXiv 1910.02054; three groups as in scaled.parallel.parallelize",
        reference="seed.spec.layout:weights_per_rank",
        test="tests/spec/test_layout.py::test_every_weight_is_on_exactly_one_rank_and_each_rank_holds_what_the_count_says",
        scaled="seed.scaled.parallel.dry_run:weights_held",
    ),
)

MODULES: Mapping[str, tuple[str, ...]] = {
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
    "seed.reference.evaluation.intervals": ("score_problems", "score_families"),
    "seed.scaled.parallel.balance": ("families", "prompt_lengths", "spread"),
    "seed.scaled.advantage": ("values_after",),
    "seed.scaled.attention": ("wide", "rotation", "heads_of"),
    "seed.scaled.parallel.collectives": (
        "exchange_counts",
        "sum_over",
        "max_over",
        "gather_objects",
    ),
    "seed.scaled.decoding.cache": ("grown",),
    "seed.scaled.decoding.decoder": ("one_query",),
    "seed.scaled.generate": (),
    "seed.scaled.loss": (),
    "seed.scaled.model": ("reference_name",),
    "seed.scaled.moe": ("route", "all_experts", "run_experts", "has_grouped_product"),
    "seed.scaled.optimizer": ("initial_optimizer",),
    "seed.scaled.precision": (
        "squared_error",
        "restored",
        "matrix",
        "has_fp8_kernel",
        "operand",
        "joined",
    ),
    "seed.scaled.parallel.packing": ("laid_out", "attention_plan", "similar", "side_by_side"),
}
"""Numeric modules, and their public functions that are shapes, starting values or bookkeeping
rather than an equation.
"""

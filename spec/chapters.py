"""The index of equations: number, formula, where it is printed, the function in each house, the test that holds it.

The number is the place in ``EQUATIONS``, in reading order. A test proves that every entry leads somewhere and that every
public function of a numeric chapter stands here or is named as a helper.
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
        reference: ``module:function`` of the NumPy house.
        test: ``file::function`` of a test that fails when the equation is wrong.
        scaled: ``module:function`` of the torch house; empty until that chapter is built.
    """

    title: str
    formula: str
    source: str
    reference: str
    test: str
    scaled: str = ""


EQUATIONS = (
    Equation(
        title="RMS norm",
        formula="x / sqrt(mean(x^2) + eps) w",
        source="arXiv 1910.07467 eq. 4",
        reference="reference.attention:rms_norm",
        test="MISSING model:rms_norm",
    ),
    Equation(
        title="rotary position",
        formula="rotate (x_i, x_{i+h/2}) by position base^(-2i/h)",
        source="RoPE, arXiv 2104.09864 eq. 34",
        reference="reference.attention:rotary",
        test="MISSING model:rotary",
    ),
    Equation(
        title="softmax",
        formula="exp(x_i) / sum_j exp(x_j)",
        source="definition",
        reference="reference.attention:softmax",
        test="MISSING model:softmax",
    ),
    Equation(
        title="attention",
        formula="softmax(q k' / sqrt(h) + causal mask) v",
        source="GQA, arXiv 2305.13245",
        reference="reference.attention:attention",
        test="conformance/test_outside.py::test_logits_states_and_router_logits_agree",
    ),
    Equation(
        title="SiLU",
        formula="x sigmoid(x)",
        source="arXiv 1702.03118",
        reference="reference.moe:silu",
        test="MISSING moe:silu",
    ),
    Equation(
        title="SwiGLU",
        formula="(silu(x Wg) * x Wu) Wd",
        source="arXiv 2002.05202 eq. 6",
        reference="reference.moe:swiglu",
        test="MISSING moe:swiglu",
    ),
    Equation(
        title="top-k routing",
        formula="I = ids of the k largest router logits",
        source="arXiv 1701.06538 eq. 5",
        reference="reference.moe:top_k",
        test="MISSING moe:top_k",
    ),
    Equation(
        title="gates",
        formula="g_i = p_i / sum_{j in I} p_j, p = softmax(x Wr)",
        source="Qwen3-MoE",
        reference="reference.moe:gates",
        test="MISSING moe:gates",
    ),
    Equation(
        title="dropless dispatch",
        formula="sum_{i in I} g_i swiglu_i(x)",
        source="MegaBlocks, arXiv 2211.15841",
        reference="reference.moe:dispatch",
        test="MISSING moe:dispatch",
    ),
    Equation(
        title="mixture of experts",
        formula="routed experts + shared experts, given or chosen ids",
        source="DeepSeek-V3, arXiv 2412.19437 eq. 12-16",
        reference="reference.moe:moe_layer",
        test="MISSING moe:replay",
    ),
    Equation(
        title="load balance",
        formula="E sum_e f_e P_e per sequence",
        source="DeepSeek-V3 eq. 17-20",
        reference="reference.moe:balance_loss",
        test="MISSING moe:balance",
    ),
    Equation(
        title="router z loss",
        formula="logsumexp(logits)^2",
        source="ST-MoE, arXiv 2202.08906 eq. 5",
        reference="reference.moe:z_loss",
        test="MISSING moe:z_loss",
    ),
    Equation(
        title="transformer",
        formula="x += attention(norm(x)), x += feed_forward(norm(x))",
        source="arXiv 2002.04745 (pre-norm)",
        reference="reference.model:hidden_states",
        test="conformance/test_outside.py::test_loss_and_gradients_of_every_weight_agree",
    ),
    Equation(
        title="next-token logits",
        formula="norm(x) Whead, column t about token t",
        source="definition",
        reference="reference.model:token_logits",
        test="MISSING model:causal",
    ),
    Equation(
        title="value",
        formula="V(state before token t) = norm(x) w + b",
        source="VC-PPO, VAPO 2",
        reference="reference.model:token_values",
        test="MISSING model:value",
    ),
    Equation(
        title="sampling distribution",
        formula="log softmax(logits / temperature) on the nucleus, renormalised",
        source="arXiv 1904.09751",
        reference="reference.generate:log_distribution",
        test="MISSING generate:nucleus",
    ),
    Equation(
        title="sampling",
        formula="smallest v with sum_{u<=v} p_u > U",
        source="inversion",
        reference="reference.generate:draw",
        test="MISSING generate:draw",
    ),
    Equation(
        title="generation",
        formula="tokens and behaviour log-probs of one response",
        source="report 5.2",
        reference="reference.generate:generate",
        test="MISSING generate:p15",
    ),
    Equation(
        title="Philox",
        formula="ten rounds of Philox4x32",
        source="SC 2011, section 3.3",
        reference="reference.random:philox",
        test="MISSING random:known",
    ),
    Equation(
        title="uniform numbers",
        formula="53 random bits / 2^53",
        source="definition",
        reference="reference.random:uniforms",
        test="MISSING random:uniforms",
    ),
    Equation(
        title="learning rate",
        formula="warm-up, then constant or cosine",
        source="arXiv 1608.03983 eq. 5",
        reference="reference.optimizer:learning_rate",
        test="MISSING optimizer:cosine",
    ),
    Equation(
        title="gradient norm",
        formula="sqrt(sum g^2)",
        source="definition",
        reference="reference.optimizer:global_norm",
        test="MISSING optimizer:norm",
    ),
    Equation(
        title="AdamW",
        formula="w -= lr (m^ / (sqrt(v^) + eps) + decay w)",
        source="arXiv 1711.05101 algorithm 2",
        reference="reference.optimizer:adamw",
        test="MISSING optimizer:torch",
    ),
    Equation(
        title="terminal reward",
        formula="r_t = R at the last response token, else 0",
        source="VAPO 2.1",
        reference="reference.advantage:token_rewards",
        test="MISSING advantage:token_rewards",
    ),
    Equation(
        title="length-adaptive lambda",
        formula="1 - 1 / (gae_alpha l), clamped to [0, 1]",
        source="VAPO eq. 5",
        reference="reference.advantage:length_adaptive_lambda",
        test="MISSING advantage:length_adaptive",
    ),
    Equation(
        title="GAE",
        formula="A_t = delta_t + gamma lambda A_{t+1}",
        source="arXiv 1506.02438 eq. 16; VAPO eq. 3",
        reference="reference.advantage:gae",
        test="MISSING advantage:golden",
    ),
    Equation(
        title="decoupled GAE",
        formula="targets with lambda_value, advantages with lambda_policy",
        source="VC-PPO algorithm 1; VAPO 4.1",
        reference="reference.advantage:decoupled_gae",
        test="MISSING advantage:decoupled",
    ),
    Equation(
        title="policy lambda",
        formula="length-adaptive or fixed",
        source="VAPO eq. 5, VC-PPO 3.2",
        reference="reference.advantage:policy_lambda",
        test="MISSING advantage:policy_lambda",
    ),
    Equation(
        title="value after the end",
        formula="0, or the last state's V at a cut",
        source="T-PPO, arXiv 2506.15050",
        reference="reference.advantage:final_values",
        test="MISSING advantage:p12",
    ),
    Equation(
        title="whitening",
        formula="(A - mean) / std",
        source="common practice, in no paper",
        reference="reference.advantage:whiten",
        test="MISSING advantage:whiten",
    ),
    Equation(
        title="group advantage",
        formula="(r_i - mean(r)) / std(r)",
        source="GRPO, arXiv 2402.03300; DAPO eq. 9",
        reference="reference.advantage:group_advantages",
        test="MISSING advantage:group",
    ),
    Equation(
        title="explained variance",
        formula="1 - Var(R - V) / Var(R)",
        source="VAPO 4.1",
        reference="reference.advantage:explained_variance",
        test="MISSING advantage:explained",
    ),
    Equation(
        title="loss aggregation",
        formula="mean over tokens, sequences, groups, or a constant",
        source="VAPO eq. 6-7; DAPO eq. 8",
        reference="reference.loss:token_weights",
        test="MISSING loss:p6",
    ),
    Equation(
        title="weighted sum",
        formula="sum_t w_t l_t",
        source="field law P1",
        reference="reference.loss:weighted_sum",
        test="MISSING loss:p1",
    ),
    Equation(
        title="token log-probability",
        formula="log pi(a_t | s_t)",
        source="definition",
        reference="reference.loss:token_log_probs",
        test="MISSING loss:p16",
    ),
    Equation(
        title="entropy",
        formula="-sum_a pi log pi",
        source="definition",
        reference="reference.loss:token_entropy",
        test="MISSING loss:entropy",
    ),
    Equation(
        title="probability ratio",
        formula="pi / pi_behaviour",
        source="VAPO eq. 2",
        reference="reference.loss:ratio",
        test="MISSING loss:ratio",
    ),
    Equation(
        title="clip-higher",
        formula="-min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A)",
        source="DAPO eq. 10; VAPO eq. 8; report eq. 1",
        reference="reference.loss:clipped_surrogate",
        test="MISSING loss:closed",
    ),
    Equation(
        title="clip fractions",
        formula="tokens whose gradient the clip removes",
        source="DAPO 3.1",
        reference="reference.loss:clip_fractions",
        test="MISSING loss:clip_fractions",
    ),
    Equation(
        title="value loss",
        formula="1/2 (V - target)^2",
        source="VC-PPO algorithm 1",
        reference="reference.loss:value_error",
        test="MISSING loss:value",
    ),
    Equation(
        title="KL penalty",
        formula="k2 = d^2 / 2, k3 = exp(-d) - 1 + d",
        source="Schulman, Approximating KL Divergence",
        reference="reference.loss:kl_penalty",
        test="MISSING loss:p20",
    ),
    Equation(
        title="policy loss",
        formula="L_PPO + mu L_NLL (+ switches)",
        source="VAPO eq. 9-10; report eq. 2",
        reference="reference.backend:policy_loss",
        test="MISSING loss:p4",
    ),
    Equation(
        title="soft overlong punishment",
        formula="0, a ramp, -1",
        source="DAPO eq. 13",
        reference="reference.reward:soft_overlong",
        test="MISSING reward:p24",
    ),
    Equation(
        title="dynamic sampling",
        formula="0 < correct < G",
        source="DAPO eq. 11",
        reference="reference.curriculum:is_useful",
        test="tests/test_trainer.py::test_a_length_penalty_does_not_make_a_solved_group_useful",
    ),
    Equation(
        title="pass@k",
        formula="1 - C(n - c, k) / C(n, k)",
        source="arXiv 2107.03374 eq. 1",
        reference="reference.evaluate:pass_at_k",
        test="MISSING evaluate:p26",
    ),
    Equation(
        title="clustered interval",
        formula="Wilson at the effective sample size",
        source="arXiv 2411.00640; Wilson 1927",
        reference="reference.evaluate:clustered_interval",
        test="MISSING evaluate:interval",
    ),
)

CHAPTERS: Mapping[str, tuple[str, ...]] = {
    "reference.attention": (),
    "reference.moe": ("place", "take", "dense_layer", "lines"),
    "reference.model": (
        "layer_shapes",
        "body_shapes",
        "policy_shapes",
        "value_shapes",
        "initial_policy",
        "value_from_policy",
        "logits_of",
        "shift",
        "positions_of",
    ),
    "reference.generate": (),
    "reference.random": ("word_of", "generator"),
    "reference.optimizer": ("initial_optimizer",),
    "reference.advantage": (),
    "reference.loss": (),
    "reference.evaluate": ("score_problems", "score_families"),
}
"""Numeric chapters, and their public functions that are shapes, starting values or bookkeeping rather than an equation."""

"""VAPO from the first line to the last: a tiny policy learns that reasoning pays. Half a minute.

Task: add four digits modulo 5. A response may give the answer at once, "=3.", or first write the
running totals, "2204=4.". SFT shows both ways, and only one demonstration in four reasons. Nobody
tells RL which way is better: it only gets +1 for a right answer and -1 for a wrong one.

    OPENBLAS_NUM_THREADS=1 python examples/vapo_in_200_lines.py

Shapes: B responses, T places of a response, F features of a place.
Left out: attention, experts, streaming, checkpoints; the reference has them.
"""

import autograd.numpy as anp
import numpy as np
from autograd import grad

DIGITS, MODULUS = 4, 5
EQUALS, END, VOCABULARY = 5, 6, 7  # tokens 0 to 4 are digits
T = DIGITS + 3  # the longest response: totals, "=", answer, "."
HIDDEN = 128
PROMPTS, GROUP = 16, 16  # group sampling: few prompts, many responses to each
LAMBDA_VALUE, GAE_ALPHA = 1.0, 1.0  # gamma is 1; VAPO's alpha of 0.05 is for thousands of tokens
CLIP_LOW, CLIP_HIGH, MU = 0.2, 0.28, 0.1
MINI_BATCHES = 4


def network(random, outputs):
    """Random weights; a zero last layer, so that all tokens are equally likely and V is 0."""
    F = DIGITS * VOCABULARY + T
    first, second = random.normal(size=(F, HIDDEN)), random.normal(size=(HIDDEN, HIDDEN))
    weights = [first / 2, np.zeros(HIDDEN), second / HIDDEN**0.5, np.zeros(HIDDEN)]
    return [*weights, np.zeros((HIDDEN, outputs)), np.zeros(outputs)]


def features(tokens):
    """One-hot of the DIGITS tokens before each place of the response, and of the place itself."""
    before = np.stack([tokens[:, t : t + DIGITS] for t in range(T)], axis=1)
    place = np.broadcast_to(np.eye(T), (len(tokens), T, T))
    return np.concatenate([np.eye(VOCABULARY)[before].reshape(len(tokens), T, -1), place], axis=-1)


def forward(weights, x):
    """Two hidden layers."""
    w1, b1, w2, b2, w3, b3 = weights
    hidden = anp.tanh(anp.dot(anp.tanh(anp.dot(x, w1) + b1), w2) + b2)
    return anp.dot(hidden, w3) + b3


def log_softmax(logits):
    """Log-probabilities of all tokens."""
    shifted = logits - anp.max(logits, axis=-1, keepdims=True)
    return shifted - anp.log(anp.sum(anp.exp(shifted), axis=-1, keepdims=True))


def log_probs(policy, tokens):
    """log pi of each token of the response, given the tokens before it [B, T]."""
    chosen = np.eye(VOCABULARY)[tokens[:, DIGITS:]]
    return anp.sum(chosen * log_softmax(forward(policy, features(tokens))), axis=-1)


def adam_step(weights, gradient, memory, rate):
    """One step of Adam; memory holds the number of steps and both moments."""
    memory["step"] = memory.get("step", 0) + 1
    for i, g in enumerate(gradient):
        m = memory[i] = 0.9 * memory.get(i, 0.0) + 0.1 * g
        v = memory[-1 - i] = 0.99 * memory.get(-1 - i, 0.0) + 0.01 * g * g
        m_hat, v_hat = m / (1 - 0.9 ** memory["step"]), v / (1 - 0.99 ** memory["step"])
        weights[i] = weights[i] - rate * m_hat / (np.sqrt(v_hat) + 1e-8)


def demonstration(prompt, works):
    """A right response: the running totals if it works the sum out, "=", the answer, "."."""
    totals = np.cumsum(prompt) % MODULUS
    text = [*(totals if works else []), EQUALS, totals[-1], END]
    return text + [END] * (T - len(text))


def verdicts(tokens):
    """Which responses end with "=", the right answer, "."; the totals are never looked at."""
    texts = ["".join(map(str, row[DIGITS:])) for row in tokens.tolist()]
    answers = tokens[:, :DIGITS].sum(axis=1) % MODULUS
    return np.array([f"{EQUALS}{a}{END}" in text for text, a in zip(texts, answers, strict=True)])


def sample(policy, prompts, random):
    """A response to each prompt: tokens [B, DIGITS + T], response mask and log pi [B, T]."""
    B = len(prompts)
    tokens = np.concatenate([prompts, np.full((B, T), END)], axis=1)
    response, behaviour, running = np.zeros((B, T), bool), np.zeros((B, T)), np.ones(B, bool)
    for t in range(T):
        log_p = log_softmax(forward(policy, features(tokens)[:, t]))
        drawn = np.argmax(log_p + random.gumbel(size=log_p.shape), axis=-1)
        tokens[:, DIGITS + t] = np.where(running, drawn, END)
        response[:, t] = running
        behaviour[:, t] = np.where(running, log_p[np.arange(B), drawn], 0.0)
        running = running & (drawn != END)
    return tokens, response, behaviour


def length_adaptive_lambda(lengths, gae_alpha):
    """VAPO eq. 5: the window 1 / (1 - lambda) is the same share of every response."""
    return np.clip(1 - 1 / (gae_alpha * lengths), 0, 1)


def gae(rewards, V, response, lambdas):
    """VAPO eq. 3: A_t = delta_t + lambda A_{t+1}, from the last token to the first."""
    advantages, following, advantage = np.zeros_like(V), np.zeros(len(V)), np.zeros(len(V))
    for t in reversed(range(V.shape[1])):
        delta = rewards[:, t] + following - V[:, t]
        advantage = np.where(response[:, t], delta + lambdas * advantage, advantage)
        following = np.where(response[:, t], V[:, t], following)
        advantages[:, t] = np.where(response[:, t], advantage, 0.0)
    return advantages


def token_mean(x, mask):
    """VAPO eq. 7: every token weighs the same, whatever the length of its response."""
    return anp.sum(anp.where(mask, x, 0.0)) / max(mask.sum(), 1)


def sft_loss(policy, tokens, response):
    """Language-model loss of demonstrations, or of responses that were correct (VAPO eq. 9)."""
    return token_mean(-log_probs(policy, tokens), response)


def policy_loss(policy, tokens, response, behaviour, advantages, correct):
    """VAPO eq. 8 and 10: clip-higher, and mu times the positive-example loss."""
    rho = anp.exp(log_probs(policy, tokens) - behaviour)
    clipped = anp.clip(rho, 1 - CLIP_LOW, 1 + CLIP_HIGH)
    surrogate = token_mean(-anp.minimum(rho * advantages, clipped * advantages), response)
    return surrogate + MU * sft_loss(policy, tokens, response & correct[:, None])


def value_loss(critic, tokens, response, targets):
    """VC-PPO algorithm 1: half the squared distance to the target, as a mean over tokens."""
    V = forward(critic, features(tokens))[..., 0]
    return token_mean(0.5 * (V - targets) ** 2, response)


def learn(policy, critic, prompts, memories, random, policy_moves=True):
    """Rollouts, rewards, advantages, updates. Returns accuracy, explained variance, mean length."""
    rows = np.repeat(prompts, GROUP, axis=0)
    tokens, response, behaviour = sample(policy, rows, random)
    correct, lengths = verdicts(tokens), response.sum(axis=1)
    last = np.arange(T) == lengths[:, None] - 1
    rewards = np.where(last, np.where(correct, 1.0, -1.0)[:, None], 0.0)
    V_old = forward(critic, features(tokens))[..., 0]  # V of the state before each token
    # Decoupled GAE: lambda 1 makes targets plain returns, the policy has a shorter memory.
    targets = gae(rewards, V_old, response, np.full(len(rows), LAMBDA_VALUE)) + V_old
    advantages = gae(rewards, V_old, response, length_adaptive_lambda(lengths, GAE_ALPHA))
    for own in np.array_split(random.permutation(len(rows)), MINI_BATCHES):
        slope = grad(value_loss)(critic, tokens[own], response[own], targets[own])
        adam_step(critic, slope, memories[1], 2e-3)
        if policy_moves:
            of_policy = tokens, response, behaviour, advantages, correct
            slope = grad(policy_loss)(policy, *(array[own] for array in of_policy))
            adam_step(policy, slope, memories[0], 1e-3)
    errors, returns = (targets - V_old)[response], targets[response]
    explained = 1 - errors.var() / max(returns.var(), 1e-12)
    return correct.mean(), explained, lengths.mean()


def main(seed=1, sft_steps=600, value_steps=20, rl_steps=40):
    """SFT, value pretraining, RL; returns held-out accuracy before and after RL."""
    random = np.random.default_rng(seed)
    every = random.permutation(list(np.ndindex(*(MODULUS,) * DIGITS)))
    held_out, training = every[:125], every[125:]
    policy, critic, memories = network(random, VOCABULARY), network(random, 1), [{}, {}]

    def accuracy():
        rows = np.repeat(held_out, 4, axis=0)
        tokens, _, _ = sample(policy, rows, np.random.default_rng(0))
        return float(np.mean(verdicts(tokens)))

    def drawn(count):
        return training[random.integers(len(training), size=count)]

    for _ in range(sft_steps):
        prompts = drawn(64)
        shown = np.array([demonstration(p, random.random() < 0.25) for p in prompts])
        response = np.cumsum(shown == END, axis=1) <= 1
        tokens = np.concatenate([prompts, shown], axis=1)
        adam_step(policy, grad(sft_loss)(policy, tokens, response), memories[0], 3e-3)
    before = accuracy()
    print(f"after SFT: {before:.1%} of held-out sums are right")
    for _ in range(value_steps):
        _, explained, _ = learn(policy, critic, drawn(PROMPTS), memories, random, False)
    print(f"after {value_steps} steps of value pretraining V explains {explained:.0%}")
    memories[0].clear()
    for step in range(1, rl_steps + 1):
        right, _, length = learn(policy, critic, drawn(PROMPTS), memories, random)
        if step % 5 == 0:
            print(f"RL step {step:2}: {right:4.0%} right, {length:.1f} tokens a response")
    after = accuracy()
    print(f"after RL: {after:.1%} of held-out sums are right")
    return before, after


if __name__ == "__main__":
    main()

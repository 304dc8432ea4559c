"""The page docs/cheat-sheet.md: every equation of VAPO, DAPO, GRPO and PPO with paper and file.

    python docs/cheat_sheet.py      # writes the page again

Formulas are set by hand; sources and functions come from the index of equations, the settings of
the recipes from their files.
"""

from pathlib import Path

from seed.spec.config import Config
from seed.spec.config_files import RECIPES, load_config
from seed.spec.equations import EQUATIONS

PAGE = Path(__file__).parent / "cheat-sheet.md"

FORMULAS: dict[str, dict[str, str]] = {
    "Rewards": {
        "terminal reward": r"$r_t = R$ at the last response token, else $0$",
        "soft overlong punishment": (
            r"$0$ up to $L_\text{max} - L_\text{cache}$, then"
            r" $(L_\text{max} - L_\text{cache} - l) / L_\text{cache}$, then $-1$"
        ),
        "dynamic sampling": r"keep a prompt if $0 < \text{accuracy of its group} < 1$",
    },
    "Advantages": {
        "GAE": (
            r"$\hat A_t = \delta_t + \gamma\lambda \hat A_{t+1}$,"
            r" $\delta_t = r_t + \gamma V_{t+1} - V_t$"
        ),
        "length-adaptive lambda": (r"$\lambda_\text{policy} = 1 - 1/(\alpha l)$, at least $0$"),
        "decoupled GAE": (
            r"$\text{target}_t = \hat A_t^{\lambda_\text{value}} + V_t$; policy:"
            r" $\hat A_t^{\lambda_\text{policy}}$"
        ),
        "value after the end": r"$V_{T+1} = 0$, or $V_T$ after a cut",
        "group advantage": (
            r"$\hat A_i = (R_i - \mathrm{mean}(R)) / \mathrm{std}(R)$ over the group"
        ),
        "whitening": r"$(\hat A - \mathrm{mean}) / \mathrm{std}$ over the batch",
        "explained variance": (
            r"$1 - \mathrm{Var}(\text{return} - V) / \mathrm{Var}(\text{return})$"
        ),
    },
    "Losses of one token": {
        "probability ratio": r"$\rho_t = \pi(a_t) / \pi_\text{behaviour}(a_t)$",
        "clip-higher": (
            r"$l_t = -\min(\rho_t \hat A_t,\ \mathrm{clip}(\rho_t, 1 - \varepsilon_\text{low}, 1 +"
            r" \varepsilon_\text{high}) \hat A_t)$; dual clip: $l_t \le -c \hat A_t$ where"
            r" $\hat A_t < 0$"
        ),
        "token log-probability": r"$l_t^\text{NLL} = -\log\pi(a_t)$ on correct responses",
        "value loss": r"$\tfrac12 (V_t - \text{target}_t)^2$",
        "KL penalty": (
            r"$d = \log\pi - \log\pi_\text{ref}$: $k_2 = d^2/2$, $k_3 = e^{-d} - 1 + d$"
        ),
        "truncated importance sampling": (
            r"weight $\min(\pi_\text{start} / \pi_\text{behaviour},\ C)$"
        ),
        "entropy": r"$-\sum_a \pi(a) \log\pi(a)$, a metric",
    },
    "Sums": {
        "loss aggregation": (
            r"$w_t$: token $1/\sum_j \lvert o_j\rvert$; sequence $1/(B \lvert o_i\rvert)$; group"
            r" $1/(P \sum_{j \in \text{group}} \lvert o_j\rvert)$; constant $1/(B c)$"
        ),
        "weighted sum": r"$L = \sum_t w_t l_t$",
        "policy loss": (
            r"$L = L_\text{clip} + \mu L_\text{NLL} + \beta L_\text{KL} + L_\text{router}$"
        ),
        "AdamW": (
            r"$w \leftarrow w - \eta\,(\hat m / (\sqrt{\hat v} + \epsilon) + \text{decay}\, w)$"
        ),
    },
}
"""Section -> title in the index of equations -> formula."""

SETTINGS = (
    *("advantage", "lambda_value", "lambda_policy", "length_adaptive", "gae_alpha", "clip_low"),
    *("clip_high", "aggregation", "positive_weight", "dynamic_sampling"),
)
"""Settings of the section ``algorithm`` in which the recipes differ."""

HEAD = """# Cheat sheet

Every equation of VAPO, DAPO, GRPO and PPO that this project computes: formula, source, function.
[Learn VAPO](learn-vapo.md) goes through them with numbers, [exercises](exercises.md) let you write
them, and `seed explain --equations` lists all of the project's equations with their tests.

$B$ responses, $P$ prompts, $o_i$ response $i$ with $\\lvert o_i\\rvert$ tokens, $l$ its length,
$V_t$ the value before token $t$. Papers: [VAPO](https://arxiv.org/abs/2504.05118),
[DAPO](https://arxiv.org/abs/2503.14476), [VC-PPO](https://arxiv.org/abs/2503.01491),
[GRPO](https://arxiv.org/abs/2402.03300), the [report](https://arxiv.org/abs/2504.13914) on
Seed1.5-Thinking.
"""


def page() -> str:
    """The text of the page."""
    parts = [HEAD]
    for section, formulas in FORMULAS.items():
        lines = [f"## {section}", "", "| equation | formula | source | function |"]
        lines += ["|---|---|---|---|", *(row(*pair) for pair in formulas.items()), ""]
        parts.append("\n".join(lines))
    return "\n".join([*parts, recipe_table()])


def row(title: str, formula: str) -> str:
    """One equation as a line of a table."""
    (equation,) = (one for one in EQUATIONS if one.title == title)
    module, _, function = equation.reference.partition(":")
    file = "/".join(module.split(".")[1:]) + ".py"
    source = equation.source.replace("|", r"\|")
    return f"| {title} | {formula} | {source} | [{function}](../{file}) |"


def recipe_table() -> str:
    """What the four recipes set."""
    configs = [load_config("tiny", recipe) for recipe in RECIPES]
    lines = ["## The four recipes", "", f"| setting | {' | '.join(RECIPES)} |"]
    lines.append("|---|" + "---|" * len(RECIPES))
    for name in SETTINGS:
        cells = " | ".join(cell(config, name) for config in configs)
        lines.append(f"| `algorithm.{name}` | {cells} |")
    shares = " | ".join(f"{config.reward.overlong_share:g}" for config in configs)
    steps = " | ".join("yes" if c.value_pretraining.steps else "no" for c in configs)
    lines += [f"| `reward.overlong_share` | {shares} |", f"| value pretraining | {steps} |", ""]
    lines.append(
        "With `advantage = group` there is no value model, and no lambda is used. VAPO's paper has"
        " `gae_alpha`\n0.05; the preset `tiny`, nearly all of whose responses have 3 to 9 tokens,"
        " has 4."
    )
    return "\n".join(lines) + "\n"


def cell(config: Config, name: str) -> str:
    """A setting of a recipe; a dash where the recipe does not use it."""
    algorithm, group = config.algorithm, config.algorithm.advantage == "group"
    is_lambda = name.startswith("lambda") or name in ("length_adaptive", "gae_alpha")
    replaced = name == "lambda_policy" and algorithm.length_adaptive
    idle = name == "gae_alpha" and not algorithm.length_adaptive
    if (group and is_lambda) or replaced or idle:
        return "-"
    value = getattr(algorithm, name)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""Properties of the tables of judges: every figure has its interval, as text and as HTML."""

from typing import Any

from seed.cli.report.judges import judge_section, judge_text

SHARE = {"accuracy": 0.5, "ci_low": 0.25, "ci_high": 0.75, "n": 8, "samples": 1, "pass_at_k": 0.5}
MEAN = {"mean": 0.125, "ci_low": 0.1, "ci_high": 0.15}
FORM = SHARE | {"errors": 2}
SILENT = SHARE | {"n": 0, "errors": 10}
BIAS = {"before": MEAN, "after": MEAN | {"mean": -0.0}}
AGREEMENT = {"agreement": SHARE, "agreement_one_order": SHARE}
ORDER = {"position_bias": BIAS, "order_gap_absolute": 0.2, "verdict_depends_on_order": 0.3}
BEFORE = {"direct": {"overall": FORM, "sum": FORM}, "thinking": {"overall": FORM, "sum": SILENT}}
AFTER = {"by_reward_model": SHARE, "by_hidden_preference": SHARE | {"accuracy": 0.4}}
SUMMARY: dict[str, Any] = {
    "judge": {"before": BEFORE},
    "preference": {"after": AFTER},
    "reward_model": AGREEMENT | ORDER,
}
FIGURES = ("50.0 % [25.0, 75.0]", "+0.1250", "[+0.1000, +0.1500]", "30.0 %", "40.0 %", "8 × 1")


def test_every_judge_is_named_with_figure_and_interval() -> None:
    for text in (judge_text(SUMMARY), judge_section(SUMMARY)):
        for wanted in ("Judge, before RL", *FIGURES):
            assert wanted in text
        assert "–" in text  # thinking gave no verdict on any sum
        assert "+0.0000" in text and "-0.0000" not in text


def test_the_tables_of_the_report_are_escaped_html() -> None:
    section = judge_section(SUMMARY)
    assert section.startswith("<h2>Judges</h2>")
    assert section.count("<table>") == section.count("</table>") == 3
    assert "P(YES|a,b)" in section and "&" not in judge_text(SUMMARY)


def test_a_run_without_judges_has_no_tables() -> None:
    assert judge_text({"eval_before": {}}) == judge_section({}) == ""

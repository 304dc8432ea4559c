"""``evaluation.html``: scores with intervals and published figures, every problem and response.

One file that works without network. A small script filters the list of problems; without it, and on
paper, all of them are there.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from seed.cli.formatting import percent
from seed.cli.report.colours import AFTER, BEFORE
from seed.cli.report.document import card, details, document, escaped, figure, heading, table
from seed.cli.report.drawing import WIDE, Plot, label_axes
from seed.reference.evaluation.benchmarks import BENCHMARKS, MODELS, PUBLISHED_IN, Benchmark
from seed.reference.evaluation.folder import Folder, Name
from seed.reference.evaluation.policies import Response
from seed.reference.evaluation.questions import Question
from seed.spec.datatypes import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_PROBLEMS = 1000
SHOWN_RESPONSES = 8
"""Of each problem; ``responses.jsonl`` has them all."""
SHOWN_CHARACTERS = 4000
"""Of a text: so many from its beginning and its end together."""
CARDS = 5
MARKS = {"correct": ("correct", "✓"), "wrong": ("wrong", "✗"), "error": ("soft", "!")}

SCRIPT = """
"use strict";
const bar = document.querySelector(".filters");
const problems = [...document.querySelectorAll(".problem")];
const shown = document.getElementById("shown");
const value = name => bar.elements[name].value;
function filter() {
  const words = value("words").toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  for (const problem of problems) {
    const of = problem.dataset, text = problem.textContent.toLowerCase();
    const wanted = (!value("benchmark") || of.benchmark === value("benchmark"))
      && (!value("outcome") || of.is.split(" ").includes(value("outcome")))
      && words.every(word => text.includes(word));
    problem.hidden = !wanted;
    count += wanted;
  }
  shown.textContent = `${count} of ${problems.length} problems`;
}
bar.hidden = false;
bar.addEventListener("input", filter);
bar.addEventListener("submit", event => event.preventDefault());
filter();
"""

Scores = Mapping[str, Any]


def evaluation_page(
    folder: Folder, scores: Scores, differences: Scores, baseline: Folder | None
) -> str:
    """The whole page.

    Args:
        folder: The evaluation.
        scores: Of ``all_scores``.
        differences: Paired differences by benchmark; none without a baseline.
        baseline: What it is compared with.
    """
    policy = policy_name(folder.record["policy"])
    sections = (
        top(folder, scores, policy),
        score_section(folder, scores),
        published_section(folder, scores),
        grade_section(scores),
        difference_section(differences, baseline),
        count_section(scores),
        group_section(folder, scores),
        problem_section(folder),
    )
    return document(f"Evaluation of {policy}", "\n".join(filter(None, sections)), script=SCRIPT)


def policy_name(policy: Mapping[str, Any]) -> str:
    """What a person calls the policy."""
    if policy["kind"] == "server":
        return f"{policy['model']} at {policy['url']}"
    return str(policy.get("file") or policy.get("path"))


def benchmark_of_name(folder: Folder, name: str) -> Benchmark:
    """The benchmark behind a name of the scores."""
    return BENCHMARKS[folder.record["benchmarks"][name]["protocol"]]


def title_of(folder: Folder, name: str) -> str:
    """Title of the benchmark, with the name of the file where that says more."""
    benchmark = benchmark_of_name(folder, name)
    return benchmark.title if name == benchmark.name else f"{name} ({benchmark.title})"


def top(folder: Folder, scores: Scores, policy: str) -> str:
    """Policy, sampling, and the accuracy of the first benchmarks in large figures."""
    sampling = folder.record["sampling"]
    how = "Its responses were read from a file."
    if sampling:
        limit = f"{sampling['max_tokens']:,}".replace(",", "\N{NO-BREAK SPACE}")
        how = (
            f"Sampled with temperature {sampling['temperature']:g}, top-p {sampling['top_p']:g},"
            f" at most {limit} tokens, seed {sampling['seed']}."
        )
    verifier = folder.record["verifier"]
    judged = f" Judged by <b>{escape(verifier)}</b>." if verifier else ""
    cards = [
        card(
            percent(entry["scores"][average]["value"]),
            f"{escape(title_of(folder, name))}, {average}<br>95 % interval"
            f" {bounds(entry['scores'][average])}",
        )
        for name, entry in scores.items()
        if (average := f"avg@{entry['samples']}") in entry["scores"]
    ]
    summary = f"Policy <b>{escape(policy)}</b>. {how}{judged}"
    return heading("Evaluation", summary, cards[:CARDS])


def bounds(score: Mapping[str, float]) -> str:
    """``[38.0, 48.4]`` in percent."""
    return f"[{100 * score['low']:.1f}, {100 * score['high']:.1f}]"


def score_html(score: Mapping[str, float] | None) -> str:
    """A score with its interval, or a dash."""
    if score is None:
        return "–"
    return f"{percent(score['value'])} <span class=soft>{bounds(score)}</span>"


def score_section(folder: Folder, scores: Scores) -> str:
    """avg@k, pass@k, pass^k and maj@k of every benchmark."""
    rows = []
    for name, entry in scores.items():
        k, found = entry["samples"], entry["scores"]
        cells = [score_html(found.get(f"{kind}{k}")) for kind in ("avg@", "pass@", "pass^", "maj@")]
        size = f"{entry['counts']['problems']} × {k}"
        rows.append([escape(title_of(folder, name)), size, *cells])
    head = ("benchmark", "problems × k", "avg@k [95 %]", "pass@k", "pass^k", "maj@k")
    note = (
        "avg@k: mean share of correct responses. pass@k: probability that one of k responses is"
        " correct, unbiased. pass^k: probability that all are. maj@k: share of problems whose most"
        " frequent answer is correct; of tied answers one is drawn by lot. Intervals are clustered"
        " by problem."
    )
    body = table("Scores", head, rows)
    return f"<h2>Scores</h2>{body}<p class=soft>{note}</p>{tie_note(scores)}"


def tie_note(scores: Scores) -> str:
    """How many majorities were tied."""
    tied = {name: entry["ties"] for name, entry in scores.items() if entry["ties"]}
    texts = [f"{name} {count}" for name, count in tied.items()]
    return f"<p class=soft>Problems with a tie: {escape(', '.join(texts))}.</p>" if tied else ""


def published_section(folder: Folder, scores: Scores) -> str:
    """The same scores as published, beside ours, as a picture and a table."""
    rows, points, notes = [], [], []
    for name, entry in scores.items():
        benchmark = benchmark_of_name(folder, name)
        for kind, published in benchmark.published.items():
            same = f"avg@{entry['samples']}" if kind.startswith("avg") else kind
            ours = entry["scores"].get(same)
            cells = ["–" if value is None else f"{value:.1f} %" for value in published]
            rows.append([escape(benchmark.title), kind, f"{same} {score_html(ours)}", *cells])
            if ours is not None and published[0] is not None:
                points.append((f"{benchmark.title}\n{kind}", ours, published[0]))
        if benchmark.note:
            notes.append(f"{benchmark.title}: {benchmark.note}")
    if not rows:
        return ""
    head = ("benchmark", "score", "this policy [95 %]", *MODELS)
    text = (
        f"Published: {PUBLISHED_IN}, on the whole benchmarks and with its authors' graders."
        f" {' '.join(notes)}"
    )
    picture = figure(published_plot(points)) if points else ""
    body = table("Published figures", head, rows, text_columns=2)
    return f"<h2>Published figures</h2>{body}<p class=soft>{escape(text)}</p>{picture}"


def published_plot(points: Sequence[tuple[str, Mapping[str, float], float]]) -> Plot:
    """Our scores with intervals and those of the report's model, side by side."""

    def paint(canvas: "Figure") -> None:
        axes = canvas.subplots()
        places = range(len(points))
        values = [100 * ours["value"] for _, ours, _ in points]
        errors = [
            [value - 100 * ours["low"] for value, (_, ours, _) in zip(values, points, strict=True)],
            [
                100 * ours["high"] - value
                for value, (_, ours, _) in zip(values, points, strict=True)
            ],
        ]
        look: Any = {"markersize": 6, "linewidth": 1.4}
        axes.errorbar(
            places, values, yerr=errors, fmt="D", color=AFTER, label="this policy", **look
        )
        published = [value for _, _, value in points]
        axes.plot(places, published, "o", color=BEFORE, label=f"{MODELS[0]}, published")
        label_axes(axes, "", "score (%)", legend=True)
        axes.set_xticks(places, [name for name, _, _ in points])
        axes.set_xlim(-0.6, len(points) - 0.4)
        axes.set_ylim(-2, 102)
        axes.grid(axis="x", visible=False)

    caption = "Bars are 95 % intervals, clustered by problem. The report gives none."
    return Plot("published", "Beside the report", caption, paint, WIDE)


def grade_section(scores: Scores) -> str:
    """The grades of benchmarks whose judge gives three."""
    graded = {name: entry["grades"] for name, entry in scores.items() if "grades" in entry}
    if not graded:
        return ""
    fields = ("correct", "incorrect", "not_attempted", "correct_given_attempted")
    rows = [
        [name, *(percent(of[field]) for field in fields), f"{100 * of['f_score']:.1f}"]
        for name, of in graded.items()
    ]
    head = ("benchmark", "correct", "incorrect", "not attempted", "correct of attempted", "F-score")
    note = (
        "Grades of SimpleQA (arXiv 2411.04368). F-score: harmonic mean of the share of correct"
        " responses and that of correct ones among those attempted."
    )
    body = table("Grades", head, escaped(rows))
    return f"<h2>Grades</h2>{body}<p class=soft>{note}</p>"


def difference_section(differences: Scores, baseline: Folder | None) -> str:
    """Paired differences from the baseline."""
    if baseline is None:
        return ""
    rows = []
    for name, entry in differences.items():
        has_interval = entry["low"] is not None
        low_high = (
            f"[{100 * entry['low']:+.1f}, {100 * entry['high']:+.1f}]" if has_interval else "–"
        )
        cells = (f"{100 * entry['mean']:+.1f}", low_high, str(entry["problems"]))
        rows.append([name, *(cell.replace("-", "−") for cell in cells), str(entry["only_here"])])
    head = ("benchmark", "points", "95 % interval", "problems in both", "only here")
    text = (
        f"Mean difference of the share of correct responses from the evaluation {baseline.path},"
        f" policy {policy_name(baseline.record['policy'])}, paired by problem."
    )
    body = table("Difference from the baseline", head, escaped(rows))
    return f"<h2>Difference from the baseline</h2>{body}<p class=soft>{escape(text)}</p>"


def count_section(scores: Scores) -> str:
    """What became of the responses, with the denominator."""
    rows = []
    for name, entry in scores.items():
        of = entry["counts"]
        truncated = "not known" if of["truncated"] is None else str(of["truncated"])
        numbers = [of[field] for field in ("expected", "judged", "correct", "unextracted")]
        after = [of["errors"], of["missing"]]
        rows.append([name, *map(str, numbers), truncated, *map(str, after)])
    head = ("benchmark", "expected", "judged", "correct", "no answer found", "truncated")
    note = (
        "Scores are over the judged responses. A truncated one is judged like any other; one in"
        " which no answer is found is wrong. Errors (the verifier failed) and missing responses"
        " (the policy gave none) are in no score."
    )
    body = table("Responses", (*head, "errors", "missing"), escaped(rows))
    return f"<h2>Responses</h2>{body}<p class=soft>{note}</p>"


def group_section(folder: Folder, scores: Scores) -> str:
    """Accuracy by task, subject or the like, unfolded by a click."""
    parts = []
    for name, entry in scores.items():
        if entry["groups"]:
            by = benchmark_of_name(folder, name).by
            rows = [
                [escape(group) or "–", score_html(one), str(one["problems"])]
                for group, one in entry["groups"].items()
            ]
            body = table(
                f"{name} by {by}", (by, f"avg@{entry['samples']} [95 %]", "problems"), rows
            )
            summary = f"<summary>{escape(title_of(folder, name))} by {escape(by)}</summary>"
            parts.append(f"<details>{summary}{body}</details>")
    return f"<h2>Parts of benchmarks</h2>{''.join(parts)}" if parts else ""


def problem_section(folder: Folder) -> str:
    """Every problem with its responses, below a bar of filters."""
    by_problem: dict[str, list[Name]] = {}
    for name in sorted(folder.responses):
        by_problem.setdefault(name[0], []).append(name)
    questions = list(folder.questions.values())
    shown = questions[:SHOWN_PROBLEMS]
    body = "\n".join(problem_html(folder, one, by_problem.get(one.key, [])) for one in shown)
    names = "".join(
        f'<option value="{escape(name)}">{escape(title_of(folder, name))}</option>'
        for name in folder.record["benchmarks"]
    )
    kinds = "".join(f"<option value={kind}>{text}</option>" for kind, text in KINDS.items())
    bar = (
        "<form class=filters hidden><label>Words<input name=words type=search></label>"
        f"<label>Benchmark<select name=benchmark><option value=''>all</option>{names}</select>"
        f"</label><label>Responses<select name=outcome><option value=''>any</option>{kinds}"
        "</select></label><span id=shown class=soft role=status></span></form>"
    )
    rest = len(questions) - len(shown)
    note = (
        f"At most {SHOWN_RESPONSES} responses of each problem and {SHOWN_CHARACTERS} characters of"
        " each text; responses.jsonl and problems.jsonl hold everything."
        + (f" {rest} problems more are not shown." if rest else "")
    )
    return f"<h2>Problems and responses</h2><p class=soft>{note}</p>{bar}{body}"


KINDS = {
    "all": "all correct",
    "some": "some correct",
    "none": "none correct",
    "error": "verifier failed",
    "truncated": "truncated",
    "unextracted": "no answer found",
    "missing": "missing",
}
"""What a problem can be filtered by."""


def kinds_of(folder: Folder, responses: Sequence[Name], samples: int) -> list[str]:
    """The members of ``KINDS`` that a problem is."""
    verdicts = [folder.verdicts[name] for name in responses if name in folder.verdicts]
    outcomes = [verdict["verdict"] for verdict in verdicts]
    correct, wrong = outcomes.count(Outcome.CORRECT), outcomes.count(Outcome.WRONG)
    unextracted = any(v["verdict"] == Outcome.WRONG and not v["extracted"] for v in verdicts)
    holds = {
        "all": correct and not wrong,
        "some": correct and wrong,
        "none": wrong and not correct,
        "error": Outcome.ERROR in outcomes,
        "truncated": any(folder.truncated[name] for name in responses),
        "unextracted": unextracted,
        "missing": len(responses) < samples,
    }
    return [kind for kind, is_one in holds.items() if is_one]


def problem_html(folder: Folder, question: Question, responses: Sequence[Name]) -> str:
    """One problem: a line that unfolds into statement, reference and responses."""
    samples = folder.record["benchmarks"][question.benchmark]["samples"]
    kinds = kinds_of(folder, responses, samples)
    verdicts = [folder.verdicts.get(name, {}).get("verdict") for name in responses]
    correct = verdicts.count(Outcome.CORRECT)
    kind = "correct" if "all" in kinds else "wrong" if "none" in kinds else ""
    start = " ".join(question.problem.split())[:200]
    parts = [details("Problem as it was asked", cut(asked_text(question)))]
    if question.reference:
        parts.append(f"<p>Reference: <code>{escape(cut(question.reference))}</code></p>")
    shown = responses[:SHOWN_RESPONSES]
    parts += [response_html(folder, folder.responses[name]) for name in shown]
    if len(responses) > len(shown):
        parts.append(f"<p class=soft>and {len(responses) - len(shown)} responses more</p>")
    return (
        f'<details class=problem data-benchmark="{escape(question.benchmark)}"'
        f' data-is="{" ".join(kinds)}"><summary>'
        f'<span class="outcome {kind}">{correct} of {len(responses)}</span>'
        f"<span>{escape(question.id[:60])}</span>"
        f"<span class=text>{escape(start)}</span></summary>{''.join(parts)}</details>"
    )


def asked_text(question: Question) -> str:
    """The messages as text; roles are named where there are several."""
    if len(question.messages) == 1:
        return question.messages[0]["content"]
    return "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in question.messages)


def response_html(folder: Folder, response: Response) -> str:
    """Verdict, extracted answer and reason, above the text."""
    verdict = folder.verdicts.get(response.name, {})
    outcome = verdict.get("verdict", "not judged")
    kind, mark = MARKS.get(outcome, ("soft", "–"))
    facts = [f"answer {verdict['extracted'][:80]!r}"] if verdict.get("extracted") else []
    facts += [verdict["why"]] if verdict.get("why") else []
    facts += [f"{response.tokens} tokens"] if response.tokens is not None else []
    facts += ["cut off at the token limit"] if response.truncated else []
    head = (
        f'<span class="outcome {kind}">{mark} {escape(outcome)}</span>'
        f" <span class=soft>sample {response.sample}: {escape('; '.join(facts))}</span>"
    )
    text = response.text or "(empty)"
    if response.reasoning:
        text = f"[reasoning, not judged]\n{cut(response.reasoning)}\n\n[response]\n{cut(text)}"
    return details(
        head, cut(text, 2 * SHOWN_CHARACTERS if response.reasoning else SHOWN_CHARACTERS)
    )


def cut(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """A text, the middle of a long one left out."""
    if len(text) <= most:
        return text
    tail = most // 4
    gap = f"\n\n[… {len(text) - most} characters …]\n\n"
    return text[: most - tail] + gap + text[-tail:]

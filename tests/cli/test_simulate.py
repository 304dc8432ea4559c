"""Properties of ``seed srs simulate``: a report that claims no more than was simulated."""

import json
import re
from pathlib import Path

import pytest

from seed.cli.simulate import conclusion
from tests.support.command_line import assert_user_error, run, succeeded
from tests.support.simulations import points_of

QUICK = (
    *("--lengths", "lognormal:mean=40,sigma=1,max=300"),
    *("--prompts", "2", "--samples", "4", "--steps", "6"),
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([10.0], "only the synchronous"),
        ([10.0, 9.9], "does not pay"),
        ([10.0, 5.0], "still pays at the smallest srs_alpha=0.9: 2.00 times"),
        ([10.0, 5.0, 4.9], "stops paying at srs_alpha=0.9: 2.00 times"),
    ],
)
def test_the_conclusion_claims_no_more_than_the_sweep_shows(
    seconds: list[float], words: str
) -> None:
    assert words in conclusion(points_of(seconds))


def test_a_simulation_writes_a_table_its_figures_and_a_self_contained_report(
    tmp_path: Path,
) -> None:
    out = tmp_path / "new" / "simulation"
    options = (*QUICK, "--alpha", "0.5", "--alpha", "0.75")
    done = succeeded("srs", "simulate", *options, "--out", out)
    alphas = [line.split()[0] for line in done.stdout.splitlines()[2:5]]
    assert alphas == ["1", "0.75", "0.5"]
    assert {path.name for path in out.iterdir()} == {"simulation.json", "report.html"}
    record = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert [point["srs_alpha"] for point in record["sweep"]] == [1.0, 0.75, 0.5]
    assert record["speed_stops_paying_at"] in (1.0, 0.75, 0.5)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "http:" not in page
    assert "<script" not in page
    assert page.count("<svg") == page.count("</svg>") == page.count("<figure") == 6
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    before = (out / "report.html").read_bytes()
    refused = run("srs", "simulate", *QUICK, "--out", out)
    assert_user_error(refused, "file-exists", str(out), "--out")
    assert (out / "report.html").read_bytes() == before
    succeeded("srs", "simulate", *options, "--out", tmp_path / "again")
    assert (tmp_path / "again" / "report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--lengths", "lognormal:mean=5,sigma=1"),
            ("--lengths=lognormal:mean=5,sigma=1", "lognormal:mean=M,sigma=S,max=L"),
        ),
        (("--lengths", "lognormal:mean=5,sigma=0,max=9"), ("0 < S <= 5",)),
        (("--lengths", "lognormal:mean=nan,sigma=1,max=9"), ("1 <= M <= L",)),
        (("--lengths", "lognormal:mean=5,sigma=1,max=inf"), ("1 <= M <= L",)),
        (("--lengths", "constant:tokens=2.5"), ("constant:tokens=N",)),
        (("--lengths", "normal:mean=5"), ("--lengths=normal:mean=5", "no such file")),
        (("--floor-ms", "nan"), ("--floor-ms=nan", "at most 1000000000.0")),
        (("--train-us", "inf"), ("--train-us=inf", "at most 1000000000.0")),
        (("--alpha", "nan"), ("--alpha=nan", "at most 1.0")),
        (("--alpha", "1.5"), ("--alpha=1.5", "at least 0.0 and at most 1.0")),
        (("--floor-ms", "0", "--token-us", "0"), ("--floor-ms=0", "--token-us=0")),
        (("--trainers", "0", "--standalone", "0"), ("--trainers=0", "--standalone=0")),
        (("--steps", "2"), ("--steps=2", "at least 3")),
        (("--steps", "9" * 30), ("--steps=9999", "at most 1000000")),
        (("--standalone", "1000000"), ("--standalone=1000000", "at most 10000")),
        (("--prompts", "1000000"), ("are 312000000 responses", "at most 2000000")),
        (("--lengths", "constant:tokens=1e30"), ("tokens=1e30", "N <= 10000000")),
        (("--lengths", "constant:tokens=" + "9" * 30), ("1 <= N <= 10000000",)),
        (("--lengths", "lognormal:mean=1e30,sigma=1,max=1e30"), ("M <= L <= 10000000",)),
        (("--lengths", "constant:tokens=10000000"), ("decode 4.6e+10 blocks", "at most 1e+09")),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(
    tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_user_error(run("srs", "simulate", *options, "--out", str(tmp_path / "out")), *words)
    assert not (tmp_path / "out").exists()

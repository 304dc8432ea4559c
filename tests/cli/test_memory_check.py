"""A run that cannot fit is refused before anything is created; one that may fit is not."""

from pathlib import Path

import pytest

from seed.cli import memory_check
from seed.cli.memory_check import check_memory
from seed.spec.config_files import load_config
from seed.spec.errors import SeedError
from seed.spec.layout import Layout
from seed.spec.memory import certain_bytes, memory_by_phase
from tests.support.command_line import assert_user_error, run

ONE_PROCESS = ("parallel.fsdp=1", "parallel.cp=1", "parallel.ep=1")


@pytest.mark.parametrize("backend", [(), ("--backend", "scaled", *ONE_PROCESS)])
def test_the_200b_model_is_refused_with_need_and_have_and_leaves_nothing(
    backend: tuple[str, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run("run", "--preset", "seed-200b", "--out", out, *backend)
    assert_user_error(result, "needs at least", "the machine has", "policy moments", "seed explain")
    assert not out.exists()


def have(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(memory_check, "available_bytes", lambda: count)


def test_only_certain_terms_refuse_and_estimates_give_a_notice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = load_config("tiny", "vapo")
    phases = memory_by_phase(config, Layout()).values()
    certain = max(certain_bytes(terms, "device") for terms in phases)
    have(monkeypatch, certain)
    assert check_memory(config, Layout()).startswith("notice: phase update may need up to")
    have(monkeypatch, certain - 1)
    with pytest.raises(SeedError, match="--backend scaled on more ranks"):
        check_memory(config, Layout())
    assert check_memory(config, Layout(), trains=False) == ""
    have(monkeypatch, 2 * sum(term.bytes for terms in phases for term in terms))
    assert check_memory(config, Layout()) == ""


def test_ranks_of_a_machine_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config("tiny", "vapo", backend="scaled")
    have(monkeypatch, 1 << 23)
    check_memory(config, Layout(fsdp=4), ranks=1)
    with pytest.raises(SeedError, match="machine for each of its 64 ranks"):
        check_memory(config, Layout(fsdp=4), ranks=64)

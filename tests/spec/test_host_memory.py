"""What a machine can still give: the least of what the system and the control groups allow."""

from pathlib import Path

from seed.spec.host_memory import available_bytes

GIB = 1 << 30


def machine(folder: Path, available: int, cgroup: str = "") -> tuple[Path, Path]:
    """Files of a machine with so many GiB, a GiB of swap, and a process in some groups."""
    proc, groups = folder / "proc", folder / "cgroup"
    (proc / "self").mkdir(parents=True)
    groups.mkdir()
    text = f"MemTotal: 99 kB\nMemAvailable: {available * GIB // 1024} kB\nSwapFree: 1048576 kB\n"
    (proc / "meminfo").write_text(text)
    (proc / "self" / "cgroup").write_text(cgroup)
    return proc, groups


def limit(folder: Path, names: tuple[str, str], most: str, used: int, inactive: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{most}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\n")


def test_without_limits_it_is_what_the_system_says_and_swap(tmp_path: Path) -> None:
    assert available_bytes(*machine(tmp_path, 8)) == 9 * GIB


def test_a_limit_of_an_outer_group_counts_and_dropped_pages_are_left(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path, 8, "0::/job/step\n")
    names = "memory.max", "memory.current"
    limit(groups / "job" / "step", names, "max", 3 * GIB, 0)
    limit(groups / "job", names, str(4 * GIB), 3 * GIB, GIB)
    assert available_bytes(proc, groups) == 2 * GIB


def test_the_older_kind_of_groups_counts_too(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path, 8, "3:cpu:/x\n4:memory:/job\n")
    names = "memory.limit_in_bytes", "memory.usage_in_bytes"
    limit(groups / "memory" / "job", names, str(2 * GIB), GIB, 0)
    assert available_bytes(proc, groups) == GIB


def test_where_the_system_says_nothing_all_memory_counts(tmp_path: Path) -> None:
    assert available_bytes(tmp_path, tmp_path) > 0

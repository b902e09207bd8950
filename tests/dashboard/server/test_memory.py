"""Free memory of a machine, and of the control groups that limit a container or service."""

from __future__ import annotations

import gc

import pytest

from dashboard.server import memory

MB = 2**20


def test_free_memory_of_this_machine_is_plausible():
    assert MB < memory.free() < 2**50


def test_free_memory_of_the_machine_is_what_psutil_measures(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "none")

    class Measured:
        available = 123 * MB

    monkeypatch.setattr(memory.psutil, "virtual_memory", Measured)
    assert memory.free() == 123 * MB


def test_without_proc_four_gibibytes_are_assumed(monkeypatch, tmp_path):
    def fails() -> None:
        raise FileNotFoundError("/proc/meminfo")

    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "none")
    monkeypatch.setattr(memory.psutil, "virtual_memory", fails)
    assert memory.free() == 4 * 2**30


def test_reserved_memory_is_not_available_until_released_or_collected(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 100 * MB)
    before = memory.available()
    first, second = memory.Reservation(30 * MB), memory.Reservation(20 * MB)
    assert memory.available() == before - 50 * MB
    first.release()
    assert memory.available() == before - 20 * MB
    del second
    gc.collect()
    assert memory.available() == before
    huge = memory.Reservation(10**15)
    assert memory.available() == 0
    huge.release()


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Return a function that writes the files of a control group and puts this process in it."""
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "own")

    def make(line: str, path: str, **files: object) -> None:
        (tmp_path / "own").write_text(f"7:cpu:/elsewhere\n{line}\n")
        folder = tmp_path / "groups" / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in files.items():
            (folder / f"memory.{name}").write_text(f"{value}\n")

    return make


def test_free_memory_of_a_container_is_its_limit_minus_use_plus_file_cache(group):
    stat = f"anon {90 * MB}\ninactive_file {30 * MB}"
    group("0::/", ".", max=200 * MB, current=150 * MB, stat=stat)
    assert memory.free() == 80 * MB


def test_the_limit_of_a_parent_group_applies(group):
    group("0::/app/run", "app/run", max="max", current=10 * MB, stat="inactive_file 0")
    group("0::/app/run", "app", max=64 * MB, current=64 * MB, stat="inactive_file 0")
    assert memory.free() == 0


def test_groups_of_version_1_are_read(group):
    files = {"limit_in_bytes": 100 * MB, "usage_in_bytes": 75 * MB}
    group("4:memory:/app", "memory/app", **files, stat=f"total_inactive_file {MB}")
    assert memory.free() == 26 * MB


def test_a_group_without_a_limit_does_not_reduce_free_memory(group):
    group("0::/", ".", max="max", current=150 * MB, stat="inactive_file 0")
    assert memory.free() > 200 * MB

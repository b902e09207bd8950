"""How much memory is free, on a machine and in the groups that bound a container or service."""

from __future__ import annotations

import gc

import pytest

from dashboard.server import memory

MB = 2**20


def test_the_free_memory_of_this_machine():
    assert MB < memory.free() < 2**50


@pytest.mark.parametrize("report", ["", "MemAvailable: many kB", None])
def test_where_the_system_does_not_tell(monkeypatch, report):
    def read_text(*_: object, **__: object) -> str:
        if report is None:
            raise OSError
        return report

    monkeypatch.setattr(memory.Path, "read_text", read_text)
    assert MB < memory.free() < 2**50
    monkeypatch.setattr(memory.os, "sysconf", lambda _: (_ for _ in ()).throw(ValueError()))
    assert memory.free() == 4 * 2**30


def test_what_is_promised_is_not_to_spare_until_it_is_taken_or_nobody_s(monkeypatch):
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
    """A maker of control groups, which this process is in."""
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "own")

    def make(line: str, path: str, **files: object) -> None:
        (tmp_path / "own").write_text(f"7:cpu:/elsewhere\n{line}\n")
        folder = tmp_path / "groups" / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in files.items():
            (folder / f"memory.{name}").write_text(f"{value}\n")

    return make


def test_a_container_has_what_its_limit_leaves_and_what_its_cache_gives_back(group):
    stat = f"anon {90 * MB}\ninactive_file {30 * MB}"
    group("0::/", ".", max=200 * MB, current=150 * MB, stat=stat)
    assert memory.free() == 80 * MB


def test_the_limit_of_a_group_around_counts_too(group):
    group("0::/app/run", "app/run", max="max", current=10 * MB, stat="inactive_file 0")
    group("0::/app/run", "app", max=64 * MB, current=64 * MB, stat="inactive_file 0")
    assert memory.free() == 0


def test_groups_of_the_first_version_are_read(group):
    files = {"limit_in_bytes": 100 * MB, "usage_in_bytes": 75 * MB}
    group("4:memory:/app", "memory/app", **files, stat=f"total_inactive_file {MB}")
    assert memory.free() == 26 * MB


def test_a_group_without_a_limit_leaves_the_machine_s(group):
    group("0::/", ".", max="max", current=150 * MB, stat="inactive_file 0")
    assert memory.free() > 200 * MB

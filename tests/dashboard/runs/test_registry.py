"""The registry: one object per run, and idle runs move from memory to disk and back."""

from __future__ import annotations

import random
import threading
import time
import weakref

import pytest

from dashboard.runs import folder, marker, registry
from dashboard.runs.folder import DELETED, RunFolder
from dashboard.runs.lock import RunInUseError
from dashboard.runs.registry import Registry, RegistryFullError
from dashboard.runs.store import NoSuchRunError, Store
from dashboard.server import limits
from dashboard.training import trainer
from rnncore.errors import SaveError
from tests.support.runs import TrackedStore, advance, assert_same, small_run
from tests.support.trainers import until

IDLE = limits.IDLE_SECONDS


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def live(tmp_path, monkeypatch, clock):
    monkeypatch.setattr(trainer, "CHUNK_SECONDS", 0.01)
    store = TrackedStore(tmp_path / "runs")
    yield Registry(store, clock)
    store.close()


def add_run(live, steps=0):
    run = small_run(None, steps)
    live.add(run)
    return run


def test_every_page_gets_the_same_object(live):
    run = add_run(live, 1)
    assert live.get(run.id) is run
    assert live.open(run.id) is run
    live.add(run)
    assert len(live) == 1
    assert run.autosaver.flush()
    assert live.store.list_runs()[0].id == run.id


def test_an_unknown_run_is_none_for_get_and_an_error_for_open(live):
    assert live.get("a" * 16) is None
    assert live.unload("a" * 16)
    with pytest.raises(NoSuchRunError):
        live.open("a" * 16)
    assert len(live) == 0


def test_an_unloaded_run_opens_again_unchanged(live):
    run = add_run(live, 12)
    advance(run, 1)
    assert live.unload(run.id)
    assert live.get(run.id) is None
    again = live.open(run.id)
    assert again is not run
    assert_same(run, again)


def test_an_unloaded_run_can_be_added_again_unless_another_page_opened_it(live):
    run = add_run(live, 3)
    live.unload(run.id)
    live.add(run)
    assert live.get(run.id) is run
    advance(run, 1)
    assert run.autosaver.save_now()
    live.unload(run.id)
    again = live.open(run.id)
    with pytest.raises(RunInUseError, match="another page"):
        live.add(run)
    assert live.get(run.id) is again


def test_unloading_pauses_a_training(live):
    run = add_run(live)
    run.trainer.start(60)
    until(lambda: run.solver.iteration)
    assert live.unload(run.id)
    assert not run.trainer.status().active
    assert live.open(run.id).solver.iteration == run.solver.iteration


def test_idle_runs_that_no_page_asks_for_are_unloaded(live, clock):
    idle, requested, busy = add_run(live, 1), add_run(live, 1), add_run(live)
    busy.trainer.start(600)
    clock.now += IDLE * 0.6
    live.get(requested.id)
    assert live.clean_up() == 0
    clock.now += IDLE * 0.6
    assert live.clean_up() == 1
    assert live.get(idle.id) is None
    assert live.get(requested.id) is requested
    assert live.get(busy.id) is busy
    assert busy.trainer.status().active
    busy.trainer.pause()
    clock.now += IDLE * 1.1
    assert live.clean_up() == 2
    assert len(live) == 0
    assert len(live.store.list_runs()) == 3


def test_unloading_frees_the_memory(live, clock):
    def train_run():
        run = add_run(live)
        run.trainer.start(600)
        until(lambda: run.solver.iteration > 3)
        run.trainer.pause()
        return run.id, [weakref.ref(run), weakref.ref(run.solver.model)]

    run_id, traces = train_run()
    live.store.autosavers.clear()
    clock.now += IDLE * 1.1
    assert live.clean_up() == 1
    assert [trace() for trace in traces] == [None, None]
    live.open(run_id)


def test_the_number_of_runs_in_memory_is_bounded(live, clock, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LIVE_RUNS", 3)
    runs = []
    for _ in range(5):
        clock.now += 1
        runs.append(add_run(live, 1))
    assert len(live) == 3
    for index in (4, 3, 2):
        clock.now += 1
        assert live.get(runs[index].id) is runs[index]
    clock.now += 1
    live.open(runs[0].id)  # replaces the run whose last request is oldest
    assert [live.get(run.id) is None for run in runs] == [False, True, False, False, True]


def test_a_new_run_is_refused_while_all_train(live, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LIVE_RUNS", 2)
    runs = [add_run(live), add_run(live)]
    for run in runs:
        run.trainer.start(600)
    with pytest.raises(RegistryFullError, match="training 2 runs"):
        add_run(live)
    runs[0].trainer.pause()
    third = add_run(live)
    assert live.get(third.id) is third
    assert live.get(runs[1].id) is runs[1]
    runs[1].trainer.pause()


def test_a_run_that_cannot_be_saved_stays_in_memory_and_is_retried(live, clock, monkeypatch):
    def fail(*args):
        raise OSError(28, "No space left on device")

    run = add_run(live)
    run.autosaver.flush()
    advance(run, 2)
    monkeypatch.setattr(RunFolder, "save", fail)
    clock.now += IDLE * 1.1
    assert live.clean_up() == 0
    assert "the disk is full" in run.autosaver.problem
    assert live.get(run.id) is run
    monkeypatch.undo()
    assert live.clean_up() == 0
    assert (run.autosaver.problem, run.autosaver.saved_iteration) == ("", 2)


def test_a_run_that_starts_while_others_are_unloaded_stays(live, clock, monkeypatch):
    first = add_run(live, 1)
    clock.now += 1  # unloaded in this order
    second = add_run(live, 1)
    clock.now += IDLE + 1
    real = first.autosaver.suspend

    def start_second_run() -> bool:
        live.add(second)
        second.trainer.start(600)
        return real()

    monkeypatch.setattr(first.autosaver, "suspend", start_second_run)
    assert live.clean_up() == 1
    assert live.get(second.id) is second
    assert second.trainer.status().active
    second.trainer.pause()


def test_a_deleted_run_is_gone_from_memory_and_disk(live):
    run = add_run(live)
    run.trainer.start(600)
    live.delete(run.id)
    assert not run.trainer.status().active
    assert live.get(run.id) is None
    assert live.store.list_runs() == []
    with pytest.raises(NoSuchRunError):
        live.open(run.id)
    with pytest.raises(NoSuchRunError):
        live.delete(run.id)


def test_a_run_can_be_deleted_before_its_first_save(live, monkeypatch):
    monkeypatch.setattr(live.store, "start_autosave", lambda run: None)
    run = add_run(live)
    live.delete(run.id)
    assert live.get(run.id) is None


def test_a_deleted_run_cannot_be_added_again(live):
    run = add_run(live, 2)
    assert live.unload(run.id)
    live.delete(run.id)
    with pytest.raises(NoSuchRunError, match="was deleted"):
        live.add(run)
    assert live.store.list_runs() == []


def test_a_run_that_cannot_be_deleted_continues_unchanged(live, monkeypatch):
    run = add_run(live, 2)
    run.autosaver.flush()

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(folder.os, "rename", refuse)
    with pytest.raises(SaveError, match=r"not deleted: Permission denied\.$") as refused:
        live.delete(run.id)
    assert str(live.store.root) not in str(refused.value)
    assert live.get(run.id) is run
    advance(run, 1)
    assert run.autosaver.save_now()
    assert (run.autosaver.problem, run.autosaver.saved_iteration) == ("", 3)
    monkeypatch.undo()
    live.delete(run.id)
    assert live.get(run.id) is None


def test_a_run_is_named_and_starred_in_memory_and_on_disk(live):
    new, run = add_run(live), add_run(live, 1)
    for each in (new, run):
        live.set_labels(each.id, name=" my\nrun ", starred=True)
        live.set_labels(each.id, name="lighthouse")
        assert (each.labels.name, each.labels.starred) == ("lighthouse", True)
    advance(new, 1)
    for each in (new, run):
        assert live.unload(each.id)
        assert live.open(each.id).labels == each.labels
    with pytest.raises(NoSuchRunError):
        live.set_labels("a" * 16, starred=True)


def test_the_store_is_cleaned_up_every_hour(live, clock, monkeypatch):
    oldest, newest = (small_run(None, 1) for _ in range(2))
    for run in (oldest, newest):
        live.add(run)
        assert live.unload(run.id)
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 1)
    monkeypatch.setattr(limits, "REMOVAL_NOTICE_SECONDS", 0.0)
    live.store.clean_up()  # gives notice
    clock.now += limits.SWEEP_SECONDS - 1
    live.clean_up()
    assert len(live.store.list_runs()) == 2
    clock.now += 1
    live.clean_up()
    assert [info.id for info in live.store.list_runs()] == [newest.id]
    monkeypatch.setattr(live.store, "clean_up", lambda: pytest.fail("too early"))
    live.clean_up()


def test_a_run_that_is_open_elsewhere_is_refused(live, clock):
    run = add_run(live, 2)
    run.autosaver.flush()
    other = Registry(live.store, clock)
    with pytest.raises(RunInUseError):
        other.open(run.id)
    assert len(other) == 0
    live.unload(run.id)
    assert other.open(run.id).solver.iteration == 2


def test_close_saves_all_runs(live):
    runs = [add_run(live) for _ in range(3)]
    for run in runs:
        run.trainer.start(600)
    until(lambda: all(run.solver.iteration for run in runs))
    live.close()
    assert len(live) == 0
    for run in runs:
        assert live.store.open(run.id).solver.iteration == run.solver.iteration


def test_the_registry_cleans_up_in_the_background(live, clock, monkeypatch):
    monkeypatch.setattr(registry, "CLEAN_UP_SECONDS", 0.01)
    add_run(live, 1)
    clock.now += IDLE * 1.1
    until(lambda: len(live) == 0)


def test_many_pages_at_once_share_runs_and_lose_nothing(live, clock):
    runs = [add_run(live, steps) for steps in (1, 2, 3)]
    ids = [run.id for run in runs]
    del runs
    errors, seen = [], [weakref.WeakSet() for _ in ids]
    ends = time.monotonic() + 1.0

    def page(seed):
        rng = random.Random(seed)
        try:
            while time.monotonic() < ends:
                index = rng.randrange(3)
                match rng.randrange(6):
                    case 0:
                        live.unload(ids[index])
                    case 1:
                        clock.now += IDLE
                        live.clean_up()
                    case 2:
                        live.get(ids[index])
                    case _:
                        run = live.open(ids[index])
                        seen[index].add(run)
                        assert run.solver.iteration == index + 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=page, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [len(live.open(run_id).sample_log.entries) for run_id in ids] == [1, 1, 1]


def test_pages_that_open_a_run_at_once_get_one_object(live):
    run = add_run(live, 3)
    live.unload(run.id)
    together, got = threading.Barrier(4), []

    def page():
        together.wait()
        got.append(live.open(run.id))

    threads = [threading.Thread(target=page) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert len({id(run) for run in got}) == 1


@pytest.fixture
def default_root(tmp_path, monkeypatch):
    """The default folder of runs, in a process without a registry."""
    monkeypatch.setenv("LSTM_WORKBENCH_RUNS", str(tmp_path / "mine"))
    registry._create.cache_clear()
    yield tmp_path / "mine"
    registry._create.cache_clear()


def test_the_process_has_one_registry_with_the_default_folder(default_root):
    one = registry.get_registry()
    assert registry.get_registry() is one
    assert one.store.root == default_root


def test_the_first_pages_get_one_registry_if_they_open_at_once(default_root, monkeypatch):
    class SlowStore(Store):
        def __init__(self) -> None:
            time.sleep(0.05)
            super().__init__()

    monkeypatch.setattr(registry, "Store", SlowStore)
    got: list[Registry] = []
    pages = [threading.Thread(target=lambda: got.append(registry.get_registry())) for _ in range(6)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    assert len(got) == 6
    assert len(set(got)) == 1


def test_leftovers_are_deleted_when_the_process_starts(default_root):
    leftover = default_root / f"{DELETED}{'a' * 16}-01234567"
    leftover.mkdir(parents=True)
    marker.write(leftover)
    registry.get_registry()
    until(lambda: not leftover.exists())


def test_runs_are_saved_when_the_process_ends(default_root, monkeypatch):
    at_exit = []
    monkeypatch.setattr(registry.atexit, "register", at_exit.append)
    run = small_run(None)
    registry.get_registry().add(run)
    advance(run, 3)
    (at_the_end,) = at_exit
    at_the_end()
    assert len(registry.get_registry()) == 0
    opened = registry.get_registry().store.open(run.id)
    assert opened.solver.iteration == 3
    opened.autosaver.discard()

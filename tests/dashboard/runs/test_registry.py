"""Live runs: one object a run, whoever asks; what rests unasked leaves memory and comes back."""

from __future__ import annotations

import random
import threading
import time
import weakref

import pytest

from dashboard.runs import folder, registry
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


def added(live, steps=0):
    run = small_run(None, steps)
    live.add(run)
    return run


def test_a_run_is_the_same_object_for_all_who_ask(live):
    run = added(live)
    assert live.get(run.id) is run
    assert live.open(run.id) is run
    live.add(run)
    assert len(live) == 1
    assert run.autosaver.flush()
    assert live.store.list_runs()[0].id == run.id


def test_an_unknown_run_is_none_in_memory_and_an_error_on_disk(live):
    assert live.get("a" * 16) is None
    assert live.unload("a" * 16)
    with pytest.raises(NoSuchRunError):
        live.open("a" * 16)
    assert len(live) == 0


def test_a_forgotten_run_is_on_disk_and_comes_back_as_it_was(live):
    run = added(live, 12)
    advance(run, 1)
    assert live.unload(run.id)
    assert live.get(run.id) is None
    again = live.open(run.id)
    assert again is not run
    assert_same(run, again)


def test_a_page_that_kept_a_run_brings_it_back_unless_another_page_has(live):
    run = added(live, 3)
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


def test_forgetting_pauses_a_training(live):
    run = added(live)
    run.trainer.start(60)
    until(lambda: run.solver.iteration)
    assert live.unload(run.id)
    assert not run.trainer.status().active
    assert live.open(run.id).solver.iteration == run.solver.iteration


def test_runs_at_rest_that_nobody_asks_for_leave_and_others_stay(live, clock):
    idle, asked, busy = added(live, 1), added(live, 1), added(live)
    busy.trainer.start(600)
    clock.now += IDLE * 0.6
    live.get(asked.id)
    assert live.tidy() == 0
    clock.now += IDLE * 0.6
    assert live.tidy() == 1
    assert live.get(idle.id) is None
    assert live.get(asked.id) is asked
    assert live.get(busy.id) is busy
    assert busy.trainer.status().active
    busy.trainer.pause()
    clock.now += IDLE * 1.1
    assert live.tidy() == 2
    assert len(live) == 0
    assert len(live.store.list_runs()) == 3


def test_what_leaves_gives_its_memory_back(live, clock):
    def trained():
        run = added(live)
        run.trainer.start(600)
        until(lambda: run.solver.iteration > 3)
        run.trainer.pause()
        return run.id, [weakref.ref(run), weakref.ref(run.solver.model)]

    run_id, traces = trained()
    live.store.autosavers.clear()
    clock.now += IDLE * 1.1
    assert live.tidy() == 1
    assert [trace() for trace in traces] == [None, None]
    live.open(run_id)


def test_the_number_of_runs_in_memory_is_bounded(live, clock, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LIVE_RUNS", 3)
    runs = []
    for _ in range(5):
        clock.now += 1
        runs.append(added(live))
    assert len(live) == 3
    for place in (4, 3, 2):
        clock.now += 1
        assert live.get(runs[place].id) is runs[place]
    clock.now += 1
    live.open(runs[0].id)  # in the place of the one that was asked for longest ago
    assert [live.get(run.id) is None for run in runs] == [False, True, False, False, True]


def test_if_all_train_a_new_one_is_refused(live, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LIVE_RUNS", 2)
    runs = [added(live), added(live)]
    for run in runs:
        run.trainer.start(600)
    with pytest.raises(RegistryFullError, match="2 trainings are going on here"):
        added(live)
    runs[0].trainer.pause()
    third = added(live)
    assert live.get(third.id) is third
    assert live.get(runs[1].id) is runs[1]
    runs[1].trainer.pause()


def test_a_run_that_cannot_be_saved_stays_and_is_tried_again(live, clock, monkeypatch):
    def fail(*args):
        raise OSError(28, "No space left on device")

    run = added(live)
    run.autosaver.flush()
    advance(run, 2)
    monkeypatch.setattr(RunFolder, "save", fail)
    clock.now += IDLE * 1.1
    assert live.tidy() == 0
    assert "the disk is full" in run.autosaver.problem
    assert live.get(run.id) is run
    monkeypatch.undo()
    assert live.tidy() == 0
    assert (run.autosaver.problem, run.autosaver.saved_iteration) == ("", 2)


def test_a_run_that_is_started_while_others_are_put_away_stays(live, clock, monkeypatch):
    first = added(live, 1)
    clock.now += 1  # put away in this order
    second = added(live, 1)
    clock.now += IDLE + 1
    real = first.autosaver.suspend

    def somebody_presses_train() -> bool:
        live.add(second)
        second.trainer.start(600)
        return real()

    monkeypatch.setattr(first.autosaver, "suspend", somebody_presses_train)
    assert live.tidy() == 1
    assert live.get(second.id) is second
    assert second.trainer.status().active
    second.trainer.pause()


def test_a_deleted_run_is_nowhere(live):
    run = added(live)
    run.trainer.start(600)
    live.delete(run.id)
    assert not run.trainer.status().active
    assert live.get(run.id) is None
    assert live.store.list_runs() == []
    with pytest.raises(NoSuchRunError):
        live.open(run.id)
    with pytest.raises(NoSuchRunError):
        live.delete(run.id)


def test_a_run_that_is_not_on_disk_yet_can_be_deleted(live, monkeypatch):
    monkeypatch.setattr(live.store, "start_autosave", lambda run: None)
    run = added(live)
    live.delete(run.id)
    assert live.get(run.id) is None


def test_a_page_that_still_holds_a_deleted_run_does_not_bring_it_back(live):
    run = added(live, 2)
    assert live.unload(run.id)
    live.delete(run.id)
    with pytest.raises(NoSuchRunError, match="was deleted"):
        live.add(run)
    assert live.store.list_runs() == []


def test_a_run_that_could_not_be_deleted_is_as_it_was(live, monkeypatch):
    run = added(live, 2)
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


def test_what_is_on_disk_is_brought_within_its_limits_every_hour(live, clock, monkeypatch):
    oldest, newest = (small_run(None, 1) for _ in range(2))
    for run in (oldest, newest):
        live.add(run)
        assert live.unload(run.id)
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 1)
    clock.now += limits.SWEEP_SECONDS - 1
    live.tidy()
    assert len(live.store.list_runs()) == 2
    clock.now += 1
    live.tidy()
    assert [info.id for info in live.store.list_runs()] == [newest.id]
    monkeypatch.setattr(live.store, "tidy", lambda: pytest.fail("not so soon again"))
    live.tidy()


def test_a_run_of_another_process_is_not_taken(live, clock):
    run = added(live, 2)
    run.autosaver.flush()
    other = Registry(live.store, clock)
    with pytest.raises(RunInUseError):
        other.open(run.id)
    assert len(other) == 0
    live.unload(run.id)
    assert other.open(run.id).solver.iteration == 2


def test_at_the_end_all_is_saved(live):
    runs = [added(live) for _ in range(3)]
    for run in runs:
        run.trainer.start(600)
    until(lambda: all(run.solver.iteration for run in runs))
    live.close()
    assert len(live) == 0
    for run in runs:
        assert live.store.open(run.id).solver.iteration == run.solver.iteration


def test_it_tidies_by_itself(live, clock, monkeypatch):
    monkeypatch.setattr(registry, "TIDY_SECONDS", 0.01)
    added(live, 1)
    clock.now += IDLE * 1.1
    until(lambda: len(live) == 0)


def test_many_pages_at_once_see_one_object_a_run_and_lose_nothing(live, clock):
    runs = [added(live, steps) for steps in (1, 2, 3)]
    ids = [run.id for run in runs]
    del runs
    errors, seen = [], [weakref.WeakSet() for _ in ids]
    ends = time.monotonic() + 1.0

    def page(seed):
        rng = random.Random(seed)
        try:
            while time.monotonic() < ends:
                place = rng.randrange(3)
                match rng.randrange(6):
                    case 0:
                        live.unload(ids[place])
                    case 1:
                        clock.now += IDLE
                        live.tidy()
                    case 2:
                        live.get(ids[place])
                    case _:
                        run = live.open(ids[place])
                        seen[place].add(run)
                        assert run.solver.iteration == place + 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=page, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [len(live.open(run_id).sample_log.entries) for run_id in ids] == [1, 1, 1]


def test_two_pages_that_open_one_run_get_one(live):
    run = added(live, 3)
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
def default_place(tmp_path, monkeypatch):
    """A process that has no registry yet, and its place for runs."""
    monkeypatch.setenv("LSTM_WORKBENCH_RUNS", str(tmp_path / "mine"))
    registry._create.cache_clear()
    yield tmp_path / "mine"
    registry._create.cache_clear()


def test_the_process_has_one_registry_at_the_default_place(default_place):
    one = registry.get_registry()
    assert registry.get_registry() is one
    assert one.store.root == default_place


def test_pages_that_come_first_at_the_same_time_get_the_same_registry(default_place, monkeypatch):
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


def test_left_overs_are_swept_when_the_process_starts(default_place):
    left_over = default_place / f"{DELETED}run"
    left_over.mkdir(parents=True)
    registry.get_registry()
    until(lambda: not left_over.exists())


def test_runs_are_saved_when_the_process_ends(default_place, monkeypatch):
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

"""After a full disk, a read-only folder or a kill there is a complete file, new or old."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnncore import load, save
from rnncore.errors import SaveError
from rnncore.storage import atomic_write
from tests.support.paths import ROOT
from tests.support.saved_runs import make, run


@pytest.fixture
def saved_run(tmp_path):
    """A solver that has trained on since its save, the path, and a check of that file.

    The check returns whether the file is unchanged and alone in its folder.
    """
    solver, path = make(), tmp_path / "run.npz"
    save(solver, path)
    before = path.read_bytes()
    run(solver, 3)

    def unchanged() -> bool:
        return path.read_bytes() == before and os.listdir(tmp_path) == ["run.npz"]

    return solver, path, unchanged


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "rnncore.storage.npz.write"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_while_saving_leaves_the_old_file(call, error, saved_run, monkeypatch):
    solver, path, unchanged = saved_run

    def fail(*args):
        raise error

    monkeypatch.setattr(call, fail)
    kind = SaveError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(kind) as caught:
        save(solver, path)
    if kind is SaveError:
        assert "No space left on device" in str(caught.value)
        assert "unchanged" in str(caught.value)
    assert unchanged()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_reported():
    with pytest.raises(SaveError, match="No space left"), open("/dev/full", "wb", 0) as file:
        save(make(), file)
    with pytest.raises(SaveError, match="not a regular file"):
        save(make(), "/dev/full")
    assert not os.path.isfile("/dev/full")


IN_A_PROCESS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from rnncore import load, save, RnnCoreError
solver = load(sys.argv[2])
solver.step()
{limit}
try:
    save(solver, sys.argv[2])
except RnnCoreError as error:
    solver.step()
    print(type(error).__name__, error)
"""


def save_under(limit: str, path: Path) -> str:
    root = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS.format(limit=limit), root, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs the limits of Unix")
def test_a_limit_on_file_sizes_leaves_the_old_file(saved_run):
    _, path, unchanged = saved_run
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    assert save_under(limit, path).startswith("SaveError")
    assert unchanged()


@pytest.mark.skipif(sys.platform == "win32", reason="needs the rights of Unix")
def test_a_read_only_folder_leaves_the_old_file(saved_run):
    _, path, unchanged = saved_run
    path.parent.chmod(0o555)
    try:
        # Root may write anywhere, so the process changes to another user first.
        output = save_under("os.geteuid() or os.seteuid(65534)", path)
    finally:
        path.parent.chmod(0o755)
    assert output.startswith("SaveError")
    assert "Permission denied" in output
    assert unchanged()


def test_a_missing_folder_or_a_folder_as_target_is_reported(tmp_path):
    with pytest.raises(SaveError, match="was not saved"):
        save(make(), tmp_path / "none" / "run.npz")
    with pytest.raises(SaveError, match="not a regular file"):
        save(make(), tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_symbolic_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.npz", tmp_path / "link.npz"
    real.write_bytes(b"old")
    link.symlink_to(real)
    save(make(), link)
    assert link.is_symlink()
    assert load(real).iteration == 0


def test_only_abandoned_partial_files_are_deleted(tmp_path):
    left = tmp_path / "run.npz.0123456789abcdef.part"
    stay = [tmp_path / name for name in ("run.npz", "film.part", "x.0123.part")]
    for path in [left, *stay]:
        path.write_bytes(b"x")
    assert atomic_write.delete_partial_files(tmp_path) == 1
    assert sorted(tmp_path.iterdir()) == sorted(stay)
    assert atomic_write.delete_partial_files(tmp_path / "none") == 0


def test_a_partial_file_that_is_being_written_is_not_deleted(tmp_path):
    def write(file):
        assert atomic_write.delete_partial_files(tmp_path) == 0
        file.write(b"whole")

    atomic_write.replace_file(tmp_path / "run.npz", write)
    assert (tmp_path / "run.npz").read_bytes() == b"whole"
    assert atomic_write.delete_partial_files(tmp_path) == 0


SAVES_FOREVER = """
import sys
sys.path.insert(0, sys.argv[1])
from rnncore import RNN, Solver, save
import numpy as np
solver = Solver(np.arange(300) % 50, RNN(50, None, 32, 192), 5, 2, num_iters=10**6)
while True:
    solver.step()
    save(solver, sys.argv[2])
    print(solver.iteration, flush=True)
"""


def kill_while_saving(times: int, folder: Path) -> None:
    """Kill a program ``times`` times while it saves; each time the last complete file must open."""
    path, draw, root = folder / "run.npz", random.Random(3), str(ROOT)
    leftovers = 0
    for _ in range(times):
        with subprocess.Popen(
            [sys.executable, "-c", SAVES_FOREVER, root, str(path)], stdout=subprocess.PIPE
        ) as process:
            try:
                assert process.stdout is not None
                done = int(process.stdout.readline())
                time.sleep(draw.uniform(0, 0.1))
            finally:
                process.send_signal(signal.SIGKILL)
        solver = load(path)
        assert solver.iteration >= done
        leftovers += atomic_write.delete_partial_files(folder)
        assert os.listdir(folder) == ["run.npz"]
    print(f"{times} kills, {leftovers} partial files deleted")


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_program_leaves_a_complete_file(tmp_path):
    kill_while_saving(3, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_sixty_four_killed_programs_leave_complete_files(tmp_path):
    kill_while_saving(64, tmp_path)

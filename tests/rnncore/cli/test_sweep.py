"""``python -m rnncore sweep``."""

from __future__ import annotations

import importlib.util
import signal
import sys

import pytest

from rnncore import load
from rnncore.sweep import driver
from tests.rnncore.cli.commands import run_program
from tests.support.sweeps import EngineHere

SMALL = ["--seq-length", "10", "--batch-size", "4", "--iters", "6"]


@pytest.fixture
def out(tmp_path, monkeypatch):
    """The path of a new sweep, which is computed in this process."""
    monkeypatch.setattr(driver, "Engine", EngineHere)
    monkeypatch.setattr("rnncore.cli.sweep.import_dask", lambda: None)
    return tmp_path / "out"


@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="Dask is not installed")
def test_a_sweep_on_this_machine_s_own_workers(book, tmp_path):
    """The whole program: it starts two workers and ends them."""
    done = run_program(
        "sweep", book, "--hidden", 4, 6, "--out", tmp_path / "out", "--workers", 2, *SMALL
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0].split()[:4] == ["run", "hidden", "seed", "validation"]
    assert [line.split()[-1] for line in lines[1:3]] == ["finished"] * 2
    assert b"2 runs, about" in done.stderr
    assert b"100%" in done.stderr
    assert load(tmp_path / "out" / "run-0001.npz").iteration == 6


def test_the_table_has_the_best_run_first_and_says_which_setting_mattered(run, book, out):
    code, text, err = run(
        "sweep", book, "--hidden", "4", "6", "--cell", "lstm", "gru", "--seeds", "2",
        "--out", out, *SMALL,
    )  # fmt: skip
    lines = text.splitlines()
    assert code == 0
    losses = [float(line.split()[4]) for line in lines[1:9]]
    assert losses == sorted(losses)
    assert {line.partition(":")[0] for line in lines[9:]} == {"cell", "hidden"}
    assert all("than between seeds" in line for line in lines[9:])
    assert "The best run is" in err
    assert str(out) in err
    assert len(list(out.glob("run-*.npz"))) == 8


def test_the_same_command_and_the_folder_alone_continue_a_sweep(run, book, out):
    command = ["sweep", book, "--hidden", "4", "6", "--out", out, *SMALL]
    _, first, _ = run(*command)
    _, second, err = run(*command)
    code, third, _ = run("sweep", out)
    assert first == second == third
    assert code == 0
    assert "0 of 2 runs are left" in err


def test_a_failed_run_is_named_and_the_exit_code_is_one(run, book, out, monkeypatch):
    def fail(order, text):
        raise MemoryError

    monkeypatch.setattr("rnncore.sweep.task.train_interval", fail)
    code, _, err = run("sweep", book, "--out", out, *SMALL)
    assert code == 1
    assert "Run 1 failed: The worker has not enough memory" in err


def test_ctrl_c_keeps_what_is_done_and_says_how_to_continue(run, book, out, monkeypatch):
    monkeypatch.setattr(
        EngineHere, "submit", lambda *args, **named: signal.raise_signal(signal.SIGINT)
    )
    code, _, err = run("sweep", book, "--out", out, *SMALL)
    assert code == 130
    assert f"To continue: python -m rnncore sweep {out}" in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--iters", "5"], "--out is missing"),
        (["--out", "o"], "either --iters or --minutes"),
        (["--out", "o", "--iters", "5", "--minutes", "1"], "either --iters or --minutes"),
        (["--out", "o", "--iters", "5", "--lr", "0.1..0.2"], "lr is a range; a random search"),
        (["--out", "o", "--iters", "5", "--lr", "0.1..0.2", "1"], "a range beside other values"),
        (["--out", "o", "--iters", "5", "--hidden", "4", "4"], "hidden_dim has a value twice"),
        (["--out", "o", "--iters", "5", "--hidden", "four"], "'four' is no whole number"),
        (["--out", "o", "--iters", "5", "--lr", "2..1"], "upper end of a range"),
        (["--out", "o", "--iters", "5", "--hidden", "0"], "hidden_dim is 0"),
        (["--out", "o", "--iters", "5", "--workers", "0"], "--workers is 0"),
    ],
)
def test_options_that_make_no_sweep_are_one_line(error_of, book, out, options, sentence):
    options = [str(out) if option == "o" else option for option in options]
    assert sentence in error_of("sweep", book, *options)


def test_ranges_are_read(run, book, out):
    _, text, _ = run(
        "sweep", book, "--hidden", "4..9:2", "--lr", "0.001..0.1", "--draws", "3", "--search",
        "random", "--out", out, *SMALL,
    )  # fmt: skip
    rows = [line.split() for line in text.splitlines()[1:4]]
    assert {row[1] for row in rows} <= {"4", "9"}
    assert all(0.001 <= float(row[2]) <= 0.1 for row in rows)


def test_a_folder_s_sweep_has_its_own_plan(error_of, book, out, run):
    run("sweep", book, "--out", out, *SMALL)
    assert "continues with its own plan" in error_of("sweep", out, "--iters", "9")
    assert "holds no sweep" in error_of("sweep", out.parent)


def test_without_dask_one_line_says_how_to_get_it(error_of, book, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    error = error_of("sweep", book, "--out", tmp_path / "out", *SMALL)
    assert "Sweeps need Dask: pip install -r requirements-sweep.txt" in error

"""What a whole-run file holds beside the solver, from good files and from bad ones."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from dashboard.runs import exports, run_notes
from dashboard.runs.run import run_from_solver
from dashboard.settings import Goal
from dashboard.training.goals import Plan, TrainingStart
from dashboard.training.live_settings import Change
from dashboard.training.sample_log import MAX_ENTRIES
from rnncore import load, save
from tests.support.runs import MODEL, TEXT, small_run


@pytest.fixture
def run():
    """A run of six iterations with samples, a change, a goal and an origin."""
    run = small_run(steps=6)
    run.set_plan(Plan(Goal("iterations", 900, patience=5), TrainingStart(2, 0.5)))
    run.trainer.changes.append(Change(3, "learning rate 0.008 → 0.001"))
    run.text = replace(run.text, encoding="cp1252", notes=("Line endings were normalised.",))
    run.began_as = "a network trained on sums.txt"
    return run


def opened(raw, **changed):
    """Return the run of a whole-run file; ``changed``: notes with other values."""
    solver = load(raw)
    solver.notes |= changed
    text = run_notes.read_text(solver, TEXT.vocab, "file.npz")
    again = run_from_solver("again", text, MODEL, solver)
    run_notes.restore(again)
    return again


def test_everything_beside_the_network_comes_back(run):
    again = opened(exports.checkpoint_npz(run))
    assert again.sample_log.entries == run.sample_log.entries != []
    assert again.trainer.changes == run.trainer.changes
    assert again.plan == run.plan
    assert again.began_as == run.began_as
    for name in ("name", "encoding", "notes", "digest"):
        assert getattr(again.text, name) == getattr(run.text, name)
    assert again.solver.notes == {}  # each save of the run has a journal of its own
    assert again.notes == ()


def test_a_file_without_notes_opens_as_before(run):
    """Files from before the notes existed, and those of the library, have none."""
    buffer = io.BytesIO()
    save(run.solver, buffer)
    again = opened(buffer.getvalue())
    assert again.text.name == "file.npz"
    assert (again.sample_log.entries, again.trainer.changes, again.notes) == ([], [], ())
    assert again.plan == Plan(Goal("iterations", run.solver.num_iters))


def journal_of(run, **changed):
    return load(exports.checkpoint_npz(run)).notes["journal"] | changed


@pytest.mark.parametrize(
    "changed",
    [
        {"diary": [[1, 2.0]]},
        {"diary": [[7, 2.0, "of a later iteration"]]},
        {"diary": [[-1, 2.0, "of an earlier iteration"]]},
        {"diary": [[1, 2.0, "half \ud800"]]},
        {"changes": "none"},
        {"iteration": float("inf")},
        {"plan": {"kind": "plateau", "amount": -5, "iteration": 0, "seconds": 0.0}},
        {"plan": {"kind": "minutes", "amount": 1e300, "iteration": 0, "seconds": 0.0}},
        {"plan": {"kind": "never", "amount": 5, "iteration": 0, "seconds": 0.0}},
    ],
)
def test_a_damaged_journal_is_left_out_and_reported(run, changed):
    again = opened(exports.checkpoint_npz(run), journal=journal_of(run, **changed))
    assert again.notes == (run_notes.DAMAGED,)
    assert again.sample_log.entries == []
    assert again.solver.iteration == 6


@pytest.mark.parametrize(
    "text", [None, 5, {}, {"name": 7, "notes": 3}, {"name": "", "notes": [1, None]}]
)
def test_strange_facts_about_the_text_are_ignored(run, text):
    again = opened(exports.checkpoint_npz(run), text=text)
    assert (again.text.name, again.text.notes) == ("file.npz", ())


def test_hostile_strings_become_printable(run):
    about = {"name": "../a\ud800\n.txt", "encoding": "\ud800" * 99, "notes": ["\udfff" * 5000]}
    again = opened(exports.checkpoint_npz(run), text=about, began_as="\ud800" * 9000)
    for shown in (again.text.name, again.text.encoding, *again.text.notes, again.began_as):
        assert shown.encode("utf-8")
        assert len(shown) <= 1000
    assert "/" not in again.text.name


def test_a_flood_of_samples_is_thinned_and_keeps_the_newest(run):
    many = [[at % 7, 2.0, f"sample {at}"] for at in range(2000)]
    again = opened(exports.checkpoint_npz(run), journal=journal_of(run, diary=many))
    assert 0 < len(again.sample_log.entries) <= MAX_ENTRIES
    assert again.sample_log.entries[-1].text == "sample 1999"

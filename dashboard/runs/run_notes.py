"""What a whole-run file (.npz) holds beside the solver, as ``Solver.notes``.

The key "journal" has the values of a ``Journal``: samples over time, changes, goal. "text" has
name, encoding and notes of the text, and "began_as" what the first network was. Files from
before these notes existed have none. A file may come from anyone, so everything is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.runs.run import Run
from dashboard.runs.snapshot import Journal
from dashboard.text.loading import LoadedText, from_ids
from dashboard.training.sample_log import MAX_ENTRIES
from rnncore import Solver, Vocab
from rnncore.errors import FileFormatError
from rnncore.reading.file_names import display_name

DAMAGED = "Its samples over time, changes and goal are damaged; the network is complete."
_MAX_TEXT_NOTES, _MAX_NOTE, _MAX_ORIGIN = 50, 1_000, 500  # entries and characters


def describe(run: Run, journal: Journal) -> dict[str, Any]:
    """Return the notes of a run, as plain values."""
    text = run.text
    return {
        "journal": journal.to_values(),
        "text": {"name": text.name, "encoding": text.encoding, "notes": list(text.notes)},
        "began_as": run.began_as,
    }


def read_text(solver: Solver, vocab: Vocab, file_name: str) -> LoadedText:
    """Return the text of a solver that was opened from a file, with the name that it had."""
    found = solver.notes.get("text")
    about: Mapping[str, Any] = found if isinstance(found, dict) else {}
    name, encoding, notes = about.get("name"), about.get("encoding"), about.get("notes")
    ids = solver.ids.astype(vocab.dtype)
    shown = notes[:_MAX_TEXT_NOTES] if isinstance(notes, list) else []
    return from_ids(
        ids,
        vocab,
        display_name(name) if isinstance(name, str) and name else file_name,
        ids.nbytes,
        _printable(encoding[:40]) if isinstance(encoding, str) else "from a run",
        tuple(_printable(note[:_MAX_NOTE]) for note in shown if isinstance(note, str)),
    )


def restore(run: Run) -> None:
    """Give a run samples, changes, goal and origin from its solver's notes, and clear those.

    Damaged notes are described in ``run.notes``.
    """
    notes, run.solver.notes = run.solver.notes, {}
    if isinstance(began_as := notes.get("began_as"), str):
        run.began_as = _printable(began_as[:_MAX_ORIGIN])
    values = notes.get("journal")
    if values is None:
        return
    try:
        journal = _read_journal(values, run.solver.iteration)
    except FileFormatError:
        run.notes += (DAMAGED,)
        return
    run.set_plan(journal.plan)
    step = -(-len(journal.entries) // MAX_ENTRIES) or 1
    run.sample_log.restore(journal.entries[::-step][::-1])
    run.trainer.changes.extend(journal.changes)


def _read_journal(values: Any, iteration: int) -> Journal:
    """Return the journal of a run at this iteration; FileFormatError if it cannot be its own."""
    if not isinstance(values, dict):
        raise FileFormatError("The journal is not an object.")
    journal = Journal.from_values(values)
    texts = [entry.text for entry in journal.entries] + [change.text for change in journal.changes]
    if any(text != _printable(text) for text in texts):
        raise FileFormatError("The journal has halves of characters (surrogates).")
    places = [entry.iteration for entry in journal.entries]
    places += [change.iteration for change in journal.changes]
    if any(not 0 <= place <= iteration for place in places):
        raise FileFormatError("The journal has samples of iterations that the run has not done.")
    return journal


def _printable(text: str) -> str:
    """Return the text without surrogates, which are half characters that no page can show."""
    return text.encode("utf-8", "replace").decode("utf-8")

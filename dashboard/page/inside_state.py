"""What the tab Inside remembers: the copy of the network that it looks into, and what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.analysis.inside.reading import Reading, read_ids, read_text
from dashboard.formatting import byte_size, training_stage
from dashboard.page import inside_jobs
from dashboard.page.session import show, values
from dashboard.runs.network_choice import BEST, copy_network
from dashboard.runs.run import Run
from rnncore import CELLS, RNN

MAX_KEPT, MAX_KEPT_BYTES = 3, 64 * 2**20
HELD_OUT, TRAINING, WRITTEN, OWN = "held-out", "training", "written", "own"
SOURCES = {
    HELD_OUT: "Held-out text",
    TRAINING: "Training text",
    WRITTEN: "Newest sample",
    OWN: "Your own text",
}
LENGTHS = (1_000, 3_000, 10_000, 100_000)
MAX_OWN = LENGTHS[-1]


@dataclass(frozen=True, eq=False)
class Subject:
    """A copy of a run's network, taken when the user asked for it."""

    run_id: str
    network: RNN
    iteration: int
    which: str  # "best" or "latest"
    name: str  # such as "LSTM, 200 units, book.txt, after 1,200 iterations"

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        return self.network.flat.nbytes


def subject(run: Run, which: str) -> Subject:
    """Return the copy that the tab looks into; a new one if the run or the choice has changed."""
    known = values().get("_inside_subject")
    if known is None or known.run_id != run.id or known.which != which:
        known = take(run, which)
    return known


def take(run: Run, which: str) -> Subject:
    """Copy the run's network as it is now, and look into the copy; forget the copy before it."""
    inside_jobs.forget()
    values()["_inside_readings"] = {}
    network, iteration = copy_network(run, which)
    cell = CELLS[network.cell_type].title
    layers = "" if network.num_layers == 1 else f"{network.num_layers} layers of "
    stage = "untrained" if not run.has_progress else training_stage(iteration)
    if not iteration and run.began_as:  # on another text than that of the page
        stage = f"{run.began_as}; it reads {run.text.name}"
    else:
        stage = f"{run.text.name}, {stage}{', best' if which == BEST else ''}"
    name = f"{cell}, {layers}{network.hidden_dim} units, {stage}"
    taken = values()["_inside_subject"] = Subject(run.id, network, iteration, which, name)
    return taken


# -- networks kept for comparison ----------------------------------------------------------------


def kept() -> list[Subject]:
    """Return the networks that were kept, the oldest first."""
    return list(values().get("_inside_kept", ()))


def keep(subject: Subject) -> str:
    """Keep a network for comparison; return why that is not possible, or ""."""
    if subject in kept():
        return ""
    if subject.size > MAX_KEPT_BYTES:
        return (
            f"This network has {byte_size(subject.size)}; networks of up to "
            f"{byte_size(MAX_KEPT_BYTES)} can be kept for comparison."
        )
    values()["_inside_kept"] = (*kept(), subject)[-MAX_KEPT:]
    return ""


def forget_kept() -> None:
    """Keep no network any longer."""
    values()["_inside_kept"] = ()


# -- what is chosen ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """The unit, the character and the passages that the user has chosen.

    at: a place in the painted text, or None. phrase: (start, stop) of the last selection.
    spans: the passages of a mark of the user's own. silenced: units to silence, None until the
    user has chosen some.
    """

    layer: int = 0
    unit: int = 0
    at: int | None = None
    phrase: tuple[int, int] | None = None
    spans: tuple[tuple[int, int], ...] = ()
    silenced: tuple[int, ...] | None = None


def chosen() -> Chosen:
    """Return what is chosen."""
    return values().get("_inside_chosen") or Chosen()


def choose(chosen: Chosen) -> None:
    """Remember what is chosen."""
    values()["_inside_chosen"] = chosen


def layer_and_unit(subject: Subject) -> tuple[int, int]:
    """Return the chosen layer and unit, or the last ones of a smaller network."""
    now, network = chosen(), subject.network
    return min(now.layer, network.num_layers - 1), min(now.unit, network.hidden_dim - 1)


def found_unit(subject: Subject) -> tuple[int, int, str] | None:
    """Return layer, unit and mark that were found last in this copy of the network, or None."""
    about, found = values().get("_inside_found", (None, None))
    return found if about == _stage(subject) else None


def remember_found(subject: Subject, layer: int, unit: int, mark: str) -> None:
    """Remember that this unit was found for a mark."""
    values()["_inside_found"] = _stage(subject), (layer, unit, mark)


def _stage(subject: Subject) -> tuple[str, str, int]:
    return subject.run_id, subject.which, subject.iteration


def choose_first_mark(run: Run, find: Callable[[], str]) -> None:
    """Choose the mark that ``find`` returns for this run's text, unless the user chose another."""
    run_id, first = values().get("_inside_first_mark", ("", ""))
    mark = values().get("inside_mark")
    if mark is None or (mark == first and run_id != run.id):
        first = find()
        values()["_inside_first_mark"] = (run.id, first)
        show("inside_mark", first)


# -- the text ------------------------------------------------------------------------------------


def reading(run: Run, subject: Subject, length: int | None = None) -> Reading:
    """Return the text that the widgets choose, as the subject's network reads it.

    length: at least so many characters are read, where the text has them.
    The same choice returns the same object, so that jobs about it are kept.
    """
    source, share = values().get("inside_source", HELD_OUT), values().get("inside_place", 0)
    most = max(length or 0, values().get("inside_length", LENGTHS[1]))
    own = values().get("inside_own", "") if source == OWN else ""
    written = _written(run) if source == WRITTEN else ""
    return _kept_reading(run, subject, (source, share, most, own or written))


def held_out(run: Run, subject: Subject, length: int) -> Reading:
    """Return the beginning of the held-out text, or of the training text if none is held out."""
    return _kept_reading(run, subject, (HELD_OUT, 0, length, ""))


def book(run: Run) -> NDArray[np.integer]:
    """Return the ids of the run's whole text, (T,)."""
    return run.solver.ids


def has_held_out(run: Run) -> bool:
    """Return whether the run holds out any text."""
    return len(run.solver.val_ids) > 1


def _written(run: Run) -> str:
    entries = list(run.sample_log.entries)
    return run.sample_log.seed_text + (entries[-1].text if entries else "")


def _kept_reading(run: Run, subject: Subject, choice: tuple[str, int, int, str]) -> Reading:
    known: dict[object, Reading] = values().setdefault("_inside_readings", {})
    signature = (run.id, subject, choice)
    if signature not in known:
        if len(known) > 4:
            known.clear()
        known[signature] = _read(run, subject.network, *choice)
    return known[signature]


def _read(run: Run, network: RNN, source: str, share: int, length: int, text: str) -> Reading:
    vocab = network.vocab or run.text.vocab
    if source in (OWN, WRITTEN):
        return read_text(vocab, text, length)
    held = source == HELD_OUT and has_held_out(run)
    ids = run.solver.val_ids if held else run.solver.train_ids
    start = int(len(ids) * share / 100)
    if network.vocab == run.text.vocab:
        return read_ids(vocab, ids, start, length, len(run.solver.train_ids) if held else 0)
    return read_text(vocab, run.text.vocab.decode(ids[start : start + length]), length)

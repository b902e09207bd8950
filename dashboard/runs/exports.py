"""The files that a run can be downloaded as, each returned as bytes or text."""

from __future__ import annotations

import csv
import importlib.util
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Any

import numpy as np

from dashboard.analysis.baselines import Baseline
from dashboard.charts import picture
from dashboard.charts.chart_options import ChartOptions
from dashboard.charts.history_line import describe_thinning, report_lines
from dashboard.formatting import counted
from dashboard.reports.run_report import Report, Sample, render
from dashboard.reports.svg_curve import Curve
from dashboard.runs import run_notes, snapshot
from dashboard.runs.network_choice import LATEST, copy_network
from dashboard.runs.run import Run
from dashboard.runs.summary import describe_network
from dashboard.server import limits
from dashboard.server.error_messages import report_unexpected
from dashboard.settings import CELL_NAMES
from rnncore import RnnCoreError, save
from rnncore.history import COLUMNS, RANGES, VALIDATION_COLUMNS
from rnncore.reading.file_names import display_name
from rnncore.storage.model_pickle import dump_model

_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|]+')
REPORT_SAMPLES = 8  # about as many samples, spread over the training, are in the report


def file_stem(run: Run) -> str:
    """Return the name of the run's files without extension: its own, or that of its text."""
    stem = _NOT_IN_FILE_NAMES.sub("-", run.labels.name) or PurePath(run.text.name).stem
    return display_name(stem) if stem else "model"


def make_file(run: Run, what: str, data: Callable[[], str | bytes]) -> str | bytes:
    """Return ``data()``; if it fails, set ``run.export_error`` and raise the exception.

    what: the name of the download, for the message.
    """
    try:
        file = data()
    except RnnCoreError as error:
        run.export_error = f"“{what}” was not created. {error}"
        raise
    except Exception as error:
        run.export_error = report_unexpected(
            error, f"“{what}” could not be created. The run is unchanged."
        )
        raise
    run.export_error = ""
    return file


def model_pickle(run: Run, which: str = LATEST) -> bytes:
    """Return the pickled model: the best, or the latest as it is between two chunks of training."""
    model, _ = copy_network(run, which)
    return dump_model(model)


def ready_model_pickle(run: Run, which: str = LATEST) -> bytes | None:
    """Return the pickled model for a page to hold ready, cached for each iteration.

    which: ``network_choice.BEST`` or ``LATEST``.
    None while training runs, or if the model is too large for that.
    """
    status = run.trainer.status()
    if status.active or status.thread_active or model_bytes(run) > limits.MAX_READY_BYTES:
        return None
    state = run.solver, run.solver.iteration, which
    if run.ready_pickle is None or run.ready_pickle[0] != state:
        try:
            run.ready_pickle = state, model_pickle(run, which)
        except Exception:  # a click on the download tries again and shows the error
            return None
    return run.ready_pickle[1]


def checkpoint_npz(run: Run, with_text: bool = True) -> bytes:
    """Return the whole run as an .npz file, from which training continues exactly."""
    buffer = io.BytesIO()
    with run.trainer.lock:  # only for the copy: training continues while the file is written
        copy = snapshot.take(run.solver, run.sample_log.entries, run.trainer.changes, run.plan)
    copy.solver.notes = run_notes.describe(run, copy.journal)
    save(copy.solver, buffer, data=with_text)
    return buffer.getvalue()


def model_bytes(run: Run) -> int:
    """Return the approximate size of the pickle, in bytes."""
    return run.solver.model.flat.nbytes


def checkpoint_bytes(run: Run) -> int:
    """Return the approximate size of the .npz file, in bytes."""
    solver = run.solver
    moments = sum(slot.nbytes for slot in solver.optimizer.slots.values())
    best = 0 if solver.best is None else solver.best.flat.nbytes
    thinned = sum(array.nbytes for array in solver.history.thinned_arrays())
    layers = solver.history.layers.values.nbytes
    history = 8 * len(COLUMNS) * len(solver.history) + thinned + layers
    return model_bytes(run) + best + moments + solver.ids.nbytes + history


def history_csv(run: Run) -> str:
    """Return the history as CSV, one row an iteration; cells without a measurement are empty.

    The CSV of a thinned history has the columns RANGES, too. A row of several iterations names
    the last of them, and their number. A validation among them has a row of its own, of 0
    iterations.
    """
    history = run.solver.history.copy()  # the trainer may append meanwhile
    names, table = [*COLUMNS], history.to_array()
    if history.thinned:
        names += RANGES
        table = np.vstack([table, *(history[name] for name in RANGES)])
        validations = history.thinned_arrays()[1]
        rows = np.full((len(names), validations.shape[1]), np.nan)
        rows[[names.index(name) for name in VALIDATION_COLUMNS]] = validations
        rows[names.index("iterations")] = 0
        table = np.concatenate([rows, table], axis=1)
        table = table[:, np.argsort(table[0], kind="stable")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in table.T:
        writer.writerow(["" if math.isnan(value) else f"{value:.10g}" for value in row])
    return out.getvalue()


def samples_text(run: Run) -> str:
    """Return all samples as plain text, the oldest first."""
    return "\n\n".join(
        f"--- after {counted(entry.iteration, 'iteration')}, loss {entry.loss:.3f} ---\n"
        f"{run.sample_log.seed_text}{entry.text}"
        for entry in run.sample_log.entries
    )


def report_html(run: Run, levels: list[Baseline]) -> str:
    """Return the report, one self-contained HTML page; ``levels`` are lines on its curve."""
    status, solver, text = run.trainer.status(), run.solver, run.text
    chosen, train = run.model_settings, run.train_settings
    history = solver.history.view()
    at, val = history.validations()
    line, means = report_lines(history)
    every = max(1, len(run.sample_log.entries) // REPORT_SAMPLES)
    return render(
        Report(
            title=f"A network that learnt to write {text.name}",
            lead=(f"Run “{run.labels.name}”. " if run.labels.name else "")
            + f"{describe_network(chosen)}, {solver.model.num_params:,} parameters. Trained "
            f"for {counted(status.iteration, 'iteration')} in {status.elapsed:,.0f} s."
            + (f" Began as {run.began_as}." if run.began_as else ""),
            figures={
                "Loss (nats per character)": status.loss,
                "Validation loss": status.val_loss,
                "Best validation loss": status.best_val,
                "Epochs": status.epoch,
            },
            data={
                "Name": text.name,
                "Characters": len(text),
                "Distinct characters": len(text.vocab),
                "Encoding": text.encoding,
                "Validation share": f"{chosen.val_fraction:.0%}",
            },
            settings={
                "Cell": CELL_NAMES.get(chosen.cell_type, chosen.cell_type),
                "Hidden size": chosen.hidden_dim,
                "Layers": chosen.num_layers,
                "Embedding size": solver.model.input_dim,
                "Dropout": chosen.dropout,
                "Sequence length": chosen.seq_length,
                "Batch size": chosen.batch_size,
                "Learning rate": train.lr,
                "Update rule": train.update_rule,
                "Schedule": train.schedule,
                "Warm-up iterations": train.warmup,
                "Gradient clipping": "off" if math.isinf(train.clip) else train.clip,
                "Iterations between validations": solver.eval_every or "never",
                "Iterations between memory resets": solver.fresh_after or "never",
                "Planned iterations": train.num_iters,
                "Initialisation seed": chosen.seed,
            },
            curve=Curve(
                *line, at, val, {b.name: b.nats for b in levels}, means, describe_thinning(history)
            ),
            samples=[
                Sample(e.iteration, run.sample_log.seed_text + e.text)
                for e in run.sample_log.entries[::-every][::-1]
            ],
            created=date.today(),
        )
    )


def loss_picture(run: Run, levels: list[Baseline]) -> dict[str, Any]:
    """Return the loss chart as a Vega-Lite specification; ``levels`` are lines on it."""
    options = ChartOptions(baselines=levels, marks=run.trainer.changes)
    return picture.draw_loss(run.solver.history, run.chars_per_epoch, options, run.text.name)


@dataclass(frozen=True)
class Download:
    """A kind of file that the page offers under More downloads.

    suffix: end of the file's name. make: returns the file from the run and the baselines of its
    text. caption: a sentence without its full stop. size: returns the approximate number of bytes
    of a file that this page can open again; None for other files. needs: an optional package
    without which the file is not offered.
    """

    label: str
    suffix: str
    make: Callable[[Run, list[Baseline]], str | bytes]
    caption: str = ""
    help: str | None = None
    size: Callable[[Run], int] | None = None
    needs: str = ""


_DOWNLOADS = (
    Download(
        "Whole run (.npz)",
        ".npz",
        lambda run, _: checkpoint_npz(run),
        "Text, network, optimizer state, position, samples and goal. Training continues exactly "
        "from it, in Python",
        "An .npz file holds NumPy arrays. The optimizer state is what the update rule remembers of "
        "earlier gradients.",
        checkpoint_bytes,
    ),
    Download(
        "Report",
        ".html",
        lambda run, baselines: report_html(run, baselines),
        "One page with data, settings, curve and samples, to keep or hand in",
    ),
    Download(
        "History (CSV)",
        ".csv",
        lambda run, _: history_csv(run),
        "The figures of each iteration; of more than 65,000 iterations, the oldest as means, "
        "minima and maxima",
    ),
    Download("Samples over time", "-samples.txt", lambda run, _: samples_text(run)),
    Download(
        "Loss curve (PNG)",
        "-loss.png",
        lambda run, baselines: picture.to_png(loss_picture(run, baselines)),
        "The drawing of the page, for a message",
        needs="vl_convert",
    ),
    Download(
        "Loss curve (SVG)",
        "-loss.svg",
        lambda run, baselines: picture.to_svg(loss_picture(run, baselines)),
        "The drawing of the page, for a document or a slide",
        needs="vl_convert",
    ),
)
MORE_DOWNLOADS = tuple(
    download
    for download in _DOWNLOADS
    if not download.needs or importlib.util.find_spec(download.needs)
)

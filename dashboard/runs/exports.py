"""What can be taken away from a run: files made of it, each as bytes or text."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from datetime import date
from pathlib import PurePath

from dashboard.analysis.baselines import Baseline
from dashboard.reports.run_report import Report, Sample, page
from dashboard.reports.svg_curve import Curve
from dashboard.runs import snapshot
from dashboard.runs.run import Run
from dashboard.server import limits
from dashboard.server.error_messages import report_unexpected
from dashboard.settings import CELL_NAMES
from rnncore import save
from rnncore.history import COLUMNS
from rnncore.reading.file_names import display_name
from rnncore.storage.model_pickle import dump_model


def file_stem(run: Run) -> str:
    """What the files are called, after the text."""
    stem = PurePath(run.text.name).stem
    return display_name(stem) if stem else "model"


def make_file(run: Run, what: str, data: Callable[[], str | bytes]) -> str | bytes:
    """The file; where it cannot be made, the run tells why under a reference that the log has."""
    try:
        file = data()
    except Exception as error:
        run.export_error = report_unexpected(
            error, f"“{what}” could not be made; the run is as it was."
        )
        raise
    run.export_error = ""
    return file


def model_pickle(run: Run) -> bytes:
    """The model as a pickle, as it is between two chunks of training."""
    return dump_model(run.trainer.model())


def ready_model_pickle(run: Run) -> bytes | None:
    """The same, made once, if nothing trains it and it is small enough to lie ready on the page."""
    status = run.trainer.status()
    if status.active or status.thread_active or model_bytes(run) > limits.MAX_READY_BYTES:
        return None
    state = run.solver, run.solver.iteration
    if run.ready_pickle is None or run.ready_pickle[0] != state:
        try:
            run.ready_pickle = state, model_pickle(run)
        except Exception:  # it is made at the click then, which tells why it cannot be
            return None
    return run.ready_pickle[1]


def checkpoint_npz(run: Run) -> bytes:
    """The whole run as an .npz, to go on from exactly."""
    buffer = io.BytesIO()
    with run.trainer.lock:  # for the copying alone: training goes on while it is written
        copy = snapshot.take(run.solver, [], [], run.plan)
    save(copy.solver, buffer)
    return buffer.getvalue()


def model_bytes(run: Run) -> int:
    """About how large the pickle is."""
    return run.solver.model.flat.nbytes


def checkpoint_bytes(run: Run) -> int:
    """About how large the .npz is."""
    solver = run.solver
    moments = sum(slot.nbytes for slot in solver.optimizer.slots.values())
    history = 8 * len(COLUMNS) * len(solver.history)
    return model_bytes(run) + moments + solver.ids.nbytes + history


def history_csv(run: Run) -> str:
    """Every iteration as CSV; a validation that was not measured is left empty."""
    table = run.solver.history.to_array().T
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table:
        writer.writerow(["" if math.isnan(value) else f"{value:.10g}" for value in row])
    return out.getvalue()


def samples_text(run: Run) -> str:
    """The samples over time, one below the other."""
    return "\n\n".join(
        f"--- after {entry.iteration:,} iterations, loss {entry.loss:.3f} ---\n"
        f"{run.sample_log.seed_text}{entry.text}"
        for entry in run.sample_log.entries
    )


def report_html(run: Run, levels: list[Baseline]) -> str:
    """One self-contained HTML page."""
    status, solver, text = run.trainer.status(), run.solver, run.text
    chosen, train = run.model_settings, run.train_settings
    past = solver.history
    at, val = past.validations()
    every = max(1, len(run.sample_log.entries) // 8)
    return page(
        Report(
            title=f"A network that learnt to write {text.name}",
            lead=f"{solver.model.num_layers} x {CELL_NAMES.get(chosen.cell_type, chosen.cell_type)}"
            f" of {chosen.hidden_dim}, {solver.model.num_params:,} parameters, trained for "
            f"{status.iteration:,} iterations in {status.elapsed:,.0f} s.",
            figures={
                "Loss (nats per character)": status.loss,
                "Validation": status.val_loss,
                "Best validation": status.best_val,
                "Epochs": status.epoch,
            },
            data={
                "Name": text.name,
                "Characters": len(text),
                "Different characters": len(text.vocab),
                "Encoding": text.encoding,
                "Held out for validation": f"{chosen.val_fraction:.0%}",
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
                "Warm-up": train.warmup,
                "Clipping": "off" if math.isinf(train.clip) else train.clip,
                "Iterations between validations": solver.eval_every or "never",
                "Iterations until a fresh start": solver.fresh_after or "never",
                "Iterations planned": train.num_iters,
                "Random seed": chosen.seed,
            },
            curve=Curve(past["iteration"], past["loss"], at, val, {b.name: b.nats for b in levels}),
            samples=[
                Sample(e.iteration, run.sample_log.seed_text + e.text)
                for e in run.sample_log.entries[::-every][::-1]
            ],
            made=date.today(),
        )
    )

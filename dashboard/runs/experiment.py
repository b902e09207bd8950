"""A whole experiment as one zip: the run, its text, settings, history, samples, model and report.

``uploads`` opens such a zip again. It reads the first member only, ``run.npz``, which is stored
uncompressed. The other members are for people and other programs. An experiment without its text
holds the text's SHA-256 instead.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import zipfile
from datetime import UTC, datetime
from typing import Any

from dashboard.analysis.baselines import Baseline
from dashboard.runs import exports, portable
from dashboard.runs.network_choice import LATEST
from dashboard.runs.run import Run
from dashboard.runs.uploads import RUN
from rnncore import __version__

README = """\
This is an experiment of the LSTM workbench: a network that learnt to write a text.

run.npz         the whole run. Upload this zip, or that file, on the workbench to continue it.
{text}
settings.json   settings of the network and of the training, and facts about the text
history.csv     figures of each iteration
samples.txt     what the network wrote at each stage
model.pkl       the network, for Python with rnncore
network.html    the network as a web page that writes in any browser
report.html     the report
"""


def pack(run: Run, baselines: list[Baseline], with_text: bool = True) -> bytes:
    """Return the zip. Training continues while it is made.

    baselines: simpler models to compare with, for the report.
    """
    text = run.text.vocab.decode(run.text.ids).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(text).hexdigest()
    about = (
        "text.txt        the text" if with_text else f"(The text is left out. SHA-256: {digest})"
    )
    members: dict[str, str | bytes] = {
        RUN: exports.checkpoint_npz(run, with_text),
        "README.txt": README.format(text=about),
        "settings.json": json.dumps(_describe(run, digest), indent=2, allow_nan=False),
        "history.csv": exports.history_csv(run),
        "samples.txt": exports.samples_text(run).encode("utf-8", "surrogatepass"),
        "model.pkl": exports.model_pickle(run, LATEST),
        "network.html": portable.web_page(run, LATEST),
        "report.html": exports.report_html(run, baselines),
    }
    if with_text:
        members["text.txt"] = text
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            kind = zipfile.ZIP_STORED if name == RUN else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, kind)
    return buffer.getvalue()


def _describe(run: Run, digest: str) -> dict[str, Any]:
    """Return settings and facts as plain values for JSON."""
    status, text = run.trainer.status(), run.text
    return {
        "made_with": f"rnncore {__version__}",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "text": {
            "name": text.name,
            "characters": len(text),
            "distinct_characters": len(text.vocab),
            "encoding": text.encoding,
            "notes": list(text.notes),
            "sha256": digest,
        },
        "network": _plain(run.model_settings),
        "training": _plain(run.train_settings),
        "began_as": run.began_as,
        "result": {
            "iteration": status.iteration,
            "seconds": _finite(status.elapsed),
            "loss": _finite(status.loss),
            "val_loss": _finite(status.val_loss),
            "best_val_loss": _finite(status.best_val),
            "parameters": run.solver.model.num_params,
        },
    }


def _plain(settings: Any) -> dict[str, Any]:
    return {name: _finite(value) for name, value in dataclasses.asdict(settings).items()}


def _finite(value: Any) -> Any:
    """Return the value; None for infinity and NaN, which JSON lacks."""
    return value if not isinstance(value, float) or math.isfinite(value) else None

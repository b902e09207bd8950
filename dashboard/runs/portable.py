"""A run's network as files that run without rnncore: a web page, a program, PyTorch, ONNX."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePath

from dashboard.formatting import counted
from dashboard.runs.network_choice import BEST, LATEST, copy_network
from dashboard.runs.run import Run
from rnncore import Card, to_html, to_numpy, to_onnx
from rnncore.export.card import read_curve
from rnncore.export.torch_file import to_torch_zip


@dataclass(frozen=True)
class Portable:
    """A kind of file that the page offers.

    suffix: end of the file's name. make: returns the file of ``network_choice.BEST`` or LATEST.
    needs: a package without which it is not offered, or "". caption: without its full stop.
    """

    label: str
    suffix: str
    make: Callable[[Run, str], bytes]
    caption: str
    needs: str = ""


def web_page(run: Run, which: str = LATEST) -> bytes:
    """Return the network as one HTML page, with the run's figures, curve and samples."""
    network, iteration = copy_network(run, which)
    return to_html(network, make_card(run, which, iteration))


def make_card(run: Run, which: str, iteration: int) -> Card:
    """Return the card of the run's best or latest network, which is from this iteration."""
    history, log = run.solver.history.view(), run.sample_log
    _, losses = history.validations()
    best = run.solver.best if which == BEST else None
    entries = [entry for entry in log.entries if entry.iteration <= iteration]
    # The first, the middle and the last sample; fewer if there are no three.
    chosen = dict.fromkeys((0, len(entries) // 2, len(entries) - 1)) if entries else {}
    return Card(
        name=PurePath(run.text.name).stem or run.text.name,
        seed_text=log.seed_text,
        characters=len(run.text),
        iterations=iteration,
        val_loss=best.loss if best is not None else losses[-1] if len(losses) else None,
        created=date.today(),
        curve=read_curve(history),
        samples=tuple(
            (f"After {counted(entries[i].iteration, 'iteration')}", log.seed_text + entries[i].text)
            for i in chosen
        ),
    )


def offered() -> list[Portable]:
    """Return the kinds of file for which everything is installed."""
    return [each for each in PORTABLES if not each.needs or _is_installed(each.needs)]


@cache
def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


WEB_PAGE = Portable(
    "Send your network to a friend",
    "-network.html",
    web_page,
    "One web page (.html) with the network inside. It writes in any browser, also on a phone and "
    "offline",
)
PORTABLES = (
    WEB_PAGE,
    Portable(
        "NumPy program (.zip)",
        "-numpy.zip",
        lambda run, which: to_numpy(copy_network(run, which)[0]),
        "The arrays, and a program of about 100 lines that writes with them. It needs NumPy only",
    ),
    Portable(
        "PyTorch (.zip)",
        "-torch.zip",
        lambda run, which: to_torch_zip(copy_network(run, which)[0]),
        "The weights as .safetensors and the module that loads them",
        "safetensors",
    ),
    Portable(
        "ONNX (.onnx)",
        ".onnx",
        lambda run, which: to_onnx(copy_network(run, which)[0]),
        "The network as a graph for onnxruntime",
        "onnx",
    ),
)

"""Let the networks of a comparison write after one seed text, each as it was at a stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dashboard.comparison.compared import Compared
from dashboard.comparison.stages import Sample, at_stage, stored_sample
from dashboard.runs.network_choice import BEST, LATEST, copy_network
from dashboard.runs.registry import Registry
from dashboard.sampling.writer import filter_seed_text
from dashboard.server import error_messages, limits
from dashboard.server.background_job import is_wanted
from dashboard.training.sample_log import SAMPLE_CHARS, Entry, SampleLog
from rnncore import RNN, RnnCoreError, Sampler
from rnncore.errors import VocabError
from rnncore.storage import checkpoint


@dataclass(frozen=True)
class Network:
    """A network of a run, in memory or on disk.

    loss: ``History.recent_loss``, in nats per character; NaN if unknown.
    load: returns a copy of it, and the iterations of its training.
    """

    iteration: int
    loss: float
    load: Callable[[], tuple[RNN, int]]


def networks(registry: Registry, run_id: str) -> list[Network]:
    """Return the networks of a run whose weights exist, in the order of their iterations."""
    folder = registry.store.folder(run_id)
    found = {
        journal.iteration: Network(
            journal.iteration,
            journal.loss,
            partial(_load, folder.network_path(number), journal.iteration),
        )
        for number, journal in folder.read_journals().items()
    }
    if (run := registry.get(run_id)) is not None:
        if (best := run.solver.best) is not None:
            found[best.iteration] = Network(
                best.iteration, math.nan, partial(copy_network, run, BEST)
            )
        status = run.trainer.status()
        found[status.iteration] = Network(
            status.iteration, status.loss, partial(copy_network, run, LATEST)
        )
    return [found[iteration] for iteration in sorted(found)]


def write_samples(
    registry: Registry,
    runs: Sequence[Compared],
    x_axis: str,
    stage: float | None,
    marks: Sequence[float],
    seed_text: str,
) -> list[Sample]:
    """Return what each run's network of the stage writes after ``seed_text``.

    All write with the same random numbers. Where no weights are saved from the stage, the sample
    is the one that was stored while the run trained; its note says so.
    x_axis, stage, marks: see ``stages.at_stage``. A cancelled job gets fewer samples.
    """
    samples = []
    for run in runs:
        if not is_wanted():
            break
        try:
            known = networks(registry, run.id)
            after = [network.iteration for network in known]
            chosen = at_stage(run, x_axis, stage, marks, after)
            if chosen is None:
                samples.append(stored_sample(run, x_axis, stage, _describe_lack(after)))
            else:
                samples.append(_write(known[chosen], seed_text))
        except (RnnCoreError, MemoryError) as error:
            samples.append(Sample(seed_text, None, error_messages.for_click(error)))
    return samples


def _write(network: Network, seed_text: str) -> Sample:
    model, iteration = network.load()
    if model.vocab is None:
        raise VocabError("This network knows no characters, only numbers.")
    kept, note = filter_seed_text(seed_text, model.vocab)
    text = Sampler(model).sample(
        kept, SAMPLE_CHARS, SampleLog.temperature, seed=SampleLog.random_seed
    )
    return Sample(kept, Entry(iteration, network.loss, text), note)


def _load(path: Path, iteration: int) -> tuple[RNN, int]:
    limits.check_model_size("This save", path.stat().st_size if path.exists() else 0)
    return checkpoint.load_without_text(path)[0], iteration


def _describe_lack(after: Sequence[int]) -> str:
    if not after:
        return "No weights of this run are saved: this is a sample stored while it trained."
    *most, last = [f"{iteration:,}" for iteration in after]
    which = f"iterations {', '.join(most)} and {last}" if most else f"iteration {last}"
    return (
        f"No weights are saved from this stage, only those of {which}. This is the sample stored "
        "then, after the run's own seed text."
    )

"""Find units for a mark: which unit follows it best, and how well all units do together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.analysis.inside.reading import Reading, Values, all_values
from rnncore import RNN, RnnCoreError, inspect

TOP = 10  # units in the table
MARGIN = 0.02  # above chance, from which a score shows something
CLEAR = 0.9  # score from which a mark counts as shown
MAX_FIT = 300_000  # characters of the training text that a probe is fitted on
MIN_SHARE = 0.01  # of a text's characters at which a mark that is chosen first is set, and is not
MAX_UNITS = 3000  # the probe solves equations of so many unknowns


@dataclass(frozen=True)
class RankedUnit:
    """A unit, its AUC or correlation, and the value that painted it at each known character."""

    layer: int
    unit: int
    score: float


@dataclass(frozen=True, eq=False)
class Finding:
    """The units of a network ranked by how well each shows a mark.

    problem: why nothing could be measured, or "". top: the strongest first.
    values, mark, output: (T,), of the winner, the mark and the probe; scale: of the winner.
    """

    problem: str = ""
    yes_no: bool = True
    top: tuple[RankedUnit, ...] = ()
    strength: float = float("nan")
    control: float = float("nan")
    probe: float = float("nan")
    probe_control: float = float("nan")
    probe_problem: str = ""
    values: Values | None = None
    mark: NDArray[Any] | None = None
    output: Values | None = None
    count: int = 0  # characters that were measured
    fitted: int = 0  # characters of the training text that the probe was fitted on; 0: one half

    @property
    def unit_shows_it(self) -> bool:
        """Whether the best unit is better than chance."""
        return self.strength >= self.control + MARGIN

    @property
    def probe_shows_it(self) -> bool:
        """Whether all units together are better than chance."""
        return not self.probe_problem and abs(self.probe) >= self.probe_control + MARGIN


def first_mark(text: str) -> str:
    """Return the mark to look for first: one that differs between the characters of the text."""
    for name in ("quotes", "brackets", *inspect.MARKS):
        share = float(np.mean(inspect.MARKS[name].find(text) != 0)) if text else 0.0
        if MIN_SHARE <= share <= 1 - MIN_SHARE:
            return name
    return "word"


def find_units(
    network: RNN,
    reading: Reading,
    mark: NDArray[Any],
    part: str,
    progress: inspect.Progress | None = None,
) -> Finding:
    """Rank all units for a mark of the reading's text.

    mark: (len(reading.text),). part: of the units, such as "c".
    """
    values = all_values(network, reading, part, progress)
    known = mark[reading.places][: len(values)]
    try:
        ranking = inspect.rank_units(values, known)
    except RnnCoreError as error:
        return Finding(problem=str(error))
    H = network.hidden_dim
    top = tuple(
        RankedUnit(int(u) // H, int(u) % H, float(ranking.scores[u])) for u in ranking.order[:TOP]
    )
    finding = Finding(
        yes_no=ranking.yes_no,
        top=top,
        strength=float(ranking.strength[ranking.best]),
        control=ranking.control,
        values=values[:, top[0].layer, top[0].unit].copy(),
        mark=known,
        count=len(values),
    )
    try:
        probe = inspect.probe(values, known)
    except RnnCoreError as error:
        return replace(finding, probe_problem=str(error))
    return replace(
        finding,
        probe=probe.score,
        probe_control=probe.control,
        output=probe.output,
    )


def count_of_fit(network: RNN, train_ids: NDArray[np.integer], reading: Reading) -> int:
    """Return how many characters of the training text ``fit_on_training_text`` reads.

    0: the halves of the reading are better, or there are too many units.
    """
    count = min(MAX_FIT, len(train_ids))
    units = network.num_layers * network.hidden_dim
    return count if units <= MAX_UNITS and count > len(reading.ids) // 2 else 0


def fit_on_training_text(
    network: RNN,
    reading: Reading,
    train_ids: NDArray[np.integer],
    find_mark: Callable[[str], NDArray[Any]],
    part: str,
    progress: inspect.Progress | None = None,
) -> inspect.Probe | None:
    """Return a probe fitted on the end of the training text, scored on the reading's.

    None: the mark is the same at every character of one of them.
    """
    assert network.vocab is not None
    ids = train_ids[-count_of_fit(network, train_ids, reading) :]
    mark = find_mark(network.vocab.decode(ids))
    values = all_values(network, reading, part)
    known = find_mark(reading.text)[reading.places][: len(values)]
    try:
        return inspect.probe_text(network, ids, mark, values, known, part, progress=progress)
    except RnnCoreError:
        return None


def with_probe(finding: Finding, probe: inspect.Probe, fitted: int) -> Finding:
    """Return the finding with a probe that was fitted on so much training text."""
    return replace(
        finding, probe=probe.score, probe_control=probe.control, probe_problem="",
        output=probe.output, fitted=fitted,
    )  # fmt: skip


def describe(finding: Finding) -> str:
    """Return one or two sentences: what one unit and all units together reach."""
    if finding.problem:
        return finding.problem
    measure = "AUC" if finding.yes_no else "correlation"
    best, top = finding.strength, finding.top[0]
    name = f"unit {top.unit} of layer {top.layer + 1}"
    chance = f"chance reaches {finding.control:.2f}"
    if finding.probe_problem and finding.unit_shows_it:
        return f"The best is {name}, with {measure} {best:.2f} ({chance}). {finding.probe_problem}"
    probe = abs(finding.probe)
    if not finding.unit_shows_it:
        start = f"No single unit shows it: the best has {measure} {best:.2f}, and {chance}"
    elif best < CLEAR <= probe:
        start = f"No single unit shows it clearly (best {measure} {best:.2f}, {chance})"
    else:
        low = (finding.yes_no and top.score < 0.5) or (not finding.yes_no and top.score < 0)
        how = ", which is low where the mark is high" if low else ""
        start = f"The best is {name}{how}, with {measure} {best:.2f} ({chance})"
    if finding.probe_problem:
        return f"{start}. {finding.probe_problem}"
    if not finding.probe_shows_it:
        return f"{start}. All units together do not show it either ({probe:.2f})."
    return f"{start}. All units together reach {probe:.2f} (chance {finding.probe_control:.2f})."

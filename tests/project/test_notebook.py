"""The notebook runs from top to bottom, and keeps its promises."""

from __future__ import annotations

import ast
import json

import numpy as np
import pytest

from tests.support.paths import ROOT

pytest.importorskip("altair", reason="the notebook's chart needs altair")

NOTEBOOK = ROOT / "docs" / "walkthrough.ipynb"
QUICK = {"ITERATIONS": 60, "HIDDEN": 32}


def cells(kind):
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def quickened(cell):
    """The cell's source; its parameters, if it is the one that sets them, made quick."""
    source = "".join(cell["source"])
    if "parameters" not in cell["metadata"].get("tags", []):
        return source
    assigned = [node.targets[0].id for node in ast.parse(source).body]
    assert assigned == list(QUICK), "the notebook's parameters are others"
    return "\n".join(f"{name} = {value}" for name, value in QUICK.items())


@pytest.fixture(scope="module")
def run():
    """What the code cells leave behind, run in order in one namespace from ``docs``; the output."""
    namespace = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(NOTEBOOK.parent)
        patch.syspath_prepend(str(NOTEBOOK.parents[1]))  # and restored: a cell prepends as well
        for number, cell in enumerate(cells("code"), 1):
            exec(compile(quickened(cell), f"<code cell {number}>", "exec"), namespace)
    return namespace


def test_every_cell_runs_and_the_network_learns(run):
    assert run["solver"].finished
    assert run["solver"].num_iters == QUICK["ITERATIONS"]
    assert run["trained"] < run["untrained"] - 0.5


def test_the_gradients_are_right(run):
    assert len(run["checks"]) >= 7
    assert max(check.error for check in run["checks"]) < 1e-7


def test_the_chart_shows_the_run(run):
    rows = run["chart"].data
    assert rows["iteration"].max() == QUICK["ITERATIONS"]
    assert {"training", "validation"} <= set(rows["line"])


def test_what_was_kept_is_the_same(run):
    for again in (run["by_hand"], run["reopened"], run["resumed"].model):
        np.testing.assert_array_equal(again.flat, run["model"].flat)
    assert run["resumed"].iteration == QUICK["ITERATIONS"]


def test_it_is_kept_without_outputs():
    """Outputs would change with every machine, and hide a change of the text beside them."""
    for cell in cells("code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None

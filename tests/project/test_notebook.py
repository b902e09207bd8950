"""The notebook runs from top to bottom, and its results are as it says."""

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


def quick_source(cell):
    """Return the cell's source. In the cell with the parameters, use the ones in ``QUICK``."""
    source = "".join(cell["source"])
    if "parameters" not in cell["metadata"].get("tags", []):
        return source
    assigned = [node.targets[0].id for node in ast.parse(source).body]
    assert assigned == list(QUICK), "QUICK must name the parameters of the notebook, in their order"
    return "\n".join(f"{name} = {value}" for name, value in QUICK.items())


@pytest.fixture(scope="module")
def run():
    """Run all code cells in order, in the folder ``docs``; return their namespace."""
    namespace = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(NOTEBOOK.parent)
        patch.syspath_prepend(
            str(NOTEBOOK.parents[1])
        )  # the patch restores the path, to which a cell prepends too
        for number, cell in enumerate(cells("code"), 1):
            exec(compile(quick_source(cell), f"<code cell {number}>", "exec"), namespace)
    return namespace


def test_every_cell_runs_and_the_network_learns(run):
    assert run["solver"].finished
    assert run["solver"].num_iters == QUICK["ITERATIONS"]
    assert run["trained"] < run["untrained"] - 0.5


def test_the_gradients_are_correct(run):
    assert len(run["checks"]) >= 7
    assert max(check.error for check in run["checks"]) < 1e-7


def test_the_chart_shows_the_run(run):
    rows = run["chart"].data
    assert rows["iteration"].max() == QUICK["ITERATIONS"]
    assert {"training", "validation"} <= set(rows["line"])


def test_saved_models_are_loaded_unchanged(run):
    for loaded in (run["by_hand"], run["reopened"], run["resumed"].model):
        np.testing.assert_array_equal(loaded.flat, run["model"].flat)
    assert run["resumed"].iteration == QUICK["ITERATIONS"]


def test_the_surprise_is_the_loss_in_bits(run):
    bits = run["inspect"].mean_bits(run["bits"])
    assert bits * np.log(2) == pytest.approx(run["trained"], abs=0.05)
    assert len(run["ranking"].scores) == QUICK["HIDDEN"]
    assert 0.5 < run["ranking"].control < 1


def test_the_notebook_is_stored_without_outputs():
    """Outputs differ between machines, and would hide changes of the source in a diff."""
    for cell in cells("code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None

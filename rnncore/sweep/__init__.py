"""Sweeps: many runs with different settings, computed by Dask on one machine or many.

Here are the plan, the task that trains a run, the engine, the results and their folder. The
command line is in ``rnncore.cli``, and what trains one network is ``rnncore.solver``. Only
``engine`` imports Dask, when a sweep starts; the other modules need NumPy only.

    from rnncore.sweep import SweepFolder, SweepPlan, SweepText, run_sweep

    text = SweepText.from_string(open("book.txt", encoding="utf-8").read())
    plan = SweepPlan({"hidden_dim": (64, 128), "cell_type": ("lstm", "gru")}, seeds=3, minutes=2)
    with SweepFolder.create("results", plan, text) as folder:
        run_sweep(folder)
    print(folder.best().name)
"""

from rnncore.sweep.driver import run_sweep
from rnncore.sweep.folder import SweepFolder
from rnncore.sweep.plan import SweepPlan, ValueRange
from rnncore.sweep.text import SweepText

__all__ = ["SweepFolder", "SweepPlan", "SweepText", "ValueRange", "run_sweep"]

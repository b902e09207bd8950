"""Results of runs: ranked, as a table, as CSV and as JSON."""

from __future__ import annotations

import json
import math

from rnncore.sweep.results import FAILED, FINISHED, RunResult, Trial, as_csv, as_text, rank
from tests.support.sweeps import make_plan

RUNS = make_plan().runs


def trials(*losses):
    results = [
        RunResult() if loss is None else RunResult(FINISHED, best_val_loss=loss) for loss in losses
    ]
    return [Trial(run, result) for run, result in zip(RUNS, results, strict=False)]


def test_the_lowest_validation_loss_comes_first_and_unmeasured_runs_last():
    assert [t.number for t in rank(trials(1.5, None, 1.2, 1.5))] == [3, 1, 4, 2]


def test_a_failed_run_is_never_the_best():
    failed = Trial(RUNS[0], RunResult(FAILED, best_val_loss=0.1))
    assert [t.number for t in rank([failed, *trials(1.5, 1.2)[1:]])] == [2, 1]


def test_a_loss_that_was_only_measured_for_a_comparison_counts():
    assert RunResult(scores=(2.0, 1.5)).lowest == 1.5
    assert math.isnan(RunResult().lowest)


def test_the_table_is_aligned_and_leaves_out_what_is_not_known():
    lines = as_text(trials(1.5, None)).splitlines()
    assert lines[0].split()[:4] == ["run", "hidden", "seed", "validation"]
    assert lines[1].split()[:4] == ["1", "4", "0", "1.5000"]
    assert "nan" not in lines[2]


def test_csv_has_all_settings_and_losses_in_full():
    rows = [line.split(",") for line in as_csv(trials(1.25, None)).splitlines()]
    assert rows[0][:3] == ["run", "hidden_dim", "seed"]
    assert dict(zip(*rows[:2], strict=True))["best_val_loss"] == "1.25"
    assert dict(zip(rows[0], rows[2], strict=True))["best_val_loss"] == ""


def test_a_result_survives_json():
    result = RunResult(FINISHED, iteration=3, scores=(1.0, math.nan), curve={"loss": [1.0]})
    plain = json.dumps(result.to_json(), allow_nan=False)
    assert str(RunResult.from_json(json.loads(plain))) == str(result)

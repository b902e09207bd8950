"""Charts: few points however long the run, none of its peaks lost, and drawings that are valid."""

from __future__ import annotations

import math
import re
import time

import altair as alt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.network_internals import MIN_GRADIENT, Gates, Reach
from dashboard.charts import bars, cells
from dashboard.charts.chart_options import UNITS, X_AXES, ChartOptions, Level, in_unit
from dashboard.charts.downsampling import centred_means, pick_evenly, pick_extremes, trailing_means
from dashboard.charts.history_column import column_rows, column_spec
from dashboard.charts.loss import BUCKETS, loss_rows, loss_spec
from dashboard.training.live_settings import Change
from rnncore.history import COLUMNS, History

PER_EPOCH = 1000.0
ROWS = 600  # at most, with a few levels and marks: some 25 kB
finite = st.floats(-1e6, 1e6, allow_subnormal=False)


def history_of(length: int, val_every: int = 50) -> History:
    """A loss that falls, with noise; validation now and then."""
    rows = np.full((len(COLUMNS), length), np.nan)
    iteration = np.arange(1, length + 1)
    noise = np.random.default_rng(0).normal(0, 0.05, length)
    columns = {
        "iteration": iteration,
        "chars": iteration * 100,
        "seconds": iteration * 0.01,
        "loss": 1.5 + 3 / np.sqrt(iteration) + noise,
        "val_loss": np.where(iteration % val_every, np.nan, 1.6 + 3 / np.sqrt(iteration)),
        "grad_norm": np.abs(noise),
        "lr": np.full(length, 0.004),
    }
    for name, values in columns.items():
        rows[COLUMNS.index(name)] = values
    return History.from_array(rows)


# -- thinning and smoothing --------------------------------------------------------------------


@given(st.lists(finite, max_size=400), st.integers(1, 30))
def test_thinning_keeps_the_extremes_and_few_points(values, buckets):
    values = np.array(values)
    places = pick_extremes(values, buckets)
    assert len(places) <= 2 * buckets
    assert (np.diff(places) > 0).all()
    if len(values):
        kept = values[places]
        assert (kept.min(), kept.max()) == (values.min(), values.max())


def test_every_peak_of_a_long_run_is_kept():
    values = np.random.default_rng(0).random(100_000)
    peaks = np.random.default_rng(1).choice(100, 20, replace=False) * 1000 + 7
    values[peaks] = 50.0
    assert set(peaks) <= set(pick_extremes(values, BUCKETS))


@given(st.integers(0, 5000), st.integers(1, 400))
def test_evenly_spaced_places(length, points):
    places = pick_evenly(length, points)
    assert len(places) == min(length, points)
    if length > 0 and points > 1:
        assert places[-1] == length - 1
        gaps = np.diff(places)
        assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


@given(st.lists(finite, min_size=1, max_size=80), st.integers(0, 60))
def test_smoothing_is_the_mean_of_the_last_values(values, window):
    values = np.array(values)
    places = np.arange(len(values))
    naive = [values[p + 1 - min(max(1, window), p // 5 + 1) : p + 1].mean() for p in places]
    np.testing.assert_allclose(trailing_means(values, places, window), naive, atol=1e-6)


@given(st.lists(finite, min_size=1, max_size=80), st.integers(0, 60))
def test_centred_smoothing_reaches_as_far_back_as_ahead(values, reach):
    values = np.array(values)
    places = np.arange(len(values))
    reaches = [min(reach, p) for p in places]
    naive = [values[p - r : p + r + 1].mean() for p, r in zip(places, reaches, strict=True)]
    np.testing.assert_allclose(centred_means(values, places, reach), naive, atol=1e-6)


@pytest.mark.parametrize("means", [trailing_means, centred_means])
def test_smoothing_nothing(means):
    assert means(np.empty(0), pick_evenly(0, BUCKETS), 100).shape == (0,)


# -- rows --------------------------------------------------------------------------------------


def part(rows, name):
    return rows[rows["part"] == name]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("x", X_AXES)
@pytest.mark.parametrize("length", [0, 1, 49, 700])
def test_rows_of_short_runs_are_all_there(length, x, unit):
    history = history_of(length)
    rows = loss_rows(history, PER_EPOCH, ChartOptions(x=x, unit=unit, smoothing=1))
    raw = part(rows, "raw")
    assert list(rows.columns) == ["x", "y", "text", "note", "part"]
    assert len(raw) <= 600
    factor = PER_EPOCH if x == "Epochs" else 1
    column = "chars" if x == "Epochs" else X_AXES[x]
    if 0 < length <= 600:
        np.testing.assert_allclose(raw["x"], history[column] / factor)
        np.testing.assert_allclose(raw["y"], in_unit(history["loss"], unit))
        np.testing.assert_allclose(part(rows, "mean")["y"].iloc[-1], raw["y"].iloc[-1])
    measured = history["val_loss"][~np.isnan(history["val_loss"])]
    np.testing.assert_allclose(part(rows, "val")["y"], in_unit(measured, unit))
    assert len(part(rows, "best")) == (1 if len(measured) else 0)


def test_the_best_validation_is_marked():
    history = history_of(200)
    history.set_last("val_loss", 0.5)
    history.append(iteration=201, loss=1.0, val_loss=0.9)
    best = part(loss_rows(history, PER_EPOCH, ChartOptions()), "best")
    assert best[["x", "y"]].to_numpy().tolist() == [[200.0, 0.5]]


def test_units():
    assert in_unit(math.log(2), "bits") == pytest.approx(1.0)
    assert in_unit(math.log(7), "perplexity") == pytest.approx(7.0)
    assert in_unit(1.25, "nats") == 1.25


@pytest.mark.parametrize("unit", UNITS)
def test_a_loss_that_shot_up_can_still_be_drawn(unit):
    history = history_of(60)
    history.append(iteration=61, loss=5000.0)
    rows = loss_rows(history, PER_EPOCH, ChartOptions(unit=unit))
    assert np.isfinite(rows["y"]).all()


@pytest.fixture(scope="module")
def million():
    return history_of(1_000_000)


@pytest.mark.parametrize("x", X_AXES)
def test_a_million_iterations_cost_what_a_thousand_do(million, x):
    levels = [Level("bigrams", 2.4), Level("trigrams", 1.9)]
    marks = [Change(20_000 * i, f"learning rate {i} → {i + 1}") for i in range(1, 51)]
    view = ChartOptions(x=x, smoothing=500, levels=levels, marks=marks)
    rows = loss_rows(million, PER_EPOCH, view)
    assert len(rows) <= ROWS
    assert len(rows.to_json(orient="records")) < 150_000
    loss = million["loss"]
    raw = part(rows, "raw")["y"]
    assert (raw.min(), raw.max()) == (loss.min(), loss.max())
    for column in ("grad_norm", "lr"):
        assert len(column_rows(million, PER_EPOCH, column, view)) <= 300


def test_a_million_iterations_take_no_second(million):
    fastest = math.inf
    for _ in range(3):
        started = time.perf_counter()
        loss_rows(million, PER_EPOCH, ChartOptions())
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 1.0  # about 0.02 on a quiet machine


@pytest.mark.parametrize("column", ["grad_norm", "lr"])
@pytest.mark.parametrize("length", [0, 1, 500])
def test_side_rows(length, column):
    history = history_of(length)
    rows = column_rows(history, PER_EPOCH, column, ChartOptions(x="Seconds"))
    assert len(rows) == min(length, len(rows)) <= 300
    if length:
        assert rows["y"].max() == history[column].max()
        assert rows["x"].isin(history["seconds"]).all()


# -- levels and marks --------------------------------------------------------------------------


def test_levels_appear_as_the_curve_comes_near():
    levels = [Level("far below", 0.1), Level("near", 1.4), Level("above", 9.0)]
    history = history_of(300)
    lowest = min(history["loss"].min(), np.nanmin(history["val_loss"]))
    assert 0.1 < lowest - 1.0 < 1.4
    rows = part(loss_rows(history, PER_EPOCH, ChartOptions(levels=levels, unit="bits")), "level")
    shown = dict(zip(rows["text"], rows["y"], strict=True))
    assert shown == {"near 2.02": 1.4 / math.log(2), "above 12.98": 9.0 / math.log(2)}


def test_a_level_says_its_number_in_the_unit_and_what_it_is_to_whoever_points_at_it():
    levels = [Level("5-gram", 1.5, "Looks at the last 4 characters."), Level("other", 2.0)]
    for unit, name in (
        ("nats", "5-gram 1.50"),
        ("bits", "5-gram 2.16"),
        ("perplexity", "5-gram 4.48"),
    ):
        rows = loss_rows(history_of(300), PER_EPOCH, ChartOptions(levels=levels, unit=unit))
        notes = dict(zip(rows["text"], rows["note"], strict=True))
        assert notes[name] == "Looks at the last 4 characters."
        assert notes["training"] == ""


def test_the_name_of_a_level_stands_where_no_line_and_no_other_name_strikes_it_out():
    history = History()
    for i in range(1, 1001):  # 4 for the first third, then 2
        history.append(iteration=i, loss=4.0 if i < 333 else 2.0, chars=i, seconds=i)
    levels = [Level("low", 2.0), Level("high", 4.0), Level("too", 4.05), Level("free", 3.0)]
    rows = part(loss_rows(history, PER_EPOCH, ChartOptions(levels=levels, smoothing=1)), "level")
    begins = {name.split()[0]: x for name, x in zip(rows["text"], rows["x"], strict=True)}
    # Two lines too close for a name between them have one above and one below.
    assert begins == {"low": 0.1, "free": 0.1, "high": -0.4, "too": 0.1}


def test_the_stage_that_is_looked_at_is_marked():
    rows = part(loss_rows(history_of(300), PER_EPOCH, ChartOptions(stage=120)), "stage")
    assert rows[["x", "text"]].to_numpy().tolist() == [[120.0, "after 120 iterations"]]
    assert len(part(loss_rows(history_of(300), PER_EPOCH, ChartOptions()), "stage")) == 0
    late = part(loss_rows(history_of(300), PER_EPOCH, ChartOptions(stage=900)), "stage")
    assert late["x"].tolist() == [300.0]  # gone back since


def test_levels_of_a_run_that_has_not_begun_have_nothing_to_be_near_to():
    assert (
        len(part(loss_rows(History(), PER_EPOCH, ChartOptions(levels=[Level("a", 1.0)])), "level"))
        == 0
    )


def test_marks_stand_where_the_change_was():
    changes = [Change(10, "rate 1 → 2"), Change(300, "rate 2 → 3"), Change(900, "gone back since")]
    rows = part(loss_rows(history_of(300), PER_EPOCH, ChartOptions(marks=changes)), "mark")
    assert rows["x"].tolist() == [10, 300, 300]  # not beyond the curve
    assert rows["text"].tolist() == [change.text for change in changes]
    assert rows["y"].isna().all()


def test_marks_before_there_is_a_curve():
    rows = loss_rows(History(), PER_EPOCH, ChartOptions(marks=[Change(1, "x")]))
    assert len(rows) == 0


# -- drawings ----------------------------------------------------------------------------------


def everything(unit: str = "nats", x: str = "Iterations"):
    levels = [Level(name, nats) for name, nats in (("a", 1.5), ("b", 1.6), ("c", 2.0))]
    view = ChartOptions(x=x, unit=unit, levels=levels, marks=[Change(3, "x → y")], stage=100)
    return loss_rows(history_of(200), PER_EPOCH, view)


def fields(spec) -> set[str]:
    """Every field that a drawing's marks, tips and filters read."""
    if isinstance(spec, list):
        return set().union(*map(fields, spec))
    if not isinstance(spec, dict):
        return set()
    own = {spec["field"]} if isinstance(spec.get("field"), str) else set()
    return own.union(*map(fields, spec.values()))


def drawn(spec) -> list[str]:
    """The parts that a drawing of the loss draws, apart from what follows the pointer."""
    found = re.findall(r"datum\.part === '(\w+)'", str(spec["layer"]))
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("x", X_AXES)
def test_drawings_are_valid_and_read_what_the_rows_have(x, unit):
    rows = everything(unit, x)
    parts = frozenset(rows["part"])
    spec = loss_spec(x, unit, parts)
    assert "data" not in spec
    assert all("data" not in layer for layer in spec["layer"])
    assert fields(spec) <= set(rows.columns)
    for name in parts:
        assert name in drawn(spec), f"{name} has rows and is not drawn"
    assert unit.removesuffix("s") in str(spec["layer"][0]["encoding"]["y"]["title"])


def test_without_its_data_a_drawing_is_still_valid():  # Altair checked it with them
    spec = loss_spec("Epochs", "bits", frozenset(everything()["part"]))
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)


def test_only_what_has_rows_is_drawn():
    assert drawn(loss_spec("Iterations", "nats", frozenset({"raw", "mean"}))) == ["raw", "mean"]


def test_whatever_the_pointer_is_near_is_told():
    for spec in (loss_spec("Seconds", "bits", frozenset({"raw", "mean", "val"})),
                 column_spec("Seconds", "lr")):  # fmt: skip
        (near,) = spec["params"]
        assert near["select"]["nearest"] is True
        (points,) = [layer for layer in spec["layer"] if layer.get("name") in near["views"]]
        assert {tip["title"] for tip in points["encoding"]["tooltip"]} >= {"Seconds"}
        assert any({"filter": {"param": "near", "empty": False}} in layer.get("transform", ())
                   and layer["mark"]["type"] == "rule" for layer in spec["layer"])  # fmt: skip


def test_a_drawing_is_made_once():
    parts = frozenset({"raw"})
    assert loss_spec("Epochs", "bits", parts) is loss_spec("Epochs", "bits", parts)


@pytest.mark.parametrize("x", X_AXES)
@pytest.mark.parametrize("column", ["grad_norm", "lr"])
def test_side_drawings_are_valid(x, column):
    spec = column_spec(x, column)
    assert "data" not in spec
    assert fields(spec) == {"x", "y"}
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)


def test_frequencies():
    rows = bars.frequency_rows(["e", "␣"], np.array([30, 10]), 80)
    assert rows["share"].tolist() == [0.375, 0.125]
    spec = bars.frequency_spec()
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) <= set(rows.columns)


def test_odds_stand_side_by_side_at_each_temperature():
    odds = {"at 1": np.array([0.7, 0.2]), "at 0.5": np.array([0.9, 0.1])}
    rows = bars.probability_rows(("e", " "), odds)
    assert rows.to_numpy().tolist() == [
        ["e", 0.7, "at 1"], ["␣", 0.2, "at 1"], ["e", 0.9, "at 0.5"], ["␣", 0.1, "at 0.5"]
    ]  # fmt: skip
    spec = bars.probability_spec()
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) == set(rows.columns)


def test_gates_are_shown_of_the_units_that_change_most():
    T, H = 3, 20
    values = np.full((T, H), 0.5)
    values[1, 4:16] = 0.9  # units 4 to 15 are not the same all the time
    nothing = np.zeros((T, H))
    rows = cells.gates_rows(Gates(("a", " ", "a"), {"f": values}, nothing, nothing), "f")
    assert list(dict.fromkeys(rows["unit"])) == [f"unit {n}" for n in range(4, 16)]
    assert list(dict.fromkeys(rows["place"])) == ["000|a", "001|␣", "002|a"]
    assert rows.loc[rows["char"] == "␣", "value"].tolist() == [0.9] * 12
    assert set(rows["value"]) == {0.5, 0.9}
    spec = cells.gates_spec(0.0)
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) == set(rows.columns)


def test_what_is_left_of_a_gradient_fits_on_a_log_scale():
    steps = np.arange(2)
    lstm, vanilla = Reach(steps, np.array([1.0, 0.5])), Reach(steps, np.array([1.0, 0.0]))
    rows = cells.reach_rows({"LSTM": lstm, "Vanilla RNN": vanilla})
    assert rows["cell"].tolist() == ["LSTM", "LSTM", "Vanilla RNN", "Vanilla RNN"]
    assert rows["steps"].tolist() == [0, 1, 0, 1]
    assert rows["norm"].tolist() == [1.0, 0.5, 1.0, MIN_GRADIENT]
    assert lstm.ratio_to(vanilla) == pytest.approx(0.5 / MIN_GRADIENT)
    spec = cells.reach_spec()
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) == set(rows.columns)

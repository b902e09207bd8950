"""The pages Compare and Race, on a server without a browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest

from dashboard.charts.comparison import LEVEL
from dashboard.races import entrants
from dashboard.races.entrants import Race, Racer
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run
from dashboard.settings import PRESETS, Goal, ModelSettings
from rnncore.learning_rates import suggest_rate
from tests.support.many_runs import copy_runs
from tests.support.visits import with_story


def compared_page(visit, *run_ids: str):
    page = visit({"runs": ",".join(run_ids)})
    page.open_page("compare")
    return page


def curves(page) -> set[str]:
    """Return the titles of the runs on the chart."""
    rows = page.chart_rows("Losses of ")
    return set(rows["Run"][rows["Line"] != LEVEL])


def test_runs_in_the_address_are_compared(visit):
    visit()
    ids = copy_runs(get_registry().store, 3)
    get_registry().set_labels(ids[0], name="<b>*x*</b>")
    page = compared_page(visit, *ids, "missing")
    assert page.says("A run is left out: ")
    assert curves(page) == {"<b>*x*</b>", "cat · LSTM 2 × 6", "cat · LSTM 2 × 6 (2)"}
    assert page.says("&lt;b&gt;*x*&lt;/b&gt;")
    assert not page.says("<b>*x*</b>")
    assert page.says("None: the runs differ only by chance")
    assert page.says(f"/compare?runs={','.join(ids)}")
    assert len(samples(page)) == 3
    page.app.text_input(key="compare_seed_text").set_value("dog ").run()
    assert all(">dog </span>" in text for text in samples(page))


def test_the_link_opens_the_comparison_as_it_is_drawn(visit):
    visit()
    ids = copy_runs(get_registry().store, 2)
    page = compared_page(visit, *ids)
    chosen = {
        "compare_x": "Epochs",
        "compare_shown": "training",
        "compare_unit": "bits",
        "compare_smoothing": 10,
        "compare_log_y": True,
        "compare_seed_text": "The dog & ",
    }
    for key, value in chosen.items():
        page.choose(key, value)
    first, *_ = page.app.select_slider(key="compare_stage").options
    chosen["compare_stage"] = float(first)
    page.choose("compare_stage", chosen["compare_stage"])
    (link,) = [code for code in page.shown("code") if "/compare?" in code]
    other = visit(dict(parse_qsl(link.partition("?")[2])))
    other.open_page("compare")
    assert {key: other.value(key) for key in chosen} == chosen
    assert len(curves(other)) == 2


def test_a_wrong_option_in_the_link_is_reported(visit):
    page = visit({"compare_smoothing": "7", "compare_stage": "soon", "runs": "none"})
    page.open_page("compare")
    assert page.says("choose one of 1, 10, 50")
    assert page.says(r"compare\_stage is 'soon'; it must be a number")
    assert (page.value("compare_smoothing"), page.value("compare_stage")) == (100, "newest")


def samples(page) -> list[str]:
    return [text for text in page.shown("html") if "Sample writing of run" in text]


def test_the_heading_of_the_samples_says_which_they_are(visit):
    visit()
    page = compared_page(visit, *copy_runs(get_registry().store, 2))
    assert "The newest text of each" in [head.value for head in page.app.subheader]
    slider = page.app.select_slider(key="compare_stage")
    slider.set_value(1.0).run()
    assert "What they wrote at the same stage" in [head.value for head in page.app.subheader]


def test_samples_beside_each_other_are_equally_high_and_tables_have_equal_columns(visit):
    visit()
    page = compared_page(visit, *copy_runs(get_registry().store, 2))
    heights = {
        re.search(r"min-height:(.*?rem);max-height:(.*?rem)", s).groups() for s in samples(page)
    }
    assert len(heights) == 1
    assert len(set(*heights)) == 1
    (results,) = [t for t in page.shown("html") if 'class="compared"' in t]
    assert 'style="--runs:2"' in results


def test_one_run_is_no_comparison(visit):
    visit()
    (run_id,) = copy_runs(get_registry().store, 1)
    assert compared_page(visit, run_id).says("A comparison needs two runs.")


def test_a_shared_server_compares_by_link_and_lists_nothing(visit, monkeypatch):
    visit()
    ids = copy_runs(get_registry().store, 3)
    monkeypatch.setenv("LSTM_WORKBENCH_SHARED", "1")
    page = compared_page(visit, *ids[:2])
    assert not page.says(ids[2])
    assert len(curves(page)) == 2
    assert "Choose runs" not in str(page.app.main)


@pytest.fixture
def quick(monkeypatch):
    """Make the race of the cells as short as possible."""
    cells = (
        Racer(ModelSettings(cell, hidden_dim=8, seq_length=10, batch_size=4))
        for cell in ("lstm", "vanilla")
    )
    short = Race("Cells", "A lesson.", "brackets.txt", tuple(cells), Goal("iterations", 30), True)
    monkeypatch.setitem(entrants.READY, "cells", short)


def test_a_ready_race_runs_to_its_end_and_has_a_verdict(visit, quick):
    page = visit()
    page.open_page("race")
    page.app.button(key="race_cells").click().run()
    runs = racers(page)
    for run in runs:
        run.trainer.join(60)
    page.look()
    assert [run.solver.iteration for run in runs] == [30, 30]
    assert page.says("A lesson.")
    (verdict,) = [*page.shown("success")]
    assert " won: best validation loss " in verdict or verdict.startswith("**A draw between ")
    assert curves(page) == {
        f"brackets · {run_name}" for run_name in ("LSTM 8", f"Vanilla RNN {sizes(runs)[1]}")
    }
    assert "Pause the race" not in page.labels()
    page.press("Close")
    assert "runs" not in page.app.query_params
    assert len(get_registry().index.list_rows().rows) == 2


def racers(page) -> list[Run]:
    """Return the runs of the race in the page's address."""
    named = page.app.query_params["runs"]
    ids = (named if isinstance(named, str) else named[0]).split(",")
    return [get_registry().get(run_id) for run_id in ids]


def sizes(runs) -> list[int]:
    return [run.model_settings.hidden_dim for run in runs]


def test_a_race_of_ones_own_is_paused_and_goes_on(visit):
    page = with_story(visit)
    page.open_page("race")
    page.choose("race_iterations", 100_000)
    page.choose("race_same_size", False)
    page.app.multiselect(key="race_entrants").set_value(["LSTM", "A quarter of the size"]).run()
    assert page.says(f"LSTM 16 at {suggest_rate('lstm', 16, 1, 4):g} (")
    page.choose("race_suggested_rates", False)
    assert page.says("LSTM 16 at 0.015 (")  # the settings of the workbench
    page.press("Start this race")
    assert page.shown("error") == []
    page.press("Pause the race")
    runs = racers(page)
    assert not any(run.trainer.status().active for run in runs)
    page.press("Go on")
    assert all(run.trainer.status().active for run in runs)
    page.press("Pause the race")


def test_a_preset_races_at_its_own_rate(visit):
    page = with_story(visit)
    page.open_page("race")
    page.choose("race_same_size", False)
    page.app.multiselect(key="race_entrants").set_value(["GRU", "Preset: Quick demo"]).run()
    assert suggest_rate("lstm", 128, 1, 32) != 0.015
    assert page.says("LSTM 128 at 0.015 (")
    assert page.says(f"GRU 16 at {suggest_rate('gru', 16, 1, 4):g} (")


def race_of(page, *names):
    """Open the race of one's own, of these networks in their own sizes."""
    page.open_page("race")
    page.choose("race_same_size", False)
    page.app.multiselect(key="race_entrants").set_value(list(names)).run()


def test_a_rate_that_was_set_by_hand_is_kept_for_its_network(visit):
    page = with_story(visit)
    page.open_tab("Live settings")
    page.choose("train_lr", 0.05)
    race_of(page, "LSTM", "GRU", "Without clipping", "A quarter of the size")
    assert page.says("LSTM 16 at 0.05 (")
    assert page.says("LSTM 16 at 0.05, clipping off (")
    assert page.says(f"GRU 16 at {suggest_rate('gru', 16, 1, 4):g} (")
    assert page.says(f"LSTM 4 at {suggest_rate('lstm', 4, 1, 4):g} (")


def test_a_preset_replaces_the_rate_that_was_set_by_hand(visit):
    page = with_story(visit)
    page.open_tab("Live settings")
    page.choose("train_lr", 0.05)
    page.choose("preset", "evening")
    page.choose("model_hidden_dim", 16)
    race_of(page, "LSTM", "GRU")
    rate = suggest_rate(
        "lstm", 16, PRESETS["evening"].model.num_layers, page.value("model_batch_size")
    )
    assert page.says(f"LSTM 2 × 16 at {rate:g} (")


def test_with_a_run_a_race_has_the_training_of_the_preset_that_was_chosen_since(visit):
    page = with_story(visit)
    page.open_tab("Live settings")
    page.choose("train_lr", 0.05)
    page.press("Step")
    page.choose("preset", "original")
    assert page.value("train_lr") == 0.05  # the run's
    race_of(page, "LSTM", "GRU")
    page.choose("race_suggested_rates", False)
    assert page.says(f"LSTM 200 at {PRESETS['original'].train.lr:g} (")


def test_racers_that_are_the_same_are_refused_with_a_sentence(visit):
    page = with_story(visit)
    page.open_page("race")
    page.app.multiselect(key="race_entrants").set_value(["LSTM"]).run()
    page.press("Start this race")
    assert page.shown("error") == ["A race has 2 to 4 networks, and 1 are chosen."]

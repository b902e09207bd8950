"""Races: equal sizes, runs that train in turns, and a verdict that follows from the figures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dashboard.comparison.compared import of_run
from dashboard.comparison.loading import distinguish
from dashboard.races import entrants
from dashboard.races.entrants import READY, Racer, equal_sizes, match_size, new_racers
from dashboard.races.names import short_names
from dashboard.races.verdict import judge
from dashboard.settings import CELL_NAMES, Goal, ModelSettings, TrainSettings
from dashboard.text.loading import load_sample
from dashboard.training.goals import Plan
from dashboard.training.status import Phase
from rnncore import RnnCoreError
from rnncore.history import COLUMNS, History
from rnncore.learning_rates import suggest_rate
from tests.support.comparisons import SETTINGS, compared
from tests.support.runs import TEXT, small_run

# -- who races ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("target", [1, 5_000, 200_000])
def test_the_matched_size_is_the_closest(cell, layers, target):
    model = match_size(ModelSettings(cell, num_layers=layers), target, 60)

    def distance(hidden_dim):
        return abs(replace(model, hidden_dim=hidden_dim).num_params(60) - target)

    own = model.hidden_dim
    assert distance(own) <= min(distance(max(1, own - 1)), distance(own + 1))


def test_racers_of_equal_size_differ_by_less_than_two_percent():
    V = len(load_sample("brackets.txt").vocab)
    racers = equal_sizes(READY["cells"].racers, V)
    sizes = [racer.model.num_params(V) for racer in racers]
    assert sizes[0] == READY["cells"].racers[0].model.num_params(V)
    assert max(sizes) / min(sizes) < 1.02


def test_each_cell_races_at_the_rate_suggested_for_it():
    racers = entrants.at_suggested_rates(
        [Racer(ModelSettings(cell)) for cell in ("lstm", "gru", "vanilla")]
    )
    rates = [suggest_rate(cell, 128, 1, 16) for cell in ("lstm", "gru", "vanilla")]
    assert [racer.train.lr for racer in racers] == rates
    assert f"GRU 128 at {rates[1]:g}" == entrants.describe(racers[1])


def test_update_rules_without_a_fitted_rate_keep_theirs():
    plain = Racer(ModelSettings(), TrainSettings(lr=2.0, update_rule="sgd"))
    assert entrants.at_suggested_rates([plain]) == [plain]


@pytest.mark.parametrize("key", READY)
def test_each_ready_race_can_start_on_its_text(key):
    race = READY[key]
    runs = new_racers(load_sample(race.text), race.racers, race.goal)
    assert len(runs) == len({entrants.describe(racer) for racer in race.racers})
    assert {run.plan.goal for run in runs} == {race.goal}
    assert {run.made_by for run in runs} == {"race"}
    assert {run.solver.num_iters for run in runs} == {race.goal.amount}
    assert len({run.solver.eval_every for run in runs}) == 1


def test_a_race_against_the_clock_gives_each_the_same_time():
    racers = [Racer(ModelSettings(cell, hidden_dim=8)) for cell in ("lstm", "vanilla")]
    runs = new_racers(TEXT, racers, Goal("minutes", 0.5))
    assert [run.plan for run in runs] == [Plan(Goal("minutes", 0.5))] * 2


@pytest.mark.parametrize(
    ("racers", "message"),
    [
        ([Racer(ModelSettings())], "A race has 2 to 4 networks, and 1 are chosen."),
        ([Racer(ModelSettings())] * 2, "Two of the networks are the same"),
        ([Racer(ModelSettings()), Racer(ModelSettings(seq_length=10_000))], "characters"),
    ],
)
def test_what_cannot_race_is_refused(racers, message):
    with pytest.raises(RnnCoreError, match=message):
        new_racers(TEXT, racers, Goal("iterations", 10))


# -- the verdict -------------------------------------------------------------------------------


def racer(title, loss, val, *, norm=None, **changes):
    """Return a run that has ended, with these losses; validations are evenly spaced."""
    n = len(loss)
    rows = np.full((len(COLUMNS), n), np.nan)
    iteration = np.arange(1, n + 1)
    norm = np.ones(n) if norm is None else norm
    for name, values in {
        "iteration": iteration, "chars": iteration * 100, "seconds": iteration * 0.01,
        "loss": loss, "grad_norm": norm, "lr": np.ones(n),
    }.items():  # fmt: skip
        rows[COLUMNS.index(name)] = values
    every = n // len(val)
    rows[COLUMNS.index("val_loss"), every - 1 :: every] = val
    settings = SETTINGS | {"num_iters": n} | changes.pop("settings", {})
    return compared(0, title=title, history=History.from_array(rows), settings=settings, **changes)


FALLING = np.linspace(4, 1.5, 200)
GOOD = np.linspace(2.4, 1.6, 20)
STATUS = small_run().trainer.status()


def test_the_lowest_validation_loss_wins_and_the_reasons_have_figures():
    lstm = racer("LSTM", FALLING, GOOD)
    gru = racer("GRU", FALLING, GOOD + 0.1, model=ModelSettings("gru", hidden_dim=16))
    verdict = judge([gru, lstm])
    assert (verdict.over, verdict.winner) == (True, "LSTM")
    assert verdict.headline == (
        "LSTM won: best validation loss 1.600 (LSTM), 1.700 (GRU), in nats per character."
    )
    assert verdict.reasons == (
        "LSTM reached the best loss of GRU at iteration 180 of 200.",
        "Both have about 1,234 parameters and read as many characters; their cells differ.",
        "Each network trained once, so the difference can be chance. To check, train several seeds "
        "of each on the Sweep page.",
    )


@pytest.mark.parametrize(("lead", "chance"), [(0.1, True), (0.3, False), (2.9, False)])
def test_a_lead_far_beyond_what_seeds_differ_by_is_not_called_chance(lead, chance):
    reasons = judge([racer("a", FALLING, GOOD), racer("b", FALLING, GOOD + lead)]).reasons
    assert any("chance" in reason for reason in reasons) is chance


def of(key):
    """Return the racers of a ready race as a comparison shows them, before any iteration."""
    race = READY[key]
    text = load_sample(race.text)
    racers = equal_sizes(race.racers, len(text.vocab)) if race.same_size else race.racers
    return distinguish([of_run(run) for run in new_racers(text, racers, race.goal)])


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("cells", ["LSTM", "GRU", "Vanilla RNN"]),
        ("clipping", ["Vanilla RNN with clipping", "Vanilla RNN without clipping"]),
        ("sizes", ["LSTM 48", "LSTM 192"]),
    ],
)
def test_the_verdict_names_only_what_differs(key, names):
    runs = of(key)
    assert short_names(runs) == names
    ended = [
        racer(
            run.title,
            FALLING,
            GOOD + place,
            model=run.model,
            settings=run.settings | {"num_iters": 200},
        )
        for place, run in enumerate(runs)
    ]
    verdict = judge([replace(run, text_name=READY[key].text) for run in ended])
    assert verdict.headline.startswith(f"{names[0]} won: ")
    assert " · " not in " ".join([verdict.headline, *verdict.reasons])


def test_other_settings_that_differ_follow_the_network():
    verses, other = of("clipping")
    both = distinguish(
        [replace(run, title="verses · Vanilla RNN 96", settings=run.settings | {"clip": clip})
         for run, clip in ((verses, 1.0), (other, 5.0))]
    )  # fmt: skip
    assert short_names(both) == [
        "Vanilla RNN 96, gradient clipping 1", "Vanilla RNN 96, gradient clipping 5",
    ]  # fmt: skip


def test_a_racer_that_a_person_named_keeps_its_name():
    first, second = of("cells")[:2]
    assert short_names([replace(first, title="Ada"), second]) == ["Ada", second.title]


def test_a_small_lead_is_a_draw():
    verdict = judge([racer("a", FALLING, GOOD), racer("b", FALLING, GOOD + 0.005)])
    assert (verdict.over, verdict.winner) == (True, "")
    assert verdict.headline.startswith("A draw between a and b: ")
    assert verdict.reasons[0] == "A difference of 0.005 nats per character can be chance."


def test_an_exploded_racer_is_explained_by_its_gradient():
    rising = np.linspace(4, 7, 200)
    norm = np.ones(200)
    norm[70] = 3224
    stable = racer("stable", FALLING, GOOD, settings={"clip": 1.0})
    loose = racer("loose", rising, GOOD + 4, norm=norm, settings={"clip": None})
    reasons = judge([stable, loose]).reasons
    assert reasons[0] == (
        "loose became unstable: its gradient reached a norm of 3,224, and its training loss ended "
        f"at {rising[-20:].mean():.2f}, above the 4.00 that it began with. It trained without "
        "clipping; the winner's gradients were shortened to at most 1."
    )
    also = racer("also", rising, GOOD + 4, settings={"clip": 5.0})
    assert "clipping" not in judge([stable, also]).reasons[0]


def test_a_racer_that_memorised_its_text_is_explained_by_both_losses():
    valley = np.concatenate([np.linspace(2.4, 1.7, 8), np.linspace(1.72, 1.95, 12)])
    large = racer("large", np.linspace(4, 0.7, 200), valley, num_params=173_470)
    small = racer("small", FALLING, GOOD + 0.3, num_params=9_310)
    reasons = judge([small, large]).reasons
    assert reasons[0].startswith(
        "large memorised its text: after iteration 80 its validation loss rose from 1.70 to 1.95"
    )
    assert "It has 173,470 parameters." in reasons[0]
    assert "large has 18.6 times as many parameters." in reasons
    assert not any("small memorised" in reason for reason in reasons)


def test_reading_more_characters_in_the_same_time_is_a_reason():
    fast = racer("fast", np.linspace(4, 1.5, 400), GOOD)
    slow = racer("slow", FALLING, GOOD + 0.3)
    assert "fast read 2.0 times as many characters." in judge([slow, fast]).reasons


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (Phase.RUNNING, "leads at iteration 200 of each"),
        (Phase.PAUSED, "was ahead at iteration 200 of each when the race paused"),
    ],
)
def test_an_unfinished_race_has_a_leader_and_no_winner(phase, words):
    status = replace(STATUS, phase=phase)
    settings = {"num_iters": 999}
    runs = [
        racer("a", FALLING, GOOD, status=status, settings=settings),
        racer("b", FALLING, GOOD + 0.5, status=status, settings=settings),
    ]
    verdict = judge(runs)
    assert not verdict.over
    assert verdict.headline.startswith(f"a {words}: ")


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (Goal("iterations", 999), "slow leads at iteration 200 of each: "),
        (Goal("minutes", 99), "slow leads after 2.0 s of training each: "),
    ],
)
def test_racers_are_compared_where_all_have_been(goal, words):
    """The fast one has the lower loss, but only at twice the iterations and seconds."""
    changes = {"status": replace(STATUS, phase=Phase.RUNNING), "plan": Plan(goal)}
    fast = racer("fast", np.linspace(4, 1.4, 400), GOOD - 0.1, **changes)
    slow = racer("slow", FALLING, GOOD, **changes)
    verdict = judge([fast, slow])
    at_the_same_iteration = (GOOD - 0.1)[9]
    assert verdict.headline == (
        f"{words}best validation loss 1.600 (slow), {at_the_same_iteration:.3f} (fast)."
    )


def test_a_race_without_losses_has_just_begun():
    runs = [compared(0, title=title, status=STATUS) for title in "ab"]
    assert "has begun" in judge(runs).headline


def test_without_validation_text_the_training_loss_decides():
    runs = [
        racer(title, FALLING + worse, [math.nan], settings={"val_fraction": 0.0})
        for title, worse in (("a", 0.3), ("b", 0.0))
    ]
    assert judge(runs).headline.startswith("b won: training loss ")


def test_a_race_against_the_clock_is_over_when_the_time_is_used():
    goal = Plan(Goal("minutes", 1.99 / 60))
    done = [racer("a", FALLING, GOOD, plan=goal), racer("b", FALLING, GOOD + 0.5, plan=goal)]
    assert judge(done).over
    longer = Plan(Goal("minutes", 1))
    assert not judge([done[0], replace(done[1], plan=longer)]).over


def test_trained_racers_differ_in_nothing_but_their_settings():
    """Equal seeds give equal first weights and batches."""
    lstm, other = (Racer(ModelSettings(hidden_dim=8, seq_length=10), TrainSettings(clip=c))
                   for c in (5.0, 50.0))  # fmt: skip
    runs = new_racers(TEXT, [lstm, other], Goal("iterations", 10))
    np.testing.assert_array_equal(*(run.solver.model.flat for run in runs))

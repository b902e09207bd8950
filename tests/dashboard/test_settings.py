"""Settings: presets use options of the page, and estimated costs match the real network."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from dashboard import settings
from dashboard.settings import LONGEST_RUN, PRESETS, Goal, ModelSettings, TrainSettings
from rnncore import CELLS, RNN, UPDATE_RULES, Solver
from rnncore.history import estimate_bytes
from rnncore.memory_estimate import estimate_training_bytes
from rnncore.schedules import SCHEDULES

CHOICES = {
    "cell_type": tuple(CELLS),
    "hidden_dim": settings.HIDDEN_SIZES,
    "num_layers": settings.LAYERS,
    "input_dim": settings.EMBEDDINGS,
    "dropout": settings.DROPOUTS,
    "seq_length": settings.SEQ_LENGTHS,
    "batch_size": settings.BATCH_SIZES,
    "val_fraction": settings.VAL_FRACTIONS,
    "seed": range(1000),
    "lr": settings.LEARNING_RATES,
    "update_rule": tuple(UPDATE_RULES),
    "schedule": tuple(SCHEDULES),
    "clip": settings.CLIPS,
    "num_iters": settings.ITERATIONS,
    "warmup": settings.WARMUPS,
    "eval_every": settings.EVAL_INTERVALS,
    "fresh_after": settings.FRESH_STARTS,
}


@pytest.mark.parametrize(("length", "val_fraction"), [(1_000, 0.1), (997, 0.0), (61, 0.3)])
def test_an_epoch_has_as_many_iterations_as_a_solvers(length, val_fraction):
    model = ModelSettings(batch_size=4, seq_length=10, val_fraction=val_fraction)
    ids = np.arange(length) % 5
    solver = Solver(ids, RNN(5, None, 2, 3), 10, 4, val_fraction=val_fraction)
    assert model.iterations_per_epoch(length) == solver.batches.per_epoch


def all_values(model: ModelSettings, train: TrainSettings) -> dict[str, object]:
    return {f.name: getattr(s, f.name) for s in (model, train) for f in fields(s)}


GOAL_CHOICES = (settings.EPOCHS, settings.MINUTES, settings.PATIENCES)


@pytest.mark.parametrize("choices", [*CHOICES.values(), *GOAL_CHOICES])
def test_options_are_sorted_and_unique(choices):
    values = list(choices)
    if not isinstance(values[0], str):
        assert values == sorted(set(values))


@pytest.mark.parametrize("preset", [*PRESETS, "none"])
def test_every_value_of_a_preset_is_an_option_on_the_page(preset):
    chosen = PRESETS.get(preset)
    values = (
        all_values(chosen.model, chosen.train)
        if chosen
        else all_values(ModelSettings(), TrainSettings())
    )
    assert set(values) == set(CHOICES)
    for name, value in values.items():
        assert value in CHOICES[name], f"{name} = {value}"
        assert type(value) is type(CHOICES[name][0]), f"{name} = {value!r}"


def test_a_preset_s_purpose_names_its_settings():
    for preset in PRESETS.values():
        assert preset.title
        assert preset.purpose.endswith(".")
    original, karpathy = PRESETS["original"], PRESETS["min-char-rnn"]
    assert f"LSTM of {original.model.hidden_dim}" in original.purpose
    assert f"RMSprop at {original.train.lr:g}" in original.purpose
    assert f"vanilla RNN of {karpathy.model.hidden_dim}" in karpathy.purpose
    assert f"Adagrad at {karpathy.train.lr:g}" in karpathy.purpose


def test_every_cell_has_a_display_name_of_its_own_and_the_default_comes_first():
    assert set(settings.CELL_NAMES) == set(CELLS)
    assert len(set(settings.CELL_NAMES.values())) == len(CELLS)
    assert next(iter(settings.CELL_NAMES)) == ModelSettings().cell_type


@pytest.mark.parametrize("cell_type", CELLS)
@pytest.mark.parametrize(("num_layers", "input_dim", "V"), [(1, 0, 61), (2, 8, 61), (3, 0, 2)])
def test_parameters_and_memory_are_those_of_the_real_model(cell_type, num_layers, input_dim, V):
    chosen = ModelSettings(
        cell_type, 24, num_layers, input_dim, batch_size=3, seq_length=11, val_fraction=0.0
    )
    model = RNN(
        V,
        input_dim=input_dim or None,
        hidden_dim=24,
        cell_type=cell_type,
        num_layers=num_layers,
    )
    assert chosen.embedding_dim(V) == model.input_dim
    assert chosen.num_params(V) == model.num_params
    history = estimate_bytes(LONGEST_RUN)
    network = chosen.memory(V) - history
    assert network == estimate_training_bytes(
        V, model.input_dim, 24, cell_type, num_layers, batch_size=3, seq_length=11, validates=False
    )
    # At least parameters, gradients and two moments; at most 2 MB for so small a network.
    assert 16 * model.num_params < network < 2e6
    assert chosen.memory(V, itemsize=8) == 2 * network + history
    assert replace(chosen, val_fraction=0.1).memory(V) > chosen.memory(V)


@pytest.mark.parametrize(
    ("goal", "iterations"),
    [
        (Goal("iterations", 3_000), 3_000),
        (Goal("epochs", 10), 1_230),
        (Goal("epochs", 0.001), 1),
        (Goal("minutes", 5), 12_000),
        (Goal("minutes", 0.0001), 1),
        (Goal("plateau", 5), 777),
    ],
)
def test_goals_in_iterations(goal, iterations):
    assert goal.iterations(per_epoch=123, per_second=40.0, otherwise=777) == iterations
    assert goal.kind in settings.GOAL_TITLES


def test_minutes_have_no_iterations_without_a_known_speed():
    assert Goal("minutes", 5).iterations(per_epoch=123, per_second=0.0, otherwise=777) == 777


def test_the_last_option_is_infinity_where_a_setting_can_be_off():
    for offered in (settings.CLIPS, settings.EVAL_INTERVALS, settings.FRESH_STARTS):
        assert math.isinf(offered[-1])


@pytest.mark.parametrize(
    "chosen",
    [
        TrainSettings(),
        TrainSettings(0.02, "sgd", "step", 0.5, 777, 50, 20, 64),
        TrainSettings(clip=math.inf, eval_every=math.inf, fresh_after=math.inf),
    ],
)
def test_train_settings_are_read_back_from_their_solver(chosen):
    solver = Solver(np.arange(400) % 5, RNN(5), 4, 2, **chosen.solver_arguments())
    assert TrainSettings.from_solver(solver) == chosen
    assert (solver.warmup, solver.clip) == (chosen.warmup, chosen.solver_arguments()["clip"])


def test_without_validation_data_the_interval_counts_as_the_solver_s_choice():
    solver = Solver(np.arange(400) % 5, RNN(5), 4, 2, val_fraction=0.0)
    assert solver.eval_every == 0
    assert TrainSettings.from_solver(solver).eval_every == 0

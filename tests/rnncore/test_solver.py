"""Solver: steps, timed training and whole runs; validation; live settings; divergence."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest

import rnncore.solver
from rnncore import CELLS, RNN, UPDATE_RULES, RnnCoreError, Solver
from rnncore.errors import DivergedError
from rnncore.schedules import Schedule

every_cell = pytest.mark.parametrize("cell_type", sorted(CELLS))


def make(ids=None, model=None, **settings):
    """Return a small solver with 2,000 random ids of 8 symbols."""
    ids = np.random.default_rng(0).integers(0, 8, 2000) if ids is None else ids
    model = RNN(8, None, 5, 10, num_layers=2) if model is None else model
    defaults = {"seq_length": 10, "batch_size": 4, "num_iters": 40, "schedule": "constant"}
    return Solver(ids, model, **(defaults | settings))


def run(solver, iterations):
    return [solver.step() for _ in range(iterations)]


# --- a step -------------------------------------------------------------------------------


def test_a_step_computes_the_loss_clips_and_updates():
    """The first step of SGD is computed by hand."""
    solver, model = make(update_rule="sgd", lr=0.5, clip=0.01), RNN(8, None, 5, 10, num_layers=2)
    batch = solver.batches.next()
    solver.batches.cursor = 0
    loss, grads = model.loss(batch.inputs, batch.targets)
    norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in grads.values()))
    assert norm > 0.01
    assert solver.step() == pytest.approx(loss, rel=1e-6)
    for name, p in solver.model.params.items():
        expected = model.params[name] - 0.5 * grads[name] * 0.01 / norm
        np.testing.assert_allclose(p, expected, atol=1e-6)
    assert solver.history.last("grad_norm") == pytest.approx(norm, rel=1e-5)


def test_the_state_carries_over_within_an_epoch_and_starts_at_zero():
    """At a tiny learning rate, each epoch has the losses of one long forward pass."""
    model = RNN(8, None, 5, 10, dtype="float64")
    solver = make(lr=1e-30, val_fraction=0, model=model, fresh_after=0)
    epoch = solver.batches.per_epoch
    first, second = run(solver, epoch), run(solver, epoch)
    state = solver.model.initial_state(4)
    inputs, targets = (
        solver.batches.inputs[:, : epoch * 10],
        solver.batches.targets[:, : epoch * 10],
    )
    whole = solver.model.evaluate(inputs, targets, state) / inputs.size
    assert np.mean(first) == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(second, first, rtol=1e-12)


def test_streams_start_again_from_zero_one_after_another(monkeypatch):
    """With four streams and fresh_after=8, one of them starts again every second iteration."""
    solver = make(lr=1e-30, val_fraction=0, fresh_after=8)
    loss, at_zero = solver.model.loss, []

    def record(inputs, targets, state, **more):
        at_zero.append([n for n in range(4) if not state[0][:, n].any()])
        return loss(inputs, targets, state, **more)

    monkeypatch.setattr(solver.model, "loss", record)
    run(solver, 11)
    assert at_zero[1:] == [[], [1], [], [2], [], [3], [], [0], [], [1]]


def test_a_step_fills_every_column_of_the_history():
    solver = make(eval_every=5, lr=0.02, schedule="step", warmup=3)
    losses = run(solver, 40)
    h = solver.history
    assert len(h) == 40
    np.testing.assert_array_equal(h["iteration"], np.arange(1, 41))
    np.testing.assert_array_equal(h["chars"], np.arange(1, 41) * 4 * 10)
    np.testing.assert_array_equal(h["loss"], losses)
    schedule = Schedule("step", 40, 3)
    np.testing.assert_allclose(h["lr"], [0.02 * schedule.factor(i) for i in range(40)])
    assert (np.diff(h["seconds"]) > 0).all()
    assert (h["grad_norm"] > 0).all()
    at, val = h.validations()
    assert at.tolist() == [5, 10, 15, 20, 25, 30, 35, 40]
    assert np.isfinite(val).all()
    assert val[-1] == solver.evaluate()


def test_progress_is_counted_in_iterations_characters_and_epochs():
    solver = make(val_fraction=0)
    run(solver, 10)
    assert solver.iteration == 10
    assert solver.chars_seen == 400
    assert solver.epoch == 10 / solver.batches.per_epoch == 10 / 49
    assert not solver.finished
    assert "10 of 40" in repr(solver)


@pytest.mark.parametrize("data", [[i % 8 for i in range(500)], np.arange(500, dtype="u1") % 8])
def test_lists_and_arrays_of_whole_numbers_are_valid_data(data):
    assert np.isfinite(make(data).step())


# --- timed training and whole runs --------------------------------------------------------


def test_train_for_stops_when_the_time_is_up(monkeypatch):
    """A fake clock advances by a tenth of a second at each reading."""
    readings = iter(range(10**6))
    clock = SimpleNamespace(perf_counter=lambda: next(readings) / 10)
    for module in (rnncore.solver, rnncore.training_loop):
        monkeypatch.setattr(module, "time", clock)
    solver = make(eval_every=0, num_iters=1000)
    done = solver.train_for(3.0)
    assert 5 <= done == solver.iteration <= 15
    assert solver.train_for(0) == 0
    assert solver.train_for(6.0) == pytest.approx(2 * done, abs=2)


def test_train_for_stops_at_the_end_of_the_run():
    solver = make()
    assert solver.train_for(1e6) == 40
    assert solver.finished
    assert solver.train_for(1e6) == 0
    with pytest.raises(RnnCoreError, match="seconds is -1"):
        solver.train_for(-1)


def test_a_finished_run_can_be_extended():
    solver = make()
    solver.train(progress=False)
    solver.num_iters = 50
    assert not solver.finished
    assert len(solver.train(progress=False)) == 50


def test_outside_a_terminal_the_progress_bar_is_shown_only_on_request(capfd):
    assert len(make().train()) == 40  # captured, so not a terminal
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    make().train(progress=True)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "40/40" in captured.err
    assert captured.err.endswith("\n")


def test_an_interrupted_run_continues_with_the_same_result(monkeypatch):
    plain, solver = make(), make()
    step = Solver.step

    def interrupted(self):
        if self.iteration == 7:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Solver, "step", interrupted)
    assert len(solver.train(progress=False)) == 7
    monkeypatch.undo()
    solver.train(progress=False)
    plain.train(progress=False)
    np.testing.assert_array_equal(solver.model.flat, plain.model.flat)


@every_cell
def test_equal_runs_have_equal_results(cell_type):
    """Equal to the bit, whether by step, train_for or train, and with evaluations in between."""
    first, second = (
        make(model=RNN(8, None, 5, 10, cell_type, 2, dropout=0.3), eval_every=7) for _ in range(2)
    )
    first.train(progress=False)
    for _ in range(10):
        second.step()
        second.evaluate()
    second.train_for(1e6)
    np.testing.assert_array_equal(first.model.flat, second.model.flat)
    for column in ("loss", "val_loss", "grad_norm", "lr"):
        np.testing.assert_array_equal(first.history[column], second.history[column])


def test_the_seed_determines_the_dropout_masks():
    def losses(seed):
        return run(make(model=RNN(8, None, 5, 10, dropout=0.5), seed=seed), 5)

    assert losses(1) == losses(1) != losses(2)


# --- validation ---------------------------------------------------------------------------


def test_evaluate_reads_all_of_a_short_text_in_one_stream():
    solver = make(val_fraction=0.2)
    model, val = solver.model, solver.val_ids[None]
    assert val.shape == (1, 400)
    total = model.evaluate(val[:, :-1], val[:, 1:], model.initial_state(1))
    assert solver.evaluate() == pytest.approx(total / 399, rel=1e-5)
    total = model.evaluate(val[:, :100], val[:, 1:101], model.initial_state(1))
    assert solver.evaluate(max_chars=100) == pytest.approx(total / 100, rel=1e-5)


def test_evaluate_reads_a_long_text_in_streams():
    ids = np.random.default_rng(0).integers(0, 8, 20_000)
    solver = make(ids, val_fraction=0.5)
    one = solver.val_ids[None]
    total = solver.model.evaluate(one[:, :-1], one[:, 1:], solver.model.initial_state(1))
    assert solver.evaluate() == pytest.approx(total / 9999, rel=2e-3)


def test_a_partial_validation_reads_from_all_over_the_held_out_text():
    text = np.repeat(np.arange(8), 2500)  # the last half: 4, then 5, 6 and 7
    solver = make(text, val_fraction=0.5)
    solver.model.flat[...] = 0
    solver.model.params["b_out"][4:] = [0, -1, -2, -3]
    whole, part = solver.evaluate(), solver.evaluate(max_chars=400)
    assert part == pytest.approx(whole, abs=0.1)


def test_evaluate_does_not_change_training():
    plain, solver = make(eval_every=0), make(eval_every=0)
    run(plain, 5)
    for _ in range(5):
        solver.evaluate()
        solver.step()
        solver.evaluate(max_chars=57)
    np.testing.assert_array_equal(solver.model.flat, plain.model.flat)
    for a, b in zip(solver.state, plain.state, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_validation_loss_without_held_out_text_is_nan():
    solver = make(val_fraction=0)
    assert np.isnan(solver.evaluate())
    assert np.isnan(solver.train(progress=False)["val_loss"]).all()


def test_validation_runs_at_an_interval_and_at_the_end():
    assert np.isnan(make(eval_every=0).train(progress=False)["val_loss"]).all()
    at, _ = make(num_iters=130).train(progress=False).validations()
    assert at.tolist() == [50, 100, 130]  # the default interval, and the last iteration


def test_an_interval_that_the_solver_chose_has_an_early_validation_if_it_is_long():
    def validations(val_fraction, **settings):
        solver = make(val_fraction=val_fraction, batch_size=2, num_iters=820, **settings)
        return solver.train(progress=False).validations()[0].tolist()

    assert validations(0.6) == [80, 400, 800, 820]
    assert validations(0.6, eval_every=300) == [300, 600, 820]  # as the caller asked
    assert validations(0.225) == [150, 300, 450, 600, 750, 820]


def test_a_long_text_is_validated_in_part_during_training_and_in_full_at_the_end(monkeypatch):
    monkeypatch.setattr("rnncore.validation.MAX_CHARS_IN_TRAINING", 300)
    solver = make(val_fraction=0.5, eval_every=5, num_iters=12)
    run(solver, 5)
    assert solver.history.last("val_loss") == solver.evaluate(max_chars=300) != solver.evaluate()
    run(solver, 7)
    assert solver.history.last("val_loss") == solver.evaluate() != solver.evaluate(max_chars=300)


def test_the_validation_interval_stops_growing_at_a_million_characters():
    ids = np.zeros(20_000_000, np.uint8)
    intervals = [make(ids[:n], batch_size=16, seq_length=50).eval_every for n in (10**6, 2 * 10**7)]
    assert intervals == [850, 850]


# --- settings that change during training -------------------------------------------------


def test_a_new_learning_rate_takes_effect_at_the_next_iteration():
    solver = make(lr=0.01)
    run(solver, 3)
    solver.lr = 0.002
    run(solver, 3)
    np.testing.assert_allclose(solver.history["lr"], [0.01] * 3 + [0.002] * 3)
    before = solver.model.flat.copy()
    solver.lr = 1e-30
    solver.step()
    np.testing.assert_allclose(solver.model.flat, before, atol=1e-7)


def test_a_new_update_rule_starts_with_zero_moments_and_the_same_weights():
    solver = make(update_rule="adam")
    run(solver, 5)
    before, adam = solver.model.flat.copy(), solver.optimizer
    solver.update_rule = "adam"
    assert solver.optimizer is adam
    solver.update_rule = "rmsprop"
    assert solver.update_rule == "rmsprop"
    assert not any(slot.any() for slot in solver.optimizer.slots.values())
    np.testing.assert_array_equal(solver.model.flat, before)
    assert np.isfinite(run(solver, 5)).all()


def test_the_warmup_can_change_during_training():
    solver = make(lr=0.01, schedule="constant", warmup=2)
    run(solver, 4)
    solver.warmup = 9
    run(solver, 1)
    assert solver.history.last("lr") == pytest.approx(0.01 * 5 / 10)
    assert (solver.schedule, solver.settings()["warmup"]) == ("constant", 9)


def test_the_schedule_can_change_during_training():
    solver = make(lr=0.01, schedule="constant", warmup=2)
    solver.schedule = "cosine"
    assert (solver.schedule, solver.warmup) == ("cosine", 2)
    run(solver, 40)
    assert solver.history.last("lr") < 0.0005


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lr", 0, "lr is 0; it must be a number above 0"),
        ("lr", float("inf"), "lr is inf"),
        ("lr", "fast", "lr is 'fast'"),
        ("update_rule", "adamax", "update_rule is 'adamax'; choose one of"),
        ("schedule", "linear", "schedule is 'linear'; choose one of"),
        ("num_iters", 0, "num_iters is 0"),
        ("clip", 0, "clip is 0"),
        ("eval_every", -1, "eval_every is -1"),
        ("val_fraction", 1.0, "val_fraction is 1.0"),
        ("seed", -1, "seed is -1"),
        ("warmup", -1, "warmup is -1"),
        ("batch_size", 0, "batch_size is 0"),
        ("seq_length", 0, "seq_length is 0"),
        ("seq_length", 10_000, r"needs? at least 40,001.*sequence length of 1799"),
    ],
)
def test_bad_settings_are_refused_at_creation_and_during_training(name, value, message):
    with pytest.raises(RnnCoreError, match=message):
        make(**{name: value})
    if name in ("lr", "update_rule", "schedule", "num_iters"):
        solver = make()
        before = getattr(solver, name)
        with pytest.raises(RnnCoreError, match=message):
            setattr(solver, name, value)
        assert getattr(solver, name) == before


def test_bad_data_is_refused():
    with pytest.raises(RnnCoreError, match="with vocab_dim=8"):
        make(np.full(500, 8))
    with pytest.raises(RnnCoreError, match="<U"):
        make("some text")
    with pytest.raises(RnnCoreError, match=r"Use a longer text\.$"):
        make(np.zeros(1, int))


def test_a_model_with_nan_is_refused():
    model = RNN(8, None, 5, 10)
    model.params["Wh"][0, 0] = np.nan
    with pytest.raises(RnnCoreError, match="Wh holds 1 values"):
        make(model=model)


# --- divergence ---------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [5.0, None])
@pytest.mark.parametrize("update_rule", sorted(UPDATE_RULES))
def test_divergence_changes_neither_model_nor_optimizer(update_rule, clip):
    solver = make(update_rule=update_rule, clip=clip, lr=0.008)
    run(solver, 3)
    solver.model.params["W_out"][...] = 3e38
    weights = solver.model.flat.copy()
    slots = {name: slot.copy() for name, slot in solver.optimizer.slots.items()}
    with pytest.raises(DivergedError, match=r"at iteration 4: .* rate below 0\.008"):
        solver.step()
    np.testing.assert_array_equal(solver.model.flat, weights)
    for name, slot in solver.optimizer.slots.items():
        np.testing.assert_array_equal(slot, slots[name])
    assert solver.iteration == solver.optimizer.steps == len(solver.history) == 3


def test_a_far_too_high_learning_rate_leaves_a_finite_model():
    """Overflows of float32 on the way cause no warning."""
    solver = make(update_rule="sgd", lr=100.0, clip=None, num_iters=1000, eval_every=50)
    solver.model.flat *= 1e4
    with contextlib.suppress(DivergedError):
        solver.train(progress=False)
    assert np.isfinite(solver.model.flat).all()


def test_training_continues_after_divergence_from_good_weights():
    solver = make()
    run(solver, 3)
    good = solver.model.flat.copy()
    solver.model.params["Wh"][...] = np.nan  # so the carried state is NaN as well
    with pytest.raises(DivergedError):
        solver.step()
    solver.model.flat[...] = good
    assert np.isfinite(run(solver, 5)).all()

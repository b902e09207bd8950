"""What the diagnosis finds in a run whose learning rate was set to 1, and then to 0.01."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.analysis.curve import Curve
from dashboard.analysis.curve_diagnosis import diagnose
from dashboard.analysis.diagnosis import Diagnosis

RAISED, LOWERED = 450, 836  # iterations at which the rate was set to 1 and to 0.01


def losses(n: int) -> Any:
    """Return the training losses of the first n iterations: good, an accident, a recovery."""
    at = np.arange(1.0, n + 1)
    good = 1.35 + 2.9 * np.exp(-at / 70)
    accident = 3.2 + 26 * np.exp(-np.maximum(0, at - RAISED) / 90)
    recovery = 2.2 + 1.3 * np.exp(-np.maximum(0, at - LOWERED) / 200)
    smooth = np.where(at <= RAISED, good, np.where(at <= LOWERED, accident, recovery))
    return smooth + 0.05 * np.random.default_rng(0).standard_normal(n)


def diagnose_until(n: int, changed: int, lr: float, **given: Any) -> Diagnosis:
    every = losses(n)
    val_iteration = np.arange(50.0, n + 1, 50)
    settings: dict[str, Any] = {
        "iteration": np.arange(1.0, n + 1),
        "loss": every,
        "grad_norm": np.ones(n),
        "val_iteration": val_iteration,
        "val_loss": every[val_iteration.astype(int) - 1] + 0.2,
        "lr": lr,
        "clip": 5.0,
        "num_iters": 2500,
        "update_rule": "adam",
        "uniform": 4.25,
        "frequencies": 3.09,
        "best_iteration": 450,
    }
    return diagnose(Curve(**settings | given), changed)


@pytest.mark.parametrize("n", [880, 1000, 1422, 2000, 2450, 2500])
def test_a_loss_that_falls_after_an_accident_is_not_diverging(n: int) -> None:
    found = diagnose_until(n, LOWERED, 0.01)
    assert found.key == "recovering"
    assert f"{losses(n)[LOWERED - 50 : LOWERED].mean():.3f} to {losses(n)[-50:].mean():.3f}" in (
        found.sentence
    )
    assert found.action == ("best", 450)
    assert found.button == "Continue from the best network"
    assert "of iteration 450" in found.advice


def test_its_sentence_tells_a_fall_from_a_standstill() -> None:
    assert "is recovering" in diagnose_until(1000, LOWERED, 0.01).sentence
    assert "but no further" in diagnose_until(2500, LOWERED, 0.01).sentence


def test_without_best_weights_a_new_run_is_advised_once_the_loss_falls_slowly() -> None:
    none: dict[str, Any] = {"val_iteration": np.empty(0), "val_loss": np.empty(0)}
    assert diagnose_until(900, LOWERED, 0.01, **none).advise(active=True) == "Let it train."
    found = diagnose_until(2400, LOWERED, 0.01, **none)
    assert (found.advice, found.action) == ("A new run is quicker: press Reset.", None)


@pytest.mark.parametrize("n", [454, 470, 600, 836])
def test_a_rise_after_a_change_is_reported_at_once(n: int) -> None:
    found = diagnose_until(n, RAISED, 1.0)
    assert found.key == "risen"
    assert "changed at iteration 450, the loss rose from 1.3" in found.sentence
    assert ("blind guess (4.25)" in found.sentence) == (n < 836)
    assert found.action == ("lr", 0.01)


def test_a_far_too_high_rate_is_reported_before_the_first_loss() -> None:
    found = diagnose_until(RAISED, RAISED, 1.0)
    assert found.sentence == "A learning rate of 1 will probably make the loss explode."
    assert found.action == ("lr", 0.01)
    assert diagnose_until(RAISED, RAISED, 0.02).key not in ("rate", "risen")


def test_a_rise_without_a_change_gives_way_to_a_fall() -> None:
    assert "now it falls" in diagnose_until(900, 0, 0.01).sentence


def test_the_lowest_loss_does_not_change_while_the_run_diverges() -> None:
    lowest = {
        diagnose_until(n, 0, 0.01).sentence.split("rose from ")[1].split(",")[0].split(" to")[0]
        for n in range(520, 836, 20)
    }
    assert len(lowest) == 1


def test_a_paused_run_whose_setting_was_changed_is_to_train() -> None:
    found = diagnose_until(LOWERED, LOWERED, 0.01)
    assert found.key == "changed"
    assert found.advise(active=False) == "Press Train to see its effect."
    assert "Wait 200 iterations" in found.advise(active=True)


def test_a_run_that_went_on_well_after_a_change_and_then_diverges_is_diverging() -> None:
    n = 2000
    at = np.arange(1.0, n + 1)
    rising = 1.4 + 2.8 * np.exp(-at / 200) + np.maximum(0, at - 1700) / 400
    found = diagnose_until(n, 100, 0.01, loss=rising)
    assert found.key == "unstable"
    assert "is diverging" in found.sentence


def test_a_loss_that_has_not_fallen_yet_is_not_said_to_fall_no_further() -> None:
    n = LOWERED + 30
    flat = losses(n)
    flat[LOWERED:] = flat[LOWERED - 50 : LOWERED].mean() - 0.01
    assert diagnose_until(n, LOWERED, 0.01, loss=flat).key == "changed"


# -- which network writes ----------------------------------------------------------------------


def diagnose_validations(val_loss: list[float]) -> Diagnosis:
    """Diagnose a run of 222 iterations whose training loss falls; a validation every 50."""
    loss = 1.2 + 3 * np.exp(-np.arange(222.0) / 100)
    at = 50.0 * np.arange(1, len(val_loss) + 1)
    given = {"val_iteration": at, "val_loss": np.array(val_loss), "best_iteration": 150}
    return diagnose_until(222, 0, 0.01, loss=loss, **given)


def test_memorising_is_said_when_the_best_network_is_preselected() -> None:
    found = diagnose_validations([2.05, 1.83, 1.748, 1.805])
    assert found.key == "memorising"
    assert "rose from 1.748, its best, at iteration 150, to 1.805" in found.sentence
    assert found.advise(active=True).endswith("the best network is kept.")
    assert "generate with it" in found.advise(active=False)


def test_a_run_that_is_not_flat_is_not_said_to_stay_near_a_loss() -> None:
    found = diagnose_validations([1.9, 1.748, 1.9, 1.76])
    assert found.key != "memorising"
    assert "stayed near" not in found.sentence


def test_an_early_flat_validation_loss_is_left_to_train() -> None:
    found = diagnose_validations([1.75, 1.748, 1.751, 1.75])
    assert found.key == "memorising"
    assert "has stayed near 1.750" in found.sentence
    assert found.advice == "Let it train: the best network is kept."


def test_losses_that_no_figure_of_the_page_shows_are_called_smoothed() -> None:
    found = diagnose_until(400, 0, 0.01, val_iteration=np.empty(0), val_loss=np.empty(0))
    assert found.sentence.startswith("The smoothed loss is falling")
    assert diagnose_validations([2.05, 1.83, 1.748, 1.7]).sentence.startswith("The validation")

"""A network or run that is uploaded as a text: the page says where it is opened."""

from __future__ import annotations

import pytest

from dashboard.runs import experiment, exports
from rnncore import to_numpy, to_torch
from rnncore.export.torch_file import to_torch_zip
from tests.support.runs import small_run
from tests.support.visits import with_story

MAKE = {
    "pkl": exports.model_pickle,
    "npz": exports.checkpoint_npz,
    "experiment.zip": lambda run: experiment.pack(run, []),
    "safetensors": lambda run: to_torch(run.solver.model),
    "torch.zip": lambda run: to_torch_zip(run.solver.model),
    "numpy.zip": lambda run: to_numpy(run.solver.model),
}


@pytest.mark.parametrize("ending", MAKE)
def test_the_page_says_where_a_network_is_opened(visit, ending):
    page = with_story(visit)
    text = page.value("_text")
    page.upload(f"mine.{ending}", MAKE[ending](small_run(steps=1)))
    assert page.shown("error") == [
        f"mine.{ending} is not a text. If it is a trained network, open it in the section "
        "Network: Start from a trained model, Upload model."
    ]
    assert page.value("_text") == text
    page.open("trained_open")
    assert "**Network**" in page.labels("expander")
    assert "Start from a trained model" in page.labels("expander")
    assert "Upload model" in page.labels("file_uploader")


def test_a_text_in_utf_16_is_none_of_them(visit):
    page = with_story(visit)
    page.upload("data.txt", ("let {a} be" * 90).encode("utf-16-le"))
    assert page.shown("error") == []

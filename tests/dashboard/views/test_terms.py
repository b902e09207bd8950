"""Each technical term is explained where it first stands on the page, in the words of reports."""

from __future__ import annotations

from dashboard.reports.terms import TERMS
from tests.support.visits import SMALL, Visit

WIDGETS = ("select_slider", "slider", "button_group", "selectbox", "text_area", "metric", "button")
# Label of a widget, and the term that its help explains.
EXPLAINED = {
    "Cell": "Cell",
    "Hidden size": "Hidden size",
    "Layers": "Layers",
    "Sequence length": "Sequence length",
    "Batch size": "Batch size",
    "Embedding size": "Embedding size",
    "Dropout": "Dropout",
    "Validation share": "Validation share",
    "Learning rate": "Learning rate",
    "Update rule": "Update rule",
    "Gradient clipping": "Gradient clipping",
    "Schedule": "Schedule",
    "Warm-up iterations": "Warm-up iterations",
    "Validation interval": "Iterations between validations",
    "Memory reset interval": "Iterations between memory resets",
    "Goal": "Epochs",
    "Iterations": "Iterations",
    "Step": "Iterations",
    "X axis": "Epochs",
    "Y axis": "Perplexity",
    "Temperature": "Temperature",
}
BEFORE = {"To beat": "n-gram", "Guessing": "Loss"}
DURING = {
    "Loss": "Loss",
    "Validation": "Validation loss",
    "Bits per character": "Bits per character",
    "Epoch": "Epochs",
}


def unexplained(page: Visit, terms: dict[str, str]) -> list[str]:
    """Return the labels whose widget does not have the term's sentence as its help."""
    shown = {w.label: w.proto.help for kind in WIDGETS for w in getattr(page.app, kind)}
    return [label for label, term in terms.items() if TERMS[term] not in shown.get(label, "")]


def test_terms_are_explained_where_they_stand(visit):
    page = visit(SMALL)
    page.open_tab("Live settings")
    for part in ("more_settings_open", "advanced_open"):
        page.open(part)
    assert unexplained(page, EXPLAINED | BEFORE) == []
    assert page.says(TERMS["Seed text"])
    page.press("Step")
    assert unexplained(page, DURING) == []
    (ladder,) = (m.proto.help for m in page.app.markdown if "To beat" in m.value)
    assert TERMS["n-gram"] in ladder
    links = [link.proto.label for link in page.app.get("page_link")]
    assert {"What a cell does", "What temperature is"} <= set(links)

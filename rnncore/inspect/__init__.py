"""Look inside a network: what its units do on a text, and what they are for.

The functions take a network and ids (T,), and leave both unchanged. They measure; training belongs
in ``rnncore.solver``, writing in ``rnncore.sampling``, and drawing in the program that uses them.

    from rnncore import inspect, pretrained

    model = pretrained("pride")
    ids = model.vocab.encode(text)
    bits = inspect.surprise(model, ids)                     # (T,), bits
    h = inspect.activations(model, ids)                     # (T, layers, parts, H)
    ranking = inspect.rank_units(h, inspect.inside_quotes(text))
    probe = inspect.probe(h, inspect.inside_quotes(text))
"""

from __future__ import annotations

from rnncore.inspect.embedding import components, weight_norms
from rnncore.inspect.gradient_reach import reach, reach_by_distance
from rnncore.inspect.gradients import EntryCheck, check_network
from rnncore.inspect.linear_probe import Probe, probe, probe_text
from rnncore.inspect.long_text import Extremes, find_strongest, read_pieces, search_pattern
from rnncore.inspect.marks import (
    MARKS,
    bracket_depth,
    capital_ahead,
    comments,
    inside_quotes,
    matches,
    numbers,
    passages,
    position_in_line,
    position_in_word,
    vowels,
)
from rnncore.inspect.patches import patched, silenced
from rnncore.inspect.patterns import Pattern, find_extremes, find_pattern, switched_on
from rnncore.inspect.predictions import Predictions, mean_bits, moving_average, predict, surprise
from rnncore.inspect.ranking import Ranking, rank_units
from rnncore.inspect.unit_values import Progress, activations, state_after
from rnncore.layer_figures import SIGMOID_GATES, layer_norms, saturation

__all__ = [
    "MARKS",
    "SIGMOID_GATES",
    "EntryCheck",
    "Extremes",
    "Pattern",
    "Predictions",
    "Probe",
    "Progress",
    "Ranking",
    "activations",
    "bracket_depth",
    "capital_ahead",
    "check_network",
    "comments",
    "components",
    "find_extremes",
    "find_pattern",
    "find_strongest",
    "inside_quotes",
    "layer_norms",
    "matches",
    "mean_bits",
    "moving_average",
    "numbers",
    "passages",
    "patched",
    "position_in_line",
    "position_in_word",
    "predict",
    "probe",
    "probe_text",
    "rank_units",
    "reach",
    "reach_by_distance",
    "read_pieces",
    "saturation",
    "search_pattern",
    "silenced",
    "state_after",
    "surprise",
    "switched_on",
    "vowels",
    "weight_norms",
]

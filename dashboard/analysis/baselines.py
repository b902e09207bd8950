"""What simpler models reach on the same text: the marks that a network has to beat.

All are trained on the training part and measured on the validation part, in nats per
character, so that they stand on one axis with the validation curve.

The n-gram model is interpolated with the smoothing of Witten and Bell (1991): with c(h) the
times that context h was seen, T(h) the number of distinct characters that followed it, and h'
the context without its oldest character,

    P(w | h) = (c(hw) + T(h) P(w | h')) / (c(h) + T(h))

down to the uniform distribution. An n-gram is one integer (its ids as digits in base V), so
counting is sorting, and looking up is a binary search.
"""

from __future__ import annotations

import bz2
import lzma
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import batches, checks
from rnncore.errors import TextError

Ids = NDArray[np.integer]
Keys = NDArray[np.uint64]

ORDER = 5  # characters of an n-gram, the predicted one included
NGRAM_TRAIN, NGRAM_VAL = 4_000_000, 500_000  # characters read at most
ZIP_TRAIN, ZIP_VAL = 780_000, 100_000  # together one block of bzip2, and about a second


@dataclass(frozen=True)
class Baseline:
    """A model's ``name``, its validation loss in ``nats`` per character, and how it works."""

    name: str
    nats: float
    note: str


def compute_baselines(train_ids: Ids, val_ids: Ids, vocab_dim: int) -> list[Baseline]:
    """The simplest first; of a text without a validation part the uniform one alone.

    train_ids, val_ids: 1-D ids within ``0 .. vocab_dim - 1``, the second following the first.
    """
    V = checks.check_whole("vocab_dim", vocab_dim, 1)
    train, val = (batches.check_ids(ids, V) for ids in (train_ids, val_ids))
    uniform = Baseline("Uniform", math.log(V), f"Every one of the {V:,} characters equally likely.")
    if not len(val):
        return [uniform]
    if not len(train):
        raise TextError("The training part is empty; baselines need something to count.")
    seen, heard = train[-NGRAM_TRAIN:], val[:NGRAM_VAL]
    losses = list(witten_bell(seen, heard, V, ORDER))
    cut = _cut(len(train), len(seen), len(val), len(heard))
    order = len(losses)
    return [
        uniform,
        Baseline("Letter frequencies", losses[0], f"Each character as often as before.{cut}"),
        Baseline(
            f"{order}-gram",
            losses[-1],
            f"Looks at the last {order - 1} characters; Witten–Bell smoothing.{cut}",
        ),
        _compressor(train, val, V),
    ]


def witten_bell(train: Ids, val: Ids, V: int, order: int) -> Iterator[float]:
    """Validation loss in nats per character of the 1-gram, 2-gram, ... up to ``order``.

    Ends before the order at which V ** order exceeds 64 bits. The first characters of ``val``
    have the end of ``train`` as their context.
    """
    lead = min(order - 1, len(train))
    joined = np.concatenate([train[len(train) - lead :], val])
    probability = np.full(len(val), 1 / V)
    train_keys, val_keys = train.astype(np.uint64), joined.astype(np.uint64)
    for n in range(1, order + 1):
        if V**n > 2**64 or n > len(train):
            return
        if n > 1:
            train_keys, val_keys = _longer(train_keys, train, V, n), _longer(val_keys, joined, V, n)
        probability = _interpolated(train_keys, val_keys[-len(val) :], probability, V)
        yield float(-np.log(probability).mean())


def _longer(keys: Keys, ids: Ids, V: int, n: int) -> Keys:
    """Keys of the n-grams from keys of the (n-1)-grams: an older character on the left."""
    older = ids[: len(ids) - n + 1].astype(np.uint64)
    return older * np.uint64(V ** (n - 1)) + keys[1:]


def _interpolated(
    train_keys: Keys, val_keys: Keys, lower: NDArray[np.float64], V: int
) -> NDArray[np.float64]:
    """P(w | h) at each place of validation, from ``lower``, the P(w | h') there."""
    base = np.uint64(V)
    grams, first = _distinct(np.sort(train_keys))
    counts = np.diff(first, append=len(train_keys))
    contexts, begin = _distinct(grams // base)  # sorted by context, since that is the high digits
    seen = np.add.reduceat(counts, begin)
    followers = np.diff(begin, append=len(grams))

    c_hw = _looked_up(grams, counts, val_keys)
    val_contexts = val_keys // base
    c_h, T_h = (_looked_up(contexts, values, val_contexts) for values in (seen, followers))
    known = c_h > 0
    return np.where(known, (c_hw + T_h * lower) / np.where(known, c_h + T_h, 1), lower)


def _distinct(ordered: Keys) -> tuple[Keys, NDArray[np.int64]]:
    """Distinct values of a sorted array, and where each begins."""
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new], np.flatnonzero(new)


def _looked_up(keys: Keys, values: NDArray[np.int64], wanted: Keys) -> NDArray[np.int64]:
    """The value of each wanted key; 0 where it is not among ``keys`` (sorted)."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)


def _compressor(train: Ids, val: Ids, V: int) -> Baseline:
    """How many more bytes the better of two compressors needs for the validation part."""
    seen, heard = train[-ZIP_TRAIN:], val[:ZIP_VAL]
    width = "<u1" if V <= 256 else "<u2" if V <= 65_536 else "<u4"
    first, both = seen.astype(width).tobytes(), np.concatenate([seen, heard]).astype(width)
    sizes = {
        name: len(compress(both.tobytes())) - len(compress(first))
        for name, compress in (("bzip2", bz2.compress), ("xz", lzma.compress))
    }
    name = min(sizes, key=lambda name: sizes[name])
    nats = max(0, sizes[name]) * 8 * math.log(2) / len(heard)
    cut = _cut(len(train), len(seen), len(val), len(heard))
    note = f"What {name} adds to the size of the training part to hold the validation part.{cut}"
    return Baseline("Compressor", nats, note)


def _cut(train: int, seen: int, val: int, heard: int) -> str:
    """A sentence on what was left out of a long text; empty if nothing was."""
    if seen == train and heard == val:
        return ""
    return f" Read {seen:,} of {train:,} characters, measured on {heard:,} of {val:,}."

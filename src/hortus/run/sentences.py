"""The user's model of sentences, where the table has text and there is time to read it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd

from hortus.data.notes import Note
from hortus.data.schema import Schema
from hortus.features.sentences import SentenceModel, open_sentences

# Of a run's time, what turning texts into vectors may take.
SHARE = 0.3
# Texts that tell how long all will take.
PILOT = 32


def choose_sentences(
    folder: str | None, canonical: pd.DataFrame, schema: Schema, *, seconds: float | None
) -> tuple[SentenceModel | None, list[Note]]:
    """The model in ``folder``, unless it would have nothing to read or take too long; and what is to be said.

    Args:
        folder: of the model; None for none.
        canonical: (n, p) the table as `Schema.apply` reads it.
        schema: of the table.
        seconds: of the whole run; None for no limit, where the model is always taken.

    Raises:
        InputError: the folder holds no such model.
        MissingExtraError: a library that reads it is not installed.
    """
    if folder is None:
        return None, []
    model = open_sentences(Path(folder))
    names = [column.name for column in schema.features if column.kind == "text"]
    texts = list(dict.fromkeys(text or "" for name in names for text in canonical[name]))
    if not names:
        what = "The table has no column of free text, so that the model of sentences has nothing to read."
        mend = "Name the columns that are (text=[...], or --text COLUMN)."
        return None, [Note("sentences-idle", what, mend=mend, warning=True)]
    if seconds is None:
        return model, []
    model.embed(texts[:1])  # what is loaded at the first call is no measure of the next
    pilot = [texts[i] for i in np.linspace(0, len(texts) - 1, min(PILOT, len(texts))).astype(int)]
    begin = time.perf_counter()
    model.embed(pilot)
    needed = (time.perf_counter() - begin) / len(pilot) * len(texts)
    if needed <= SHARE * seconds:
        return model, []
    what = f"The model of sentences would take about {needed:.0f} s for {len(texts):,} texts, of {seconds:.0f} s."
    mend = f"It is left out. Give {needed / max(SHARE, 1e-9):.0f} s, or a model of token vectors, which is much faster."
    return None, [Note("sentences-slow", what, mend=mend, warning=True)]

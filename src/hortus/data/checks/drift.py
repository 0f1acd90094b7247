"""Whether new rows come from where the training rows came from: a model tries to tell them apart.

Where it can, scores measured on the training table say less about the new rows (adversarial validation: the classifier
two-sample test of Lopez-Paz and Oquab 2017, section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.one_column import binned, score_columns
from hortus.data.checks.row_hashes import row_hashes
from hortus.data.fast_metrics import roc_auc
from hortus.data.finding import Finding, listed, ranked
from hortus.data.schema import Schema
from hortus.seeds import derive, stream

if TYPE_CHECKING:
    import pandas as pd

# Rows of each table that the model sees.
SAMPLE_ROWS = 5_000
LEAST_ROWS = 50
FOLDS = 3
TREES = 20
# Columns that a split of a tree chooses among.
CHOSEN = 20
# ROC AUC at which the tables differ, and differ much; of one column, at which it is named.
DIFFER = 0.6
MUCH = 0.75
COLUMN = 0.6
# How many standard errors above one half it must be, besides.
SURE = 4.0
# Words that come less often in both tables together tell nothing.
RARE = 10
# Words that the training table does not know, in so many of the new cells.
UNKNOWN_SHARE = 0.05
# New rows that equal a training row.
KNOWN_SHARE = 0.01
MOST_COLUMNS = 500


def check_drift(train: pd.DataFrame, test: pd.DataFrame, schema: Schema, *, seed: int = 0) -> list[Finding]:
    """Compare the rows to predict with those to train on.

    Args:
        train: (n, p) the canonical frame of the training rows, as `Schema.apply` makes it.
        test: (m, p) that of the new rows.
        schema: of both.
        seed: of the run.
    """
    found = _unknown_words(train, test) + _shared(train, test)
    if min(len(train), len(test)) >= LEAST_ROWS and schema.features:
        found += _told_apart(_sampled(train, seed, "train"), _sampled(test, seed, "test"), schema, seed)
    return list(ranked(found))


def _told_apart(train: pd.DataFrame, test: pd.DataFrame, schema: Schema, seed: int) -> list[Finding]:
    is_new = np.repeat([0, 1], [len(train), len(test)])
    both = {
        column.name: np.concatenate([train[column.name].to_numpy(), test[column.name].to_numpy()])
        for column in schema.features[:MOST_COLUMNS]
    }
    scores = score_columns(both, is_new, "binary", seed=derive(seed, "drift"))
    noise = SURE * float(np.sqrt((len(is_new) + 1) / (12 * len(train) * len(test))))
    telling = sorted(
        (name for name, value in scores.values.items() if value >= max(COLUMN, 0.5 + noise)),
        key=lambda name: -scores.values[name],
    )
    dates = [c.name for c in schema.features if c.kind == "date"]
    found = _later([name for name in telling if name in dates], both, is_new, scores.values)
    # That new rows are later is no surprise, and would hide whether anything else has changed.
    matrix = np.column_stack([_codes(cells) for name, cells in both.items() if name not in dates] or [is_new * 0])
    apart = _adversarial(matrix, is_new, seed)
    if apart < max(DIFFER, 0.5 + noise):
        return found
    names = [name for name in telling if name not in dates]
    by = f", above all by {listed(names)}" if names else ", by several columns together"
    return [
        *found,
        Finding(
            code="drift",
            what=f"A model tells the new rows from the training rows{by}: scores of the training table may not hold "
            "for them.",
            columns=tuple(names),
            measure="cross-validated ROC AUC of telling new rows from training rows",
            value=apart,
            did="Nothing: all rows are trained on, all columns are kept.",
            overrule="Train on rows like the new ones, or leave out what has changed: ignore=[…] or --ignore COLUMN.",
            severity="serious" if apart >= MUCH else "warning",
        ),
    ]


def _codes(cells: NDArray[Any]) -> NDArray[np.intp]:
    """(n,) bins; words that are too rare to learn from are one bin, for they come in the order of the tables."""
    codes, _ = binned(cells)
    if cells.dtype != object:
        return codes
    rare = np.bincount(codes)[codes] < RARE
    return np.where(rare, -1, codes)


def _adversarial(matrix: NDArray[np.intp], is_new: NDArray[np.intp], seed: int) -> float:
    from sklearn.ensemble import ExtraTreesClassifier

    folds = stream(seed, "drift", "folds").permutation(len(is_new)) % FOLDS
    chosen = max(1, min(CHOSEN, matrix.shape[1] // 2))
    chance = np.empty(len(is_new))
    for fold in range(FOLDS):
        model = ExtraTreesClassifier(
            TREES, max_depth=10, min_samples_leaf=10, max_features=chosen, random_state=derive(seed, "drift", fold)
        )
        model.fit(matrix[folds != fold], is_new[folds != fold])
        chance[folds == fold] = model.predict_proba(matrix[folds == fold])[:, 1]
    return roc_auc(is_new, chance)


def _later(
    names: list[str], both: dict[str, NDArray[Any]], is_new: NDArray[np.intp], values: dict[str, float]
) -> list[Finding]:
    found = []
    for name in names:
        old, new = both[name][is_new == 0], both[name][is_new == 1]
        old, new = old[~np.isnat(old)], new[~np.isnat(new)]
        beyond = float((new > old.max()).mean()) if len(old) and len(new) else 0.0
        if beyond >= 0.5:
            found.append(
                Finding(
                    code="new-rows-later",
                    what=f"{beyond:.0%} of the new rows are later in {name!r} than every training row.",
                    columns=(name,),
                    measure="cross-validated ROC AUC of telling new rows from training rows by this column alone",
                    value=values[name],
                    did="Split as was asked.",
                    overrule=f"To judge on what comes later, as the new rows do: order={name!r} or --order.",
                    severity="warning",
                )
            )
    return found


def _unknown_words(train: pd.DataFrame, test: pd.DataFrame) -> list[Finding]:
    import pandas as pd

    found = []
    for name in map(str, train.columns):
        old, new = train[name].to_numpy(), test[name].to_numpy()
        if old.dtype != object or not len(new):
            continue
        codes, known = pd.factorize(old)
        places, asked = pd.factorize(new)
        words = set(known.tolist())
        strange = np.array([word not in words for word in asked.tolist()] + [False])[places]
        share = float(strange.mean())
        # The share of words seen once is what to expect of unseen ones (Good 1953, equation 9).
        usual = float((np.bincount(codes[codes >= 0]) == 1).sum() / len(old))
        if share >= max(UNKNOWN_SHARE, 2 * usual):
            word = new[int(strange.argmax())]
            found.append(
                Finding(
                    code="new-categories",
                    what=f"{share:.1%} of the new rows have a value of {name!r} that no training row has: {word!r}, …",
                    columns=(name,),
                    measure="share of new rows with an unknown value",
                    value=share,
                    did="Such values are taken as unknown when predicting.",
                    overrule="Give training rows that have them, if there are any.",
                    severity="warning",
                )
            )
    return found


def _shared(train: pd.DataFrame, test: pd.DataFrame) -> list[Finding]:
    import pandas as pd

    if not train.shape[1] or not len(train) or not len(test):
        return []
    hashes = row_hashes(pd.concat([train, test], ignore_index=True))
    share = float(np.isin(hashes[len(train) :], hashes[: len(train)]).mean())
    sizes = np.unique(hashes[: len(train)], return_counts=True)[1]
    # As often as training rows repeat each other, new ones may repeat them.
    if share < KNOWN_SHARE or share <= 2 * int(sizes[sizes > 1].sum()) / len(train):
        return []
    return [
        Finding(
            code="new-rows-known",
            what=f"{share:.1%} of the new rows are training rows too, in all features.",
            measure="share of new rows that equal a training row",
            value=share,
            did="All kept.",
            overrule="Scores measured on such rows flatter; take them out of one of the two tables.",
            severity="warning",
        )
    ]


def _sampled(frame: pd.DataFrame, seed: int, name: str) -> pd.DataFrame:
    if len(frame) <= SAMPLE_ROWS:
        return frame
    return frame.iloc[np.sort(stream(seed, "drift", name).choice(len(frame), SAMPLE_ROWS, replace=False))]

"""What the script does when it is run."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error

from hortus.deploy.code.parts.constants import CLASSES, KIND, TARGET
from hortus.deploy.code.parts.model import Model

FOLDS = Path(__file__).with_name("folds.csv")


def read(path: Path, model: Model) -> pd.DataFrame:
    """A table from a csv, tsv or parquet file."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline()
        file.seek(0)
        separator = max(",;\t|", key=line.count)
        header = next(csv.reader(file, delimiter=separator))
    names = [name.strip() or f"column_{i}" for i, name in enumerate(header, start=1)]
    as_text = [i for i, name in enumerate(names) if getattr(model.preparation.columns.get(name), "as_text", False)]
    table = pd.read_csv(
        path,
        sep=separator,
        header=0,
        names=range(len(names)),
        index_col=False,
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
        skip_blank_lines=len(names) > 1,
        dtype=dict.fromkeys(as_text, str),
        encoding="utf-8-sig",
    )
    table.columns = pd.Index(names)
    return table


def main(model: Model) -> None:
    """Train on the first file, show the score out of fold, and predict the second file's rows into the third."""
    if len(sys.argv) not in (2, 4):
        sys.exit(f"usage: python {sys.argv[0]} TRAIN.csv [NEW.csv PREDICTIONS.csv]")
    folds = np.loadtxt(FOLDS, delimiter=",", skiprows=1, ndmin=2)
    weight = folds[:, 1] if folds.shape[1] > 1 else None
    model.fit(read(Path(sys.argv[1]), model), folds[:, 0].astype(np.intp), weight)
    y, found = model.y_out_of_fold, model.out_of_fold
    if KIND == "regression":
        print(f"out of fold: R2 {r2_score(y, found):.5f}, RMSE {root_mean_squared_error(y, found):.5g}")
    else:
        loss = log_loss(y, found, labels=range(len(CLASSES)))
        print(f"out of fold: accuracy {accuracy_score(y, found.argmax(axis=1)):.5f}, log loss {loss:.5f}")
    if len(sys.argv) == 4:
        predicted = model.predict(read(Path(sys.argv[2]), model))
        columns = (
            {f"P({label})": predicted[:, k] for k, label in enumerate(CLASSES)} if CLASSES else {TARGET: predicted}
        )
        if CLASSES:
            columns = {TARGET: np.array(CLASSES, dtype=object)[predicted.argmax(axis=1)], **columns}
        pd.DataFrame(columns).to_csv(sys.argv[3], index=False)
        print(f"{len(predicted)} rows predicted into {sys.argv[3]}")

"""What a script's reader is told beside it."""

from __future__ import annotations

from hortus.deploy.code.inputs import CodeInputs

_TEXT = """# A model, as code

`train.py` trains {what} on a table and predicts with it.
It needs the packages in `requirements.txt` and nothing else: Python 3.11 or newer, `pip install -r requirements.txt`.

    python train.py TRAIN.csv
    python train.py TRAIN.csv NEW.csv PREDICTIONS.csv

The first line trains and shows the score on rows held back; the second also predicts the rows of `NEW.csv`. From
Python:

    from train import model, read
    fitted = model().fit(table, fold, weight)
    fitted.predict(new)

- **Table.** `TRAIN.csv` is the table that the model was found on, its rows in the same order, with the column to
  predict. csv, tsv (any of `,` `;` tab `|` between the cells, UTF-8) and parquet are read.
- **`folds.csv`** has a line for each row of it that has a target: the fold in which the row is held back (-1 for
  none){weighted}. For other rows, give `fit` folds of your own, numbered from 0 to {last}.
- **Rounds.** How many rounds of boosting each fold takes is written into the script; early stopping on the rows held
  back found them. For a table that is much larger or smaller, find them anew.
- **How near.** Trained on the same table, with the same versions of the libraries, on the same kind of machine, it
  predicts what the model predicts to 1e-6. Learners that the clock cut short when the model was found
  (neural networks above all) are trained to their end, and come as near as their score's noise.
{told}"""


def readme(inputs: CodeInputs) -> str:
    """The text of README.md."""
    members = len(inputs.predictor.members)
    return _TEXT.format(
        what="a pipeline" if members == 1 else f"an ensemble of {members} pipelines",
        weighted="" if inputs.weight is None else ", and how much the row counts",
        last=max(len(member.folds) for member in inputs.predictor.members) - 1,
        told="".join(f"- {line}\n" for line in inputs.told),
    )

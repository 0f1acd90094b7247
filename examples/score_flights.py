"""Hold the demo's predictions against what happened: python examples/score_flights.py build/demo."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.metrics import accuracy_score, roc_auc_score


def main(folder: Path) -> None:
    answers = pd.read_csv(folder / "answers.csv")
    predicted = pd.read_csv(folder / "predictions.csv")
    both = answers.merge(predicted, on="flight_id", suffixes=("", "_predicted"), validate="one_to_one")
    if len(both) != len(answers):
        raise SystemExit(f"{len(answers)} flights were to be predicted, {len(both)} were.")
    auc = roc_auc_score(both["late"] == "yes", both["proba_yes"])
    accuracy = accuracy_score(both["late"], both["late_predicted"])
    print(f"On {len(both):,} flights held out: ROC AUC {auc:.4f} (chance 0.5), accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo"))

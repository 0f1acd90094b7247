"""Classify: from a table of measurements to probabilities, and to a file that can be loaded anywhere.

    python examples/01_classify.py

HORTUS_EXAMPLE_SECONDS says how long the search may take.
"""

import os
import tempfile
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

import hortus

SECONDS = float(os.environ.get("HORTUS_EXAMPLE_SECONDS", "30"))

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = hortus.AutoClassifier(time_budget=SECONDS, random_state=0, verbosity=0).fit(X_train, y_train)
probabilities = model.predict_proba(X_test)

# The score was measured on rows that no candidate was trained on; the test rows say whether it holds.
print(f"ROC AUC: {model.score_:.4f} by cross-validation, {roc_auc_score(y_test, probabilities[:, 1]):.4f} on test rows")
print(f"Log loss {log_loss(y_test, probabilities):.4f}, accuracy {model.score(X_test, y_test):.4f}")
print(model.leaderboard()[["model", "score", "low", "high", "weight"]].head(5).to_string(index=False))

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "tumours.hortus"
    model.save(path)
    loaded = hortus.load(path)
    same = (loaded.predict_proba(X_test) == probabilities).all()
    print(f"Saved in {path.stat().st_size / 1e6:.2f} MB without a pickle; loaded, it predicts the same: {same}")

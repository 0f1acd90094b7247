"""Believe a model, decide with it, explain it and make it faster: what to do after `fit`.

    python examples/07_trust_and_hand_over.py

The tumours are scikit-learn's; one column is added that would not be known in time, to see it found.
"""

import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from hortus import AutoClassifier
from hortus.explain.importance import permutation_importance

SECONDS = float(os.environ.get("HORTUS_EXAMPLE_SECONDS", "30"))

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
y = y.map({0: "malignant", 1: "benign"})
X["outcome_code"] = (y == "benign") + np.random.default_rng(0).normal(0, 0.1, len(y))
X, X_new, y, y_new = train_test_split(X, y, random_state=0, stratify=y)

# 1. What the data hides is found before anything is trained.
suspicious = AutoClassifier(trials=1, models=["linear"], random_state=0, verbosity=0).fit(X, y)
for finding in suspicious.findings_:
    if finding.severity == "serious":
        print(f"Found: {finding.what} ({finding.evidence})")

# 2. Without the leak: what to expect on new rows, and what came true.
model = AutoClassifier(ignore=["outcome_code"], time_budget=SECONDS, random_state=0, verbosity=0).fit(X, y)
told = model.estimate_
print(f"Expected ROC AUC {told.score:.4f}, between {told.low:.4f} and {told.high:.4f}")

# 3. Decide: a missed malignant tumour costs ten times a false alarm, and doubtful cases get both names.
decision = model.tune_threshold(costs={"malignant": 10, "benign": 1})
print(f"Malignant is said from a probability of {decision.value:.2f} on; mean cost {-decision.score:.3f}")
sets = model.predict_set(X_new, level=0.98)
right = sets[np.arange(len(y_new)), model.classes_.searchsorted(y_new)]
print(f"At 98 %: {right.mean():.1%} of the sets hold the truth, {(sets.sum(axis=1) > 1).mean():.1%} name both")

# 4. Explain: which columns the score depends on, and the whole as a page for somebody else.
found = permutation_importance(model.evidence(), repeats=1, seconds=10)
print(f"What it looks at most: {', '.join(found.columns[:3])}")
model.report("report.html", card="card.md", seconds=10)

# 5. Hand over: one file, and a smaller one that answers sooner.
model.save("model.hortus")
small = model.distill("linear")
small.save("small.hortus")
sizes = [Path(name).stat().st_size / 1e6 for name in ("model.hortus", "small.hortus")]
print(f"{sizes[0]:.2f} MB, distilled {sizes[1]:.2f} MB")
print(f"expected ROC AUC of the small one {small.estimate_.score:.4f}")

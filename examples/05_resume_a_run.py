"""A run is a folder: fit into it, open it later, go on with it. A run that was killed goes on just the same.

    python examples/05_resume_a_run.py

On the command line: hortus fit --out RUN, hortus leaderboard RUN, hortus resume RUN --time 60.
"""

import os
import tempfile
from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from hortus import AutoClassifier
from hortus.run import open_run, resume

SECONDS = float(os.environ.get("HORTUS_EXAMPLE_SECONDS", "20"))

X, y = load_wine(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

with tempfile.TemporaryDirectory() as place:
    folder = Path(place) / "wine"
    quick = ["linear", "svm", "extra_trees"]
    first = AutoClassifier(time_budget=SECONDS / 2, models=quick, run_folder=folder, random_state=0, verbosity=0)
    first.fit(X_train, y_train)
    before = open_run(folder)
    print(f"{len(before.rows)} trials, log loss {-before.score:.4f}; it ended because: {before.why}")

    # Nothing but the folder is needed. What was tried is not tried again.
    after = resume(folder, time=SECONDS / 2)
    print(f"{len(after.rows)} trials, log loss {-after.score:.4f} after going on")
    print(after.leaderboard()[["trial", "model", "score", "weight", "state"]].head(5).to_string(index=False))

    accuracy = (after.model.predict(X_test) == y_test).mean()
    print(f"Accuracy on wines held out: {accuracy:.4f}")

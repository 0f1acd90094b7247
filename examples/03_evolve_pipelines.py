"""Evolve pipelines: trees of steps and models are crossed and mutated, and the fittest are bred further.

    python examples/03_evolve_pipelines.py

The example of the README with a smaller population. What ends first counts: the generations or the seconds.
"""

import os

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from hortus import AutoClassifier

SECONDS = float(os.environ.get("HORTUS_EXAMPLE_SECONDS", "45"))

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data, digits.target, train_size=0.75, test_size=0.25, random_state=0
)
model = AutoClassifier(
    strategy="evolution",
    generations=4,
    population_size=10,
    time_budget=SECONDS,
    metric="accuracy",
    random_state=0,
    verbosity=1,  # a bar that counts pipelines in a terminal, plain lines elsewhere
)
model.fit(X_train, y_train)

board = model.leaderboard()
print(f"{len(board)} pipelines; accuracy on images held out: {model.score(X_test, y_test):.4f}")
for pipeline, score, weight in board[["pipeline", "score", "weight"]].head(5).itertuples(index=False):
    print(f"  {score:.4f}  {pipeline}" + (f"  (weight {weight:.2f})" if weight else ""))

"""Strategies without the rest: each of Hortus's is a sampler that walks any Optuna study, here of a scikit-learn model.

    python examples/06_strategies_in_optuna.py

Writing a strategy of one's own is told in docs/add-a-strategy.md.
"""

import optuna
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from hortus.strategies import make_sampler

STRATEGIES = {"random": {}, "tpe": {}, "local": {}, "evolution": {"population_size": 10, "sample_size": 4}}

X, y = load_wine(return_X_y=True)


def worth(trial):
    """Accuracy of a support vector machine with the trial's settings."""
    kernel = trial.suggest_categorical("kernel", ["linear", "rbf"])
    settings = {"C": trial.suggest_float("C", 1e-4, 1e4, log=True), "kernel": kernel}
    if kernel == "rbf":
        settings["gamma"] = trial.suggest_float("gamma", 1e-5, 1e2, log=True)
    return cross_val_score(make_pipeline(StandardScaler(), SVC(**settings)), X, y, cv=3).mean()


optuna.logging.set_verbosity(optuna.logging.WARNING)
for name, options in STRATEGIES.items():
    study = optuna.create_study(direction="maximize", sampler=make_sampler(name, seed=0, options=options))
    study.optimize(worth, n_trials=40)
    print(f"{name:9}  {study.best_value:.4f} after {len(study.trials)} trials: {study.best_params}")

"""What each step and learner is called in a script, and where its definition stands."""

from __future__ import annotations

PARTS = "hortus.deploy.code.parts"
# What the names of a text's main directions begin with, after the column's own.
TEXT_DIRECTION = " direction "

# Name in the table of steps: module among the parts, and name there.
STEPS: dict[str, tuple[str, str]] = {
    "impute": ("clean", "Impute"),
    "onehot": ("encode", "OneHot"),
    "target": ("encode", "TargetMean"),
    "count": ("encode", "Count"),
    "ordinal": ("encode", "Ordinal"),
    "scale": ("scale", "Scale"),
    "common_scale": ("scale", "CommonScale"),
    "arithmetic": ("construct", "Arithmetic"),
    "crosses": ("construct", "Crosses"),
    "groups": ("construct", "Groups"),
    "select": ("select", "Select"),
    "variance": ("select", "Variance"),
    "pca": ("components", "Components"),
}
# Steps that draw random numbers, and steps that leave out the directions of texts.
SEEDED_STEPS = ("target", "scale", "arithmetic", "crosses", "groups", "select", "pca")
WITHOUT_TEXT = ("arithmetic", "groups")

LEARNERS: dict[str, tuple[str, str]] = {
    "baseline": ("baseline", "Baseline"),
    "tree": ("trees", "Tree"),
    "linear": ("linear", "Linear"),
    "neighbors": ("neighbors", "Neighbors"),
    "svm": ("svm", "SupportVectors"),
    "forest": ("trees", "Forest"),
    "extra_trees": ("trees", "ExtraTrees"),
    "lightgbm": ("lightgbm", "LightGBM"),
    "catboost": ("catboost", "CatBoost"),
    "xgboost": ("xgboost", "XGBoost"),
    "mlp": ("mlp", "MLP"),
}
SEEDED_LEARNERS = ("tree", "svm", "forest", "extra_trees", "lightgbm", "catboost", "xgboost", "mlp")
# Learners whose rounds were found in training.
ROUNDS = ("lightgbm", "catboost", "xgboost")

COLUMNS: dict[str, str] = {
    "numeric": "Number",
    "boolean": "YesNo",
    "categorical": "Category",
    "date": "Date",
    "text": "Text",
}

# The distribution that brings a module, where it has another name.
DISTRIBUTIONS: dict[str, str] = {"sklearn": "scikit-learn"}

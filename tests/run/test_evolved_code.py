"""What evolution grew, stacks and unions of features among it, leaves as a script that predicts the same."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from hortus.data.read import read_table
from hortus.deploy.code import export_code
from hortus.run import Settings, fit
from hortus.run.export import code_inputs


def test_an_evolved_pipeline_leaves_as_code(tmp_path: Path) -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    table = X.iloc[:, :6].assign(kind=y.map({0: "ill", 1: "well"}))
    table[:400].to_csv(tmp_path / "train.csv", index=False)
    table[400:].drop(columns="kind").to_csv(tmp_path / "new.csv", index=False)
    settings = Settings(
        strategy="evolution",
        strategy_options={"population_size": 10},
        trials=24,
        seed=1,
        folds=2,
        models=("linear", "tree", "neighbors"),
        executor="inline",
    )
    fit(tmp_path / "train.csv", "kind", settings, folder=tmp_path / "run")
    inputs = code_inputs(tmp_path / "run")
    grown = " ".join(member.name for member in inputs.predictor.members)
    assert "stack " in grown
    assert "union(" in grown
    script = export_code(inputs, tmp_path / "code")
    command = [sys.executable, str(script), *(str(tmp_path / f"{name}.csv") for name in ("train", "new", "out"))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    found = pd.read_csv(tmp_path / "out.csv")
    want = inputs.predictor.raw(read_table(tmp_path / "new.csv")[0])
    np.testing.assert_allclose(found[["P(ill)", "P(well)"]].to_numpy(), want, atol=1e-6)

"""A sparse matrix from fit to a stored model, never spread out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import hortus
from hortus import AutoClassifier, AutoRegressor
from hortus.data import sparse_rows
from hortus.data.dataset import Dataset
from hortus.deploy.container import export_container
from hortus.deploy.onnx import refusals
from hortus.errors import HortusError, SchemaError, SettingError
from hortus.explain.dependence import partial_dependence
from hortus.explain.importance import permutation_importance
from hortus.run import resume
from hortus.run.export import export_run_code
from hortus.run.notebook import export_notebook

MODELS = ("linear", "lightgbm")
SIGNAL = slice(300, 305)


def _table(seed: int = 0) -> tuple[sparse.csr_array, np.ndarray]:
    """400 rows of 600 columns, whose signal lies in columns too rare to be among the dense ones."""
    rng = np.random.default_rng(seed)
    X = (rng.random((400, 600)) < np.where(np.arange(600) < 200, 0.3, 0.1)) * 1.0
    y = X[:, SIGNAL].any(axis=1).astype(int)
    return sparse.csr_array(X), y


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> AutoClassifier:
    X, y = _table()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse_rows, "MOST_SPREAD", 10_000)
        folder = tmp_path_factory.mktemp("run") / "sparse"
        model = AutoClassifier(
            trials=2,
            models=MODELS,
            folds=2,
            n_jobs=1,
            executor="inline",
            random_state=0,
            verbosity=0,
            run_folder=folder,
        )
        return model.fit(X, y)


def test_the_matrix_is_kept_sparse_and_learned_from(fitted: AutoClassifier) -> None:
    X, y = _table(1)
    data = Dataset.load(Path(fitted.run_folder) / "data")
    assert data.X.text is not None
    assert (data.X.text.shape, data.X.wide) == ((400, 600), True)
    assert data.X.dense.shape[1] < 200
    assert set(fitted.leaderboard()["model"]) == set(MODELS)
    assert np.mean(fitted.predict(X) == y) > 0.7
    assert "sparse-kept" in {note.code for note in fitted.notes_}


def test_every_form_of_the_same_rows_is_predicted_alike(fitted: AutoClassifier) -> None:
    X, _ = _table(1)
    expected = fitted.predict_proba(X)
    for rows in (X.tocoo(), X.tocsc(), sparse.csr_matrix(X), X.toarray()):
        np.testing.assert_array_equal(fitted.predict_proba(rows), expected)
    np.testing.assert_allclose(fitted.predict_proba(X[[7]])[0], expected[7], atol=1e-12)


def test_a_stored_model_predicts_the_same(fitted: AutoClassifier, tmp_path: Path) -> None:
    X, _ = _table(1)
    fitted.save(tmp_path / "model.hortus")
    loaded = hortus.load(tmp_path / "model.hortus")
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    with pytest.raises(SchemaError, match="had 600"):
        loaded.predict(X[:, :599])


def test_a_run_goes_on(fitted: AutoClassifier) -> None:
    result = resume(Path(fitted.run_folder), trials=1)
    assert len(result.leaderboard()) == 3


def test_the_matrix_is_explained_as_a_whole(fitted: AutoClassifier) -> None:
    evidence = fitted.evidence()
    found = permutation_importance(evidence, repeats=1)
    assert found.columns == ("matrix",)
    assert found.mean[0] > 0.05
    with pytest.raises(SettingError, match="rows of a sparse matrix, which has no values"):
        partial_dependence(evidence, "matrix")


def test_what_has_no_form_for_a_matrix_says_so(fitted: AutoClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model.hortus")
    assert [(one.name, one.reason[:15]) for one in refusals(fitted.predictor_)] == [
        ("column 'matrix'", "a sparse matrix")
    ]
    with pytest.raises(HortusError, match="a sparse matrix, which a script"):
        export_run_code(Path(fitted.run_folder), tmp_path / "code")
    with pytest.raises(HortusError, match="no form as columns of a Parquet file"):
        list(export_notebook(Path(fitted.run_folder), tmp_path / "notebook"))
    (tmp_path / "container").mkdir()
    with pytest.raises(SettingError, match="cannot be asked for by the names"):
        export_container(tmp_path / "model.hortus", tmp_path / "container")


@pytest.mark.rotated
def test_a_report_is_written(fitted: AutoClassifier, tmp_path: Path) -> None:
    found = fitted.report(tmp_path / "report.html", seconds=2)
    assert "matrix" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert found.dependence == ()


def test_values_are_predicted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_rows, "MOST_SPREAD", 10_000)
    X, _ = _table()
    y = X[:, SIGNAL].sum(axis=1) * 10.0
    model = AutoRegressor(
        trials=1, models=["lightgbm"], folds=2, n_jobs=1, executor="inline", random_state=0, verbosity=0
    ).fit(X, y)
    assert model.score(X, y) > 0.6

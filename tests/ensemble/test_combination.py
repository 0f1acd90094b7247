"""Stacking and calibration: right by closed forms, kept only when they pay, honest about what they are worth."""

import time

import numpy as np
import pytest

from hortus.data.metrics import make_metric
from hortus.ensemble.calibration import Temperature, fit_temperature
from hortus.ensemble.combination import average, combine
from hortus.ensemble.gain import gain
from hortus.ensemble.isotonic import Isotonic
from hortus.ensemble.reduced import reduce
from hortus.ensemble.selection import select
from hortus.ensemble.stacking import Stacking, fit_classes, fit_values, softmax
from hortus.errors import ArtifactError

RMSE = make_metric("rmse", "regression", ())
AUC = make_metric("roc_auc", "binary", (0, 1))
LOSS = make_metric("log_loss", "multiclass", (0, 1, 2))


def three_classes(rows, seed, power=1.0, noise=1.0, models=4):
    """Calibrated opinions of three classes, and the classes drawn from their pool, raised to a power."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, 3)) * 1.5
    y = np.array([rng.choice(3, p=p) for p in softmax(z)])
    return [softmax(power * (z + noise * rng.normal(size=z.shape))) for _ in range(models)], y


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("log_loss", "binary"),
        ("roc_auc", "binary"),
        ("average_precision", "binary"),
        ("f1", "binary"),
        ("accuracy", "binary"),
        ("brier", "binary"),
        ("roc_auc_ovr", "multiclass"),
        ("log_loss", "multiclass"),
        ("f1_macro", "multiclass"),
        ("rmse", "regression"),
        ("mse", "regression"),
        ("mae", "regression"),
        ("r2", "regression"),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_reduced_predictions_score_as_whole_ones(name, kind, weighted):
    rng = np.random.default_rng(5)
    K = {"binary": 2, "multiclass": 4, "regression": 0}[kind]
    y = rng.integers(0, K, 200) if K else rng.normal(size=200)
    # Rounded, so that there are ties.
    models = [np.round(softmax(rng.normal(size=(200, K))), 2) if K else rng.normal(size=200) for _ in range(3)]
    models = [p / p.sum(axis=1, keepdims=True) if K else p for p in models]
    weight = rng.random(200) if weighted else None
    metric = make_metric(name, kind, tuple(range(K)))
    stack, score_many = reduce(models, y, metric, weight)
    whole = [metric(y, p, weight) for p in (*models, sum(models) / 3)]
    np.testing.assert_allclose([*score_many(stack), score_many(stack.mean(axis=0)[None])[0]], whole, atol=1e-12)


def test_forty_models_are_selected_from_in_about_a_second():
    rng = np.random.default_rng(6)
    y = (rng.random(20_000) < 0.4).astype(int)
    raw = [1 / (1 + np.exp(1 - 2 * y - s * rng.normal(size=20_000))) for s in np.linspace(0.8, 3, 40)]
    models = [np.column_stack([1 - p, p]) for p in raw]
    begin = time.process_time()
    weights = select(models, y, AUC)
    assert time.process_time() - begin < 3  # about 0.6 s where nothing else runs
    assert AUC(y, average(models, weights)) > AUC(y, models[0])


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "accuracy"])
def test_many_random_models_do_not_fool_the_blend(name):
    metric = make_metric(name, "binary", (0, 1))
    losses = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        y, fresh = rng.integers(0, 2, 400), rng.integers(0, 2, 5000)

        def models(truth, rng=rng):
            good = np.clip(0.5 + 0.25 * (truth - 0.5) + 0.2 * rng.normal(size=len(truth)), 0.05, 0.95)
            noisy = [rng.uniform(0.05, 0.95, len(truth)) for _ in range(200)]
            return [np.column_stack([1 - p, p]) for p in (good, *noisy)]

        seen, later = models(y), models(fresh)
        best = int(np.argmax([metric(y, p) for p in seen]))
        chosen = combine(seen, y, metric, seed=seed)
        losses.append(metric(fresh, later[best]) - metric(fresh, apply(chosen, later)))
    assert np.mean(losses) < 0.02


def apply(chosen, predictions):
    """What a combination makes of other rows."""
    used = [predictions[i] for i in np.flatnonzero(chosen.weights)]
    found = average(predictions, chosen.weights) if chosen.stacking is None else chosen.stacking.combine(used)
    return found if chosen.calibration is None else chosen.calibration.apply(found)


def test_two_values_are_weighed_as_the_closed_form_says():
    rng = np.random.default_rng(7)
    y = 5 + rng.normal(size=400)
    P = np.column_stack([0.6 * y + rng.normal(size=400), y + 0.5 * rng.normal(size=400)])
    weight = rng.random(400)
    found = fit_values(list(P.T), y, start=np.array([0.5, 0.5]), weight=weight, ridge=0.0)
    A = np.column_stack([np.ones(400), P]) * np.sqrt(weight)[:, None]
    expected = np.linalg.solve(A.T @ A, A.T @ (y * np.sqrt(weight)))
    np.testing.assert_allclose([found.bias[0], *found.weights], expected, rtol=1e-8)
    # The closed form of a model that only harms is negative; it gets nothing.
    harmful = fit_values([P[:, 1], P[:, 1] - y], y, start=np.array([1.0, 0.0]), ridge=0.0)
    assert min(harmful.weights) == 0


def test_a_strong_pull_keeps_the_weights_it_starts_from():
    opinions, y = three_classes(300, 8)
    start = np.array([0.4, 0.3, 0.2, 0.1])
    found = fit_classes(opinions, y, start=start, ridge=1e9, bias_ridge=1e9)
    np.testing.assert_allclose(found.weights, start, atol=1e-5)
    np.testing.assert_allclose(found.bias, 0, atol=1e-5)


def test_a_stack_of_opinions_is_where_log_loss_has_no_slope():
    opinions, y = three_classes(400, 9)
    found = fit_classes(opinions, y, start=np.full(4, 0.25), ridge=0.0, bias_ridge=0.0)

    def loss(weights, bias):
        return LOSS(y, Stacking(tuple(weights), tuple(bias)).combine(opinions))

    best = loss(found.weights, found.bias)
    for i in range(4):
        for step in (-0.02, 0.02):
            weights = np.array(found.weights)
            weights[i] = max(0, weights[i] + step)
            assert loss(weights, found.bias) <= best + 1e-7


def test_the_temperature_of_doubled_logits_is_undone():
    rng = np.random.default_rng(10)
    z = rng.normal(size=(60_000, 3)) * 1.5
    p = softmax(z)
    y = (rng.random(60_000)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    plain, doubled = fit_temperature(p, y).power, fit_temperature(softmax(2 * z), y).power
    assert doubled == pytest.approx(0.5, abs=0.01)
    # But for the pull towards 1, which so many rows hardly feel.
    assert doubled == pytest.approx(plain / 2, abs=2e-4)
    np.testing.assert_allclose(Temperature(0.5).apply(softmax(2 * z)), p, atol=1e-12)


def test_a_few_rows_without_an_error_do_not_make_a_model_sure():
    p = np.full((90, 2), 0.1)
    y = np.arange(90) % 2
    p[np.arange(90), y] = 0.9
    assert 1 < fit_temperature(p, y).power < 1.6


@pytest.mark.parametrize("power", [0.25, 0.7, 1.6, 4.0])
def test_temperature_leaves_every_order_of_two_classes_as_it_was(power):
    rng = np.random.default_rng(11)
    p = np.concatenate([rng.random(3000), [0.0, 0.5, 1.0, 1e-12]]).astype(np.float32)
    both = np.column_stack([1 - p, p]).astype(np.float64)
    after = Temperature(power).apply(both)
    y = rng.integers(0, 2, len(p))
    assert AUC(y, after) == pytest.approx(AUC(y, both), abs=1e-6)
    assert (np.diff(after[np.argsort(p, kind="stable"), 1]) >= 0).all()
    assert (after.argmax(axis=1) == both.argmax(axis=1)).all()
    np.testing.assert_allclose(after.sum(axis=1), 1)


def test_too_sure_opinions_are_calibrated_and_the_score_is_honest():
    opinions, y = three_classes(2000, 12, power=2.5)
    later, truth = three_classes(6000, 13, power=2.5)
    greedy = average(later, select(opinions, y, LOSS))
    chosen = combine(opinions, y, LOSS)
    assert chosen.stacking is not None or chosen.calibration is not None
    fresh = LOSS(truth, apply(chosen, later))
    assert fresh > LOSS(truth, greedy) + 0.01
    assert LOSS(y, chosen.predictions) == pytest.approx(fresh, abs=0.03)


def test_opinions_bent_as_no_temperature_can_mend_get_a_curve():
    rng = np.random.default_rng(17)
    p = rng.beta(0.6, 1.2, 4000)
    y = (rng.random(4000) < p).astype(int)
    bent = [p**3 / (p**3 + 0.3 * (1 - p) * np.exp(0.1 * rng.normal(size=4000))) for _ in range(2)]
    chosen = combine([np.column_stack([1 - b, b]) for b in bent], y, AUC, folds=np.arange(4000) % 5)
    assert isinstance(chosen.calibration, Isotonic)
    assert abs(chosen.predictions[:, 1] - p).mean() < 0.04


def test_values_off_by_a_scale_are_stacked():
    rng = np.random.default_rng(14)
    y = 10 + rng.normal(size=1500)
    models = [1.4 * y + s * rng.normal(size=1500) for s in (0.3, 0.4, 0.5)]
    chosen = combine(models, y, RMSE)
    assert chosen.stacking is not None
    assert RMSE(y, chosen.predictions) > -0.3
    # As honest as told: the predictions are not those of the fit on all rows.
    assert not np.allclose(chosen.predictions, apply(chosen, models), atol=1e-12)


@pytest.mark.parametrize("rows", [60, 300])
def test_on_noise_it_is_no_worse_than_greedy(rows):
    worse = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        y, truth = rng.normal(size=rows), rng.normal(size=4000)
        scales = rng.uniform(0.8, 1.5, 12)
        models, later = ([t + s * rng.normal(size=len(t)) for s in scales] for t in (y, truth))
        greedy = average(later, select(models, y, RMSE))
        worse.append(RMSE(truth, greedy) - RMSE(truth, apply(combine(models, y, RMSE), later)))
    assert np.mean(worse) < 0.02


def test_the_error_of_a_gain_is_that_of_other_rows():
    def made(seed):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=500)
        return gain(RMSE, y, y + 0.5 * rng.normal(size=500), y + 0.52 * rng.normal(size=500))

    found = np.array([made(seed) for seed in range(200)])
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.2)


def test_a_deadline_that_has_passed_leaves_the_first_model_added():
    opinions, y = three_classes(3000, 15)
    begin = time.monotonic()
    chosen = combine(opinions, y, LOSS, deadline=begin)
    assert time.monotonic() - begin < 3
    assert np.count_nonzero(chosen.weights) == 1
    assert chosen.stacking is None
    assert chosen.calibration is None


def test_it_comes_out_the_same_each_time_and_under_folds():
    opinions, y = three_classes(400, 16, power=2)
    folds = np.arange(400) % 4
    first, second = (combine(opinions, y, LOSS, folds=folds, seed=3) for _ in range(2))
    assert first.stacking == second.stacking
    assert first.calibration == second.calibration
    np.testing.assert_array_equal(first.predictions, second.predictions)


@pytest.mark.parametrize(
    "state",
    [
        {"weights": [0.5], "bias": [0.0, 0.0]},
        {"weights": [0.5, -0.1], "bias": [0.0, 0.0]},
        {"weights": [0.5, 0.5], "bias": [0.0]},
        {"weights": [0.5, float("nan")], "bias": [0.0, 0.0]},
        {"weights": [0.5, "x"], "bias": [0.0, 0.0]},
        {"weights": None, "bias": [0.0, 0.0]},
    ],
)
def test_a_damaged_stack_is_refused(state):
    with pytest.raises(ArtifactError):
        Stacking.from_json(state, models=2, classes=2)


@pytest.mark.parametrize("power", [0.0, -1.0, float("inf"), 1e9, None, True, "2"])
def test_a_damaged_temperature_is_refused(power):
    with pytest.raises(ArtifactError):
        Temperature.from_json({"power": power})

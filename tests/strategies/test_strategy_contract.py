import optuna
import pytest

from hortus.strategies import STRATEGIES, make_sampler
from hortus.testing.strategies import StrategyContract, conditional

optuna.logging.set_verbosity(optuna.logging.WARNING)

# Small populations, so that a short run is past its random beginning.
OPTIONS = {
    "evolution": {"population_size": 8},
    "nsga2": {"population_size": 8},
    "local": {"starts": 4},
    "tpe": {"n_startup_trials": 6},
    "gp": {"n_startup_trials": 5},
    "predictor": {"starts": 5, "mutants": 30, "strangers": 10},
    # As a run fills it in; the contract's own spaces are no networks.
    "differentiable": {"proposals": [{"kind": "b", "x": 1.0}, {"kind": "a"}]},
    "reinforcement": {"batch": 4, "epochs": 2, "size": 8},
}


class TestEveryStrategy(StrategyContract):
    @pytest.fixture(params=sorted(set(STRATEGIES) - {"gp"}))
    def make(self, request):
        return lambda seed: make_sampler(request.param, seed=seed, options=OPTIONS.get(request.param))


class TestGaussianProcess(StrategyContract):
    trials = 7
    objectives = (conditional,)

    @pytest.fixture
    def make(self):
        pytest.importorskip("torch")
        return lambda seed: make_sampler("gp", seed=seed, options=OPTIONS["gp"])

from optuna.trial import TrialState

from hortus.engine.journal import TrialRow
from hortus.run.finish import MOST, leading


def rows(*models):
    return [
        TrialRow(number, TrialState.COMPLETE, {"model": model}, -float(number)) for number, model in enumerate(models)
    ]


def test_an_ensemble_is_chosen_from_the_best_and_from_two_of_each_learner_however_weak():
    ranked = rows(*["svm"] * (MOST + 5), "linear", "svm", "linear", "linear", "forest")
    numbers = [row.number for row in leading(ranked)]
    assert numbers == [*range(MOST), MOST + 5, MOST + 7, MOST + 9]


def test_a_tree_of_pipelines_is_known_by_the_learner_at_its_root():
    tree = TrialRow(0, TrialState.COMPLETE, {"root/model": "svm", "root/0/kind": "stack", "root/0/0/model": "forest"})
    assert tree.model == "svm"

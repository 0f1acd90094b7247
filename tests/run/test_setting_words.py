"""Settings in plain words: every name that a run can be set to has some."""

import pytest

from hortus.evaluation import EVALUATORS
from hortus.run.setting_words import EVALUATOR_WORDS, PRUNER_WORDS, SPACE_WORDS, STRATEGY_WORDS
from hortus.spaces import SPACES
from hortus.strategies import STRATEGIES
from hortus.strategies.halving import PRUNERS


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["auto", *STRATEGIES], STRATEGY_WORDS),
        (["auto", *SPACES], SPACE_WORDS),
        (list(EVALUATORS), EVALUATOR_WORDS),
        (["auto", *PRUNERS], PRUNER_WORDS),
    ],
    ids=["strategies", "spaces", "evaluators", "pruners"],
)
def test_every_name_has_words_and_no_words_are_of_nothing(names, words):
    assert sorted(words) == sorted(names)
    assert all(said and said not in names for said in words.values())

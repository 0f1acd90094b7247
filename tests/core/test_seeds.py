import numpy as np

from hortus.seeds import derive, stream


def test_streams_of_different_names_are_independent():
    draws = np.stack([stream(0, "trial", i).random(200) for i in range(50)])
    correlations = np.corrcoef(draws)[np.triu_indices(50, 1)]
    assert abs(correlations.mean()) < 0.01
    assert len({derive(0, "trial", i) for i in range(10_000)}) == 10_000


def test_names_do_not_run_together():
    assert derive(0, "a", "b") != derive(0, "ab")
    assert derive(1, 2) != derive(12)


def test_the_global_state_is_untouched():
    before = np.random.get_state()[1].copy()
    stream(3, "x").random(10)
    assert (np.random.get_state()[1] == before).all()

from hortus.engine.shelf import Shelf
from hortus.evaluation.base import Artifact, Evaluation


def evaluated(folder, number):
    path = f"{number}.models.zip"
    (folder / path).write_bytes(b"x")
    return Evaluation((), 0.0, 0.0, 0.0, 0.0, (Artifact("models", path, "", 1),))


def kept(folder):
    return sorted(int(path.name.partition(".")[0]) for path in folder.iterdir())


def test_only_the_best_are_kept_and_earlier_ones_of_equals(tmp_path):
    shelf = Shelf(tmp_path, room=1)
    for number, score in enumerate([0.5, 0.9, 0.9, 0.1, 0.9, 0.7]):
        shelf.put(number, score, evaluated(tmp_path, number))
    assert kept(tmp_path) == [1, 2, 4]
    shelf.put(6, 0.9, evaluated(tmp_path, 6))
    assert kept(tmp_path) == [1, 2, 4]


def test_the_best_two_of_a_weak_family_stay_whatever_else_comes(tmp_path):
    shelf = Shelf(tmp_path, room=3)
    for number, score in enumerate([0.2, 0.3, 0.1, 0.4]):
        shelf.put(number, score, evaluated(tmp_path, number), family="weak")
    for number in range(4, 14):
        shelf.put(number, 0.9, evaluated(tmp_path, number), family="strong")
    assert kept(tmp_path) == [1, 3, 4, 5, 6, 7, 8]
    assert shelf.bytes_of_best(5) == 5
    assert shelf.bytes_of_best(50) == 7

from hortus.engine.shelf import Shelf
from hortus.evaluation.base import Artifact, Evaluation


def evaluated(folder, number):
    path = f"{number}.models.zip"
    (folder / path).write_bytes(b"x")
    return Evaluation((), 0.0, 0.0, 0.0, 0.0, (Artifact("models", path, "", 1),))


def test_only_the_best_are_kept_and_earlier_ones_of_equals(tmp_path):
    shelf = Shelf(tmp_path, room=2)
    for number, score in enumerate([0.5, 0.9, 0.9, 0.1, 0.7]):
        shelf.put(number, score, evaluated(tmp_path, number))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.models.zip", "2.models.zip"]
    shelf.put(5, 0.9, evaluated(tmp_path, 5))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.models.zip", "2.models.zip"]

"""Spaces of one's own, in a module that worker processes can import."""


def net(trial):
    from torch import nn

    width = trial.suggest_int("width", 4, 12)
    kernel = trial.suggest_categorical("kernel", [1, 3])
    layers = [nn.Conv2d(1, width, kernel), nn.BatchNorm2d(width), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10)]
    return nn.Sequential(*layers)


def rows(trial, facts):
    from torch import nn

    width = trial.suggest_int("width", 8, 32)
    return nn.Sequential(nn.Linear(facts.channels, width), nn.ReLU(), nn.Linear(width, facts.classes))


def fragile(trial):
    from torch import nn

    if trial.suggest_categorical("breaks", [False, True]):
        raise ValueError("this one cannot be made")
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(10))


def peeking(trial):
    """It looks into its numbers, which shapes alone do not have."""
    from torch import nn

    first = nn.Linear(64, trial.suggest_int("width", 4, 8))
    assert float(first.weight.sum()) < 1e9
    return nn.Sequential(nn.Flatten(), first, nn.Linear(first.out_features, 5 + trial.suggest_int("more", 5, 5)))

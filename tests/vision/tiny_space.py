"""A space of one to three convolutions, small enough for tests."""

from dataclasses import dataclass

from hortus.spaces.base import Space


@dataclass(frozen=True)
class Chain:
    layers: int
    width: int
    kernel: int

    def describe(self):
        return f"{self.layers} x conv{self.kernel} of {self.width}"

    def build(self, input_shape, classes):
        from torch import nn

        channels, made = input_shape[0], []
        for _ in range(self.layers):
            made += [nn.Conv2d(channels, self.width, self.kernel, padding=self.kernel // 2, bias=False)]
            made += [nn.BatchNorm2d(self.width), nn.ReLU()]
            channels = self.width
        return nn.Sequential(*made, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * channels, classes))

    def scaled(self, *, width=1.0, depth=1.0):
        return Chain(max(1, round(depth * self.layers)), max(4, round(width * self.width)), self.kernel)


class TinySpace(Space):
    name = "tiny"

    def __init__(self, facts, *, widest=24):
        self.facts = facts
        self.widest = widest

    def __call__(self, trial):
        return Chain(
            trial.suggest_int("layers", 1, 3),
            trial.suggest_int("width", 8, self.widest, step=8),
            trial.suggest_categorical("kernel", (1, 3)),
        )

    def to_json(self):
        return {"name": self.name, "widest": self.widest}

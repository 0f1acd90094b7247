"""A recurrent controller: answers questions one after the other, each in view of the answers before it.

Zoph and Le 2017, "Neural Architecture Search with Reinforcement Learning" (ICLR); Pham et al. 2018 (ENAS). One LSTM
layer; its input at a question is the question's embedding plus that of the last answer, and a layer of the
question's own turns the hidden state into the answers' logits. Weights of a question come into being when it is first
asked, from its name alone, so that the order of asking does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hortus.seeds import stream

Vector = NDArray[np.float64]
Weights = dict[str, Vector]

# As in ENAS; small enough that the first answers are nearly uniform.
SPREAD = 0.1


class Step(NamedTuple):
    """One question and its answer.

    Attributes:
        name: of the question.
        answers: K, how many there are.
        chosen: the place of the one given, 0 to K - 1.
    """

    name: str
    answers: int
    chosen: int


class State(NamedTuple):
    """What the controller remembers of the answers so far: hidden h (H,), memory c (H,), and the last answer."""

    h: Vector
    c: Vector
    last: Step | None


class _Trace(NamedTuple):
    """What one step of the forward pass leaves for the backward pass."""

    step: Step
    last: Step | None
    entered: Vector  # (2H,) input and hidden state.
    gates: tuple[Vector, Vector, Vector, Vector]  # i, f, o through the logistic function, g through tanh.
    c_before: Vector
    c: Vector
    h: Vector
    logs: Vector  # (K,) log-probabilities.


@dataclass
class Controller:
    """The controller's weights, and Adam's moments of them (Kingma and Ba 2015).

    Attributes:
        size: H, of the hidden state and of the embeddings.
        weights: by name.
        first: moving mean of each gradient.
        second: moving mean of its square.
        updates: how many Adam has made.
    """

    size: int
    weights: Weights = field(default_factory=dict)
    first: Weights = field(default_factory=dict)
    second: Weights = field(default_factory=dict)
    updates: int = 0

    def copy(self) -> Controller:
        """One that shares nothing with this one."""
        first, second = ({name: value.copy() for name, value in of.items()} for of in (self.first, self.second))
        weights = {name: value.copy() for name, value in self.weights.items()}
        return Controller(self.size, weights, first, second, self.updates)

    def _of(self, name: str, *shape: int) -> Vector:
        if name not in self.weights:
            self.weights[name] = stream(0, "controller", name).uniform(-SPREAD, SPREAD, shape)
        return self.weights[name]

    @property
    def start(self) -> State:
        """Before the first question."""
        return State(np.zeros(self.size), np.zeros(self.size), None)

    def ask(self, state: State, name: str, answers: int) -> Vector:
        """(K,) the probabilities of the answers to a question."""
        found: Vector = np.exp(self._forward(state, Step(name, answers, 0)).logs)
        return found

    def told(self, state: State, step: Step) -> State:
        """The state after an answer."""
        trace = self._forward(state, step)
        return State(trace.h, trace.c, step)

    def _forward(self, state: State, step: Step) -> _Trace:
        size = self.size
        entered = np.empty(2 * size)
        entered[:size] = self._of(f"question {step.name}", size)
        if state.last is not None:
            entered[:size] += self._of(f"answer {state.last.name}", state.last.answers, size)[state.last.chosen]
        entered[size:] = state.h
        z = entered @ self._of("lstm", 2 * size, 4 * size) + self._of("lstm bias", 4 * size)
        i, f, o = 1.0 / (1.0 + np.exp(-z[: 3 * size].reshape(3, size)))
        g = np.tanh(z[3 * size :])
        c = f * state.c + i * g
        h = o * np.tanh(c)
        logits = h @ self._of(f"head {step.name}", size, step.answers) + self._of(f"bias {step.name}", step.answers)
        logits = logits - logits.max()
        logs = logits - np.log(np.exp(logits).sum())
        return _Trace(step, state.last, entered, (i, f, o, g), state.c, c, h, logs)

    def log_probabilities(self, steps: Sequence[Step]) -> Vector:
        """(T,) of the answers given."""
        return np.array([trace.logs[trace.step.chosen] for trace in self._traces(steps)])

    def _traces(self, steps: Sequence[Step]) -> list[_Trace]:
        state, traces = self.start, []
        for step in steps:
            traces.append(self._forward(state, step))
            state = State(traces[-1].h, traces[-1].c, step)
        return traces

    def gradient(
        self, steps: Sequence[Step], advantage: float, old: Vector, *, clip: float, entropy: float
    ) -> tuple[float, Weights]:
        """The loss of one sequence of answers, and its gradient.

        Schulman et al. 2017, "Proximal Policy Optimization", equation 7, with an entropy bonus: the sum over t of
        -min(r_t A, clip(r_t, 1 - e, 1 + e) A) - b H_t, r_t the ratio of the answer's probability to its old one. While
        the old ones are the controller's own, this is the gradient of REINFORCE (Williams 1992).

        Args:
            steps: T of them.
            advantage: A, by how much the sequence's reward is above what was expected.
            old: (T,) log-probabilities of the answers when the ratio was 1.
            clip: e.
            entropy: b.
        """
        size, loss = self.size, 0.0
        gradient: Weights = {}

        def into(name: str) -> Vector:
            return gradient.setdefault(name, np.zeros_like(self.weights[name]))

        dh, dc = np.zeros(size), np.zeros(size)
        for trace, before in reversed(list(zip(self._traces(steps), old, strict=True))):
            step, p = trace.step, np.exp(trace.logs)
            ratio = float(np.exp(trace.logs[step.chosen] - before))
            clipped = min(max(ratio, 1.0 - clip), 1.0 + clip)
            h_t = float(-(p * trace.logs).sum())
            loss -= min(ratio * advantage, clipped * advantage) + entropy * h_t
            # dH/dlogits = -p (log p + H).
            d_logits = entropy * p * (trace.logs + h_t)
            if ratio * advantage <= clipped * advantage:
                d_logits += advantage * ratio * p
                d_logits[step.chosen] -= advantage * ratio
            into(f"head {step.name}")[...] += np.outer(trace.h, d_logits)
            into(f"bias {step.name}")[...] += d_logits
            dh = dh + self.weights[f"head {step.name}"] @ d_logits
            i, f, o, g = trace.gates
            tanh_c = np.tanh(trace.c)
            dc = dc + dh * o * (1.0 - tanh_c**2)
            parts = (dc * g * i * (1.0 - i), dc * trace.c_before * f * (1.0 - f), dh * tanh_c * o * (1.0 - o))
            dz = np.concatenate([*parts, dc * i * (1.0 - g**2)])
            into("lstm")[...] += np.outer(trace.entered, dz)
            into("lstm bias")[...] += dz
            d_entered = self.weights["lstm"] @ dz
            into(f"question {step.name}")[...] += d_entered[:size]
            if trace.last is not None:
                into(f"answer {trace.last.name}")[trace.last.chosen] += d_entered[:size]
            dh, dc = d_entered[size:], dc * f
        return loss, gradient

    def update(self, gradient: Mapping[str, Vector], rate: float) -> None:
        """One step of Adam down ``gradient``; weights that it does not name stay."""
        self.updates += 1
        for name, g in gradient.items():
            first = self.first.setdefault(name, np.zeros_like(g))
            second = self.second.setdefault(name, np.zeros_like(g))
            first += 0.1 * (g - first)
            second += 0.001 * (g**2 - second)
            mean = first / (1.0 - 0.9**self.updates)
            square = second / (1.0 - 0.999**self.updates)
            self.weights[name] -= rate * mean / (np.sqrt(square) + 1e-8)

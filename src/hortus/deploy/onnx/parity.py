"""Whether the graph says what the model says: both asked about the same rows, and the differences counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.deploy.onnx.encoder import Input, feeds
from hortus.deploy.onnx.graph import EXTRA
from hortus.ensemble.predictor import Predictor
from hortus.libraries import require

# The most that any row may differ by: in probability, or in standard deviations of a regression's predictions.
TOLERANCE = 1e-4
LEVELS = (1e-6, 1e-5, 1e-3)
BATCH = 256
# Rows that stress cases are made of.
STRESSED = 20
UNSEEN = "Of NO row, 0%!"


@dataclass(frozen=True)
class Parity:
    """Differences between a model and its graph.

    Attributes:
        rows: compared.
        unit: that differences are told in: 1 for probabilities, the predictions' standard deviation for a regression.
        greatest: difference of any row, in units.
        within: the share of rows that differ by no more than 1e-6, 1e-5 and 1e-3 units.
        equal_labels: the share of rows with the same label; None for a regression.
        strayed: rows whose label is not what the model would make of the graph's own probabilities.
        stress_rows: further rows, made of some of them: all cells missing, every other cell missing, unseen categories.
        stress_greatest: difference of any of those, in units.
        tolerance: the most that any row may differ by, in units.
    """

    rows: int
    unit: float
    greatest: float
    within: dict[str, float]
    equal_labels: float | None
    strayed: int
    stress_rows: int
    stress_greatest: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every row lies within the tolerance (a number that is none does not), and no label strays."""
        return self.greatest <= self.tolerance and self.stress_greatest <= self.tolerance and not self.strayed

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "passed": self.passed}

    def to_markdown(self) -> str:
        """For a person."""
        what = "probability" if self.equal_labels is not None else f"value, in units of {self.unit:.6g}"
        lines = [
            "# Does model.onnx say what the model says?",
            "",
            f"{'Yes' if self.passed else 'No'}. Both predicted the same {self.rows} rows of the table; the greatest "
            f"difference in {what} is {self.greatest:.2g}, and {self.tolerance:.2g} is allowed.",
            "",
            "| | |",
            "|---|---|",
            *(f"| rows within {level} | {share:.4%} |" for level, share in self.within.items()),
        ]
        if self.equal_labels is not None:
            lines.append(f"| rows with the same label | {self.equal_labels:.4%} |")
        lines += [
            f"| greatest difference | {self.greatest:.3g} |",
            f"| greatest difference on {self.stress_rows} rows with cells missing or unknown | "
            f"{self.stress_greatest:.3g} |",
            "",
        ]
        return "\n".join(lines)


def session(model: bytes) -> Any:
    """The graph, ready to run on one thread."""
    runtime = require("onnxruntime", EXTRA)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def compare(predictor: Predictor, running: Any, inputs: list[Input], rows: pd.DataFrame, tolerance: float) -> Parity:
    """Ask both.

    Args:
        predictor: the model.
        running: the graph's session.
        inputs: of the graph.
        rows: (n, p) as the user's table has them, n > 0.
        tolerance: in units.
    """
    canonical = predictor.schema.apply(rows)[0].reset_index(drop=True)
    stress = _stress(canonical.head(STRESSED), inputs)
    expected, hard = predictor.raw_canonical(canonical), predictor.raw_canonical(stress)
    unit = 1.0
    if expected.ndim == 1:
        unit = float(np.std(expected)) or float(np.abs(expected).max()) or 1.0
    labels, found = _asked(running, inputs, canonical)
    off = _differences(expected, found) / unit
    equal: float | None = None
    strayed = 0
    if expected.ndim == 2:
        equal = float((labels == predictor.decide(expected)).mean())
        strayed = int((labels != predictor.decide(found)).sum())
    return Parity(
        rows=len(canonical),
        unit=unit,
        greatest=float(off.max()),
        within={f"{level:.0e}": float((off <= level).mean()) for level in LEVELS},
        equal_labels=equal,
        strayed=strayed,
        stress_rows=len(stress),
        stress_greatest=float((_differences(hard, _asked(running, inputs, stress)[1]) / unit).max()),
        tolerance=tolerance,
    )


def _asked(running: Any, inputs: list[Input], canonical: pd.DataFrame) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Labels and probabilities; of a regression the values twice."""
    batches = range(0, len(canonical), BATCH)
    parts = [running.run(None, feeds(canonical.iloc[i : i + BATCH], inputs)) for i in batches]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[-1] for part in parts])


def _differences(expected: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the greatest of each row; NaN on one side alone is one that no tolerance allows."""
    off = np.where(expected == found, 0.0, np.abs(expected - found))
    greatest: NDArray[np.float64] = off.reshape(len(off), -1).max(axis=1)
    return greatest


def _stress(rows: pd.DataFrame, inputs: list[Input]) -> pd.DataFrame:
    """Rows that a table to predict may hold and the sample does not."""
    empty = rows.copy()
    odd = rows.copy()
    unseen = rows.copy()
    for position, which in enumerate(inputs):
        nothing: Any = None if which.type == "string" else np.datetime64("NaT", "us")
        if which.type == "double":
            nothing = np.nan
        empty[which.column] = _filled(rows[which.column], nothing)
        if position % 2:
            odd[which.column] = empty[which.column]
        if which.type == "string":
            unseen[which.column] = _filled(rows[which.column], UNSEEN)
    return pd.concat([empty.head(1), odd, unseen], ignore_index=True)


def _filled(column: pd.Series[Any], value: Any) -> pd.Series[Any]:
    array = column.to_numpy(copy=True)
    array[:] = value
    return pd.Series(array, index=column.index, dtype=column.dtype)

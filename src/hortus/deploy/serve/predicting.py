"""Rows of a request to predictions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.ranges import read_ranges
from hortus.deploy.serve.body import RefusedError
from hortus.deploy.serve.probing import probe, typical_row
from hortus.deploy.serve.remarks import Watch
from hortus.deploy.serve.replies import Problem, Refusal, Remark
from hortus.deploy.serve.row_model import MOST_PROBLEMS, RowReader
from hortus.deploy.serve.waiting import Waiting
from hortus.ensemble.predictor import Predictor

logger = logging.getLogger(__name__)


class Desk:
    """A model, ready to be asked.

    Args:
        predictor: the model.
        threads: predictions at once; one a core if not said.
    """

    def __init__(self, predictor: Predictor, *, threads: int | None = None) -> None:
        self.predictor = predictor
        self.ranges: Mapping[str, Any] = read_ranges(predictor.facts.get("ranges"))
        self.typical = typical_row(predictor)
        # Trying also loads what libraries load when they are first used, so that the first request is as fast as any.
        self.reader = RowReader(predictor.schema, probe(predictor), self.ranges)
        self.watch = Watch(predictor.schema, self.ranges)
        self.waiting = Waiting(threads)

    async def predict(self, rows: list[Any]) -> dict[str, Any]:
        """`replies.Predictions` as JSON values.

        Raises:
            RefusedError: 422 a row cannot be used, 503 too many are waiting.
        """
        return await self.waiting.turn(lambda: self._predict(rows), short=len(rows) <= 1)

    def _predict(self, rows: list[Any]) -> dict[str, Any]:
        cells, problems = self.reader.read(rows)
        if problems:
            raise _unusable(problems)
        arrays, notes = self.predictor.schema.read_cells(cells)
        raw = self._raw(arrays, len(cells))
        found = self._values(raw)
        for row, said in self.watch.remarks(arrays).items():
            found[row]["warnings"] += [remark.model_dump() for remark in said]
        task = self.predictor.task
        whole = [Remark(code=n.code, column=n.place or None, what=n.what) for n in notes if n.warning]
        unknown = [name for name in self.reader.unknown(rows) if name != task.target][:MOST_PROBLEMS]
        whole += [
            Remark(code="column-extra", column=name, what=f"{name!r} is no column of the training table; not used.")
            for name in unknown
        ]
        return {
            "target": task.target,
            "predictions": found,
            "warnings": [remark.model_dump() for remark in whole],
        }

    def _raw(self, arrays: Sequence[NDArray[Any]], rows: int) -> NDArray[np.float64]:
        """Predictions; values that a library of the model's falls over are the request's fault, and their rows named.

        The model has predicted a typical row when the server started, so it is the values.
        """
        # Cells as large as a float can hold overflow on the way, and what comes of it is seen in the prediction.
        with np.errstate(all="ignore"):
            try:
                return self.predictor.raw_arrays(arrays, rows)
            except Exception:
                logger.exception("The model cannot predict rows of a request.")
            bad = [row for row in range(min(rows, 200)) if not self._predicts([a[row : row + 1] for a in arrays])]
        problems = [
            Problem(
                code="row-unpredictable",
                column=None,
                row=row,
                came="values that the model fails on",
                wanted="values such as the training table has",
                mend="Look at what is outside the ranges of /v1/schema.",
            )
            for row in bad[:MOST_PROBLEMS]
        ]
        raise _unusable(problems)

    def _predicts(self, arrays: Sequence[NDArray[Any]]) -> bool:
        try:
            self.predictor.raw_arrays(arrays, 1)
        except Exception:  # any that the model's libraries raise
            return False
        return True

    def _values(self, raw: NDArray[np.float64]) -> list[dict[str, Any]]:
        """`replies.Prediction` for each row, without warnings as yet."""
        task = self.predictor.task
        finite = np.isfinite(raw) if raw.ndim == 1 else np.isfinite(raw).all(axis=1)
        if task.kind == "regression":
            found = [{"value": v, "probabilities": None, "warnings": []} for v in raw.tolist()]
        else:
            names = [str(label) for label in task.classes]
            best = np.where(finite, self.predictor.codes(np.nan_to_num(raw)), 0).tolist()
            found = [
                {"value": task.classes[k], "probabilities": dict(zip(names, p, strict=True)), "warnings": []}
                for k, p in zip(best, raw.tolist(), strict=True)
            ]
        for row in np.flatnonzero(~finite).tolist():
            what = "The model's prediction is no finite number: values are far outside the training table's."
            said = Remark(code="prediction-not-finite", column=None, what=what).model_dump()
            found[row] = {"value": None, "probabilities": None, "warnings": [said]}
        return found


def _unusable(problems: list[Problem]) -> RefusedError:
    first = problems[0] if problems else None
    where = ""
    if first is not None:
        where = f"row {first.row}" + ("" if first.column is None else f", column {first.column!r}")
        where = f": {where}: {first.came} came, {first.wanted} was wanted"
    return RefusedError(
        422,
        Refusal(
            code=first.code if first is not None else "rows-unpredictable",
            what=f"The rows cannot be used{where}."[:500],
            mend=first.mend if first is not None else "Look at what is outside the ranges of /v1/schema.",
            problems=problems,
        ),
    )

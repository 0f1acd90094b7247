"""Predict the rows of a CSV file with model.onnx: ``python predict.py rows.csv > predictions.csv``.

It needs numpy and onnxruntime alone, and may be changed freely. Numbers are read with a decimal point (or as the
training table wrote them), dates as ISO 8601, categories as they stand.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from datetime import datetime, timedelta, timezone
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - for whatever Python runs it
NO_DATE = -(2**63)
BATCH = 256


def read(cell: str, column: dict[str, Any], words: dict[str, list[str]]) -> Any:
    """A cell as the model takes it; what is missing is NaN, ``""``, or the least whole number of 64 bits."""
    text = cell.strip()
    if column["type"] == "string":
        return text if column["kind"] == "categorical" else cell
    missing = text.lower() in words["missing"]
    if column["kind"] == "date":
        if missing:
            return NO_DATE
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment  # noqa: UP017
        return (moment - EPOCH) // timedelta(microseconds=1)
    if missing:
        return math.nan
    if column["kind"] == "boolean":
        return 1.0 if text.lower() in words["true"] else 0.0 if text.lower() in words["false"] else math.nan
    form = column.get("number", {})
    text = text.removesuffix(form.get("unit", "")).removeprefix(form.get("unit", "")).strip()
    if form.get("decimal") == ",":
        text = text.replace(".", "").replace(",", ".")
    return float(text)


def main(path: str) -> None:
    """Write a CSV of predictions to standard output."""
    import onnxruntime

    session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"))
    told = session.get_modelmeta().custom_metadata_map
    task, columns, words = (json.loads(told[name]) for name in ("task", "columns", "words"))
    types = {"double": np.float64, "string": object, "int64": np.int64}
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow([task["target"], *task["classes"]])
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t" if path.endswith(".tsv") else ",")
        missing = [column["column"] for column in columns if column["column"] not in (reader.fieldnames or ())]
        if missing:
            sys.exit(f"{path} lacks the columns {missing}.")
        while rows := list(islice(reader, BATCH)):
            feeds = {}
            for column in columns:
                cells = [[read(row[column["column"]], column, words)] for row in rows]
                feeds[column["input"]] = np.array(cells, dtype=types[column["type"]])
            found = [output.tolist() for output in session.run(None, feeds)]
            # A regression's value, or a label and its row of probabilities.
            table.writerows([first, *chain(*rest)] for first, *rest in zip(*found, strict=True))


if __name__ == "__main__":
    main(sys.argv[1])

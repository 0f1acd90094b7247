"""Four samples to begin with: real sets that come with scikit-learn, and one of customers that is made up."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hortus.seeds import stream

CUSTOMERS = 2_400


@dataclass(frozen=True)
class Sample:
    """A sample as it is offered.

    Attributes:
        name: its file's.
        title: what it is.
        question: that it answers.
        kind: a table, or images.
        rows: of the table, or images.
        target: the column that the question is about; "" for images.
        make: the file's bytes, always the same.
    """

    name: str
    title: str
    question: str
    kind: Literal["table", "image"]
    rows: int
    target: str
    make: Callable[[], bytes]


def customers() -> bytes:
    """A table as it comes from a company: dates, gaps, an id, a column that is only known afterwards."""
    import pandas as pd

    rng = stream(0, "customers")
    n = CUSTOMERS
    contract = rng.choice(["monthly", "one year", "two years"], n, p=[0.55, 0.25, 0.2])
    months = np.minimum(rng.exponential(26, n).round() + 1, 72)
    calls = rng.poisson(1.4, n)
    fee = (18 + 55 * rng.beta(2, 2.4, n) + 12 * (contract == "monthly")).round(2)
    internet = rng.choice(["fibre", "dsl", "none"], n, p=[0.45, 0.35, 0.2])
    paid = rng.choice(["card", "transfer", "cheque"], n, p=[0.5, 0.35, 0.15])
    pull = (
        -2.4
        + 1.7 * (contract == "monthly")
        - 0.8 * (contract == "two years")
        - 0.035 * months
        + 0.42 * calls
        + 0.022 * (fee - 45)
        + 0.5 * (internet == "fibre")
        + 0.4 * (paid == "cheque")
    )
    leaves = rng.random(n) < 1 / (1 + np.exp(-pull))
    age = rng.normal(46, 15, n).clip(18, 92).round()
    age[rng.random(n) < 0.12] = np.nan
    joined = pd.Timestamp("2026-01-31") - pd.to_timedelta(months * 30.4, unit="D")
    ended = np.where(
        leaves,
        (pd.Timestamp("2026-02-01") + pd.to_timedelta(rng.integers(0, 28, n), unit="D")).strftime("%Y-%m-%d"),
        "",
    )
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{100000 + i}" for i in rng.permutation(n)],
            "joined": joined.strftime("%Y-%m-%d"),
            "age": age,
            "contract": contract,
            "months": months.astype(int),
            "internet": internet,
            "monthly_fee": fee,
            "support_calls": calls,
            "payment": paid,
            "country": "Italy",
            "contract_ended": ended,
            "leaves": np.where(leaves, "yes", "no"),
        }
    )
    return frame.to_csv(index=False).encode()


def tumours() -> bytes:
    """Wolberg, Street and Mangasarian's measurements of cells: 569 tumours."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer(as_frame=True)
    table = found.data.assign(diagnosis=np.where(found.target == 0, "malignant", "benign"))
    return bytes(table.to_csv(index=False).encode())


def diabetes() -> bytes:
    """Efron, Hastie, Johnstone and Tibshirani's 442 patients, as they were measured."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes(as_frame=True, scaled=False)
    names = {
        "bmi": "body_mass_index",
        "bp": "blood_pressure",
        "s1": "cholesterol",
        "s2": "ldl",
        "s3": "hdl",
        "s4": "cholesterol_by_hdl",
        "s5": "log_triglycerides",
        "s6": "blood_sugar",
    }
    table = found.data.rename(columns=names).assign(progression=found.target)
    table["sex"] = np.where(table["sex"] == 1, "a", "b")
    return bytes(table.to_csv(index=False).encode())


def digits() -> bytes:
    """1,797 handwritten digits of 8 x 8 pixels, a folder for each."""
    from sklearn.datasets import load_digits

    found = load_digits()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, (image, label) in enumerate(zip(found.images, found.target, strict=True)):
            grey = np.round(image * (255 / 16)).astype(np.uint8)
            # The plainest of picture formats: a header and the pixels. The time stamp is fixed, so the bytes are too.
            about = zipfile.ZipInfo(f"digits/{label}/{number:04d}.pgm", (2020, 1, 1, 0, 0, 0))
            archive.writestr(about, b"P5 8 8 255\n" + grey.tobytes())
    return packed.getvalue()


# Rows as they are offered.
SAMPLES = (
    Sample(
        "customers.csv",
        "Customers of a telephone company",
        "Who will leave next month?",
        "table",
        CUSTOMERS,
        "leaves",
        customers,
    ),
    Sample("tumours.csv", "Cells under the microscope", "Is a tumour malignant?", "table", 569, "diagnosis", tumours),
    Sample(
        "diabetes.csv",
        "Patients with diabetes",
        "How far will the disease go in a year?",
        "table",
        442,
        "progression",
        diabetes,
    ),
    Sample("digits.zip", "Handwritten digits", "Which digit is written there?", "image", 1797, "", digits),
)

"""Numbers are float32 columns; categories are columns of pandas' category type whose categories are 0, 1, 2, …"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def is_category(column: pd.Series) -> bool:
    """Whether a column holds categories."""
    return isinstance(column.dtype, pd.CategoricalDtype)


def categorical(X: pd.DataFrame) -> list[str]:
    """Names of the columns of categories."""
    return [name for name in X.columns if is_category(X[name])]


def numeric(X: pd.DataFrame) -> list[str]:
    """Names of the columns of numbers."""
    return [name for name in X.columns if not is_category(X[name])]


def to_category(codes: NDArray[Any], count: int) -> Any:
    """Codes 0 … count - 1 as a column of categories; NaN where missing."""
    whole = np.where(np.isnan(codes), -1, codes).astype(np.int64)
    return pd.Categorical.from_codes(whole, categories=pd.Index(range(count)))


def levels(column: pd.Series) -> NDArray[np.intp]:
    """A category column's codes; one past the last for a missing cell."""
    codes = column.cat.codes.to_numpy().astype(np.intp)
    return np.where(codes < 0, len(column.cat.categories), codes)


def numbers(column: pd.Series) -> NDArray[np.float32]:
    """A column as float32, categories by their codes; NaN where missing."""
    if not is_category(column):
        return column.to_numpy(dtype=np.float32)
    codes = column.cat.codes.to_numpy().astype(np.float32)
    return np.where(codes < 0, np.float32(np.nan), codes)


def values(X: pd.DataFrame) -> NDArray[np.float32]:
    """(rows, columns) what learners see."""
    dense = np.empty(X.shape, dtype=np.float32)
    for i, name in enumerate(X.columns):
        dense[:, i] = numbers(X[name])
    return dense


def beside(X: pd.DataFrame, new: dict[str, Any]) -> pd.DataFrame:
    """``X`` and new columns to its right."""
    return pd.concat([X, pd.DataFrame(new, index=X.index)], axis=1) if new else X


def replaced(X: pd.DataFrame, new: dict[str, Any]) -> pd.DataFrame:
    """``X`` with ``new`` in the place of the columns of the same names."""
    return pd.DataFrame({name: new[name] if name in new else X[name] for name in X.columns}, index=X.index)

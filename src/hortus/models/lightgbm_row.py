"""One row through LightGBM: its Python package prepares every call anew, which takes longer than the trees do.

LightGBM's C interface has a call for one row that is prepared once (``LGBM_BoosterPredictForMatSingleRowFast``); the
package has the library that holds it, and does not wrap it.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Numbers of LightGBM's c_api.h.
_FLOAT32, _NORMAL, _FIRST, _ALL = 0, 0, 0, -1


class OneRow:
    """A booster, ready to be asked for one row after another.

    Args:
        booster: of LightGBM, with all its trees.
    """

    def __init__(self, booster: Any) -> None:
        import lightgbm as lgb

        basic: Any = lgb.basic
        self.columns = int(booster.num_feature())
        # The prepared call points into the booster, which so has to live as long.
        self._booster = booster
        self._library, self._check = basic._LIB, basic._safe_call
        self._call = self._library.LGBM_BoosterPredictForMatSingleRowFast
        self._cells = np.empty((1, self.columns), dtype=np.float32)
        self._found = np.empty(int(booster.num_model_per_iteration()))
        prepared = ctypes.c_void_p()
        self._check(
            self._library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,
                ctypes.c_int(_NORMAL),
                ctypes.c_int(_FIRST),
                ctypes.c_int(_ALL),
                ctypes.c_int(_FLOAT32),
                ctypes.c_int32(self.columns),
                b"num_threads=1",
                ctypes.byref(prepared),
            )
        )
        weakref.finalize(self, self._library.LGBM_FastConfigFree, prepared)
        # Made once, for to make them takes longer than the call does.
        self._arguments = (
            prepared,
            ctypes.c_void_p(self._cells.ctypes.data),
            ctypes.byref(ctypes.c_int64()),
            ctypes.c_void_p(self._found.ctypes.data),
        )
        # There is one row, and ctypes lets other threads run.
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        # Addresses are worth nothing elsewhere: a copy is prepared from its own booster.
        return OneRow, (self._booster,)

    def predict(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """What ``booster.predict`` gives: (1,) values or chances of the second of two classes, (1, K) of K classes.

        Args:
            row: (1, columns).

        Raises:
            ValueError: it has another width; the library would read on past its end.
        """
        if row.shape != (1, self.columns):
            raise ValueError(f"a row of {self.columns} columns is wanted, and {row.shape} came")
        with self._lock:
            self._cells[:] = row
            self._check(self._call(*self._arguments))
            found = self._found.copy()
        return found if len(found) == 1 else found[None, :]

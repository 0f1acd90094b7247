"""NAS-Bench-201 on disk: what training any of its cells gave, looked up instead of trained.

Dong and Yang 2020 trained all 15,625 cells on three data sets, each from two or three seeds. A search may ask for one
seed's validation accuracy, as training would give it; means over seeds and test accuracies are for judging it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hortus.errors import ReadError, SettingError, nearest
from hortus.seeds import stream
from hortus.spaces.cell import OPERATIONS, Cell

DATASETS = ("cifar10", "cifar100", "imagenet16")
FOLDER = "HORTUS_DATASETS"
EPOCHS = {"full": 200, "cheap": 12}


@dataclass(frozen=True)
class CellTable:
    """One data set's part of the benchmark; accuracies in percent, one row a cell.

    Attributes:
        dataset: its name.
        operations: (n, 6) which of ``OPERATIONS`` each edge has.
        validation: (n, 3) validation accuracy after 200 epochs, a column a seed; NaN where there was no third.
        test: (n,) test accuracy after 200 epochs, the mean over seeds.
        cheap: (n,) validation accuracy after a training of its own schedule of 12 epochs.
        seconds: (n,) what 200 epochs cost.
        parameters: (n,) of the network.
    """

    dataset: str
    operations: NDArray[np.int64]
    validation: NDArray[np.float64]
    test: NDArray[np.float64]
    cheap: NDArray[np.float64]
    seconds: NDArray[np.float64]
    parameters: NDArray[np.int64]

    @classmethod
    def read(cls, dataset: str, folder: Path | None = None) -> CellTable:
        """Read it from ``nas_bench_201.npz``.

        Args:
            dataset: cifar10, cifar100 or imagenet16.
            folder: the one that holds the file; None for ``data/nas_bench_201`` beside the folder ``$HORTUS_DATASETS``.

        Raises:
            SettingError: there is no such data set.
            ReadError: the file is not there.
        """
        if dataset not in DATASETS:
            raise SettingError(
                f"NAS-Bench-201 has no data set called {dataset!r}.",
                mend=nearest(dataset, DATASETS),
                code="unknown-dataset",
            )
        path = location(folder)
        if path is None:
            raise ReadError(
                "The table of NAS-Bench-201 is not there.",
                mend=f"Set {FOLDER} to the folder that has data/nas_bench_201/nas_bench_201.npz in or beside it.",
                code="table-missing",
            )
        with np.load(path, allow_pickle=False) as found:
            return cls(
                dataset,
                found["ops"].astype(np.int64),
                found[f"val200_{dataset}"].astype(np.float64),
                found[f"test200_{dataset}"].astype(np.float64),
                found[f"val12_{dataset}"].astype(np.float64),
                found[f"traintime200_{dataset}"].astype(np.float64),
                found[f"params_{dataset}"].astype(np.int64),
            )

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        powers = len(OPERATIONS) ** np.arange(self.operations.shape[1])[::-1]
        rows = np.full(len(OPERATIONS) ** self.operations.shape[1], -1)
        rows[self.operations @ powers] = np.arange(len(self.operations))
        return rows

    def row(self, cell: Cell) -> int:
        """Where ``cell`` stands in the table."""
        return int(self._rows[cell.index])

    @cached_property
    def mean(self) -> NDArray[np.float64]:
        """(n,) validation accuracy after 200 epochs, the mean over seeds."""
        found: NDArray[np.float64] = np.nanmean(self.validation, axis=1)
        return found

    @property
    def best(self) -> int:
        """The row of the best mean validation accuracy."""
        return int(np.argmax(self.mean))

    def regret(self, row: int) -> float:
        """By how much the mean validation accuracy of ``row`` is below the best one."""
        return float(self.mean[self.best] - self.mean[row])

    def observed(self, seed: int) -> NDArray[np.float64]:
        """(n,) what a search sees under ``seed``: of each cell one seed's validation accuracy, always the same one."""
        seeds = np.isfinite(self.validation).sum(axis=1)
        chosen = (stream(seed, "table", self.dataset).random(len(seeds)) * seeds).astype(np.int64)
        found: NDArray[np.float64] = self.validation[np.arange(len(seeds)), chosen]
        return found

    def cost(self, epochs: int) -> NDArray[np.float64]:
        """(n,) seconds of training for ``epochs``, 200 or 12; the shorter schedule is no part of the longer.

        Raises:
            SettingError: neither.
        """
        if epochs not in EPOCHS.values():
            raise SettingError(f"No cell was trained for {epochs!r} epochs.", mend="Ask for 200 or 12.", code="epochs")
        return self.seconds * (epochs / EPOCHS["full"])


def location(folder: Path | None = None) -> Path | None:
    """The file of the table, in ``folder`` or by ``$HORTUS_DATASETS``; None where there is none."""
    if folder is not None:
        places = [Path(folder)]
    elif os.environ.get(FOLDER):
        root = Path(os.environ[FOLDER])
        places = [base / "data" / "nas_bench_201" for base in (root, root.parent)]
    else:
        places = []
    return next((p / "nas_bench_201.npz" for p in places if (p / "nas_bench_201.npz").is_file()), None)

"""Runs that were opened for reading, kept in memory while they are looked at: a click must not load a model anew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

from fastapi import Depends, Request

from hortus.run.images.judged import JudgedImages, judged_images
from hortus.run.images.result import ImageResult
from hortus.run.result import BUNDLE, Result
from hortus.studio.kept import kept
from hortus.studio.runs import Run, require_over
from hortus.studio.state import Here, Id, Studio

if TYPE_CHECKING:
    from hortus.deploy.serve.predicting import Desk

MOST = 4
T = TypeVar("T")


@dataclass(frozen=True)
class OpenRun:
    """A finished run of a table, open for reading.

    Attributes:
        run: as the studio knows it.
        result: what it found.
    """

    run: Run
    result: Result

    @cached_property
    def desk(self) -> Desk:
        """Its model, ready to be asked."""
        from hortus.deploy.serve.predicting import Desk

        return Desk(self.result.model, threads=1)


@dataclass(frozen=True)
class OpenImages:
    """A finished run of images, open for reading.

    Attributes:
        run: as the studio knows it.
        result: what it found.
    """

    run: Run
    result: ImageResult

    @cached_property
    def judged(self) -> JudgedImages:
        """What its network said of the images that were set aside."""
        return judged_images(self.result)


class Opened:
    """The runs that were looked at last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, float], object] = OrderedDict()
        self._guard = threading.Lock()

    def table(self, studio: Studio, name: str) -> OpenRun:
        """A run of a table.

        Raises:
            AbsentError: there is none of that name.
            RunError: it is at work, never came to anything, or is one of images.
        """
        from hortus.run.result import open_run

        def make(run: Run) -> OpenRun:
            return OpenRun(run, open_run(run.folder))

        return self._get("table", studio, name, make)

    def images(self, studio: Studio, name: str) -> OpenImages:
        """A run of images.

        Raises:
            AbsentError: there is none of that name.
            RunError: it is at work, never came to anything, or is one of tables.
        """
        from hortus.run.images.result import open_image_run

        def make(run: Run) -> OpenImages:
            return OpenImages(run, open_image_run(run.folder))

        return self._get("images", studio, name, make)

    def _get(self, kind: str, studio: Studio, name: str, make: Callable[[Run], T]) -> T:
        run = studio.runs.get(name)
        require_over(run, studio.runs.state(run))
        # A run of a table that is asked for its networks has none, whatever it was opened as before.
        key = (kind, name, _stamp(run))
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key])
        found = make(run)
        with self._guard:
            self._kept[kind, name, _stamp(run)] = found
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return found


def _stamp(run: Run) -> float:
    """When the run's model was written, which happens anew when it is gone on with, or decides otherwise."""
    try:
        return (run.folder / BUNDLE).stat().st_mtime_ns
    except FileNotFoundError:
        return 0.0


def opened(request: Request) -> Opened:
    """What this server has open."""
    return kept(request, Opened)


Books = Annotated[Opened, Depends(opened)]


def table_run(studio: Here, books: Books, run: Id) -> OpenRun:
    """The run of a table that an address names."""
    return books.table(studio, run)


# In an endpoint under ``/{run}``: ``def verdict(open_run: TableRun) -> Verdict``.
TableRun = Annotated[OpenRun, Depends(table_run)]


def any_run(studio: Here, books: Books, run: Id) -> OpenRun | OpenImages:
    """The run that an address names, of whatever kind."""
    return books.images(studio, run) if studio.runs.get(run).kind == "image" else books.table(studio, run)


def image_run(studio: Here, books: Books, run: Id) -> OpenImages:
    """The run of images that an address names."""
    return books.images(studio, run)


AnyRun = Annotated[OpenRun | OpenImages, Depends(any_run)]
ImageRun = Annotated[OpenImages, Depends(image_run)]

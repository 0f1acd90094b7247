"""The whole way: read, check, split, search, ensemble, save. Every face calls this and nothing below it."""

from hortus.run.fit import fit, resume
from hortus.run.result import Result, open_run
from hortus.run.settings import Settings

__all__ = ["Result", "Settings", "fit", "open_run", "resume"]

"""What the disk refuses, in a person's words; and how a change to a folder is made to last."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from hortus.errors import RunError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_full(path: Path) -> RunError:
    """The error for a disk without room at ``path``."""
    return RunError(
        f"There is no space left to write {str(path)!r}.",
        mend="Make room there and resume the run: everything it had finished is intact.",
        code="disk-full",
    )


def not_writable(path: Path, why: str) -> RunError:
    """The error for a place that cannot be written."""
    return RunError(
        f"{str(path)!r} cannot be written: {why}.",
        mend="Choose a run folder that you may write to, or change its permissions.",
        code="folder-not-writable",
    )


def disk_error(path: Path, error: OSError) -> RunError:
    """Turn what the operating system said about ``path`` into an error with its mend."""
    if error.errno in _FULL:
        return disk_full(path)
    return not_writable(path, (error.strerror or str(error)).lower())


def sync_file(path: Path) -> None:
    """Force a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk, where the system can do that."""
    with contextlib.suppress(PermissionError):
        sync_file(folder)

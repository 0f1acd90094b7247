"""The journal's SQLite file: made, opened, checked, brought up to date, and its errors explained."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hortus.data.disk import disk_error, disk_full, not_writable, sync_folder
from hortus.errors import JournalError, RunError, RunInUseError

# "HORT": tells our file from any other SQLite file.
APPLICATION = 0x484F5254
BUSY_SECONDS = 10.0

# A file at version n has had the first n scripts run. A change to the tables is one more script at the end.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE trials (
            number INTEGER PRIMARY KEY,
            state TEXT NOT NULL,
            describe TEXT NOT NULL,
            params TEXT NOT NULL,
            distributions TEXT NOT NULL,
            system_attrs TEXT NOT NULL,
            user_attrs TEXT NOT NULL,
            after INTEGER NOT NULL,
            seed INTEGER,
            asked_at REAL NOT NULL,
            finished_at REAL,
            finished_order INTEGER,
            value REAL,
            intermediate TEXT NOT NULL DEFAULT '{}',
            evaluation TEXT,
            reason TEXT NOT NULL DEFAULT ''
        )""",
        """CREATE TABLE artifacts (
            trial INTEGER NOT NULL REFERENCES trials (number),
            name TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            PRIMARY KEY (trial, name)
        ) WITHOUT ROWID""",
    ),
)


def create(path: Path) -> None:
    """Make an empty journal at ``path``; it is there whole or not at all.

    Raises:
        RunError: there is a journal already, or the place cannot be written.
    """
    if path.exists():
        raise RunError(
            f"{str(path)!r} is there already.", mend="Resume that run, or choose another folder.", code="run-exists"
        )
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with explained(new), contextlib.closing(connect(new)) as database:
            _migrate(database, 0)
        new.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error(path, error) from error


def open_checked(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the journal at ``path``, after a check of the whole file; an older one is brought up to date.

    Raises:
        JournalError: it is missing, damaged, another program's, or newer than this Hortus.
        RunError: it cannot be read or written.
    """
    if not path.is_file():
        raise JournalError(
            f"There is no journal at {str(path)!r}.",
            mend="Give the folder of a run, or start a new run.",
            code="journal-missing",
        )
    with explained(path):
        database = connect(path, read_only=read_only)
        try:
            version = _checked_version(database, path)
            if version < len(MIGRATIONS):
                if read_only:
                    raise _outdated(path, version)
                _back_up(database, path, version)
                _migrate(database, version)
        except BaseException:
            database.close()
            raise
        return database


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection that commits durably and hands text over as bytes (a row can then be damaged alone)."""
    mode = "ro" if read_only else "rwc"
    if read_only and not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
        # Even a reader wants to write beside the file, unless it is told that nobody else does.
        mode = "ro&immutable=1"
    database = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    database.text_factory = bytes
    if not read_only:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA fullfsync = 1")
        except BaseException:
            database.close()
            raise
    return database


@contextlib.contextmanager
def transaction(database: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """One commit: all that is written inside, or nothing."""
    with explained(path):
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            # After a full disk SQLite has rolled back by itself.
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error


def _checked_version(database: sqlite3.Connection, path: Path) -> int:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise JournalError(
            f"{str(path)!r} is no journal of Hortus.",
            mend="Move the file away, or choose another folder.",
            code="journal-foreign",
        )
    if version > len(MIGRATIONS):
        raise JournalError(
            f"{str(path)!r} is of version {version}; this Hortus reads up to version {len(MIGRATIONS)}.",
            mend="Upgrade Hortus: pip install --upgrade hortus.",
            code="journal-newer",
        )
    findings = [bytes(row[0]).decode(errors="replace") for row in database.execute("PRAGMA quick_check(3)")]
    if findings != ["ok"]:
        raise _damaged(path, "; ".join(findings))
    return int(version)


def _migrate(database: sqlite3.Connection, version: int) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        for script in MIGRATIONS[version:]:
            for statement in script:
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _back_up(database: sqlite3.Connection, path: Path, version: int) -> None:
    backup = path.with_name(f"{path.stem}.v{version}{path.suffix}")
    backup.unlink(missing_ok=True)
    database.execute("VACUUM INTO ?", (str(backup),))
    sync_folder(path.parent)


def _explain(path: Path, error: sqlite3.Error) -> RunError:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return disk_full(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return RunInUseError(
            f"Another program holds {str(path)!r} locked.", mend="Close it, then resume the run.", code="journal-locked"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return not_writable(path, str(error))
    if code == sqlite3.SQLITE_IOERR:
        return RunError(
            f"The disk failed while {str(path)!r} was used: {error}.",
            mend="Look after the disk (its space, its quota, its health), then resume the run.",
            code="disk-failed",
        )
    return _damaged(path, str(error))


def _damaged(path: Path, why: str) -> JournalError:
    return JournalError(
        f"{str(path)!r} is damaged: {why}.",
        mend="Put a backup of it in its place, or start again in a new folder.",
        code="journal-damaged",
    )


def _outdated(path: Path, version: int) -> JournalError:
    return JournalError(
        f"{str(path)!r} is of version {version}; this Hortus reads version {len(MIGRATIONS)}.",
        mend="Resume the run once: that brings its journal up to date.",
        code="journal-older",
    )

"""How a command ends when something is wrong: the cause, the mend and a code, and never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from hortus.errors import HortusError

# What came in cannot be used; a fault of Hortus's own; stopped by Ctrl-C.
REFUSED, FAULT, STOPPED = 2, 1, 130

Debug = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]


@contextmanager
def told(*, debug: bool, stopped: str = "") -> Iterator[None]:
    """Turn what is raised inside the block into a message and an exit code.

    Args:
        debug: let it through as it is.
        stopped: what to say to somebody who pressed Ctrl-C.
    """
    try:
        yield
    except HortusError as error:
        if debug:
            raise
        _say(f"Error: {error.what}", error.mend, f"[{error.code}]")
        raise typer.Exit(REFUSED) from None
    except KeyboardInterrupt:
        _say("Stopped.", stopped)
        raise typer.Exit(STOPPED) from None
    except BrokenPipeError:
        # Whoever read the output has seen enough of it; nothing more can be written, not even at exit.
        sys.stdout = None
        raise typer.Exit(FAULT) from None
    except OSError as error:
        if debug:
            raise
        _say(f"Error: {error}", "Look at the path, its permissions and the space left on the disk.", "[system]")
        raise typer.Exit(REFUSED) from None
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:
        if debug:
            raise
        _say(
            f"Error: {type(error).__name__}: {error}",
            "This is a fault of Hortus. Run the command again with --debug and report what it shows.",
            "[fault]",
        )
        raise typer.Exit(FAULT) from None


def _say(*lines: str) -> None:
    from hortus.engine.terminal import printable

    for line in lines:
        if line:
            typer.echo(printable(line), err=True)

"""``python -m hortus.cli``: the command line, for a program that starts it and has no ``hortus`` on its path."""

import signal
import sys

from hortus.engine import interrupts

# Begun from a shell's background, a process ignores the signal by which it is asked to stop and keep the best.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.argv[1:2] in (["fit"], ["resume"]):
    # Asked so before there is a search, it keeps the best as soon as there is one.
    interrupts.hold()

from hortus.cli import main  # noqa: E402 -- what it imports takes a while, in which the signal may come

if __name__ == "__main__":
    main()

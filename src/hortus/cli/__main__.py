"""``python -m hortus.cli``: the command line, for a program that starts it and has no ``hortus`` on its path."""

import signal

from hortus.cli import main

if __name__ == "__main__":
    # Begun from a shell's background, a process ignores the signal by which it is asked to stop and keep the best.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()

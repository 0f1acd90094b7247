"""Reads whatever bytes atheris makes up as a csv file, guided by the lines of Hortus that they reach.

    python csv_reader.py -max_total_time=3600

Anything but a table or a told error ends it with a crash, and so does a file that takes ten seconds.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hortus.data"]):
    from hortus.data.infer import infer_schema
    from hortus.data.read import read_table

from hortus.errors import HortusError

PLACE = Path(tempfile.mkdtemp()) / "t.csv"


def read(data: bytes) -> None:
    PLACE.write_bytes(data)
    with contextlib.suppress(HortusError):
        frame, _ = read_table(PLACE)
        schema, _ = infer_schema(frame)
        made, _ = schema.apply(frame)
        if len(made) != len(frame):
            raise AssertionError(f"{len(frame)} rows became {len(made)}")


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], "-timeout=10", "-max_len=512", "-print_final_stats=1", *sys.argv[1:]], read)
    atheris.Fuzz()

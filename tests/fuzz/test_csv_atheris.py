"""An hour of made-up csv files at night: each is a table or a told error, within ten seconds."""

import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Where `make nightly` puts atheris: not every system that Hortus runs on has it.
PYTHON = HERE.parents[1] / "build" / "fuzz" / "bin" / "python"


@pytest.mark.skipif(not PYTHON.exists(), reason="atheris is not here: make build/fuzz/.ready")
def test_the_csv_reader_never_crashes_or_hangs(long, figure, tmp_path):
    if not long:
        pytest.skip("at night")
    seconds = int(os.environ.get("HORTUS_FUZZ_SECONDS", "3600"))
    command = [str(PYTHON), str(HERE / "csv_reader.py"), f"-max_total_time={seconds}", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=2 * seconds + 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    (tried,) = re.findall(r"number_of_executed_units: (\d+)", done.stderr)
    figure("seconds of csv files made up by atheris, no crash and no hang", seconds)
    figure("csv files in them", int(tried))

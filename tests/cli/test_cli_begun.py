"""The time that is given to a command counts from where its process began."""

import subprocess
import sys

import pytest

CODE = """
import time
time.sleep(0.5)
from hortus.cli.begun import Begun
print(time.monotonic() - Begun.now().at)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells it here")
def test_a_command_began_with_its_process():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert 0.5 <= float(done.stdout) < 60

"""The data gate: what is looked at before anything is trained. `gate` has the table of all checks."""

from hortus.data.checks.drift import check_drift as check_drift
from hortus.data.checks.examine import Examined as Examined
from hortus.data.checks.examine import examine as examine
from hortus.data.checks.gate import gate_seconds as gate_seconds
from hortus.data.checks.gate import run_gate as run_gate
from hortus.data.checks.leaks import LEAK_CODES as LEAK_CODES

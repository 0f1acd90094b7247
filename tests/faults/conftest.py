"""The fixtures of ``tests/engine``, for faults that are real."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ENGINE = Path(__file__).parents[1] / "engine"

_spec = spec_from_file_location("engine_conftest", ENGINE / "conftest.py")
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)

entries_on_path = _module.entries_on_path
bench = _module.bench
make_bench = _module.make_bench
all_gone = _module.all_gone
is_alive = _module.is_alive

"""Everything that can go wrong, all night long; the figures go to docs/reliability.md.

    make nightly                                 all of it
    python -m benchmarks.reliability faults      one part
    python -m benchmarks.reliability kills       2,000 kills of the driver, which a night leaves out
    python -m benchmarks.reliability --report    the page alone, from what was measured before

Each part is a set of tests, run with HORTUS_LONG=1; the figures are those that the tests themselves note. A part's
figures are replaced only when all its tests have passed. They are kept in benchmarks/results/reliability.json, each
part with its date and machine.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "reliability.json"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"

DRIVER = "tests/faults/test_driver_faults.py"
PARTS = {
    "faults": ("The driver and its trials", ["tests/faults"]),
    "kills": (
        "The driver, killed again and again",
        [f"{DRIVER}::test_kills_at_random_instants_lose_no_acknowledged_trial"],
    ),
    "soak": ("Thousands of short trials", ["tests/faults/test_soak.py"]),
    "fuzz": ("Hostile and damaged models", ["tests/fuzz", "tests/deploy/test_bundle_attacks.py"]),
    "inputs": ("Bad tables", ["tests/bad_inputs", "tests/fuzz/test_csv_atheris.py"]),
    "server": (
        "The server and the studio",
        [
            "tests/deploy/test_serve_openapi.py",
            "tests/deploy/test_serve.py",
            "tests/studio/test_studio_openapi.py",
            "tests/studio/test_studio_door.py",
        ],
    ),
    "repeatable": ("The same run twice", ["tests/run/test_repeatable.py"]),
    "estimators": ("scikit-learn's own checks", ["tests/automl"]),
    "cluster": ("A cluster", ["tests/cluster"]),
}
# Parts that are measured when they are asked for by name alone, with what their tests look for in the environment.
BY_NAME = {"kills": {"HORTUS_KILLS": "2000"}}
# What another part has by itself.
LEFT_OUT = {"fuzz": ["--ignore=tests/fuzz/test_csv_atheris.py"], "faults": ["--ignore=tests/faults/test_soak.py"]}


def measure(part: str) -> dict[str, Any] | None:
    """Run a part's tests; its figures, or None where a test failed."""
    _, paths = PARTS[part]
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *paths,
            *LEFT_OUT.get(part, []),
            "-o",
            "junit_family=legacy",
            f"--junitxml={told}",
        ]
        environment = {**os.environ, "HORTUS_LONG": "1", **BY_NAME.get(part, {})}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if done.returncode != 0:
            return None
        cases = ElementTree.parse(told).getroot().findall(".//testcase")  # noqa: S314 -- pytest has just written it
    properties = [found for case in cases for found in case.findall("./properties/property")]
    skipped = sum(case.find("skipped") is not None for case in cases)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "tests": len(cases) - skipped,
        "skipped": skipped,
        "seconds": round(time.monotonic() - begin),
        "figures": {found.attrib["name"]: found.attrib["value"] for found in properties},
    }


def report(found: dict[str, Any]) -> str:
    """The part of the page that holds the figures."""
    lines = []
    for part, (title, _) in PARTS.items():
        if part not in found:
            continue
        one = found[part]
        lines += [f"### {title}", "", "| what | figure |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in one["figures"].items()]
        tests = f"{one['tests']}" + (f" ({one['skipped']} skipped)" if one["skipped"] else "")
        lines += [f"| tests passed | {tests} |", "", f"{one['date']}; {one['machine']}; {one['seconds']} s.", ""]
    return "\n".join(lines)


def document(page: str, found: dict[str, Any]) -> str:
    """The page with these figures."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{report(found)}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Measure what was asked for, write the page, and end with 1 where anything failed."""
    wanted = [name for name in sys.argv[1:] if name != "--report"]
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"There is no part called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    parts = [] if "--report" in sys.argv else wanted or [name for name in PARTS if name not in BY_NAME]
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for part in parts:
        measured = measure(part)
        if measured is None:
            failed.append(part)
        else:
            found[part] = measured
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    PAGE.write_text(document(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()

"""What Hortus stands on: a bill of materials, the licences, and what is known to be wrong with any of it.

    make audit

Into build/audit go sbom.json (CycloneDX 1.6, of the environment), licences.csv and vulnerabilities.json. It ends with 1
where a vulnerability is known, or where a licence is none that an Apache-2.0 project can stand on. Where the database
of vulnerabilities cannot be reached, that is said, and nothing is claimed. The tools live in an environment of their
own, so that they change nothing here.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "build" / "audit"
TOOLS = ("cyclonedx-bom==7.5.0", "pip-audit==2.10.1")
# By these words in its name or its text, a licence asks more of whoever passes the work on than Apache-2.0 does.
STRICT = ("AGPL", "GPL-2", "GPL-3", "GPLV2", "GPLV3", "GENERAL PUBLIC LICENSE", "SSPL", "BUSL")
# Programs that are run on our texts, of which nothing is imported or passed on.
PROGRAMS = {"codespell"}
# "Lesser" in any spelling is fine for a library that is imported as it is.
LESSER = ("LGPL", "LESSER")


def tools() -> Path:
    """The folder of the tools' programs, made on the first call."""
    programs = PLACE / "env" / "bin"
    if not (programs / "pip-audit").exists():
        venv.create(PLACE / "env", with_pip=True)
        subprocess.run([str(programs / "python"), "-m", "pip", "install", "--quiet", *TOOLS], check=True)
    return programs


def licence(component: dict[str, Any]) -> str:
    """The licences of one component as it declares them; "" where it declares none."""
    found = []
    for one in component.get("licenses", ()):
        told = one.get("license", {})
        found.append(one.get("expression") or told.get("id") or told.get("name") or "")
    return "; ".join(sorted({name.splitlines()[0][:80] for name in found if name.strip()}))


def strict(name: str) -> bool:
    """Whether a licence asks more than Apache-2.0 does; one of several that may be chosen is enough to be fine."""
    choices = name.upper().replace("; ", " OR ").split(" OR ")
    asked = [any(word in one for word in STRICT) and not any(word in one for word in LESSER) for one in choices]
    return bool(name) and all(asked)


def vulnerabilities(programs: Path) -> tuple[list[dict[str, Any]], int]:
    """What is known to be wrong with the pinned versions, and of how many of them nothing could be learnt."""
    command = [
        str(programs / "pip-audit"),
        "--requirement",
        str(ROOT / "constraints.txt"),
        "--no-deps",
        "--disable-pip",
    ]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip-audit said nothing")
        return [], -1
    return [one for one in told if one.get("vulns")], sum("skip_reason" in one for one in told)


def main() -> None:
    """Write the three files, and say what is in them."""
    PLACE.mkdir(parents=True, exist_ok=True)
    programs, bill = tools(), PLACE / "sbom.json"
    command = [str(programs / "cyclonedx-py"), "environment", "--spec-version", "1.6", "--output-reproducible"]
    subprocess.run([*command, "--pyproject", str(ROOT / "pyproject.toml"), "-o", str(bill), sys.executable], check=True)
    components = json.loads(bill.read_text(encoding="utf-8"))["components"]
    rows = sorted((one["name"], one["version"], licence(one)) for one in components)
    with (PLACE / "licences.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("name", "version", "licence"), *rows])
    heavy = [row for row in rows if strict(row[2]) and row[0] not in PROGRAMS]
    silent = [row[0] for row in rows if not row[2]]
    print(f"{len(rows)} components in {bill.relative_to(ROOT)}")
    print(
        f"licences: {len(heavy)} stricter than Apache-2.0 {heavy or ''}; {len(silent)} do not say: {', '.join(silent)}"
    )
    found, unknown = vulnerabilities(programs)
    (PLACE / "vulnerabilities.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if unknown:
        of = "any version" if unknown < 0 else f"{unknown} of the pinned versions"
        print(f"vulnerabilities: the database told nothing of {of}; {len(found)} known in the others")
    else:
        print(f"vulnerabilities: {len(found)} known")
    for one in found:
        print(f"  {one['name']} {one['version']}: {', '.join(known['id'] for known in one['vulns'])}")
    sys.exit(1 if found or heavy else 0)


if __name__ == "__main__":
    main()

"""The pages that are in the package: within their budgets, and what the sources of now make."""

import filecmp
import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "hortus" / "studio" / "static"
SOURCES = ROOT / "studio-ui"
FIRST_PAGE, SHARE_OF_WHEEL = 350_000, 1_500_000
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None or not (SOURCES / "node_modules").is_dir(),
    reason="node, or its modules (npm ci in studio-ui), are not here",
)


def imported(script: str) -> set[str]:
    """The scripts that a script asks for at once, and those that these ask for."""
    found: set[str] = set()
    waiting = [script]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        text = (STATIC / "assets" / name).read_text(encoding="utf-8")
        waiting += re.findall(r"(?:from|import)\s*[\"']\./([\w.-]+\.js)[\"']", text)
    return found


def weight(path: Path) -> int:
    body = path.read_bytes()
    return len(body) if path.suffix == ".woff2" else len(gzip.compress(body, 9))


def test_the_first_page_is_light() -> None:
    styles = [STATIC / "assets" / name for name in ("index.css", "Data.css")]
    fonts = sorted(STATIC.rglob("*.woff2"))
    assert len(fonts) == 2
    scripts = [STATIC / "assets" / name for name in sorted(imported("index.js") | imported("Data.js"))]
    assert "Designer.js" not in {path.name for path in scripts}
    total = sum(weight(path) for path in [STATIC / "index.html", *styles, *fonts, *scripts])
    assert total <= FIRST_PAGE, {path.name: weight(path) for path in scripts}


def test_the_studio_s_share_of_the_wheel_is_small() -> None:
    # A wheel is a zip: what counts is what is left of a file when it is packed.
    assert sum(weight(path) for path in STATIC.rglob("*") if path.is_file()) <= SHARE_OF_WHEEL


def test_no_screen_dresses_what_is_on_another() -> None:
    # A screen's sheet stays once it was loaded: a class that two of them begin a rule with, or that another screen
    # wears for a reason of its own, looks otherwise after a visit there.
    begun: dict[str, set[str]] = {}
    for sheet in sorted((SOURCES / "src" / "screens").glob("*/*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        selectors = [part.strip() for head in re.findall(r"([^{}]+)\{", text) for part in head.split(",")]
        for selector in selectors:
            if not selector.startswith(("@", ":", "from", "to")) and not selector[0].isdigit():
                begun.setdefault(selector.split()[0].split(":")[0].split("[")[0], set()).add(sheet.parent.name)
    assert not [selector for selector in begun if not selector.startswith((".", "svg"))], "a bare element is the kit's"
    assert {selector: screens for selector, screens in begun.items() if len(screens) > 1} == {}


def test_nothing_in_the_bundle_names_another_host() -> None:
    names = set()
    for path in STATIC.rglob("*"):
        if path.suffix in (".js", ".css", ".html"):
            names |= set(re.findall(r"https?://([\w.-]+)", path.read_text(encoding="utf-8")))
    # Names of XML, and where libraries explain their errors; nothing is asked of them, as the browser's tests see.
    assert names <= {
        "www.w3.org",
        "react.dev",
        "reactflow.dev",
        "reactjs.org",
        "localhost",
        "127.0.0.1",
        "react-spectrum.adobe.com",
        "tanstack.com",
    }


def test_the_description_of_the_interface_is_the_one_that_types_were_made_from() -> None:
    from hortus.studio.contract import described

    kept = (SOURCES / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(kept) == json.loads(described()), "make ui"


@needs_node
def test_the_types_are_those_of_the_description(tmp_path: Path) -> None:
    made = tmp_path / "schema.ts"
    command = [str(NODE), "node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", str(made)]
    subprocess.run(command, cwd=SOURCES, check=True, capture_output=True)
    assert made.read_text(encoding="utf-8") == (SOURCES / "src/api/schema.ts").read_text(encoding="utf-8"), "make ui"


@needs_node
def test_the_bundle_is_what_the_sources_make(tmp_path: Path) -> None:
    command = [
        str(NODE),
        "node_modules/vite/bin/vite.js",
        "build",
        "--outDir",
        str(tmp_path / "static"),
        "--emptyOutDir",
    ]
    subprocess.run(command, cwd=SOURCES, check=True, capture_output=True)
    made = sorted(path.relative_to(tmp_path / "static") for path in (tmp_path / "static").rglob("*") if path.is_file())
    kept = sorted(path.relative_to(STATIC) for path in STATIC.rglob("*") if path.is_file())
    assert made == kept, "make ui"
    differing = [
        str(path) for path in made if not filecmp.cmp(tmp_path / "static" / path, STATIC / path, shallow=False)
    ]
    assert differing == [], "make ui"


@needs_node
def test_the_sources_are_typed_strictly() -> None:
    done = subprocess.run(
        [str(NODE), "node_modules/typescript/bin/tsc", "--noEmit"],
        cwd=SOURCES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout

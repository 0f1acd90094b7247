"""Rules of the house that no linter knows: what is imported, what is public, what is never called."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hortus

SOURCE = Path(hortus.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

BANNED_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
BANNED_CALLS = {
    "eval",
    "exec",
    "joblib.load",
    "torch.load",
    "os.fork",
    "os.system",
    "os.popen",
    "np.random.seed",
    "numpy.random.seed",
    "random.seed",
    "torch.manual_seed",
}
# Workers are forked from a process that imports, and does nothing else (docs/decisions/0003-subprocess-slots.md).
EXCEPTIONS = {"engine/executors/nursery_process.py": {"os.fork()"}}
HEAVY = {"numpy", "pandas", "sklearn", "scipy", "optuna", "lightgbm", "torch", "pyarrow", "rich", "typer"}


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an attribute chain; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        stem = dotted(node.value)
        return f"{stem}.{node.attr}" if stem else ""
    return ""


def breaches(text: str) -> list[str]:
    """What in a module's source breaks the bans, each with its line."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").split(".")[0]]
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            found += [f"{node.lineno}: {member}" for member in members & BANNED_CALLS]
        found += [f"{node.lineno}: import {name}" for name in names if name in BANNED_MODULES]
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            if called in BANNED_CALLS:
                found.append(f"{node.lineno}: {called}()")
            if called.endswith("get_context") and any(
                isinstance(a, ast.Constant) and a.value in ("fork", "forkserver") for a in node.args
            ):
                found.append(f"{node.lineno}: {called}(fork)")
            for keyword in node.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if (keyword.arg, value) in {("shell", True), ("allow_pickle", True)}:
                    found.append(f"{node.lineno}: {keyword.arg}=True")
    return found


@pytest.mark.parametrize("path", FILES, ids=[str(f.relative_to(SOURCE)) for f in FILES])
def test_source_reads_no_pickle_and_runs_no_text(path: Path) -> None:
    known = EXCEPTIONS.get(str(path.relative_to(SOURCE)), set())
    found = breaches(path.read_text(encoding="utf-8"))
    assert [breach for breach in found if breach.partition(": ")[2] not in known] == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "from joblib import load",
        "import torch\ntorch.load('x')",
        "eval('1')",
        "import multiprocessing as mp\nmp.get_context('fork')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import numpy as np\nnp.random.seed(0)",
    ],
)
def test_the_ban_sees_what_it_bans(text: str) -> None:
    assert breaches(text)


def test_no_module_of_the_package_imports_the_public_face() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            plain = isinstance(node, ast.Import) and any(alias.name == "hortus" for alias in node.names)
            named = isinstance(node, ast.ImportFrom) and node.module == "hortus"
            assert not plain, f"{path}:{node.lineno}"
            if named and not path.is_relative_to(SOURCE / "cli"):
                assert all((SOURCE / f"{a.name}.py").exists() or (SOURCE / a.name).is_dir() for a in node.names), path


def test_importing_hortus_imports_nothing_heavy() -> None:
    code = "import sys, json, hortus; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(json.loads(done.stdout))


def test_the_command_line_shows_its_help_without_the_heavy_libraries() -> None:
    code = (
        "import sys, json\nsys.argv = ['hortus', '--help']\nfrom hortus.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert (HEAVY - {"rich", "typer"}).isdisjoint(loaded)


def test_the_public_face_is_exactly_this() -> None:
    errors = {
        "ArtifactError",
        "BudgetError",
        "HortusError",
        "InputError",
        "JournalError",
        "MissingExtraError",
        "ReadError",
        "RunError",
        "RunInUseError",
        "SchemaError",
        "SettingError",
        "TargetError",
    }
    estimators = {"AutoClassifier", "AutoRegressor", "ImageClassifier", "ImageSegmenter"}
    functions = {"blend", "compare", "load", "search", "stack", "tune"}
    assert set(hortus.__all__) == errors | estimators | functions | {"Choice", "Float", "Int", "__version__"}
    assert dir(hortus) == sorted(hortus.__all__)
    for name in hortus.__all__:
        assert getattr(hortus, name) is not None
    with pytest.raises(AttributeError, match="AutoCluster"):
        _ = hortus.AutoCluster

"""The running Hortus as a wheel, so that a folder handed over predicts with the very code that made the model.

Hortus is pure Python, so a wheel of it is its files and four short ones beside them (PEP 427). Equal files give an
equal wheel.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from hortus import errors

_DATE = (1980, 1, 1, 0, 0, 0)


def write_wheel(folder: Path) -> Path:
    """Write ``hortus-VERSION-py3-none-any.whl`` into a folder that is there.

    Returns:
        Where it lies.
    """
    here = distribution("hortus")
    stem = f"hortus-{here.version}"
    package = Path(errors.__file__).parent
    parts = {
        f"hortus/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    info = f"{stem}.dist-info"
    parts |= {
        f"{info}/METADATA": (here.read_text("METADATA") or "").encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: hortus\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": (here.read_text("entry_points.txt") or "").encode(),
    }
    place = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in {**parts, f"{info}/RECORD": _record(parts, f"{info}/RECORD")}.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o100644 << 16
            wheel.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return place


def _record(parts: dict[str, bytes], own: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in parts.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow((name, f"sha256={digest}", len(data)))
    rows.writerow((own, "", ""))
    return text.getvalue().encode()

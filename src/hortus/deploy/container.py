"""A model as a folder that becomes a container: the app, the model, exact versions, and how to build it.

Dockerfile            slim Python, a user without rights, a health check
requirements.lock     the exact version of every library; no registry is named
hortus-*.whl          the Hortus that made the folder
app/main.py           serves the model
app/model.hortus      the model
README.md             how to build, run and ask it
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np

from hortus.deploy.image_model import ImageModel
from hortus.deploy.load import load
from hortus.deploy.lock import locked, locked_network
from hortus.deploy.scene_model import SceneModel
from hortus.deploy.serve.door import SHORTEST_TOKEN
from hortus.deploy.serve.probing import Probed, probe
from hortus.deploy.wheel import write_wheel
from hortus.ensemble.predictor import Predictor

# Python's own image of Debian without what a server has no use for; LightGBM and scikit-learn need GNU's OpenMP.
_DOCKERFILE = Template("""\
FROM python:$python-slim

RUN apt-get update \\
    && apt-get install --yes --no-install-recommends libgomp1 \\
    && rm -rf /var/lib/apt/lists/* \\
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hortus

ENV PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    OMP_NUM_THREADS=1 \\
    HORTUS_HOST=0.0.0.0 \\
    HORTUS_PORT=8000

WORKDIR /srv
COPY requirements.lock $wheel ./
${builds}RUN python -m pip install --no-cache-dir --disable-pip-version-check ${flags}--requirement requirements.lock \\
    && python -m pip install --no-cache-dir --disable-pip-version-check --no-deps $wheel
COPY app ./app

USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "app/health.py"]
CMD ["python", "app/main.py"]
""")

_MAIN = '''\
"""Serve model.hortus. HORTUS_HOST, HORTUS_PORT and HORTUS_TOKEN say where, and what requests must bear."""

import os
import sys
from pathlib import Path

from hortus.deploy.serve.server import serve
from hortus.errors import HortusError

if __name__ == "__main__":
    try:
        serve(
            Path(__file__).with_name("model.hortus"),
            host=os.environ.get("HORTUS_HOST", "127.0.0.1"),
            port=int(os.environ.get("HORTUS_PORT", "8000")),
            token=os.environ.get("HORTUS_TOKEN") or None,
        )
    except HortusError as error:
        sys.exit(f"Error: {error}")
'''

_HEALTH = '''\
"""End with 0 if the server answers."""

import os
import sys
import urllib.request

if __name__ == "__main__":
    # Asked from inside, whatever it is bound to; never through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    address = f"http://127.0.0.1:{os.environ.get('HORTUS_PORT', '8000')}/healthz"
    try:
        with opener.open(address, timeout=4) as answer:
            sys.exit(0 if answer.status == 200 else 1)
    except OSError as error:
        sys.exit(f"{address}: {error}")
'''

_IGNORED = """\
README.md
.git
**/__pycache__
**/*.pyc
"""

_README = Template("""\
# Predictions of $target

A model made by Hortus, as a container.

```sh
docker build --tag model .
docker run --rm --publish 127.0.0.1:8000:8000 --env HORTUS_TOKEN --read-only --tmpfs /tmp --cap-drop ALL model
```

`HORTUS_TOKEN` holds $least or more characters, such as `openssl rand -hex 32` makes; inside a container the server can
be reached from outside, so it does not start without one. A page to try the model is at http://127.0.0.1:8000/ .

```sh
curl http://127.0.0.1:8000/v1/schema -H "Authorization: Bearer $$HORTUS_TOKEN"
curl http://127.0.0.1:8000/v1/predict -H "Authorization: Bearer $$HORTUS_TOKEN" \\
  $request
```
$builds

Without Docker, in an environment with Python $python:

```sh
python -m pip install ${flags}--requirement requirements.lock
python -m pip install --no-deps $wheel
HORTUS_HOST=127.0.0.1 python app/main.py
```

## What was tried

$tried
""")

# PyTorch's own libraries for accelerators are in no lock, so that pip is let find them.
_NO_DEPS = "--no-deps "
_BUILDS = """\

PyTorch as most indexes have it brings libraries for accelerators with it, some gigabytes. Where an index of builds for
processors alone is at hand, `docker build --build-arg PIP_EXTRA_INDEX_URL=ADDRESS --tag model .` takes them from there:
the versions are the same.
"""


@dataclass(frozen=True)
class _Contents:
    """What of a folder goes by its model.

    Attributes:
        target: what is predicted.
        versions: of the libraries, by name.
        request: the end of a command that asks for a prediction.
        tried: what was tried with the model, in sentences.
        builds: whether a library has builds of its own for different machines.
    """

    target: str
    versions: dict[str, str]
    request: str
    tried: list[str]
    builds: bool


def export_container(bundle: Path, out: Path) -> list[str]:
    """Fill a folder with all that a container of the model needs.

    Args:
        bundle: the ``.hortus`` file.
        out: the folder, which is there and empty.

    Returns:
        What to tell the person, line by line.

    Raises:
        ArtifactError: the file is no model, or is damaged.
        MissingExtraError: what serving needs is not installed here.
    """
    contents = _contents(load(bundle))
    wheel = write_wheel(out).name
    app = out / "app"
    app.mkdir()
    shutil.copyfile(bundle, app / "model.hortus")
    how = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "wheel": wheel,
        "flags": "" if contents.builds else _NO_DEPS,
    }
    readme = _README.substitute(
        how,
        target="".join(c if c.isalnum() or c in " _-." else " " for c in contents.target),
        least=SHORTEST_TOKEN,
        request=contents.request,
        tried="\n".join(contents.tried),
        builds=_BUILDS if contents.builds else "",
    )
    written = {
        "Dockerfile": _DOCKERFILE.substitute(how, builds="ARG PIP_EXTRA_INDEX_URL\n" if contents.builds else ""),
        ".dockerignore": _IGNORED,
        "requirements.lock": "".join(f"{name}=={version}\n" for name, version in contents.versions.items()),
        "README.md": readme,
        "app/main.py": _MAIN,
        "app/health.py": _HEALTH,
    }
    for name, text in written.items():
        (out / name).write_text(text, encoding="utf-8")
    return [
        f"{out} holds the model, its server and the exact versions of {len(contents.versions)} libraries. Next:",
        f"  docker build --tag model {out}",
        *contents.tried,
    ]


def _contents(model: Predictor | ImageModel | SceneModel) -> _Contents:
    """What goes by the kind of a model.

    Raises:
        MissingExtraError: what serving needs is not installed here.
    """
    if isinstance(model, Predictor):
        rows = """-H 'Content-Type: application/json' -d '{"rows": [{"column": 1.5}]}'"""
        return _Contents(model.task.target, locked(model), rows, _sentences(probe(model)), builds=False)
    import torch

    versions = locked_network()
    channels, height, width = model.shape
    blank = np.zeros((1, *model.shape), dtype=np.uint8 if model.whole else np.float32)
    if isinstance(model, SceneModel):
        target, what = "masks", "a mask"
        model.likeliest(blank[0])
    else:
        target, what = model.task.target, "a class"
        model.rate(torch.from_numpy(blank))
    request = (
        "-H 'Content-Type: image/png' --data-binary @picture.png"
        if model.whole
        else """-H 'Content-Type: application/json' -d '{"images": [[[0.5, 0.25], [0, 1]]]}'"""
    )
    size = f"{width} by {height} pixels with {channels} channel{'s' if channels > 1 else ''}"
    tried = [f"The network was asked about a blank image of {size}, and answered with {what}."]
    return _Contents(target, versions, request, tried, builds=True)


def _sentences(probed: Probed) -> list[str]:
    """What the probing found, in words."""
    if not probed.null and not probed.unseen:
        return ["Every column was tried with a missing cell and with an unseen category: the model takes both."]
    refused = [("a missing cell", probed.null), ("an unseen category", probed.unseen)]
    return [
        f"The model cannot take {what} in {', '.join(map(repr, names))}; requests with one are refused."
        for what, names in refused
        if names
    ]

"""A found network as ONNX: pixels in, probabilities out, and how far the graph is from the network."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.network_parts import NetworkParts
from hortus.errors import ArtifactError
from hortus.libraries import require

if TYPE_CHECKING:
    from torch import Tensor

FILE, PARITY, README = "model.onnx", "parity.json", "README.md"
OPSET = 17
# The most that any probability may differ by.
TOLERANCE = 1e-4
BATCH = 16


@dataclass(frozen=True)
class NetworkParity:
    """Differences between a network and its graph.

    Attributes:
        images: compared.
        greatest: difference of any probability.
        equal: the share of images, or of pixels, with the same class.
        tolerance: the most that any may differ by.
    """

    images: int
    greatest: float
    equal: float
    tolerance: float = TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether every probability lies within the tolerance; one that is no number does not."""
        return self.greatest <= self.tolerance


def write_onnx(parts: NetworkParts, pixels: NDArray[Any], out: Path) -> NetworkParity:
    """Write ``model.onnx``, ``parity.json`` and ``README.md`` into a folder.

    Args:
        parts: of the model.
        pixels: (n, c, h, w) images that network and graph are compared on.
        out: the folder; it is there.

    Raises:
        ArtifactError: the graph says something else than the network.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    import torch

    require("onnx", "onnx")
    runtime = require("onnxruntime", "onnx")
    graph = _graph(parts)
    example = torch.zeros((2, *parts.shape))
    with warnings.catch_warnings():
        # The exporter says that sizes are constants now, which they are, and that a newer one is to come.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (example,),
            str(out / FILE),
            dynamo=False,
            opset_version=OPSET,
            input_names=["pixels"],
            output_names=["probabilities"],
            dynamic_axes={"pixels": {0: "n"}, "probabilities": {0: "n"}},
        )
    session = runtime.InferenceSession(str(out / FILE), providers=["CPUExecutionProvider"])
    greatest, same, count = 0.0, 0, 0
    for first in range(0, len(pixels), BATCH):
        some = np.ascontiguousarray(pixels[first : first + BATCH], dtype=np.float32)
        with torch.inference_mode():
            wanted = graph(torch.from_numpy(some)).numpy()
        (found,) = session.run(None, {"pixels": some})
        greatest = max(greatest, float(np.abs(found - wanted).max()))
        same += int((found.argmax(1) == wanted.argmax(1)).sum())
        count += wanted[:, 0].size
    parity = NetworkParity(len(pixels), greatest, same / max(1, count))
    (out / PARITY).write_text(
        json.dumps({**asdict(parity), "passed": parity.passed}, indent=1) + "\n", encoding="utf-8"
    )
    if not parity.passed:
        raise ArtifactError(
            f"The graph is {parity.greatest:.3g} from the network, and {TOLERANCE:g} is the most.",
            mend="Use the .hortus file, or export --to code.",
            code="onnx-parity",
        )
    (out / README).write_text(_readme(parts, parity), encoding="utf-8")
    return parity


def _graph(parts: NetworkParts) -> Any:
    """The network with what stands before and after it, on the CPU.

    An antialiased resize is a product of matrices on either side, which every runtime has.
    """
    import copy

    import torch
    from torch import nn

    class Whole(nn.Module):
        mean: Tensor
        deviation: Tensor
        rows: Tensor
        columns: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = copy.deepcopy(parts.network).cpu().float().eval()
            self.register_buffer("mean", torch.tensor(parts.mean).reshape(1, -1, 1, 1))
            self.register_buffer("deviation", torch.tensor(parts.deviation).reshape(1, -1, 1, 1))
            self.small = parts.resolution < 1.0
            self.register_buffer("rows", _along(parts.shape[1], parts.resolution))
            self.register_buffer("columns", _along(parts.shape[2], parts.resolution).T.contiguous())

        def forward(self, pixels: Tensor) -> Tensor:
            x = (pixels - self.mean) / self.deviation
            if self.small:
                x = torch.matmul(torch.matmul(self.rows, x), self.columns)
            return torch.softmax(self.network(x), dim=1)

    return Whole().eval()


def _along(side: int, share: float) -> Tensor:
    """(small, side): the antialiased resize along one axis as a matrix."""
    import torch
    from torch.nn import functional

    if share >= 1.0:
        return torch.eye(side)
    size = max(min(4, side), round(share * side))
    eye = torch.eye(side)[None, None]
    return functional.interpolate(eye, size=(size, side), mode="bilinear", antialias=True, align_corners=False)[0, 0]


def _readme(parts: NetworkParts, parity: NetworkParity) -> str:
    channels, height, width = parts.shape
    what = "a class for each pixel" if parts.dense else "a class for each image"
    answer = f"(n, {len(parts.labels)}, {height}, {width})" if parts.dense else f"(n, {len(parts.labels)})"
    return f"""# {FILE}: {what}

Input `pixels`: (n, {channels}, {height}, {width}) float32, values as they lie in files.
Output `probabilities`: {answer}, in the order {list(parts.labels)}.

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{FILE}")
(found,) = session.run(None, {{"pixels": np.zeros((1, {channels}, {height}, {width}), dtype=np.float32)}})
```

Compared with the network on {parity.images} images: no probability differs by more than {parity.greatest:.2g};
{100 * parity.equal:.4g} % of the {"pixels" if parts.dense else "images"} have the same class.
"""

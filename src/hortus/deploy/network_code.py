"""A found network as one file of plain PyTorch, readable, without Hortus, and its weights beside it.

The definitions of the operations that it uses are copied from the source of Hortus, with those that they need and no
others; the layers are a table. So what the file computes is what the search computed.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from hortus.deploy.network_parts import NetworkParts
from hortus.nets.plan import IMAGES

SOURCES = ("hortus.nets.atrous", "hortus.nets.operations")
FILE, WEIGHTS = "network.py", "network.safetensors"
HEAD = '''"""A network that was found by a search, in plain PyTorch: {told}.

    pip install torch safetensors
    python network.py image.png            # needs pillow too

    from network import load, probabilities
    network = load()                       # weights from network.safetensors beside this file
    probabilities(network, images)         # (n, {channels}, {height}, {width}) pixels -> {answer}
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

LABELS = {labels}
MEAN, DEVIATION = {mean}, {deviation}
SHAPE, RESOLUTION = {shape}, {resolution}
'''
TAIL = '''

class Network(nn.Module):
    """(n, {channels}, height, width) of normalized images in, {answer} of logits out."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = nn.ModuleDict()
        for name, operation, inputs, channels, outputs, stride, settings in LAYERS:
            seen = channels if operation in SEVERAL else channels[0]
            self.operations[name] = OPERATIONS[operation](seen, outputs, stride, **settings)

    def forward(self, images: Tensor) -> Tensor:
        values = {{{source!r}: images}}
        for name, operation, inputs, *_ in LAYERS:
            values[name] = self.operations[name](*[values[source] for source in inputs])
        return values[LAYERS[-1][0]]


def load(path: Path = Path(__file__).with_name("{weights}")) -> Network:
    """The trained network."""
    network = Network()
    network.load_state_dict(load_file(str(path)))
    return network.eval()


def normalized(pixels: Tensor) -> Tensor:
    """Pixels as they lie in files (0 to 255, or as they were in training), as the network sees them."""
    mean, deviation = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (MEAN, DEVIATION))
    x = (pixels.float() - mean) / deviation
    if RESOLUTION < 1.0:
        size = [max(min(4, side), round(RESOLUTION * side)) for side in x.shape[2:]]
        x = functional.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
    return x


@torch.inference_mode()
def probabilities(network: Network, pixels: Tensor) -> Tensor:
    """{answer} of probabilities, in the order of LABELS."""
    return torch.softmax(network(normalized(pixels)).double(), dim=1)


def main() -> None:
    """Print {printed} for each image that is named."""
    import numpy as np
    from PIL import Image

    network = load()
    channels, height, width = SHAPE
    for path in sys.argv[1:]:
        image = Image.open(path).convert("RGB" if channels == 3 else "L").resize((width, height), Image.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).reshape(height, width, channels).permute(2, 0, 1)[None]
        found = probabilities(network, pixels)[0]
        {say}


if __name__ == "__main__":
    main()
'''


def write_code(parts: NetworkParts, out: Path) -> list[Path]:
    """Write ``network.py`` and ``network.safetensors`` into a folder, and return their paths.

    Args:
        parts: of the model.
        out: the folder; it is there.
    """
    from hortus.libraries import require

    used = {layer.operation for layer in parts.plan.live}
    channels, height, width = parts.shape
    answer = f"(n, {len(parts.labels)}, height, width)" if parts.dense else f"(n, {len(parts.labels)})"
    say = (
        "print(path, *(LABELS[code] for code in found.argmax(0).unique().tolist()))"
        if parts.dense
        else "print(path, LABELS[int(found.argmax())])"
    )
    words: dict[str, Any] = {
        "told": parts.describe.replace("\\", "/"),
        "channels": channels,
        "height": height,
        "width": width,
        "answer": answer,
        "labels": repr(list(parts.labels)),
        "mean": repr(list(parts.mean)),
        "deviation": repr(list(parts.deviation)),
        "shape": repr(parts.shape),
        "resolution": repr(parts.resolution),
        "source": IMAGES,
        "weights": WEIGHTS,
        "printed": "the classes that are there" if parts.dense else "the class",
        "say": say,
    }
    body = "\n\n\n".join(_definitions(used))
    text = f"{HEAD.format(**words)}\n\n{body}\n\n{_table(parts)}{TAIL.format(**words)}"
    (out / FILE).write_text(text, encoding="utf-8")
    live = tuple(f"operations.{layer.name}." for layer in parts.plan.live)
    kept = {name: t for name, t in parts.network.state_dict().items() if name.startswith(live)}
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in kept.items()}
    require("safetensors.torch", "nets").save_file(tensors, str(out / WEIGHTS))
    return [out / FILE, out / WEIGHTS]


def _table(parts: NetworkParts) -> str:
    """The layers, in the order in which they run."""
    rows = [
        (
            layer.name,
            layer.operation,
            layer.inputs,
            layer.channels,
            layer.shape[0],
            layer.stride,
            # As JSON gives them back: sizes are lists.
            json.loads(json.dumps(dict(layer.settings))),
        )
        for layer in parts.plan.live
    ]
    said = "# Name, operation, inputs, their channels, channels out, stride, settings; each comes after its inputs.\n"
    return f"\n{said}LAYERS: list[tuple[Any, ...]] = [\n" + "".join(f"    {row!r},\n" for row in rows) + "]\n"


def _definitions(used: set[str]) -> Iterator[str]:
    """The source of everything that the operations need, each after what it needs, and their table."""
    sources: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    table: Mapping[str, str] = {}
    for module in map(import_module, SOURCES):
        text = _text(module)
        for node in ast.parse(text).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                sources[node.name] = ast.get_source_segment(text, node) or ""
                needs[node.name] = _names(node)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict):
                pairs = zip(node.value.keys, node.value.values, strict=True)
                entries = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
                table = {str(name): ast.get_source_segment(text, value) or "" for name, value in entries.items()}
                needs["OPERATIONS"] = set().union(*(_names(v) for name, v in entries.items() if name in used))
    wanted: set[str] = set()
    waiting = needs["OPERATIONS"] & set(sources)
    while waiting:
        wanted |= waiting
        waiting = {name for one in waiting for name in needs[one] if name in sources} - wanted
    # Classes that others derive from come first; functions may name each other in any order.
    yield from (text for name, text in sources.items() if name in wanted)
    yield (
        "OPERATIONS: Mapping[str, Callable[..., nn.Module]] = {\n"
        + "".join(f'    "{name}": {text},\n' for name, text in table.items() if name in used)
        + "}"
    )
    from hortus.nets.operations import SEVERAL

    yield f"# Operations that take several inputs.\nSEVERAL = {sorted(SEVERAL & used)!r}"


def _names(node: ast.AST) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def _text(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")

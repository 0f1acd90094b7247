"""Models as ONNX graphs, built node by node from what they have learned."""

from __future__ import annotations

from hortus.deploy.onnx.export import OnnxExport, export_onnx, refusals
from hortus.deploy.onnx.graph import Refusal
from hortus.deploy.onnx.parity import Parity

__all__ = ["OnnxExport", "Parity", "Refusal", "export_onnx", "refusals"]

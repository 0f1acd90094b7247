"""Pictures and pixels of a request to classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.image_model import ImageModel
from hortus.deploy.serve.seeing import Eye, Seen, not_finite
from hortus.deploy.serve.waiting import Waiting

# Pixels of one picture: those of a telephone's largest.
MOST_PIXELS = 50_000_000


class ImageDesk:
    """A network, ready to be asked.

    Args:
        model: the network.
        threads: predictions at once; one a core if not said.
    """

    def __init__(self, model: ImageModel, *, threads: int | None = None) -> None:
        self.model = model
        self.eye = Eye(model, MOST_PIXELS)
        self.waiting = Waiting(threads)
        # Trying loads what is loaded at first use, so that the first request is as fast as any.
        self._rate([np.zeros(model.shape, dtype=np.uint8 if model.whole else np.float32)])

    async def predict(self, sent: list[Any]) -> dict[str, Any]:
        """`replies.Predictions` as JSON values.

        Args:
            sent: each a picture's bytes, the same as a text in base64, or pixels as nested lists.

        Raises:
            RefusedError: 422 an image cannot be used, 503 too many are waiting.
        """
        return await self.waiting.turn(lambda: self._predict(list(sent)))

    def _predict(self, sent: list[Any]) -> dict[str, Any]:
        seen: list[Seen] = list(self.eye.see(sent))
        task = self.model.task
        rated = self._rate([one.pixels for one in seen])
        names = [str(label) for label in task.classes]
        found = []
        for one, shares in zip(seen, rated, strict=True):
            remarks = [remark.model_dump() for remark in one.remarks]
            if np.isfinite(shares).all():
                value = task.classes[int(shares.argmax())]
                told = dict(zip(names, shares.tolist(), strict=True))
                found.append({"value": value, "probabilities": told, "warnings": remarks})
            else:
                remarks.append(not_finite().model_dump())
                found.append({"value": None, "probabilities": None, "warnings": remarks})
        return {"target": task.target, "predictions": found, "warnings": []}

    def _rate(self, pixels: list[NDArray[Any]]) -> NDArray[np.float64]:
        import torch

        if not pixels:
            return np.zeros((0, len(self.model.task.classes)))
        return self.model.rate(torch.from_numpy(np.stack(pixels)))

"""What a found network is made of, whichever kind of model holds it: for those who write it down in another form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hortus.deploy.image_model import ImageModel
from hortus.deploy.scene_model import SceneModel
from hortus.errors import SettingError
from hortus.nets.plan import Plan

if TYPE_CHECKING:
    from hortus.nets.build import PlanNetwork


@dataclass(frozen=True)
class NetworkParts:
    """A network and what stands before and after it.

    Attributes:
        plan: of the network.
        network: trained, in evaluation mode.
        shape: channels, height, width of an image.
        mean: of each channel.
        deviation: standard deviation of each channel.
        resolution: share of the height and width that it sees.
        labels: of the classes, as plain JSON values.
        dense: whether it tells each pixel's class.
        describe: the candidate in one line.
    """

    plan: Plan
    network: PlanNetwork
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    resolution: float
    labels: tuple[Any, ...]
    dense: bool
    describe: str


def parts_of(model: ImageModel | SceneModel) -> NetworkParts:
    """The parts of a model's network.

    Raises:
        SettingError: it was not built from a plan, as networks of one's own code are not.
    """
    from hortus.nets.build import PlanNetwork

    network = model.network
    if not isinstance(network, PlanNetwork):
        raise SettingError(
            f"A {type(model.candidate).__name__} is built by code of one's own, which Hortus cannot write down.",
            mend="Export networks of the spaces of Hortus; the code of yours you have.",
            code="network-without-plan",
        )
    dense = isinstance(model, SceneModel)
    labels = model.classes.names if isinstance(model, SceneModel) else model.task.labels.tolist()
    resolution = 1.0 if isinstance(model, SceneModel) else model.resolution
    described = model.describe
    return NetworkParts(
        network.plan, network, model.shape, model.mean, model.deviation, resolution, tuple(labels), dense, described
    )

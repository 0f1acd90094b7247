"""What an untrained network tells of its worth: scores from one batch, without a step of training.

Each takes a network, a batch of images and their classes, and gives a number, greater is better. Normalization layers
are in training mode, as in the authors' code, but for synflow, which passes them by. They are cheap guesses: whether
one ranks better than counting parameters is for `hortus.evaluation.agreement` to say, on the data in hand.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.data.images import ImageData
from hortus.errors import SettingError, nearest
from hortus.evaluation.base import Evaluation, Evaluator, Fidelity, TrialContext
from hortus.evaluation.building import build, tensors, threads
from hortus.evaluation.sizes import check_limits, check_size
from hortus.nets.counting import multiply_adds, parameters
from hortus.nets.training import Normalizer, device
from hortus.seeds import stream
from hortus.spaces.base import Candidate

# Images in the batch, as NASWOT has it.
BATCH = 128
# Added to the eigenvalues of jacob_cov, as its authors do.
SMALL = 1e-5

Score = Callable[[nn.Module, Tensor, Tensor], float]


def naswot(network: nn.Module, images: Tensor, _labels: Tensor) -> float:
    """How differently a batch's images switch the rectifiers on: log |det K| (Mellor et al. 2021, equation 2).

    K_ij counts the rectifiers that are both on or both off for images i and j: with x = 1[z > 0] for each input z of a
    ReLU, flattened, K is the sum of x x^T + (1 - x)(1 - x)^T.

    Args:
        network: with modules of the class ``nn.ReLU``.
        images: (b, c, h, w).

    Raises:
        SettingError: it has none.
    """
    size = len(images)
    kernel = torch.zeros((size, size), dtype=torch.float64, device=images.device)

    def add(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = (inputs[0].reshape(size, -1) > 0).to(torch.float32)
        kernel.add_((x @ x.T + (1.0 - x) @ (1.0 - x).T).to(torch.float64))

    rectifiers = [module for module in network.modules() if isinstance(module, nn.ReLU)]
    if not rectifiers:
        raise SettingError(
            "naswot looks at rectifiers, and this network has none of the class nn.ReLU.",
            mend="Take another score, such as score='synflow'.",
            code="no-rectifier",
        )
    hooks = [module.register_forward_pre_hook(add) for module in rectifiers]
    try:
        with _in_training(network), torch.no_grad():
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return float(torch.linalg.slogdet(kernel).logabsdet)


def synflow(network: nn.Module, images: Tensor, _labels: Tensor) -> float:
    """What flows through all weights together: the sum of |theta * dR/dtheta| (Tanaka et al. 2020, equation 5).

    R is the sum of the outputs for an image of ones, with every weight's absolute value in its place, in double
    precision, normalizations passed by. The network itself is left as it was.

    Args:
        network: any.
        images: (b, c, h, w); only their shape counts.
    """
    other = copy.deepcopy(network).double()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.abs_()
    for module in other.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.register_forward_hook(lambda _module, inputs, _output: inputs[0])
    other.zero_grad(set_to_none=True)
    # Evaluation mode, since a normalization of one image of ones could not be computed in training mode.
    other.eval()
    ones = torch.ones((1, *images.shape[1:]), dtype=torch.float64, device=images.device)
    other(ones).sum().backward()
    return float(sum(float((w.detach() * w.grad).abs().sum()) for w in _weights(other) if w.grad is not None))


def snip(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """How much the loss hangs on the weights: the sum of |w * g| (Lee et al. 2019, equation 3).

    That is the gradient with respect to a mask on the weights, where the mask is 1.

    Args:
        network: any.
        images: (b, c, h, w).
        labels: (b,) class codes.
    """
    found = 0.0
    for weight, gradient in _gradients(network, images, labels):
        found += float((weight * gradient).abs().sum())
    return found


def grad_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The sum over layers of the Euclidean norm of the loss's gradient (Abdelfattah et al. 2021, section 3.1).

    Args:
        network: any.
        images: (b, c, h, w).
        labels: (b,) class codes.
    """
    return float(sum(float(gradient.norm()) for _, gradient in _gradients(network, images, labels)))


def jacob_cov(network: nn.Module, images: Tensor, _labels: Tensor) -> float:
    """How differently the outputs hang on the inputs: -sum(log(v + k) + 1 / (v + k)) (Mellor et al. 2020, v1).

    v are the eigenvalues of the correlations between the images' Jacobians, k = 1e-5.

    Args:
        network: any.
        images: (b, c, h, w).
    """
    x = images.detach().clone().requires_grad_(True)
    with _in_training(network):
        (jacobian,) = torch.autograd.grad(network(x).sum(), x, allow_unused=True, materialize_grads=True)
    flat = jacobian.reshape(len(images), -1).double().cpu().numpy()
    away = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(away, axis=1, keepdims=True)
    if not (length > 0).all():
        return float("nan")
    v = np.linalg.eigvalsh((away / length) @ (away / length).T)
    return float(-np.sum(np.log(np.maximum(v, 0.0) + SMALL) + 1.0 / (np.maximum(v, 0.0) + SMALL)))


def params(network: nn.Module, _images: Tensor, _labels: Tensor) -> float:
    """How many numbers are learned: what every other score must beat to be worth anything."""
    return float(parameters(network))


def flops(network: nn.Module, images: Tensor, _labels: Tensor) -> float:
    """Multiply-adds of one image: likewise."""
    return float(multiply_adds(network, tuple(images.shape[1:])))


SCORES: Mapping[str, Score] = {
    "naswot": naswot,
    "synflow": synflow,
    "snip": snip,
    "grad_norm": grad_norm,
    "jacob_cov": jacob_cov,
    "params": params,
    "flops": flops,
}


class TrainingFree(Evaluator):
    """Score a network without training it.

    Args:
        score: a name in `SCORES`.
        batch: images that it looks at.
        limits: what a network may cost at most: ``parameters`` (33.5 million if not said), ``multiply_adds`` of an
            image.
    """

    name: ClassVar[str] = "training_free"
    requires: ClassVar[frozenset[str]] = frozenset({"network"})
    trains: ClassVar[bool] = False

    def __init__(self, *, score: str = "naswot", batch: int = BATCH, limits: Mapping[str, float] | None = None) -> None:
        if score not in SCORES:
            raise SettingError(
                f"There is no training-free score called {score!r}.", mend=nearest(score, SCORES), code="unknown-score"
            )
        self.score = score
        self.batch = batch
        self.limits = dict(limits or {})
        check_limits(self.limits)

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Score one network; every candidate sees the same batch.

        Raises:
            InputError: it is larger than it may be; nothing of it was allocated.
            SettingError: the score does not suit the network.
            TypeError: the candidate is no network.
        """
        del fidelity
        data = ImageData.load(context.data)
        begin = time.monotonic()
        check_size(candidate, data.shape, data.classes, batch=self.batch, limits=self.limits, memory=context.memory)
        with threads(context.threads):
            pixels, y = tensors(context.data, data.digest)
            rows = stream(0, "probe").permutation(data.train_rows(0))[: self.batch]
            images = Normalizer(*data.moments, place=device())(pixels[rows])
            network = build(candidate, data, context.seed).to(device())
            value = SCORES[self.score](network, images, y[rows])
            costs = {"params": parameters(network), "macs": multiply_adds(network, data.shape)}
        seconds = time.monotonic() - begin
        return Evaluation(
            fold_scores=(value,),
            score=value,
            seconds=seconds,
            predict_seconds=float("nan"),
            work=float(len(rows)),
            notes={**costs, "score": self.score},
        )


def _weights(network: nn.Module) -> Iterator[Tensor]:
    """The weights of convolutions and linear layers, each once."""
    seen: set[int] = set()
    for module in network.modules():
        if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)) and id(module.weight) not in seen:
            seen.add(id(module.weight))
            yield module.weight


def _gradients(network: nn.Module, images: Tensor, labels: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Weights of convolutions and linear layers, with the gradient of the batch's loss; those it does not reach left
    out.
    """
    weights = list(_weights(network))
    with _in_training(network):
        loss = functional.cross_entropy(network(images), labels)
        found = torch.autograd.grad(loss, weights, allow_unused=True)
    return [(w.detach(), g) for w, g in zip(weights, found, strict=True) if g is not None]


@contextmanager
def _in_training(network: nn.Module) -> Iterator[None]:
    """The network in training mode; its mode and its running statistics are put back."""
    training = network.training
    buffers: dict[str, Any] = {name: buffer.clone() for name, buffer in network.named_buffers()}
    network.train()
    try:
        yield
    finally:
        network.train(training)
        for name, buffer in network.named_buffers():
            buffer.copy_(buffers[name])

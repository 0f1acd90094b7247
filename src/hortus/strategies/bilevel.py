"""Gradients of architecture parameters through the training of the weights (Liu, Simonyan and Yang 2019, "DARTS").

Architecture parameters alpha are to be good on validation images for weights w that are good on training images. One
step of training stands for all of it: w' = w - xi grad_w L_train(w, alpha), DARTS, eq. 5 and 6. Imports torch at its
top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Loss = Callable[[], Tensor]

# DARTS, section 2.3: the step of the finite difference is this over the norm of the direction.
EPSILON = 0.01


def gradients(loss: Tensor, of: Sequence[Tensor], *, create_graph: bool = False) -> list[Tensor]:
    """Of ``loss``, with zeros for what it does not depend on."""
    found = torch.autograd.grad(loss, list(of), allow_unused=True, create_graph=create_graph)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, of, strict=True)]


def first_order(valid: Loss, alphas: Sequence[Tensor]) -> list[Tensor]:
    """The weights are taken as they are: xi = 0."""
    return gradients(valid(), alphas)


def second_order(
    train: Loss,
    valid: Loss,
    weights: Sequence[Tensor],
    alphas: Sequence[Tensor],
    *,
    rate: float,
    momenta: Sequence[Tensor | None] | None = None,
    momentum: float = 0.0,
    decay: float = 0.0,
) -> list[Tensor]:
    """DARTS, eq. 7, with its second term by the finite difference of eq. 8.

    Args:
        train: L_train for the weights and alphas as they stand.
        valid: L_val likewise.
        weights: w; moved while this runs, and put back.
        alphas: architecture parameters.
        rate: xi, the learning rate of the weights.
        momenta: of the weights' optimizer, one for each of ``weights``.
        momentum: its factor.
        decay: the weight decay.

    Returns:
        A gradient for each of ``alphas``.
    """
    before = [w.detach().clone() for w in weights]
    try:
        slopes = gradients(train(), weights)
        kept = momenta or [None] * len(before)
        with torch.no_grad():
            for w, slope, kept_one in zip(weights, slopes, kept, strict=True):
                push = slope + decay * w
                w.sub_(rate * (push if kept_one is None else push + momentum * kept_one))
        found = gradients(valid(), [*alphas, *weights])
        direct, direction = found[: len(alphas)], found[len(alphas) :]
        norm = float(torch.stack([d.norm() for d in direction]).norm())
        if norm == 0.0:
            return direct
        epsilon = EPSILON / norm
        _move(weights, before, direction, epsilon)
        above = gradients(train(), alphas)
        _move(weights, before, direction, -epsilon)
        below = gradients(train(), alphas)
    finally:
        _move(weights, before, before, 0.0)
    return [d - rate * (a - b) / (2 * epsilon) for d, a, b in zip(direct, above, below, strict=True)]


def _move(weights: Sequence[Tensor], origin: Sequence[Tensor], direction: Sequence[Tensor], step: float) -> None:
    with torch.no_grad():
        for w, at, d in zip(weights, origin, direction, strict=True):
            w.copy_(at if step == 0.0 else at + step * d)


def dominant_eigenvalue(valid: Loss, alpha: Tensor) -> float:
    """The greatest eigenvalue of the Hessian of L_val in alpha (Zela et al. 2020, "RobustDARTS").

    Exact: architecture parameters are few, so the whole Hessian is made, a row for each.
    """
    (slope,) = gradients(valid(), [alpha], create_graph=True)
    flat = slope.flatten()
    rows = [torch.autograd.grad(flat[k], alpha, retain_graph=k + 1 < len(flat))[0].flatten() for k in range(len(flat))]
    hessian = torch.stack(rows).double()
    return float(torch.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])

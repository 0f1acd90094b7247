"""All networks of a space in one: every candidate is a path through the supernet, and they share its weights.

A plan whose open edges carry the operation `CHOICE` becomes a supernet when each of those edges is given all
operations at once. It runs in three ways:

- a path: on each edge the one operation that a candidate's params name (Guo et al. 2020, "Single Path One-Shot");
- mixed: on each edge the sum of all operations under given weights (Liu, Simonyan and Yang 2019, "DARTS", eq. 2);
- sampled: on each edge one operation, under a weight that is 1 and has a gradient (Dong and Yang 2019, "GDAS").

With partial channels (Xu et al. 2020, "PC-DARTS") the operations see a k-th of an edge's channels, the rest passes by,
and the channels are shuffled after it.

Normalizations on open edges have no scale and shift of their own: those would make up for an operation's weight.
Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.errors import SettingError, nearest
from hortus.nets.build import PlanNetwork, initialize, make
from hortus.nets.choice import CHOICE, NONE, Choice, Route
from hortus.nets.operations import OPERATIONS
from hortus.nets.plan import IMAGES, Layer, Plan


class Supernet(nn.Module):
    """The supernet of a plan: (n, c, h, w) of images in, (n, classes) of logits out.

    Args:
        plan: of the network; edges whose operation is `CHOICE` are open.
        decisions: for each open edge the name of the decision that it follows; cells repeat, so many follow one.
        operations: the names of those that may stand on an open edge.
        partial: k of PC-DARTS; 1 for whole edges.
        seed: of the weights.

    Attributes:
        names: of the decisions, in the order in which their edges come; row e of a weight matrix is of ``names[e]``.
        operations: column k of a weight matrix is of ``operations[k]``.

    Raises:
        SettingError: an operation is unknown, or an edge's channels are no multiple of ``partial``.
    """

    def __init__(
        self, plan: Plan, decisions: Mapping[str, str], operations: Sequence[str], *, partial: int = 1, seed: int = 0
    ) -> None:
        super().__init__()
        self.plan, self.partial = plan, partial
        self.decisions = dict(decisions)
        self.operations = tuple(operations)
        self.names = tuple(dict.fromkeys(self.decisions[layer.name] for layer in plan.live if _open(layer)))
        self.layers = nn.ModuleDict()
        self._by_name = {layer.name: layer for layer in plan.layers}
        for name in self.operations:
            if name not in OPERATIONS:
                raise SettingError(
                    f"There is no operation called {name!r}.",
                    mend=nearest(name, OPERATIONS),
                    code="unknown-operation",
                )
        for layer in plan.live:
            if _open(layer) and layer.shape[0] % partial:
                raise SettingError(
                    f"An edge of {layer.shape[0]} channels has no {partial}th part.",
                    mend=f"Make the width a multiple of {partial}, or leave partial channels out.",
                    code="partial-channels",
                )
            # Modules draw first weights from the global generator; on the meta device there is nothing to draw.
            with torch.device("meta"):
                made = Choice(layer, self.operations, partial) if _open(layer) else make(layer)
            self.layers[layer.name] = made
        self.to_empty(device="cpu")
        initialize(self, seed=seed)

    def path(self, images: Tensor, params: Mapping[str, str]) -> Tensor:
        """(n, classes) of the one candidate that ``params`` make. What its output does not depend on is not run."""
        return self._run(images, {name: Route(((params[name], None),)) for name in self.names})

    def mixed(self, images: Tensor, weights: Tensor, edges: Tensor | None = None) -> Tensor:
        """(n, classes), with every operation on every edge.

        Args:
            images: (n, c, h, w).
            weights: (E, K) of decisions and operations, such as a softmax of architecture parameters. An operation
                whose weight is exactly 0 and needs no gradient is not run.
            edges: (E,) weights of whole edges (PC-DARTS, eq. 3); None for 1.
        """
        return self._run(images, self._routes(weights, edges))

    def sampled(self, images: Tensor, weights: Tensor, edges: Tensor | None = None) -> Tensor:
        """(n, classes), with one operation on every edge: that of the greatest weight in its row.

        Args:
            images: (n, c, h, w).
            weights: (E, K), each row one-hot and with a gradient, as `straight_through` draws them.
            edges: as in `mixed`.
        """
        routes = {}
        for row, (name, chosen) in enumerate(zip(self.names, weights.argmax(1).tolist(), strict=True)):
            scale = None if edges is None else edges[row]
            routes[name] = Route(((self.operations[chosen], weights[row, chosen]),), scale)
        return self._run(images, routes)

    def _routes(self, weights: Tensor, edges: Tensor | None) -> dict[str, Route]:
        skipped = torch.zeros_like(weights, dtype=torch.bool) if weights.requires_grad else weights == 0
        found = {}
        for row, name in enumerate(self.names):
            terms = tuple((o, weights[row, k]) for k, o in enumerate(self.operations) if not bool(skipped[row, k]))
            found[name] = Route(terms, None if edges is None else edges[row])
        return found

    def _run(self, images: Tensor, routes: Mapping[str, Route]) -> Tensor:
        def cut(layer: Layer) -> bool:
            if not _open(layer) or self.partial > 1:
                return False
            return all(name == NONE for name, _ in routes[self.decisions[layer.name]].terms)

        needed = {self.plan.output}
        for layer in reversed(self.plan.live):
            if layer.name in needed and not cut(layer):
                needed.update(layer.inputs)
        # None stands for a map of zeros: nothing leads to it, and nothing needs to be run to know what it becomes.
        values: dict[str, Tensor | None] = {IMAGES: images}
        for layer in self.plan.live:
            if layer.name in needed:
                inputs = [None] if cut(layer) else [values[name] for name in layer.inputs]
                values[layer.name] = self._computed(layer, inputs, routes, images)
        found = values[self.plan.output]
        return self._zeros(self.plan.output, images) if found is None else found

    def _computed(
        self, layer: Layer, inputs: Sequence[Tensor | None], routes: Mapping[str, Route], images: Tensor
    ) -> Tensor | None:
        module = self.layers[layer.name]
        present = [x for x in inputs if x is not None]
        result: Tensor
        if not present and (isinstance(module, Choice) or layer.operation == "add"):
            return None
        if isinstance(module, Choice):
            result = module(present[0], routes[self.decisions[layer.name]])
        elif layer.operation == "add":
            result = module(*present)
        else:
            known = zip(layer.inputs, inputs, strict=True)
            result = module(*(self._zeros(name, images) if x is None else x for name, x in known))
        return result

    def _zeros(self, name: str, images: Tensor) -> Tensor:
        return images.new_zeros(len(images), *self._by_name[name].shape)

    def forward(self, images: Tensor, weights: Tensor) -> Tensor:
        """As `mixed`."""
        return self.mixed(images, weights)

    @torch.no_grad()
    def recalibrate(self, params: Mapping[str, str], images: Tensor, *, batch: int = 256) -> None:
        """Measure the normalizations of one path anew, and put the supernet into eval mode.

        Means and variances that all paths share belong to none of them: before a path is judged, they are taken
        from its own activations (Guo et al. 2020, section 3.4).

        Args:
            params: of the path.
            images: (n, c, h, w), from the training set.
            batch: images at once, at most.
        """
        with _averaging(self):
            self.train()
            for chunk in images.tensor_split(-(-len(images) // batch)):
                self.path(chunk, params)
        self.eval()

    def connected(self, params: Mapping[str, str]) -> bool:
        """Whether a path leads from the images to the output."""
        reached = {IMAGES}
        for layer in self.plan.layers:
            cut = _open(layer) and params[self.decisions[layer.name]] == NONE
            if not cut and any(name in reached for name in layer.inputs):
                reached.add(layer.name)
        return self.plan.output in reached

    def tensors(self, params: Mapping[str, str]) -> dict[str, Tensor]:
        """The weights of one path, by the names that its own network has for them."""
        found = {}
        for layer in self.plan.live:
            module, name = self.layers[layer.name], layer.name
            if isinstance(module, Choice):
                operation = params[self.decisions[name]]
                if operation not in module.operations:
                    continue
                module, name = module.operations[operation], f"{name.removesuffix(CHOICE)}{operation}"
            found.update({f"operations.{name}.{key}": tensor for key, tensor in module.state_dict().items()})
        return found

    def inherit(self, network: PlanNetwork, params: Mapping[str, str]) -> int:
        """Give a candidate's own network the weights of its path, and return how many tensors those are.

        Scales and shifts of its normalizations, which the path has none of, stay as they are.

        Raises:
            SettingError: the network is of another size, or the supernet has partial channels.
        """
        own, found = network.state_dict(), self.tensors(params)
        fitting = {name: tensor for name, tensor in found.items() if name in own}
        if self.partial > 1 or any(own[name].shape != tensor.shape for name, tensor in fitting.items()):
            raise SettingError(
                "The network's layers are not as wide as the supernet's.",
                mend="Build it with the supernet's width, and a supernet without partial channels.",
                code="supernet-width",
            )
        network.load_state_dict(fitting, strict=False)
        return len(fitting)


def straight_through(
    logits: Tensor, temperature: float, generator: torch.Generator | None = None, *, noise: Tensor | None = None
) -> Tensor:
    """Draw one operation for each edge: (E, K) one-hot rows with the gradient of the softened draw.

    GDAS, eq. 3 and 4: the argmax of log p + g in the forward pass, softmax((log p + g) / temperature) in the backward
    pass, g of Gumbel(0, 1).

    Args:
        logits: (E, K) architecture parameters.
        temperature: tau; the lower, the nearer is the softened draw to the hard one.
        generator: of the noise.
        noise: (E, K), instead of drawing it.
    """
    if noise is None:
        uniform = torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7).to(logits)
        noise = -torch.log(-torch.log(uniform))
    soft = torch.softmax((torch.log_softmax(logits, dim=1) + noise) / temperature, dim=1)
    hard = functional.one_hot(soft.argmax(1), logits.shape[1]).to(soft)
    # The bracket is exactly zero, so the weight of what was drawn is exactly one.
    return hard + (soft - soft.detach())


def held_bytes(run: Callable[[], Tensor], supernet: nn.Module) -> int:
    """Bytes that a forward pass keeps for its backward pass, each piece of memory counted once, weights left out.

    Args:
        run: makes the forward pass.
        supernet: whose weights are left out.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in (*supernet.parameters(), *supernet.buffers())}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run()
    # Held until here, so that no address is freed and given out again while it is counted.
    del result
    return sum(kept.values())


def _open(layer: Layer) -> bool:
    return layer.operation == CHOICE


@contextmanager
def _averaging(network: nn.Module) -> Iterator[None]:
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum

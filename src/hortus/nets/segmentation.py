"""Networks that tell each pixel's class, as plans: a DeepLabV3+-like one, and those of Auto-DeepLab's space.

Chen et al. 2018, "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation" (DeepLabV3+);
Liu et al. 2019, "Auto-DeepLab: Hierarchical Neural Architecture Search for Semantic Image Segmentation".
"""

from __future__ import annotations

from collections.abc import Sequence

from hortus.nets.cells import Gene
from hortus.nets.plan import IMAGES, Draft, Plan, Shape

# DeepLab's rates are for a map of 33 pixels a side, a 513 pixel image at stride 16.
RATES, RATED_FOR = (6, 12, 18), 33
# Channels of the low-level map that the decoder looks at, as a share of its own; 48 of 256 in the paper.
LOW_SHARE = 48 / 256


def rates_for(size: tuple[int, int]) -> tuple[int, ...]:
    """The pyramid's rates for a map of ``size``: DeepLab's in proportion, each once.

    A filter whose rate is the map's side sees one pixel and padding.

    >>> rates_for((33, 33)), rates_for((9, 12)), rates_for((2, 2))
    ((6, 12, 18), (2, 4, 6), (1,))
    """
    side = sum(size) / 2
    return tuple(dict.fromkeys(max(1, round(rate * side / RATED_FOR)) for rate in RATES))


def decoder(draft: Draft, source: str, low: str, classes: int, *, width: int) -> Plan:
    """End a plan as DeepLabV3+ does: pyramid, enlarged, beside a low-level map, two convolutions, logits, enlarged.

    Args:
        draft: the network so far.
        source: the map of the last layer.
        low: an early map of high resolution.
        classes: logits for each pixel.
        width: channels of pyramid and decoder; 256 in the paper.
    """
    pyramid = draft.add("head/pyramid", "atrous_pyramid", source, width=width, rates=rates_for(draft.shape(source)[1:]))
    wide = draft.alike("head/wide", pyramid, low)
    edges = draft.add("head/low", "conv_bn_relu", low, width=max(4, round(LOW_SHARE * width)), kernel=1)
    both = draft.joined("head/both", [wide, edges])
    for number in range(2):
        both = draft.add(f"head/decode{number}", "separable_relu", both, width=width)
    return draft.dense(both, classes)


def deeplab(shape: Shape, classes: int, *, width: int, blocks: int, stride: int, decoded: int) -> Plan:
    """A residual network with a pyramid and a decoder.

    Args:
        shape: of one image.
        classes: logits for each pixel.
        width: channels at stride 4; doubled with each halving.
        blocks: residual blocks at each stride.
        stride: of the last map, 8 or 16.
        decoded: channels of pyramid and decoder.
    """
    draft = Draft(shape)
    source = draft.add("stem/conv", "conv_bn", IMAGES, width=width, stride=2)
    low = source
    for number, at in enumerate((4, 8, 16)):
        if at > stride:
            break
        for block in range(blocks):
            step = 2 if block == 0 else 1
            source = draft.add(f"stage{number}/{block}", "residual", source, width=width << number, stride=step)
        low = source if number == 0 else low
    return decoder(draft, draft.add("stage/activation", "bn_relu", source), low, classes, width=decoded)


def auto_deeplab(
    shape: Shape,
    classes: int,
    nodes: Sequence[Sequence[Gene]],
    levels: Sequence[int],
    *,
    width: int,
    stem: int,
    decoded: int,
) -> Plan:
    """A path of one cell through the strides 4, 8, 16 and 32.

    Args:
        shape: of one image.
        classes: logits for each pixel.
        nodes: the two edges of each block; state 0 is the cell before the last, 1 the last, 2 the first block.
        levels: of each layer, 0 to 3 for the strides 4 to 32; neighbours differ by one at most.
        width: F, channels of a block at stride 4; doubled with each halving.
        stem: channels of the first convolutions, at stride 2; doubled at stride 4.
        decoded: channels of pyramid and decoder.
    """
    draft = Draft(shape)
    source = draft.add("stem/0", "conv_bn_relu", IMAGES, width=stem, stride=2)
    source = draft.add("stem/1", "conv_bn_relu", source, width=stem)
    first_map = draft.add("stem/2", "conv_bn", source, width=2 * stem, stride=2)
    before, last, level = first_map, first_map, 0
    # The newest map of each level; a path that goes up has come down through it.
    newest = {0: first_map}
    for layer, to in enumerate(levels):
        name, own = f"layer{layer}", width << to
        operation = "factorized_reduce" if to > level else "nor_conv_1x1"
        second = draft.add(f"{name}/in1", operation, last, width=own, stride=2 if to > level else 1)
        if to < level:
            second = draft.alike(f"{name}/up", second, newest[to])
        first = draft.alike(f"{name}/fit", draft.add(f"{name}/in0", "nor_conv_1x1", before, width=own), second)
        before, last, level = last, _cell(draft, name, (first, second), nodes), to
        newest[to] = last
    # Cells end with a normalization or with none, and never with an activation.
    return decoder(draft, draft.add("head/relu", "bn_relu", last), first_map, classes, width=decoded)


def _cell(draft: Draft, name: str, inputs: tuple[str, str], nodes: Sequence[Sequence[Gene]]) -> str:
    states = list(inputs)
    for number, genes in enumerate(nodes, start=2):
        terms = [
            draft.add(f"{name}/{gene.source}>{number}:{gene.operation}", gene.operation, states[gene.source])
            for gene in genes
        ]
        states.append(draft.total(f"{name}/{number}", terms))
    return draft.joined(f"{name}/out", states[2:])

"""Settings of a run in plain words: tables, and nothing else.

A word that a newcomer understands, and in brackets the name that the field knows it by, where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping

STRATEGY_WORDS: Mapping[str, str] = {
    "auto": "well-tried settings first, then more like the best",
    "random": "at random",
    "grid": "every combination in turn",
    "tpe": "more like the best so far (TPE)",
    "gp": "where most is to be hoped for (Gaussian process)",
    "cmaes": "a cloud of tries that moves towards the best (CMA-ES)",
    "nsga2": "breeding for several goals (NSGA-II)",
    "evolution": "breeding from the best (evolution)",
    "frugal": "from what is cheap to what is dear",
    "local": "small changes to the best",
    "network_morphism": "growing the best network",
    "predictor": "changes to the best that promise most",
    "differentiable": "all networks in one, pulled apart by learning (DARTS)",
    "reinforcement": "a controller that learns by reward",
}
SPACE_WORDS: Mapping[str, str] = {
    "auto": "preparing steps and a model, in a chain",
    "pipelines": "preparing steps and a model, in a chain",
    "trees": "preparing steps and models, branched and stacked",
    "cell": "one small cell, repeated",
    "darts": "two cells, repeated (DARTS)",
    "entire": "whole networks, layer by layer",
    "hierarchical": "cells made of cells",
    "morphism": "small networks that grow",
    "mnasnet": "blocks for small devices (MnasNet)",
    "own": "networks of your own",
    "joint": "a network and how it is trained, together",
    "deeplab": "networks for scenes (DeepLabV3+)",
    "auto_deeplab": "cells and their way through a scene's sizes (Auto-DeepLab)",
    "declared": "what you declared",
    "live": "what your function asked for",
}
EVALUATOR_WORDS: Mapping[str, str] = {
    "cross_validation": "training several times, each time judged by other rows",
    "streaming": "training on the whole table, some rows at a time",
    "train": "training each of them",
    "early_stopping": "training, stopped where a curve promises too little",
    "growth": "training on from the network that it grew from",
    "train_all": "training on everything",
    "training_free": "a look at the untrained network",
    "weight_sharing": "weights borrowed from one large network",
    "function": "a function of your own",
    "surrogate": "a guess learned from networks that were trained",
    "labels": "training each to the end",
    "supernet": "training one network that holds them all",
    "segment": "training each to the end",
    "segment_all": "training on everything",
    "segment_search": "training one network that holds them all",
    "segment_inherited": "weights borrowed from one large network",
}
PRUNER_WORDS: Mapping[str, str] = {
    "auto": "where it is of use",
    "none": "no",
    "median": "below the middle of the others",
    "percentile": "not among the best quarter",
    "halving": "only the best third goes on (successive halving)",
    "hyperband": "only the best third goes on, from several starts (Hyperband)",
    "extrapolation": "where a learning curve promises too little",
    "racing": "where the first folds leave no place in the model",
}

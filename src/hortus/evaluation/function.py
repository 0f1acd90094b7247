"""A function of the user's own as an evaluator: whatever it returns is the candidate's worth.

The function is named, never shipped: ``"module:function"``, or ``"/path/script.py:function"`` for one that stands in a
script. A worker imports it by that name.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import math
import numbers
import sys
import time
from collections.abc import Callable
from typing import Any, ClassVar

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import FixedTrial

from hortus.errors import InputError
from hortus.evaluation.base import Evaluation, Evaluator, Fidelity, TrialContext
from hortus.spaces.base import Candidate
from hortus.spaces.live import Asked

Objective = Callable[..., float]
# The name under which a script is imported: not "__main__", so that what stands below its guard is not run.
SCRIPT = "hortus_script"


class RunningTrial(FixedTrial):
    """What the function is handed: Optuna's trial, answered by the run that it is part of.

    Args:
        context: where and how the trial runs.
        answers: what was asked before it began; {} where it is asked now.
        sign: 1 where greater values are better, -1 where smaller ones are.

    Attributes:
        seed: of this trial alone; the same whenever and wherever it runs.
    """

    def __init__(self, context: TrialContext, answers: dict[str, Any], sign: float) -> None:
        super().__init__(dict(answers), number=context.number)
        self.seed = context.seed
        self._context = context
        self._sign = sign
        self._stopped = False
        self._last = 0

    def report(self, value: float, step: int) -> None:
        """Tell how good it is after ``step``, for pruners and for the record.

        Raises:
            TypeError: one of them is no number.
        """
        value, step = float(value), int(step)
        if math.isfinite(value):
            self._stopped = not self._context.report(step, self._sign * value)

    def should_prune(self) -> bool:
        """Whether the trial is not worth going on with; then raise `optuna.TrialPruned`."""
        return self._stopped

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if self._context.ask is None or name in self._suggested_params:
            return super()._suggest(name, distribution)
        self._params[name] = self._context.ask(name, distribution_to_json(distribution))
        return super()._suggest(name, distribution)


class FunctionEvaluation(Evaluator):
    """Call a function of the user's own.

    Args:
        objective: its name, as `function_name` gives it; or itself, where the trial runs in the process that has it.
        sign: 1 where greater values are better, -1 where smaller ones are.
    """

    name: ClassVar[str] = "function"
    trains: ClassVar[bool] = False
    inner: ClassVar[bool] = True

    def __init__(self, *, objective: str | Objective, sign: float = 1.0) -> None:
        self.objective = objective
        self.sign = sign

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:  # noqa: ARG002
        """Call it: with the trial where it asks, else with the answers, and with the trial too where it takes two.

        Raises:
            TrialPruned: the function raised it.
            InputError: what it returned is no finite number.
        """
        if not isinstance(candidate, Asked):
            raise TypeError(f"A function takes answers, not {type(candidate).__name__}.")
        function = load_function(self.objective) if isinstance(self.objective, str) else self.objective
        trial = RunningTrial(context, candidate.params, self.sign)
        begin = time.perf_counter()
        if context.ask is not None:
            value = function(trial)
        elif takes(function) > 1:
            value = function(dict(candidate.params), trial)
        else:
            value = function(dict(candidate.params))
        seconds = time.perf_counter() - begin
        score = self.sign * _number(value)
        notes = {"attrs": json.loads(json.dumps(trial.user_attrs, default=str))} if trial.user_attrs else {}
        return Evaluation(
            fold_scores=(), score=score, seconds=seconds, predict_seconds=0.0, work=max(seconds, 1e-6), notes=notes
        )


def _number(value: Any) -> float:
    if not isinstance(value, numbers.Real) and not (hasattr(value, "item") and getattr(value, "size", 1) == 1):
        raise InputError(
            f"The objective returned {value!r}, which is no number.", mend="Return one number.", code="objective-value"
        )
    found = float(value)
    if not math.isfinite(found):
        raise InputError(
            f"The objective returned {found}.",
            mend="Return a finite number, or raise where there is none.",
            code="objective-value",
        )
    return found


def takes(function: Objective) -> int:
    """How many arguments a function has to be given, 1 where that cannot be known.

    >>> takes(lambda params, trial: 0.0), takes(lambda params, scale=2: 0.0)
    (2, 1)
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return 1
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in plain and p.default is inspect.Parameter.empty for p in parameters)


def load_function(name: str) -> Objective:
    """Import the function that ``name`` names.

    Args:
        name: ``"module:function"`` or ``"/path/script.py:function"``.

    Raises:
        InputError: there is no such module, file or function.
    """
    found = load_object(name)
    if not callable(found):
        raise InputError(f"{name!r} is no function.", mend="Name a function.", code="objective-missing")
    called: Objective = found
    return called


def load_object(name: str) -> Any:
    """Import whatever ``name`` names, a function or a space beside it.

    Args:
        name: ``"module:function"`` or ``"/path/script.py:function"``.

    Raises:
        InputError: there is no such module, file or function.
    """
    place, _, attribute = name.rpartition(":")
    try:
        found: Any = _script(place) if place.endswith(".py") else importlib.import_module(place)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, FileNotFoundError, ValueError) as error:
        raise InputError(
            f"The objective {name!r} cannot be imported: {error}.",
            mend="Name it as module:function or script.py:function.",
            code="objective-missing",
        ) from error
    return found


def _script(path: str) -> Any:
    if getattr(sys.modules.get(SCRIPT), "__file__", None) == path:
        return sys.modules[SCRIPT]
    spec = importlib.util.spec_from_file_location(SCRIPT, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Known by its name while it runs, as dataclasses in it need.
    sys.modules[SCRIPT] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[SCRIPT]
        raise
    return module

"""The kinds of node there are: what each takes, gives and can be set to.

One table, which every face reads, and so one file, however long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hortus.errors import SettingError, nearest
from hortus.explain.metric_words import words as metric_words
from hortus.features import STEPS
from hortus.models import MODELS
from hortus.run.graph.asked import of_model, of_step
from hortus.run.graph.ports import Port
from hortus.run.graph.settings import Choice, Setting
from hortus.run.graph.words import TITLES
from hortus.strategies import STRATEGIES

# That a person may ask to be shown; which of them fit is known once the task is.
METRICS = (
    "roc_auc",
    "accuracy",
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "average_precision",
    "precision",
    "recall",
    "neg_log_loss",
    "neg_root_mean_squared_error",
    "neg_mean_absolute_error",
    "neg_median_absolute_error",
    "r2",
)
PREPARED: tuple[Port, ...] = ("split", "features")


@dataclass(frozen=True)
class Kind:
    """A kind of node.

    Attributes:
        name: in a graph's JSON.
        title: in front of a person.
        about: one sentence.
        group: where the palette has it.
        glyph: its picture.
        accepts: what its edges may bring; () for a node that begins.
        many: whether several edges may end in it.
        gives: what its edges take on.
        settings: what a form shows.
        function: of `hortus.run.graph` that does it.
        fixed: what that function is told whatever the settings.
        random: whether it draws at random, so that it has a seed.
        search: words it is also looked for by.
    """

    name: str
    title: str
    about: str
    group: str
    glyph: str
    accepts: tuple[Port, ...]
    gives: Port
    function: str
    many: bool = False
    settings: tuple[Setting, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    random: bool = False
    search: str = ""

    def setting(self, name: str) -> Setting | None:
        """The setting called ``name``."""
        return next((one for one in self.settings if one.name == name), None)

    @property
    def defaults(self) -> dict[str, Any]:
        """What each setting is where nothing is set."""
        return {one.name: one.default for one in self.settings}


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """All kinds by name, in the order of the palette."""
    steps = [_step(name) for name in STEPS]
    models = [_model(name) for name in MODELS]
    found = [*_tables(), _split(), *steps, *_joins(), _search(), *models, _blend(), *_ends()]
    order = ("Data", "Prepare", "Build features", "Select", "Learn", "Judge", "Use")
    return {kind.name: kind for group in order for kind in found if kind.group == group}


def kind_of(name: str) -> Kind:
    """The kind called ``name``.

    Raises:
        SettingError: there is none; the nearest is named.
    """
    found = kinds()
    if name not in found:
        raise SettingError(f"There is no kind of node called {name!r}.", mend=nearest(name, found), code="unknown-node")
    return found[name]


def _tables() -> list[Kind]:
    columns = Setting("columns", "Columns", "columns", [], "Which.", required=True)
    tasks = tuple(
        Choice(value, label)
        for value, label in (
            ("", "whatever the column looks like"),
            ("classification", "classes"),
            ("binary", "two classes"),
            ("multiclass", "several classes"),
            ("regression", "a number"),
        )
    )
    load = Kind(
        "load",
        "Load data",
        "Reads a table, and says which column is to be predicted.",
        "Data",
        "table",
        (),
        "table",
        "load",
        settings=(
            Setting("source", "Table", "table", "", "The rows.", required=True),
            Setting("target", "What to predict", "column", "", "The column that models learn to tell.", required=True),
            Setting("task", "It is", "choice", "", "Classes or a number.", choices=tasks, advanced=True),
            Setting("metric", "Judged by", "word", "", "Empty for the usual one, such as roc_auc.", advanced=True),
            Setting("ignore", "Leave out", "columns", [], "Columns that no model sees."),
            Setting("keep", "Keep anyway", "columns", [], "Columns that look useless and are not.", advanced=True),
            Setting("weight", "Rows count by", "column", "", "A column of weights.", advanced=True),
        ),
        search="csv file read open table dataset",
    )
    about = {
        "leave_out": ("Leave out columns", "Keeps columns from every model.", "drop remove ignore columns"),
        "dates": ("Dates", "Makes year, month, weekday, hour and days of a column of dates.", "date time features"),
        "text": (
            "Text",
            "Makes weights of words and their main directions of a column of text.",
            "text words nlp tfidf",
        ),
        "categories": ("Categories", "Reads numbers as categories: codes, postcodes.", "categorical type codes"),
    }
    groups = {"dates": "Build features", "text": "Build features"}
    others = [
        Kind(
            name, title, told, groups.get(name, "Data"), name, ("table",), "table", name, settings=(columns,), search=by
        )
        for name, (title, told, by) in about.items()
    ]
    return [load, *others]


def _split() -> Kind:
    methods = (
        ("stratified", "at random, classes alike"),
        ("random", "at random"),
        ("time", "by time: the last rows judge"),
        ("group", "by group: rows of one group stay together"),
        ("folds", "in folds: every row judges once"),
        ("folds_by_time", "in folds, by time"),
        ("folds_by_group", "in folds, by group"),
    )
    folded = ("folds", "folds_by_time", "folds_by_group")
    sided = ("time", "group", "folds_by_time", "folds_by_group")
    return Kind(
        "split",
        "Split",
        "Sets rows aside to judge by. Nothing after it learns from them.",
        "Data",
        "split",
        ("table",),
        "split",
        "split",
        settings=(
            Setting(
                "method",
                "How",
                "choice",
                "stratified",
                "By time or group if new rows come later or from others.",
                choices=tuple(Choice(value, label) for value, label in methods),
            ),
            Setting(
                "share",
                "Share to judge by",
                "number",
                0.2,
                "0.2 is one row in five.",
                low=0.01,
                high=0.9,
                only=("method", ("stratified", "random", "time", "group")),
            ),
            Setting("column", "By which column", "column", "", "No model sees it.", only=("method", sided)),
            Setting("folds", "Folds", "whole", 5, "How many.", low=1, high=100, only=("method", folded)),
            Setting(
                "stopped_by_test",
                "Stop as a search does",
                "flag",
                False,
                "Learners that grow stop by the rows that judge. A search has it so; scores are slightly rosy.",
                advanced=True,
                only=("method", folded),
            ),
        ),
        random=True,
        search="train test holdout cross-validation folds",
    )


def _step(name: str) -> Kind:
    title, about, group, glyph, by = TITLES.get(name, (name, "A step of another package.", "Prepare", "step", ""))
    return Kind(
        name,
        title,
        about,
        group,
        glyph,
        PREPARED,
        "features",
        "step",
        many=True,
        settings=of_step(name),
        fixed={"name": name},
        random=True,
        search=by,
    )


def _joins() -> list[Kind]:
    models = tuple(Choice(name, TITLES.get(name, (name,))[0]) for name in MODELS)
    return [
        Kind(
            "side_by_side",
            "Side by side",
            "Puts the columns of several steps beside each other.",
            "Build features",
            "union",
            PREPARED,
            "features",
            "side_by_side",
            many=True,
            search="union concat join merge",
        ),
        Kind(
            "stack",
            "What a model says",
            "Adds a model's predictions as columns; rows to learn from get those of models that never saw them.",
            "Build features",
            "stack",
            PREPARED,
            "features",
            "stack",
            many=True,
            settings=(
                Setting("name", "Model", "choice", "linear", "Whose predictions.", choices=models),
                Setting("params", "Its settings", "stored", None, "As a search left them.", advanced=True),
            ),
            random=True,
            search="stacking meta predictions",
        ),
    ]


def _search() -> Kind:
    models = tuple(Choice(name, TITLES.get(name, (name,))[0]) for name in MODELS if name != "baseline")
    strategies = (Choice("auto", "whatever suits"), *(Choice(name, name) for name in STRATEGIES))
    return Kind(
        "search",
        "Search",
        "Tries many pipelines by itself, and blends the best.",
        "Learn",
        "bouquet",
        ("split",),
        "model",
        "search",
        settings=(
            Setting("time", "Time", "number", 60.0, "Seconds. Empty if only candidates count.", low=1, high=86400),
            Setting(
                "trials",
                "Candidates",
                "whole",
                None,
                "At most so many; empty: as many as there is time for.",
                low=1,
                high=10000,
            ),
            Setting("models", "Models", "names", [], "To choose from; none chosen for all.", choices=models),
            Setting("ensemble", "Blend the best", "flag", True, "Or take the best one alone."),
            Setting("strategy", "Strategy", "choice", "auto", "How it walks.", choices=strategies, advanced=True),
        ),
        random=True,
        search="automl search hyperparameter optimize tune best",
    )


def _model(name: str) -> Kind:
    title, about, group, glyph, by = TITLES.get(name, (name, "A model of another package.", "Learn", "model", ""))
    prepare = Setting(
        "prepare",
        "Prepare what it needs",
        "flag",
        True,
        "Fills gaps and turns categories into numbers, where it could not learn without.",
        advanced=True,
    )
    return Kind(
        name,
        title,
        about,
        group,
        glyph,
        PREPARED,
        "model",
        "model",
        many=True,
        settings=(*of_model(name), prepare),
        fixed={"name": name},
        random=True,
        search=f"model {by}",
    )


def _blend() -> Kind:
    return Kind(
        "blend",
        "Blend",
        "Takes the mean of what several models say.",
        "Learn",
        "bouquet",
        ("model",),
        "model",
        "blend",
        many=True,
        settings=(
            Setting("weights", "Weights", "numbers", [], "One a model, in the order of the list; none for alike."),
            Setting("stacking", "Stacking", "stored", None, "As a search left it.", advanced=True),
            Setting("calibration", "Calibration", "stored", None, "As a search left it.", advanced=True),
        ),
        search="ensemble average blend vote",
    )


def _ends() -> list[Kind]:
    alike = {"f1_macro": "F1, every class counting alike"}
    metrics = tuple(Choice(name, alike.get(name) or metric_words(name).name) for name in METRICS)
    return [
        Kind(
            "evaluate",
            "Evaluate",
            "Judges a model by the rows that were set aside.",
            "Judge",
            "scores",
            ("model",),
            "scores",
            "evaluate",
            settings=(Setting("metrics", "Metrics", "names", [], "None for the usual ones.", choices=metrics),),
            search="score metrics test confusion roc",
        ),
        Kind(
            "compare",
            "Compare",
            "Puts models beside each other, and says which differences may be chance.",
            "Judge",
            "compare",
            ("scores",),
            "comparison",
            "compare",
            many=True,
            search="leaderboard compare best",
        ),
        Kind(
            "deploy",
            "Deploy",
            "Makes one file of the model, with every step in it, that can be served.",
            "Use",
            "deploy",
            ("model",),
            "deployment",
            "deploy",
            search="serve export publish save bundle",
        ),
    ]

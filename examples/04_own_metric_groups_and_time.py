"""A metric of one's own, and splits that ask the question that will be asked: new shops, or the weeks to come.

    python examples/04_own_metric_groups_and_time.py

How many loaves should a shop bake? Shops seen before say little about a new one, and last year's days little about
next month's, so shuffled folds would promise too much. Profit is told as a share of what was possible.
"""

import os

import numpy as np
import pandas as pd

from hortus import AutoRegressor

SECONDS = float(os.environ.get("HORTUS_EXAMPLE_SECONDS", "30"))


def profit(demand, baked):
    """Share of the best possible profit: a loaf sells for 3 and costs 1, sold or not. Greater is better."""
    return float(np.sum(3 * np.minimum(demand, baked) - baked) / np.sum(2 * demand))


rng = np.random.default_rng(0)
shops, days = 12, 150
sales = pd.MultiIndex.from_product([range(shops), range(days)], names=["shop", "day"]).to_frame(index=False)
sales["weekday"] = sales["day"] % 7
sales["seats"] = rng.integers(5, 60, shops)[sales["shop"]]
sales["rain"] = rng.random(days).round(2)[sales["day"]]
habit = rng.normal(0, 15, shops)[sales["shop"]]
mean = 60 + 1.5 * sales["seats"] + 25 * (sales["weekday"] >= 5) - 30 * sales["rain"] + 0.1 * sales["day"] + habit
demand = pd.Series(rng.poisson(mean.clip(lower=5)), name="demand")

for question, known, beside in (
    ("a new shop", sales["shop"] < 9, {"groups": "shop"}),
    ("the next 30 days", sales["day"] < 120, {"order": "day"}),
):
    model = AutoRegressor(metric=profit, time_budget=SECONDS / 2, random_state=0, verbosity=0)
    X, y = sales[known], demand[known]
    model.fit(X.drop(columns="shop"), y, **{name: X[column] for name, column in beside.items()})
    new = profit(demand[~known], model.predict(sales[~known].drop(columns="shop")))
    flat = profit(demand[~known], np.full((~known).sum(), y.mean()))
    print(f"Profit for {question}: {model.score_:.1%} expected, {new:.1%} made; always the mean: {flat:.1%}")

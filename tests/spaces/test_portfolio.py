"""The order in which a run's starting points are tried."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.spaces.pipelines import PipelineSpace
from hortus.spaces.portfolio import FEW_ROWS, ORDER, QUICK, portfolio

COLUMNS = tuple(MatrixColumn(f"c{i}", f"c{i}", categories=5 * (i < 2)) for i in range(10))
FACTS = Facts("binary", 2, rows=1_000, train_rows=800, columns=COLUMNS, missing=True)


def models(facts: Facts) -> list[str]:
    return [params["model"] for params in portfolio(PipelineSpace(facts))]


def test_where_rows_are_few_what_pays_by_the_second_comes_first() -> None:
    few, many = models(FACTS), models(dataclasses.replace(FACTS, train_rows=FEW_ROWS + 1))
    assert tuple(few[: len(QUICK)]) == QUICK
    assert many[:3] == list(ORDER[:3])
    # What is drawn to the front is missing where it stood, and nothing else is lost.
    rest = Counter(ORDER) - Counter(QUICK)
    assert Counter(few[len(QUICK) : len(ORDER)]) == rest


@pytest.mark.parametrize("rows", [800, FEW_ROWS + 1, 200_000])
def test_no_setting_is_tried_twice(rows: int) -> None:
    space = PipelineSpace(dataclasses.replace(FACTS, train_rows=rows))
    found = [tuple(sorted(params.items())) for params in portfolio(space)]
    assert len(set(found)) == len(found)


def test_words_ask_a_linear_model_first() -> None:
    assert models(dataclasses.replace(FACTS, train_rows=50_000, words=500))[0] == "linear"

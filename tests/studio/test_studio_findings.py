"""What was noticed about a table, in the browser: Fix, Ignore and Undo of every kind of finding."""

from collections.abc import Callable
from typing import Any

import pytest

from hortus.studio.mends import MENDS

# What conftest.py's fixtures give.
Served = Any


@pytest.mark.ui
@pytest.mark.rotated
@pytest.mark.parametrize("code", sorted(set(MENDS) - {"checks-skipped"}))
def test_fix_undo_and_ignore_are_pressed(
    code: str, served: Served, window: Callable[..., Any], spoilt: Callable[[str], str], client: Any
) -> None:
    table, mend = spoilt(code), MENDS[code]
    told = client.get(f"/api/data/tables/{table}/findings").json()["findings"]
    finding = next(finding for finding in told if finding["code"] == code)
    what = shown = finding["what"]
    for name in finding["columns"]:
        # Its columns are written in bold instead of in quotes.
        shown = shown.replace(f"'{name}'", name)
    page = window(served, f"/data/{table}").page
    noticed = page.get_by_role("complementary", name="What we noticed")
    fix = noticed.get_by_role("button", name=f"Fix: {mend.label}. {what}", exact=True)
    undo = noticed.get_by_role("button", name=f"Undo: {what}", exact=True)
    decided = noticed.get_by_role("region", name="Decided").get_by_role("listitem")

    fix.click()
    decided.filter(has_text=shown).filter(has_text=mend.done).wait_for()
    fix.wait_for(state="detached")
    undo.click()
    fix.wait_for()
    noticed.get_by_role("button", name=f"Ignore: {what}", exact=True).click()
    decided.filter(has_text=shown).filter(has_text=mend.ignored).wait_for()
    assert fix.count() == 0

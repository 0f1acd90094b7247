import pytest

from hortus.errors import SettingError
from hortus.registry import Registry


def test_a_row_is_imported_only_when_asked_for():
    rows = Registry("thing", {"here": "math:sqrt", "gone": "no_such_module:x"})
    assert rows["here"](9) == 3
    assert list(rows) == ["here", "gone"]
    with pytest.raises(ModuleNotFoundError):
        rows["gone"]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(SettingError, match="Did you mean 'evolution'") as caught:
        Registry("strategy", {"evolution": "math:sqrt", "random": "math:sqrt"})["evolutoin"]
    assert caught.value.code == "unknown-strategy"

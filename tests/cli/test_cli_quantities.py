import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from hortus.cli.quantities import seconds, size


@pytest.mark.parametrize(
    ("text", "found"),
    [("60", 60), ("90s", 90), ("10m", 600), ("1h", 3600), ("1.5h", 5400), (" 2 min ", 120), ("-5", -5), (".5s", 0.5)],
)
def test_times_as_people_type_them(text: str, found: float) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("8GB", 8e9), ("512mb", 512e6), ("4GiB", 4 * 2**30), ("1000", 1000), ("2g", 2e9), ("1KiB", 1024)],
)
def test_sizes_as_people_type_them(text: str, found: float) -> None:
    assert size(text) == found


@pytest.mark.parametrize("text", ["", "soon", "10 parsecs", "1:30", "nan", "1e3", "--", "5mm"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="10m"):
        seconds(text)


@given(st.floats(0, 1e6), st.sampled_from(["", "B", "kb", "GiB", "T"]))
def test_any_number_with_a_unit_is_a_size(number: float, unit: str) -> None:
    assert size(f"{number:.3f}{unit}") >= int(number * 0.999)


@given(st.text(alphabet="qxyz:;/", min_size=1, max_size=12))
def test_any_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="8GB"):
        size(text)

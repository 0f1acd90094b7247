import pickle

import pytest

from hortus import errors


def test_every_error_tells_cause_mend_and_code():
    error = errors.TargetError("There is no column 'prise'.", mend="Did you mean 'price'?", code="target-missing")
    assert str(error) == "There is no column 'prise'. Did you mean 'price'?"
    assert (error.what, error.code) == ("There is no column 'prise'.", "target-missing")


def test_errors_keep_their_parts_when_a_library_pickles_them_between_processes():
    error = errors.RunInUseError("Process 7 works in it.", mend="Wait.", code="run-in-use")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.what, again.mend, again.code) == (type(error), error.what, error.mend, error.code)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.InputError, ValueError),
        (errors.SettingError, ValueError),
        (errors.MissingExtraError, ImportError),
    ],
)
def test_errors_are_caught_as_the_builtin_a_caller_expects(kind, builtin):
    assert issubclass(kind, builtin)


def test_the_tree_at_the_top_of_the_file_names_every_class():
    drawn = errors.__doc__ or ""
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.HortusError):
            assert name in drawn


def test_nearest_ignores_case_and_lists_all_when_nothing_is_near():
    assert errors.nearest("PRICE", ["price", "rooms"]) == "Did you mean 'price'?"
    assert errors.nearest("qqqq", ["price", "rooms"]) == "Choose one of: 'price', 'rooms'."

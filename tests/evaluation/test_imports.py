"""Two help centres in files of several kinds, with questions written apart from the code."""

from tongshi.evaluation.imports import report
from tongshi.settings import LANGUAGES, get_settings


def test_what_is_asked_of_imported_files_mostly_stands_in_what_is_found_first():
    rows = {row["language"]: row for row in report(get_settings()).rows}
    assert set(rows) == {*LANGUAGES, "mean"}
    assert rows["mean"]["fact first"] >= 0.65
    assert all(rows[language]["fact first"] >= 0.4 for language in LANGUAGES)

"""Four help centres in files of several kinds, with questions written apart from the code."""

from dataclasses import replace

from tongshi.evaluation.imports import report
from tongshi.settings import LANGUAGES, get_settings


def test_what_is_asked_of_imported_files_mostly_stands_in_what_is_found_first():
    # Reading all of it takes minutes; tests/knowledge/test_reading.py tries the cross-encoder.
    rows = {row["language"]: row for row in report(replace(get_settings(), reranker="linear")).rows}
    assert set(rows) == {*LANGUAGES, "mean"}
    assert rows["mean"]["fact first"] >= 0.65
    assert all(rows[language]["fact first"] >= 0.4 for language in LANGUAGES)

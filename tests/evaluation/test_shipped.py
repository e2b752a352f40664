"""The whole answerer on collections of businesses that no training saw."""

from dataclasses import replace

from tongshi.evaluation.shipped import VARIANT, report
from tongshi.settings import LANGUAGES, get_settings


def test_passages_of_the_right_business_are_found_and_quoted_without_a_language_model(tmp_path):
    found = report(replace(get_settings(), home=tmp_path, answer_mode="quote"), sample=2)
    rows = {row["language"]: row for row in found.rows}
    assert set(rows) == {*LANGUAGES, "all"}
    assert rows["all"]["items"] == 2 * len(LANGUAGES)
    assert rows["all"]["citations"][VARIANT] > 0.5
    assert not list(tmp_path.rglob("*.jsonl"))

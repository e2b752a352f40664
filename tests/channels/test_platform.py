"""The language of a profile."""

import pytest

from tongshi.channels import platform


@pytest.mark.parametrize(
    ("tag", "code"),
    [("pt-BR", "pt"), ("zh_Hant_TW", "zh"), ("zh-hans", "zh"), ("EN", "en"), ("nl", None), ("", None), (None, None)],
)
def test_the_language_of_a_profile_counts_where_it_is_one_of_ours(tag, code):
    assert platform.language_code(tag) == code

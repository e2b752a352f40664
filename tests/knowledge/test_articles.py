"""The shop's own articles, read from its data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import read_until, shop_articles
from tongshi.settings import LANGUAGES, ROOT


@pytest.fixture
def data(tmp_path) -> Path:
    """A data folder without articles and attributes."""
    (tmp_path / "catalogue").mkdir()
    for language in LANGUAGES:
        (tmp_path / "catalogue" / f"{language}.yml").write_text("attributes: {}\n")
    (tmp_path / "knowledge" / "en").mkdir(parents=True)
    return tmp_path


def write(data: Path, more: str) -> None:
    head = f"id: returns\nlanguage: en\ntitle: Returning\nquestions: [how long]\n{more}"
    (data / "knowledge" / "en" / "returns.md").write_text(f"---\n{head}\n---\n\nWithin 30 days.\n", "utf-8")


def test_front_matter_names_answers_owners_tags_and_validity(data):
    write(data, "verbatim: true\nowner: ana\ntags: [law, eu]\nvalid_until: 2026-12-31")
    (article,) = shop_articles(data)
    assert (article.verbatim, article.owner, article.tags) == (True, "ana", ("law", "eu"))
    assert (article.valid_from, article.valid_until) == (None, read_until("2026-12-31"))


def test_a_day_that_is_none_is_an_error_that_names_the_file(data):
    write(data, "valid_from: soon")
    with pytest.raises(TongshiError, match="returns.md: 'soon' is neither a day"):
        list(shop_articles(data))


def test_all_that_the_project_has_can_be_kept():
    articles = list(shop_articles(ROOT / "data"))
    assert len({article.key for article in articles}) == len(articles) > 400

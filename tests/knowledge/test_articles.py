"""The shop's own articles, read from its data folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import read_from, read_until, shop_articles
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


@pytest.mark.parametrize("never", ["9999-12-31", "9999-12-31T23:59:59-05:00", date(9999, 12, 31), "", None])
def test_what_ends_in_the_last_year_of_the_calendar_never_ends(never):
    assert read_until(never) is None


@pytest.mark.parametrize("value", ["0001-01-01", "0001-01-01T00:00:00+05:00"])
def test_days_that_a_program_has_where_nothing_was_written_are_refused(value):
    for read in (read_from, read_until):
        with pytest.raises(TongshiError, match="cannot be meant"):
            read(value)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("title: Returning\nquestions: [how long]", "needs the field id"),
        ("id: returns\ntitle: Returning", "a list of questions is missing"),
        ("id: returns\ntitle: Returning\nquestions: how long", "a list of questions is missing"),
        ("id: returns\ntitle: Returning\nquestions:\n- Returns: how long", "a question must be a text, and one is {'Returns'"),
    ],
)
def test_a_file_without_what_it_needs_is_an_error_that_names_it(data, head, reason):
    (data / "knowledge" / "en" / "returns.md").write_text(f"---\n{head}\n---\n\nWithin 30 days.\n", "utf-8")
    with pytest.raises(TongshiError, match=f"returns.md: .*{reason}"):
        list(shop_articles(data))


def test_a_list_of_unanswerable_questions_needs_them(data):
    (data / "knowledge" / "en" / "unanswerable.yml").write_text("question: [who]\n", "utf-8")
    with pytest.raises(TongshiError, match="unanswerable.yml: a list of questions is missing"):
        list(shop_articles(data))


def test_a_byte_order_mark_is_no_part_of_a_file(data):
    write(data, "owner: ana")
    path = data / "knowledge" / "en" / "returns.md"
    path.write_text(path.read_text("utf-8"), "utf-8-sig")
    assert [one.owner for one in shop_articles(data)] == ["ana"]


def test_all_that_the_project_has_can_be_kept():
    articles = list(shop_articles(ROOT / "data"))
    assert len({article.key for article in articles}) == len(articles) > 400

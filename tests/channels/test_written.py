"""What stands under an answer."""

import pytest

from tongshi import clock
from tongshi.channels import written
from tongshi.channels.markup import SLACK
from tongshi.settings import Settings
from tongshi.storage.models import Message

CITATION = {"article": "returns/window", "quote": "Within 30 days.", "lang": "de", "title": "Rückgabe [neu] *"}


@pytest.fixture
def answer():
    citations = [CITATION, {**CITATION, "quote": "Unused."}, {**CITATION, "article": "product:AU-1", "title": "Aurora"}]
    return Message(text="Binnen 30 Tagen.", at=clock.now(), extras={"custom": {"citations": citations}})


def public(monkeypatch, url):
    monkeypatch.setattr(written, "get_settings", lambda: Settings(public_url=url))


def test_each_article_is_named_once_under_the_answer(answer, monkeypatch):
    public(monkeypatch, "")
    assert SLACK(written.with_sources(answer)) == "Binnen 30 Tagen.\n\n📄 Rückgabe [neu] *\n📄 Aurora"


def test_articles_are_links_where_the_public_can_read_them(answer, monkeypatch):
    public(monkeypatch, "https://help.example/")
    assert SLACK(written.with_sources(answer)).splitlines()[2:] == [
        "📄 <https://help.example/help/de/articles/returns/window|Rückgabe [neu] *>",
        "📄 <https://help.example/help/de/articles/product:AU-1|Aurora>",
    ]

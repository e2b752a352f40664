"""The help centre: every article in every language it is there in, found by its words, cached by its content."""

import re
import time

import pytest
import yaml
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.knowledge.helpers import HashEncoder
from tongshi.conversations.rates import RateLimit
from tongshi.desk.help import HelpCentre, accepted_language
from tongshi.knowledge.articles import Article
from tongshi.knowledge.base import KnowledgeBase
from tongshi.settings import LANGUAGES, ROOT, Settings
from tongshi.storage.knowledge import KnowledgeStore

TEXTS = {language: yaml.safe_load((ROOT / "data" / "help" / f"{language}.yml").read_text("utf-8")) for language in LANGUAGES}
WINDOW = "Within **30 days**.\n\n- unused\n- with its [label](https://shop.example/label)"
ARTICLES = [
    Article("returns-window", "en", "A <title>", WINDOW, ("how many days do I have",)),
    Article("returns-window", "ar", "الإرجاع", "خلال 30 يومًا.", ("كم يوم",)),
    Article("guide/hostile", "en", "Hostile", "<script>alert(1)</script> [x](javascript:alert(1))", tags=("returns",)),
    Article("guide/else", "en", "Something else", "It is blue.", ("which colour is it",)),
]


@pytest.fixture
def base(database, clock, tmp_path):
    base = KnowledgeBase(KnowledgeStore(database, clock), HashEncoder(), tmp_path / "index")
    base.put(ARTICLES)
    return base


@pytest.fixture
def client(base, database, clock):
    settings = Settings(public_url="https://help.example")
    pages = HelpCentre(KnowledgeStore(database, clock), base, settings, RateLimit(5, 60))
    return TestClient(Starlette(routes=pages.routes()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_texts_with_the_same_placeholders(language):
    def shape(value):
        return {key: shape(one) for key, one in value.items()} if isinstance(value, dict) else re.findall(r"{\w+}", value)

    assert shape(TEXTS[language]) == shape(TEXTS["en"])


def test_topics_list_the_shops_own_articles_once_each():
    topics = yaml.safe_load((ROOT / "data" / "help" / "topics.yml").read_text("utf-8"))["topics"]
    listed = [article for articles in topics.values() for article in articles]
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "data" / "knowledge" / "en").glob("*.md"))
    assert {*topics, "other"} == set(TEXTS["en"]["topic"])


@pytest.mark.parametrize(
    ("header", "language"),
    [("de-AT,de;q=0.9,en;q=0.8", "de"), ("nl, fr;q=0.5, zh-TW;q=0.7", "zh"), ("nl", "ru"), ("", "ru"), ("de;q=0,*", "ru")],
)
def test_the_browser_says_which_language_comes_first(header, language):
    assert accepted_language(header, "ru") == language


def test_the_front_door_leads_on_in_the_browsers_language(client):
    answer = client.get("/help", headers={"Accept-Language": "ja"}, follow_redirects=False)
    assert (answer.headers["location"], answer.headers["vary"]) == ("/help/ja", "Accept-Language")


def test_an_article_is_shown_with_its_formatting_and_its_other_languages(client):
    page = client.get("/help/en/articles/returns-window").text
    assert "<strong>30 days</strong>" in page and '<a href="https://shop.example/label">label</a>' in page
    assert '<html lang="en" dir="ltr">' in page and "A &lt;title&gt;" in page
    alternates = dict(re.findall(r'hreflang="([\w-]+)" href="(https:[^"]+)"', page))
    address = "https://help.example/help/{}/articles/returns-window"
    assert alternates == {"ar": address.format("ar"), "en": address.format("en"), "x-default": address.format("en")}
    assert '<html lang="ar" dir="rtl">' in client.get("/help/ar/articles/returns-window").text


def test_what_is_not_there_in_a_language_is_shown_in_another_and_says_so(client):
    page = client.get("/help/de/articles/returns-window").text
    assert TEXTS["de"]["not_in_language"] in page and '<article class="card" lang="en" dir="ltr">' in page
    assert 'rel="canonical" href="https://help.example/help/en/articles/returns-window"' in page


def test_nothing_in_an_article_is_run(client):
    page = client.get("/help/en/articles/guide/hostile").text
    assert "<script" not in page and 'href="javascript' not in page


@pytest.mark.parametrize(
    "path", ["en/articles/nothing", "nl", "nl/articles/returns-window", "en/articles/", "en/topics/payment", "xx/search?q=a"]
)
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(f"/help/{path}").status_code == 404


def test_articles_stand_under_their_topics(client):
    home = client.get("/help/en").text
    assert TEXTS["en"]["topic"]["returns"] in home and TEXTS["en"]["topic"]["payment"] not in home
    returns = client.get("/help/en/topics/returns").text
    assert "/articles/returns-window" in returns and "/articles/guide/hostile" in returns and "guide/else" not in returns
    assert "/articles/guide/else" in client.get("/help/en/topics/other").text


def test_an_unchanged_page_is_not_sent_again_and_a_changed_one_is(client, base):
    path = "/help/en/articles/guide/else"
    known = {"If-None-Match": client.get(path).headers["etag"]}
    assert client.get(path, headers=known).status_code == 304
    base.put([Article("guide/else", "en", "Something else", "It is green.", ("which colour is it",))])
    changed = client.get(path, headers=known)
    assert changed.status_code == 200 and "green" in changed.text


def test_a_search_finds_in_the_words_of_the_customer_and_shows_nothing_of_them_as_markup(client):
    page = client.get("/help/en/search", params={"q": "which colour is it <b>"}).text
    assert page.index("guide/else") > 0 and "colour is it &lt;b&gt;" in page and "<b>" not in page
    assert 'href="/help/ar/articles/returns-window"' in client.get("/help/ar/search", params={"q": "كم يوم"}).text


def test_who_searches_too_fast_waits(client):
    answers = [client.get("/help/en/search", params={"q": "blue"}) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert TEXTS["en"]["too_many"] in answers[-1].text and int(answers[-1].headers["retry-after"]) > 0


def test_a_search_that_takes_too_long_is_given_up_in_the_readers_language(client, base, monkeypatch):
    monkeypatch.setattr("tongshi.desk.help._PATIENCE", 0.1)
    monkeypatch.setattr(base, "search", lambda *_, **__: time.sleep(0.5))
    answer = client.get("/help/th/search", params={"q": "สี"})
    assert answer.status_code == 503 and TEXTS["th"]["trouble"] in answer.text


def test_search_engines_get_every_page(client):
    sitemap = client.get("/help/sitemap.xml").text
    assert "<loc>https://help.example/help/th</loc>" in sitemap
    assert "<loc>https://help.example/help/en/articles/guide/else</loc>" in sitemap

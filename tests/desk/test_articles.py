"""Articles on pages of their own, as channels link to them."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tongshi.desk.articles import ArticlePages
from tongshi.knowledge.base import Passage
from tongshi.settings import Settings

ARTICLES = {
    ("returns/window", "en"): "Within **30 days**.\n\n- unused\n- with its [label](https://shop.example/label)",
    ("returns/window", "ar"): "خلال 30 يومًا.",
    ("hostile", "en"): "<script>alert(1)</script> [x](javascript:alert(1))",
}


class Knowledge:
    """Gives what `ARTICLES` has."""

    def article(self, article_id, language):
        text = ARTICLES.get((article_id, language))
        return text and Passage(article_id, language, "A <title>", 1.0, text)


@pytest.fixture
def client():
    return TestClient(Starlette(routes=ArticlePages(Knowledge(), Settings()).routes()))


def test_an_article_is_shown_with_its_formatting(client):
    page = client.get("/articles/en/returns/window").text
    assert "<strong>30 days</strong>" in page and '<a href="https://shop.example/label">label</a>' in page
    assert '<html lang="en" dir="ltr">' in page and "A &lt;title&gt;" in page


def test_arabic_runs_from_right_to_left(client):
    assert '<html lang="ar" dir="rtl">' in client.get("/articles/ar/returns/window").text


def test_nothing_in_an_article_is_run(client):
    page = client.get("/articles/en/hostile").text
    assert "<script" not in page and 'href="javascript' not in page


@pytest.mark.parametrize("path", ["en/nothing", "nl/returns/window", "en/"])
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(f"/articles/{path}").status_code == 404

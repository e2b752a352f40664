"""What a recogniser takes for words that nobody said."""

import zlib

import pytest

from tongshi.knowledge.articles import searched_articles
from tongshi.settings import LANGUAGES, get_settings
from tongshi.speech import recognition

BEGINNING = 300


@pytest.fixture(scope="module")
def articles():
    return list(searched_articles(get_settings().data))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_article_says_is_not_taken_for_the_same_words_over_and_over(articles, language):
    texts = [" ".join(one.text.split())[:BEGINNING].encode() for one in articles if one.language == language and one.text]
    highest = max(len(text) / len(zlib.compress(text)) for text in texts)
    threshold = recognition._REPETITIVE_IN.get(language, recognition._REPETITIVE)
    assert 1.2 * highest < threshold <= 3.8

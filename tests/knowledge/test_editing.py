"""The life of articles: drafts, approval, versions, validity, translations, and what search sees of it."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.knowledge.helpers import HashEncoder
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article, Reading, read_until, show_until
from tongshi.knowledge.base import SHOP, KnowledgeBase
from tongshi.knowledge.editing import OTHER_VALIDITY, Editor, NoSuchArticle, as_markdown, from_markdown, why_outdated
from tongshi.knowledge.importing import take_in
from tongshi.knowledge.writing import Change
from tongshi.storage.database import Database
from tongshi.storage.knowledge import Conflict, KnowledgeStore
from tongshi.storage.models import DRAFT, RETIRED

RETURNS = Article("returns", "en", "Returning an item", "You can return an item within 30 days.", ("can i send it back",))
GERMAN = Article("returns", "de", "Rückgabe", "Sie können den Artikel 30 Tage lang zurückgeben.", translation_of="en")
PARCELS = Article("parcels", "en", "Lost parcels", "We search for a lost parcel within 5 days.", ("where is my parcel",))


@pytest.fixture
def store(database, clock) -> KnowledgeStore:
    return KnowledgeStore(database, clock)


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def base(store, encoder, tmp_path) -> KnowledgeBase:
    return KnowledgeBase(store, encoder, tmp_path / "index")


@pytest.fixture
def editor(store, base) -> Editor:
    return Editor(store, base.writer, "kb")


def texts(base: KnowledgeBase, question: str = "can i send it back", language: str = "en") -> list[str]:
    """What a search finds, as one of its passages each."""
    return [passage.text for passage in base.search(question, language, "kb").passages]


def changed(article: Article, days: int) -> Article:
    return replace(article, text=article.text.replace("30", str(days)))


def test_an_approved_article_stays_as_it_is_until_its_draft_is_approved(base, editor):
    base.put([RETURNS, PARCELS], "kb")
    entry = editor.draft(changed(RETURNS, 14), "ana", "law")
    assert (entry.status, entry.version, entry.draft) == ("approved", 1, 2)
    assert RETURNS.text in texts(base)
    entry = editor.approve("returns", "en", "li")
    assert (entry.status, entry.version, entry.draft) == ("approved", 3, None)
    assert texts(base)[0] == "You can return an item within 14 days."
    story = [(one.number, one.status, one.author, one.note) for one in editor.versions("returns", "en")]
    assert story == [(3, "approved", "li", "version 2"), (2, "draft", "ana", "law"), (1, "approved", "import", "")]


def test_another_process_sees_a_change_at_its_next_search(base, editor, database, encoder, tmp_path, clock):
    base.put([RETURNS, PARCELS], "kb")
    other = Database(database.url)
    elsewhere = KnowledgeBase(KnowledgeStore(other, clock), encoder, tmp_path / "other")
    assert RETURNS.text in texts(elsewhere)
    editor.draft(changed(RETURNS, 14), "ana")
    editor.approve("returns", "en", "ana")
    assert texts(elsewhere)[0] == "You can return an item within 14 days."
    editor.retire("returns", "en", "ana")
    assert all("30 days" not in text and "14 days" not in text for text in texts(elsewhere))
    other.engine.dispose()


def search_on(url: str, folder: str, wanted: str, seen) -> None:
    """A process of its own, as the action server's is: searches until it finds what is wanted, and says at what time that was."""
    base = KnowledgeBase(KnowledgeStore(Database(url)), HashEncoder(), Path(folder))
    seen.send(texts(base))
    while wanted not in texts(base):
        time.sleep(0.01)
    seen.send(time.time())


def test_a_change_is_live_in_another_process_within_a_second(base, editor, database, tmp_path):
    base.put([RETURNS, PARCELS], "kb")
    here, there = multiprocessing.get_context("spawn").Pipe()
    wanted = "You can return an item within 14 days."
    arguments = (str(database.url), str(tmp_path / "other"), wanted, there)
    process = multiprocessing.get_context("spawn").Process(target=search_on, args=arguments, daemon=True)
    process.start()
    assert here.poll(60) and RETURNS.text in here.recv()
    editor.draft(changed(RETURNS, 14), "ana")
    editor.approve("returns", "en", "ana")
    approved = time.time()
    assert here.poll(30), "the other process did not see the change"
    assert here.recv() - approved < 1
    process.join(10)


def test_a_new_article_is_found_once_it_is_approved_and_not_when_it_is_retired(base, editor):
    base.put([PARCELS], "kb")
    assert editor.draft(RETURNS, "ana").status == "draft"
    assert RETURNS.text not in texts(base)
    editor.approve("returns", "en", "ana")
    assert RETURNS.text in texts(base)
    editor.retire("returns", "en", "ana")
    assert RETURNS.text not in texts(base)
    assert base.article("returns", "en", "kb") is None
    editor.approve("returns", "en", "ana")
    assert RETURNS.text in texts(base)


def test_rolling_back_brings_an_earlier_version_into_search_and_drops_the_draft(base, editor):
    base.put([RETURNS, PARCELS], "kb")
    editor.draft(changed(RETURNS, 14), "ana")
    editor.approve("returns", "en", "ana")
    editor.draft(changed(RETURNS, 7), "ana")
    entry = editor.rollback("returns", "en", 1, "li")
    assert (entry.version, entry.draft, entry.article) == (5, None, RETURNS)
    assert texts(base)[0] == RETURNS.text
    with pytest.raises(NoSuchArticle, match="has no version 9; its newest is 5"):
        editor.rollback("returns", "en", 9, "li")


def test_a_difference_is_told_from_the_last_that_search_saw(editor):
    editor.draft(RETURNS, "ana")
    editor.approve("returns", "en", "ana")
    editor.draft(changed(RETURNS, 14), "ana")
    lines = editor.diff("returns", "en").splitlines()
    assert lines[:2] == ["--- returns (en) version 2", "+++ returns (en) version 3"]
    assert "-You can return an item within 30 days." in lines and "+You can return an item within 14 days." in lines
    editor.approve("returns", "en", "ana")
    assert "+You can return an item within 14 days." in editor.diff("returns", "en").splitlines()
    assert editor.diff("returns", "en", 1, 2) == ""
    assert "+title: Returning an item" in editor.diff("returns", "en", new=1).splitlines()


def test_validity_begins_and_ends_by_itself(base, editor, clock, store):
    base.put([PARCELS], "kb")
    sale = replace(RETURNS, valid_from=clock() + timedelta(hours=1), valid_until=clock() + timedelta(hours=2))
    editor.draft(sale, "ana")
    editor.approve("returns", "en", "ana")
    versions = [store.version("kb")]
    assert RETURNS.text not in texts(base)
    for found in (True, False):
        clock.forward(hours=1)
        versions.append(store.version("kb"))
        assert (RETURNS.text in texts(base)) is found
    assert len(set(versions)) == 3


@pytest.mark.parametrize("day", ["2026-12-31", "2026-12-31T18:00:00+00:00"])
def test_an_end_is_shown_as_it_was_written(day):
    assert show_until(read_until(day)) == day


def test_an_answer_is_given_word_for_word_to_its_questions_only(base, editor):
    base.put([PARCELS], "kb")
    editor.draft(replace(RETURNS, verbatim=True), "ana")
    editor.approve("returns", "en", "ana")
    asked, other = (base.search(question, "en", "kb").passages[0] for question in ("Can I send it back", "Where is my parcel"))
    assert (asked.text, asked.verbatim) == (RETURNS.text, True)
    assert not other.verbatim


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("do you ship to Norway", "do you ship to Sweden"),
        ("is the 15 m cable in stock", "Is the 1.5 m cable in stock?"),
        ("is shipping free from €50", "is shipping free from $50"),
        ("do you have the S24", "do you have the S24+"),
    ],
)
def test_a_question_that_only_resembles_one_of_an_article_is_not_what_it_was_approved_for(base, editor, question, other):
    base.put([PARCELS, replace(RETURNS, questions=(question,), verbatim=True)], "kb")
    assert base.search(f"{question.upper()} ?", "en", "kb").passages[0].verbatim
    near = base.search(other, "en", "kb").passages
    assert RETURNS.text in [one.text for one in near] and not any(one.verbatim for one in near)


def test_an_approved_answer_in_another_language_is_found_but_not_given_word_for_word(base):
    base.put([PARCELS, replace(RETURNS, questions=("能退货吗", "can i send it back"), verbatim=True)], "kb")
    found = base.search("能退货吗？", "zh", "kb")
    assert (found.confident, found.passages[0].text, found.passages[0].language) == (True, RETURNS.text, "en")
    assert not found.passages[0].verbatim
    assert base.search("能退货吗？", "en", "kb").passages[0].verbatim


def test_an_approved_answer_counts_at_once_though_nothing_has_been_learnt_of_it_yet(base, editor):
    several = [
        Article(f"a{number}", "en", f"Topic {number}", f"Text {number}.", tuple(f"{word} {number}" for word in "abcdef"))
        for number in range(9)
    ]
    base.put(several, "kb")
    base.search("?", "en", "kb")
    editor.draft(replace(RETURNS, verbatim=True), "ana")
    editor.approve("returns", "en", "ana")
    found = base.search("CAN I send it back?", "en", "kb")
    assert (found.confident, found.passages[0].text, found.passages[0].verbatim) == (True, RETURNS.text, True)


def test_only_what_is_new_is_encoded(base, editor, encoder):
    base.put([RETURNS], "kb")
    encoder.encoded.clear()
    editor.draft(replace(RETURNS, questions=(*RETURNS.questions, "is it returnable")), "ana")
    editor.approve("returns", "en", "ana")
    assert encoder.encoded == ["is it returnable"]


def test_an_edit_survives_the_next_import_of_a_file_that_has_not_changed(base, editor):
    files = [RETURNS, PARCELS]
    base.put(files, "kb", whole=True)
    editor.draft(changed(RETURNS, 14), "ana")
    editor.approve("returns", "en", "ana")
    editor.retire("parcels", "en", "ana")
    editor.draft(Article("new", "en", "New", "Written by hand."), "ana")
    assert base.put(files, "kb", whole=True).any is False
    assert [(one.article.article_id, one.status) for one in editor.entries()] == [
        ("new", "draft"),
        ("parcels", "retired"),
        ("returns", "approved"),
    ]
    assert editor.entry("returns", "en").article.text.endswith("14 days.")
    assert base.put([changed(RETURNS, 60), PARCELS], "kb", whole=True).changed == 1
    assert editor.entry("returns", "en").article.text.endswith("60 days.")
    assert len(editor.versions("returns", "en")) == 4


def test_an_article_whose_file_is_gone_is_retired_and_comes_back_with_it(base, editor):
    base.put([RETURNS, PARCELS], "kb", whole=True)
    assert base.put([PARCELS], "kb", whole=True).removed == 1
    assert editor.entry("returns", "en").status == "retired"
    assert base.put([PARCELS], "kb", whole=True).removed == 0
    assert base.put([RETURNS, PARCELS], "kb", whole=True).changed == 1
    assert editor.entry("returns", "en").status == "approved"


def test_an_import_leaves_a_draft_that_waits(base, editor):
    base.put([RETURNS], "kb")
    editor.draft(changed(RETURNS, 14), "ana")
    base.put([changed(RETURNS, 60)], "kb")
    assert editor.entry("returns", "en").draft == 2
    assert editor.latest("returns", "en").text.endswith("14 days.")


def test_a_draft_that_an_import_has_overtaken_is_shown_as_it_is_and_not_approved_by_accident(base, editor):
    base.put([RETURNS], "kb")
    editor.draft(replace(RETURNS, title="Sending back"), "ana")
    base.put([changed(RETURNS, 14)], "kb")
    lines = editor.diff("returns", "en").splitlines()
    assert lines[:2] == ["--- returns (en) version 3", "+++ returns (en) version 2"]
    assert "+title: Sending back" in lines and "+You can return an item within 30 days." in lines
    assert editor.diff("returns", "en", 2).startswith("--- returns (en) version 2\n+++ returns (en) version 3")
    with pytest.raises(Conflict, match="version 2, is older than version 3"):
        editor.approve("returns", "en", "li")
    assert editor.entry("returns", "en").article.text.endswith("14 days.")
    entry = editor.approve("returns", "en", "li", over_newer=True)
    assert (entry.version, entry.draft, entry.article.title) == (4, None, "Sending back")


def test_an_import_does_not_take_the_place_of_another_file_or_of_what_was_written_by_hand(base, editor):
    first, second = replace(RETURNS, source="en/faq.md"), replace(changed(RETURNS, 14), source="en/faq.txt")
    assert take_in(base.writer, Reading([first]), "kb")[0].added == 1
    assert take_in(base.writer, Reading([second]), "kb") == (
        Change(0, 0, 0, 0),
        [
            (
                "en/faq.txt",
                "the article 'returns' in 'en' comes from en/faq.md; give this one another id, or retire that one first",
            )
        ],
    )
    assert take_in(base.writer, Reading([replace(first, source="elsewhere.md")]), "kb")[0].same == 1
    assert take_in(base.writer, Reading([replace(second, source="en/faq.md")]), "kb")[0].changed == 1
    editor.draft(PARCELS, "ana")
    change, failures = take_in(base.writer, Reading([replace(PARCELS, text="Other.", source="en/parcels.md")]), "kb")
    assert not change.any and "was written by hand" in failures[0][1]
    assert editor.entry("parcels", "en").article == PARCELS
    editor.retire("returns", "en", "ana")
    assert take_in(base.writer, Reading([replace(changed(RETURNS, 7), source="en/faq.txt")]), "kb")[0].changed == 1


def test_what_people_import_into_the_shop_lives_beside_its_files(base, editor, store):
    writer, shop = base.writer, Editor(store, base.writer, SHOP)
    files, mine = [RETURNS, PARCELS], Article("wrapping", "en", "Wrapping", "We wrap any item.", source="wrapping.md")
    base.put(files, SHOP, whole=True)
    change, failures = take_in(
        writer, Reading([mine, replace(RETURNS, text="Never.", source="r.md")], [("x.pdf", "broken")]), SHOP
    )
    assert (change.added, change.changed) == (1, 0)
    assert [file for file, _ in failures] == ["x.pdf", "r.md"] and "data/knowledge has an article 'returns'" in failures[1][1]
    assert base.put(files, SHOP, whole=True) == Change(added=0, changed=0, removed=0, same=2)
    assert take_in(writer, Reading([mine]), SHOP)[0].same == 1
    changed_file = replace(mine, text="We wrap any item for €4.")
    assert take_in(writer, Reading([changed_file]), SHOP, draft=True)[0].changed == 1
    assert (shop.entry("wrapping", "en").article.text, shop.entry("wrapping", "en").draft) == (mine.text, 2)
    base.put([RETURNS], SHOP, whole=True)
    assert {one.article.article_id: one.status for one in shop.entries()} == {
        "parcels": "retired",
        "returns": "approved",
        "wrapping": "approved",
    }


def test_imported_drafts_wait_for_a_person(base, editor):
    base.put([PARCELS], "kb")
    base.put([RETURNS], "kb", status=DRAFT)
    assert [one.article.article_id for one in editor.entries(status=DRAFT)] == ["returns"]
    assert RETURNS.text not in texts(base)
    assert base.put([RETURNS], "kb", status=DRAFT).same == 1


def test_another_encoder_encodes_all_anew_and_makes_no_version(base, editor, store, tmp_path):
    base.put([RETURNS], "kb")
    editor.draft(changed(RETURNS, 14), "ana")
    editor.approve("returns", "en", "ana")
    other = KnowledgeBase(store, HashEncoder("other"), tmp_path / "index")
    assert other.put([RETURNS], "kb").any is False
    assert store.articles("kb")[0].encoder == "other"
    assert len(editor.versions("returns", "en")) == 3
    assert "14 days" in texts(other)[0]


def test_two_who_change_the_same_version_do_not_overwrite_one_another(editor):
    seen = editor.draft(RETURNS, "ana", upon=0).newest
    editor.draft(changed(RETURNS, 14), "ana", upon=seen)
    with pytest.raises(Conflict, match="is at version 2, and the change was made upon version 1"):
        editor.draft(changed(RETURNS, 7), "li", upon=seen)
    with pytest.raises(Conflict):
        editor.draft(RETURNS, "li", upon=0)


def test_a_translation_is_outdated_when_its_original_says_something_else(base, editor):
    base.put([RETURNS, GERMAN], "kb")
    assert editor.outdated() == []
    editor.draft(replace(RETURNS, questions=("another",)), "ana")
    editor.approve("returns", "en", "ana")
    assert editor.outdated() == []
    editor.draft(changed(RETURNS, 14), "ana")
    assert editor.outdated() == []
    editor.approve("returns", "en", "ana")
    assert [one.article.language for one in editor.outdated()] == ["de"]
    editor.draft(replace(editor.latest("returns", "de"), owner="bo"), "bo")
    editor.approve("returns", "de", "bo")
    assert [one.article.language for one in editor.outdated()] == ["de"]
    editor.approve("returns", "de", "bo", up_to_date=True)
    assert editor.outdated() == []


def test_a_translation_is_outdated_when_its_original_is_retired_or_holds_at_other_times(base, editor, clock):
    base.put([RETURNS, GERMAN], "kb")
    until = clock() + timedelta(days=1)
    editor.draft(replace(RETURNS, valid_until=until), "ana")
    editor.approve("returns", "en", "ana")
    assert why_outdated(editor.entries()) == {("returns", "de"): OTHER_VALIDITY}
    editor.draft(replace(editor.latest("returns", "de"), valid_until=until), "bo")
    editor.approve("returns", "de", "bo")
    assert editor.outdated() == []
    editor.retire("returns", "en", "ana")
    assert why_outdated(editor.entries()) == {("returns", "de"): RETIRED}
    assert [one.article.language for one in editor.outdated()] == ["de"]
    editor.draft(replace(editor.latest("returns", "de"), translation_of=None), "bo")
    editor.approve("returns", "de", "bo")
    assert editor.outdated() == []


def test_an_article_is_retired_in_one_language_or_in_all(base, editor):
    base.put([RETURNS, GERMAN, PARCELS], "kb")
    editor.retire("returns", "en", "ana")
    assert editor.live_in("returns") == ["de"]
    assert GERMAN.text in texts(base)
    assert editor.retire("returns", "en", "ana", all_languages=True).status == "retired"
    assert editor.live_in("returns") == []
    assert GERMAN.text not in texts(base) and editor.entry("parcels", "en").status == "approved"
    with pytest.raises(TongshiError, match="retired already"):
        editor.retire("returns", "de", "ana", all_languages=True)


def test_articles_are_listed_by_what_they_are(editor):
    editor.draft(replace(RETURNS, tags=("law",), owner="ana"), "ana")
    editor.draft(GERMAN, "ana")
    editor.draft(PARCELS, "li")

    def ids(**wanted):
        return [one.article.key for one in editor.entries(**wanted)]

    assert ids(tag="law") == ids(owner="ana") == [("returns", "en")]
    assert ids(words="ruckgabe") == [("returns", "de")]
    assert ids(article_id="returns") == [("returns", "de"), ("returns", "en")]
    assert ids(language="de", status="approved") == []


@pytest.mark.parametrize(
    ("article", "reason"),
    [
        (replace(RETURNS, language="sv"), "no language of ours"),
        (replace(RETURNS, article_id=" x"), "no outer or double spaces"),
        (replace(RETURNS, article_id="product:X"), "kept for products"),
        (replace(RETURNS, title=""), "a title and a text"),
        (replace(RETURNS, questions=(), verbatim=True), "at least one"),
        (replace(RETURNS, article_id="none", questions=()), "nothing answers"),
        (replace(RETURNS, valid_from=read_until("2027-01-01"), valid_until=read_until("2026-01-01")), "lies before"),
    ],
)
def test_what_cannot_be_an_article_is_refused(editor, article, reason):
    with pytest.raises(TongshiError, match=reason):
        editor.draft(article, "ana")
    assert editor.entries() == []


def test_nothing_to_do_is_said(editor):
    with pytest.raises(NoSuchArticle, match="There is no article 'returns' in 'en' in 'kb'.$"):
        editor.approve("returns", "en", "ana")
    editor.draft(GERMAN, "ana")
    with pytest.raises(NoSuchArticle, match="it is there in de"):
        editor.entry("returns", "en")
    editor.approve("returns", "de", "ana")
    with pytest.raises(TongshiError, match="approved as it is"):
        editor.approve("returns", "de", "ana")
    editor.retire("returns", "de", "ana")
    with pytest.raises(TongshiError, match="retired already"):
        editor.retire("returns", "de", "ana")


def test_an_article_is_written_for_its_editor_and_read_back():
    article = replace(GERMAN, verbatim=True, questions=("zurück?", "ja: nein"), tags=("a", "b"), owner="ana", translated_from="x")
    article = replace(article, valid_until=read_until("2026-12-31"), text="# Titel\n\n- eins\n- zwei")
    assert from_markdown(as_markdown(article), article) == article
    assert from_markdown("Only text.", article) == replace(article, text="Only text.")
    assert from_markdown(as_markdown(article).replace("translation_of: en", ""), article).translated_from == ""


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("tittle: x", "has tittle; known are"),
        ("id: other", "is that of other"),
        ("questions: how", "must be a list"),
        ("valid_until: soon", "neither a day"),
        ("title: [", "not valid YAML"),
    ],
)
def test_front_matter_that_cannot_be_meant_is_refused(front, reason):
    with pytest.raises(TongshiError, match=reason):
        from_markdown(f"---\n{front}\n---\nText.", RETURNS)


def test_an_import_that_was_broken_off_goes_on_where_it_was(base, store, encoder, monkeypatch):
    files = [Article(f"a{number}", "en", f"Topic {number}", f"Text {number}.") for number in range(150)]
    encode, calls = encoder.encode, []

    def break_off(texts):
        calls.append(len(texts))
        if len(calls) > 1:
            raise KeyboardInterrupt
        return encode(texts)

    monkeypatch.setattr(encoder, "encode", break_off)
    with pytest.raises(KeyboardInterrupt):
        base.put(files, "kb")
    assert (len(store.articles("kb")), store.version("kb")) == (100, "1")
    monkeypatch.setattr(encoder, "encode", encode)
    assert base.put(files, "kb") == Change(added=50, changed=0, removed=0, same=100)

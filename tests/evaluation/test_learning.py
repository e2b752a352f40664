"""What is learnt from accepted messages, and when a new bot goes live; the bots themselves are stand-ins."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from tests.knowledge.helpers import HashEncoder
from tongshi import system
from tongshi.errors import TongshiError
from tongshi.evaluation import learning
from tongshi.evaluation.tables import Report
from tongshi.evaluation.understanding import Comparison, Shift
from tongshi.language.vectors import VectorCache
from tongshi.nlu.wordings import Wording, read
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import ACCEPTED, CORRECTED, DROPPED, LEARNT, Message, Review
from tongshi.storage.review import ReviewStore

KNOWN = [Wording("where is my parcel", "order_status", "en"), Wording("cancel it", "cancel_order", "en")]
UNSEEN = [Wording("parcel where?", "order_status", "en")]


class Encoder(HashEncoder):
    """Texts without vowels that are the same have the same vector."""

    def encode(self, texts):
        return super().encode([text.translate(str.maketrans("", "", "aeiou")) for text in texts])


def accepted(number, wording, intent, language="en"):
    return Review(review_id=number, wording=wording, wanted=intent, language=language, status=ACCEPTED)


def test_what_teaches_nothing_new_is_left_out(tmp_path):
    reviews = [
        accepted(1, "wheres   my stuff", "order_status"),
        accepted(2, "WHERE is my parcel?!", "order_status"),
        accepted(3, "wheeere iis my pariiicel", "order_status"),
        accepted(4, "Cancel it.", "return_item"),
        accepted(5, "parcel - where", "order_status"),
        accepted(6, "wheres my stuff!", "order_status"),
        accepted(7, "look [here](order_number)", "order_status"),
        accepted(8, "包裹呢", "order_status", "zh"),
    ]
    encoder = Encoder()
    lesson = learning.make_lesson(reviews, KNOWN, UNSEEN, encoder, VectorCache(encoder, tmp_path))
    assert lesson.wordings == {1: Wording("wheres my stuff", "order_status", "en"), 8: Wording("包裹呢", "order_status", "zh")}
    why = {one.number: one.why for one in lesson.left_out}
    assert set(why) == {2, 3, 4, 5, 6, 7}
    assert "teaches the same already" in why[2] and "teaches the same" in why[3] and "wheres my stuff" in why[6]
    assert "is taught as cancel_order" in why[4] and "tested on" in why[5] and "brackets" in why[7]


@pytest.fixture
def workplace(tmp_path, database, clock, monkeypatch):
    """Settings with an accepted message in the database; training and comparing take no time, but something happens `meanwhile`."""
    settings = replace(Settings(), home=tmp_path / "home", models=tmp_path / "models", data=tmp_path / "data")
    settings.models.mkdir()
    message = Message(sender="anna", channel="web", author="customer", text="x", at=clock())
    ConversationStore(database).add(message)
    store = ReviewStore(database)
    store.add(Review(message_id=message.message_id, reason="fallback", text="x", language="en", at=clock()))
    store.decide(1, ACCEPTED, "mia", clock(), "order_status", "wheres my stuff")
    (settings.models / "bot-old.tar.gz").write_text("old")
    seen = {"meanwhile": lambda: None}

    def train_beside(_, folder):
        seen["taught"] = read(folder / "en.yml", "en")
        seen["meanwhile"]()
        path = settings.models / "candidate.tar.gz"
        path.write_text("new")
        return path

    monkeypatch.setattr(learning, "get_encoder", lambda name: HashEncoder(), raising=False)
    monkeypatch.setattr(learning, "training_wordings", lambda data: KNOWN)
    monkeypatch.setattr(system, "live_bot", lambda settings: settings.models / "bot-old.tar.gz")
    monkeypatch.setattr(system, "bot_path", lambda settings: settings.models / "bot-new.tar.gz")
    monkeypatch.setattr(system, "train_beside", train_beside)
    return replace(settings, rasa_port=1), store, seen


def shifted(*shifts):
    """A comparison in which wordings of English got better or worse."""
    rows = [
        {"language": "en", "better": sum(shifts), "worse": len(shifts) - sum(shifts)},
        {"language": "mean", "better": 0, "worse": 0},
    ]
    moved = [Shift(UNSEEN[0], "greet", "order_status") for _ in shifts]
    return lambda before, after, settings: Comparison(Report("x", "better", rows), moved)


def test_a_better_bot_goes_live_with_its_wordings(workplace, monkeypatch):
    settings, store, seen = workplace
    monkeypatch.setattr(learning, "compare", shifted(True, True, False))
    outcome = learning.learn(settings, store)
    assert outcome.live and not outcome.serving
    assert (
        seen["taught"] == [Wording("wheres my stuff", "order_status", "en")] == read(settings.data / "nlu/reviewed/en.yml", "en")
    )
    assert yaml.safe_load((settings.data / "nlu/reviewed/en.yml").read_text())["nlu"][0]["metadata"] == {"language": "en"}
    assert (settings.models / "bot-new.tar.gz").read_text() == "new"
    assert store.review(1).status == LEARNT
    assert learning.learn(settings, store).comparison is None


def test_a_worse_bot_changes_nothing_unless_forced(workplace, monkeypatch):
    settings, store, _ = workplace
    monkeypatch.setattr(learning, "compare", shifted(True, False, False))
    outcome = learning.learn(settings, store)
    assert not outcome.live and outcome.comparison.worse == ["en"]
    assert not (settings.data / "nlu" / "reviewed").exists() and not (settings.models / "candidate.tar.gz").exists()
    assert store.review(1).status == ACCEPTED
    assert learning.learn(settings, store, force=True).live


def test_two_do_not_train_at_once(workplace, monkeypatch):
    settings, store, seen = workplace
    monkeypatch.setattr(learning, "compare", shifted(True))
    seen["refused"] = []

    def meanwhile():
        with pytest.raises(TongshiError, match="already"):
            learning.learn(settings, store)
        seen["refused"].append(True)

    seen["meanwhile"] = meanwhile
    assert learning.learn(settings, store).live and seen["refused"]


def test_what_is_decided_anew_during_the_training_is_not_written(workplace, monkeypatch, database, clock):
    settings, store, seen = workplace
    monkeypatch.setattr(learning, "compare", shifted(True))
    for number, wording in ((2, "track it pls"), (3, "any news of it")):
        message = Message(sender="anna", channel="web", author="customer", text="x", at=clock())
        ConversationStore(database).add(message)
        store.add(Review(message_id=message.message_id, reason="fallback", text="x", language="en", at=clock()))
        store.decide(number, ACCEPTED, "mia", clock(), "order_status", wording)

    def meanwhile():
        store.decide(1, DROPPED, "bo", clock())
        store.decide(2, CORRECTED, "bo", clock(), "lost_parcel", "track it pls")

    seen["meanwhile"] = meanwhile
    outcome = learning.learn(settings, store)
    assert outcome.live and len(seen["taught"]) == 3
    assert [one.text for one in read(settings.data / "nlu/reviewed/en.yml", "en")] == ["any news of it"]
    assert [store.review(number).status for number in (1, 2, 3)] == [DROPPED, CORRECTED, LEARNT]
    assert {one.number for one in outcome.lesson.left_out if "decided anew" in one.why} == {1, 2}


def test_where_all_is_decided_anew_nothing_goes_live(workplace, monkeypatch, clock):
    settings, store, seen = workplace
    monkeypatch.setattr(learning, "compare", shifted(True))
    seen["meanwhile"] = lambda: store.decide(1, DROPPED, "bo", clock())
    outcome = learning.learn(settings, store)
    assert not outcome.live and outcome.comparison is None
    assert not (settings.models / "candidate.tar.gz").exists() and not (settings.data / "nlu" / "reviewed").exists()


def test_a_bot_that_has_not_seen_the_present_files_does_not_go_live(workplace, monkeypatch):
    settings, store, seen = workplace
    monkeypatch.setattr(learning, "compare", shifted(True))
    after = settings.models / "bot-after.tar.gz"
    seen["meanwhile"] = lambda: monkeypatch.setattr(system, "bot_path", lambda settings: after)
    with pytest.raises(TongshiError, match="were changed during the training"):
        learning.learn(settings, store, force=True)
    assert not after.exists() and not (settings.models / "candidate.tar.gz").exists()
    assert store.review(1).status == ACCEPTED and not (settings.data / "nlu" / "reviewed").exists()

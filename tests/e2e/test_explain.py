"""The running bot explains messages, and notes what it makes of them for the desk and for review."""

import time

import httpx
import pytest

from tongshi.storage.database import Database
from tongshi.storage.models import Message, Reading


@pytest.fixture
def explain(system):
    secret = (system.home / "secrets" / "web-channel").read_text().strip()

    def explain(text, token=secret):
        address = f"{system.address('RASA')}/webhooks/explain/message"
        return httpx.post(address, json={"text": text}, headers={"Authorization": f"Bearer {token}"}, timeout=120)

    return explain


def test_a_message_is_explained_by_the_bot_that_runs(explain):
    told = explain("我想退货，这个耳机不好用").json()
    assert (told["intent"], told["language"]) == ("return_item", "zh")
    assert max(told["words"], key=lambda word: word["weight"])["text"] in ("退货", "退")
    assert told["neighbours"][0]["intent"] == "return_item" and told["plain"]


def test_who_has_no_secret_learns_nothing(explain):
    assert explain("hello", token="wrong").status_code == 401
    assert explain("").status_code == 400


def test_what_is_made_of_a_message_is_noted_with_its_mood(system, sender):
    text = "this is the third time you sent me a broken watch, absolutely disgraceful"
    system.say(sender, text)
    database = Database(f"sqlite:///{system.home / 'tongshi.db'}")
    with database.session() as session:
        number = session.query(Message.message_id).filter_by(sender=sender, author="customer").scalar()
    for _ in range(50):
        with database.session() as session:
            if reading := session.get(Reading, number):
                break
        time.sleep(0.1)
    assert reading.ranking[0][0] == reading.intent
    assert reading.sentiment < -0.3 and 0 <= reading.urgency <= 1
    database.engine.dispose()

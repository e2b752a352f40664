"""Whatever is typed is answered politely; nothing is executed."""

import httpx
import pytest

from tongshi.evaluation.running import is_reply


@pytest.mark.parametrize("text", ["", "   ", "\u0000\u0007\u200b", None, 42, ["a"]])
def test_nothing_to_read_is_said_so(system, sender, text):
    assert is_reply("utter_empty_message", "fr", system.texts(sender, text, "fr")[0])


def test_ten_thousand_characters_are_asked_for_in_brief(system, sender):
    assert is_reply("utter_message_too_long", "en", system.texts(sender, "where is my parcel " * 530)[0])


@pytest.mark.parametrize(
    "text", ["🎉🎉🎉", "<script>alert(1)</script>", "'; DROP TABLE orders; --", "{{7*7}} ${7*7}", "?!?!?!", "𝕳𝖊𝖑𝖑𝖔"]
)
def test_odd_input_gets_a_reply(system, sender, text):
    texts = system.texts(sender, text)
    assert texts and not any("49" in one or "<script" in one for one in texts)


@pytest.mark.parametrize(
    "text", ["/restart", "/action_submit_return_form", '/inform{"order_number": "MD-10234"}', "/session_start", "/back"]
)
def test_a_payload_counts_only_where_it_was_offered(system, sender, text):
    system.say(sender, "I want to return my watch please")
    before = system.slots(sender)["order_number"]
    assert system.texts(sender, text)
    assert system.slots(sender)["order_number"] == before is None


def test_an_offered_button_counts(system, sender):
    replies = system.say(sender, "how do I return something that I bought?")
    payload = replies[-1]["buttons"][0]["payload"]
    assert payload == "/return_item"
    assert is_reply("utter_request_order_number", "en", system.texts(sender, payload)[0])


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"message": "hi"}', b'{"sender": 7, "message": "hi"}', b"\xff\xfe"])
def test_a_request_that_is_none_gets_a_clear_error(system, body):
    response = httpx.post(f"{system.address('RASA')}/webhooks/rest/webhook", content=body)
    assert response.status_code == 400 and "sender" in response.json()["error"]


def test_the_web_channel_and_the_api_are_closed(system):
    web = httpx.post(f"{system.address('RASA')}/webhooks/web/webhook", json={"sender": "x", "text": "hi"})
    api = httpx.get(f"{system.address('RASA')}/conversations/x/tracker")
    assert web.status_code == 401 and api.status_code == 401


def test_five_wrong_pairs_lock_look_ups_without_a_leak(system, sender):
    system.forget_cases()
    system.say(sender, "where is my order?")
    for number in range(4):
        text = system.texts(sender, f"MD-10238, wrong{number}@example.com")[0]
        assert is_reply("utter_identity_refused", "en", text)
    assert is_reply("utter_identity_locked", "en", system.texts(sender, "MD-10238, wrong5@example.com")[0])
    right = " ".join(system.texts(f"{sender}-2", "status of MD-10238? sato.yuki@example.com"))
    assert is_reply("utter_identity_locked", "en", right) and "4418" not in right
    system.forget_cases()

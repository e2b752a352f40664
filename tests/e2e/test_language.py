"""The reply is in the customer's language: held through what tells nothing, switched when the customer switches."""

from tongshi.evaluation.running import is_reply


def test_what_tells_nothing_keeps_the_language(system, sender):
    system.say(sender, "Guten Tag, ich habe eine Frage zu meiner Bestellung")
    for text in ("ok", "👍", "MD-10235", "anna.becker@example.com"):
        system.say(sender, text)
        assert system.slots(sender)["language"] == "de", text


def test_a_clear_switch_switches_at_once_and_back(system, sender):
    system.say(sender, "Where is my order, please? It should have come yesterday")
    assert system.slots(sender)["language"] == "en"
    assert is_reply("utter_request_order_number", "zh", system.texts(sender, "我的订单到底什么时候能到啊")[-1])
    assert system.slots(sender)["language"] == "zh"
    system.say(sender, "sorry, let me write in English again, where is the parcel?")
    assert system.slots(sender)["language"] == "en"


def test_a_language_that_was_asked_for_holds_until_two_clear_messages(system, sender):
    system.say(sender, "hello, good morning to you all")
    assert is_reply("utter_language_switched", "de", system.texts(sender, "please speak German")[-1])
    system.say(sender, "how long do I have to return something?")
    assert system.slots(sender)["language"] == "de"
    system.say(sender, "and how much is express shipping these days?")
    assert system.slots(sender)["language"] == "en"


def test_a_first_message_that_tells_nothing_takes_the_channels_hint(system, sender):
    assert is_reply("utter_request_email", "ko", system.texts(sender, "MD-10243", "ko")[-1])


def test_a_language_outside_the_twelve_gets_english_that_names_those_spoken(system, sender):
    text = system.texts(sender, "Dzień dobry, gdzie jest moja paczka? Czekam już dwa tygodnie!")[0]
    assert is_reply("utter_language_unsupported", "en", text)
    assert "中文" in text and "Deutsch" in text


def test_traditional_chinese_is_answered_in_traditional_characters(system, sender):
    text = " ".join(system.texts(sender, "請問國際運費要多少錢？"))
    assert "19.90" in text and "運" in text and "运" not in text

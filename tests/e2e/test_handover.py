"""A person takes over without a race: nothing makes the bot speak until the conversation is handed back."""

import subprocess
import sys

import pytest

from tongshi.evaluation.running import environment, is_reply, running
from tongshi.settings import ROOT


def release(home, sender):
    command = [sys.executable, "-m", "tongshi.cli", "handover", "release", sender]
    subprocess.run(command, cwd=ROOT, env=environment(home), check=True)


@pytest.mark.parametrize("text", ["/restart", "hello?", "I want to return my watch", "/session_start"])
def test_the_bot_is_silent_whatever_is_said(system, sender, text):
    assert is_reply("utter_handoff_queued", "en", system.texts(sender, "I want to speak to a human being")[0])
    assert system.texts(sender, text) == []
    release(system.home, sender)
    assert is_reply("utter_handoff_released", "en", system.texts(sender, "hello there, are you back?")[0])
    assert len(system.texts(sender, "thanks a lot")) == 1


def test_no_question_of_a_form_follows_the_word_of_a_person(system, sender):
    assert is_reply("utter_request_order_number", "en", system.texts(sender, "I want to return something")[-1])
    (only,) = system.texts(sender, "I want to speak to a human being")
    assert is_reply("utter_handoff_queued", "en", only)
    release(system.home, sender)


def test_a_restart_of_everything_does_not_end_it(home, sender):
    with running(home, support_hours="always") as first:
        first.say(sender, "Ich möchte bitte mit einem Menschen sprechen")
        assert first.texts(sender, "hallo?") == []
    with running(home, support_hours="never") as second:
        assert second.texts(sender, "hallo, ist da jemand?") == []
        release(home, sender)
        assert is_reply("utter_handoff_released", "de", second.texts(sender, "hallo, ist da jemand?")[0])
        closed = second.texts(f"{sender}-2", "Ich möchte bitte mit einem Menschen sprechen")[0]
        assert is_reply("utter_handoff_kept", "de", closed) and "CL-" in closed
        assert is_reply("utter_bot", "de", second.texts(f"{sender}-2", "bist du ein roboter?")[0])

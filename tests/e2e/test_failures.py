"""When a part fails, the customer is told in their language, in time, and goes on where they were."""

import os
import signal
import sqlite3
import time

import pytest

from tongshi.evaluation.running import is_reply

STARTS = {
    "en": ("I'd like to return something, order MD-10251, omar.haddad@example.com", "the in-ear buds please"),
    "zh": ("我想退货，订单MD-10251，邮箱omar.haddad@example.com", "退那个入耳式耳机"),
    "de": ("Ich möchte etwas zurückschicken, Bestellung MD-10251, omar.haddad@example.com", "die In-Ear-Kopfhörer bitte"),
}


def wait_for(system, part):
    deadline = time.monotonic() + 60
    while not system.pids(part) and time.monotonic() < deadline:
        time.sleep(0.3)
    time.sleep(1.5)


@pytest.mark.parametrize("language", STARTS)
def test_a_frozen_action_server_in_the_middle_of_a_form(system, sender, language):
    system.forget_cases()
    start, item = STARTS[language]
    assert is_reply("utter_request_item", language, system.texts(sender, start)[-1])
    pids = system.pids("ACTION")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert is_reply("utter_timeout", language, system.texts(sender, item)[-1])
        assert time.monotonic() - began < 15
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert is_reply("utter_request_seal", language, system.texts(sender, item)[-1])


@pytest.mark.parametrize("language", STARTS)
def test_a_killed_action_server_in_the_middle_of_a_form(system, sender, language):
    system.forget_cases()
    start, item = STARTS[language]
    assert is_reply("utter_request_item", language, system.texts(sender, start)[-1])
    for pid in system.pids("ACTION"):
        os.kill(pid, signal.SIGKILL)
    assert is_reply("utter_trouble", language, system.texts(sender, item)[-1])
    wait_for(system, "ACTION")
    assert is_reply("utter_request_seal", language, system.texts(sender, item)[-1])


def test_a_locked_database(system, sender):
    system.say(sender, "hello there")
    lock = sqlite3.connect(system.home / "tongshi.db", timeout=10, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        assert is_reply("utter_trouble", "it", system.texts(sender, "dov'è il mio ordine? lo aspetto da giorni")[-1])
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert is_reply("utter_request_order_number", "it", system.texts(sender, "dov'è il mio ordine? lo aspetto da giorni")[-1])

"""When a part fails, the customer is told in their language, in time, and goes on where they were."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from tongshi import weights
from tongshi.evaluation.running import environment, is_reply, running
from tongshi.settings import ROOT, get_settings

STARTS = {
    "zh": ("我想退货，订单MD-10251，邮箱omar.haddad@example.com", "退那个入耳式耳机"),
    "ar": ("أبي أرجع شيء، الطلب MD-10251، omar.haddad@example.com", "سماعات الأذن"),
    "de": ("Ich möchte etwas zurückschicken, Bestellung MD-10251, omar.haddad@example.com", "die In-Ear-Kopfhörer bitte"),
}
QUESTIONS = {
    "zh": "买了以后多少天之内可以退货？",
    "ar": "كم يوم عندي عشان أرجع المنتج؟",
    "de": "Wie viele Tage habe ich Zeit, um etwas zurückzugeben?",
}
WHEREABOUTS = {
    "zh": "我的订单到底什么时候能到啊",
    "ar": "وين طلبي؟ أنتظره من أيام",
    "de": "Wo bleibt denn meine Bestellung?",
}


def wait_for(system, part):
    deadline = time.monotonic() + 60
    while not system.pids(part) and time.monotonic() < deadline:
        time.sleep(0.3)
    time.sleep(1.5)


def is_quoted(system, sender, language, deadline):
    """Whether the question gets the article's own words in time."""
    began = time.monotonic()
    reply = system.say(sender, QUESTIONS[language])[-1]
    return "30" in reply["text"] and reply["custom"]["outcome"] == "quoted" and time.monotonic() - began < deadline


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


@pytest.mark.parametrize("language", WHEREABOUTS)
def test_a_locked_database(system, sender, language):
    lock = sqlite3.connect(system.home / "tongshi.db", timeout=10, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        assert is_reply("utter_trouble", language, system.texts(sender, WHEREABOUTS[language])[-1])
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert is_reply("utter_request_order_number", language, system.texts(sender, WHEREABOUTS[language])[-1])


@pytest.mark.parametrize("language", QUESTIONS)
@pytest.mark.parametrize("breaks", ["refuses", "hangs", "dies"])
def test_a_language_model_that_breaks_in_the_middle_of_an_answer(system, language_model, sender, language, breaks):
    language_model.breaks, before = breaks, language_model.asked
    try:
        assert is_quoted(system, sender, language, deadline=8)
    finally:
        language_model.breaks = "refuses"
    assert (language_model.asked > before) is (breaks != "refuses")


@pytest.mark.llm
def test_the_real_language_model_frozen_and_killed_in_the_middle_of_an_answer(home, sender):
    patience = {"answer_deadline": "8", "turn_deadline": "12", "answer_mode": "generate"}
    with running(home, support_hours="always", **patience) as system:
        system.warm_up()
        for language, number in (("zh", signal.SIGSTOP), ("ar", signal.SIGKILL), ("de", signal.SIGSTOP)):
            (pid,) = set(system.pids("LLM"))
            # Finding the article and reading the prompt alone take longer than this.
            breaks = threading.Timer(0.1, os.kill, (pid, number))
            breaks.start()
            try:
                assert is_quoted(system, f"{sender}-{language}-{number}", language, deadline=12)
            finally:
                breaks.join()
                if number == signal.SIGSTOP:
                    os.kill(pid, signal.SIGCONT)
            wait_for(system, "LLM")


@pytest.mark.parametrize("command", [["models", "pull"], ["up"]])
def test_a_damaged_model_file_is_named_with_what_to_do(tmp_path, command):
    settings = get_settings()
    for entry in (weights.manifest()["lid.176"], weights.manifest()["e5-small"]):
        (tmp_path / entry.file).parent.mkdir(parents=True)
        shutil.copy(settings.models / entry.file, tmp_path / entry.file)
    damaged = tmp_path / entry.file
    with damaged.open("r+b") as file:
        file.seek(entry.size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    variables = {
        **environment(tmp_path / "home", models=str(tmp_path), llm_url="http://127.0.0.1:9/v1"),
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull,
    }  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-m", "tongshi.cli", *command], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 1
    assert f"{damaged} is damaged" in result.stderr and "put the file yourself" in result.stderr

"""Several processes: what one hears, the pages of another are told, over a real Redis."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import jwt

from tests.desk.conftest import running
from tests.desk.test_chat import Watching, say
from tongshi.conversations.live import Changed, HttpAnnouncer, RedisAnnouncer, Spoken
from tongshi.conversations.rates import RateLimit
from tongshi.desk.live import Hub
from tongshi.evaluation.running import free_port
from tongshi.settings import Settings


def test_what_one_process_tells_the_pages_of_all_hear(tmp_path, redis_url):
    settings = Settings(home=tmp_path / "home", encoder="use", redis_url=redis_url)
    with running(settings) as first, running(settings) as second:
        client = first.begun()
        sender = jwt.decode(client.headers["authorization"].split()[1], options={"verify_signature": False})["sub"]
        elsewhere = second.client(Authorization=client.headers["authorization"])
        pages = [Watching(client), Watching(elsewhere)]
        time.sleep(0.3)  # until both have subscribed
        RedisAnnouncer(redis_url).announce(Spoken(sender, "q1", 0, "One.", "en"))
        say(elsewhere, "hi", client_id="q1")
        for page in pages:
            page.wait(3)
            assert [name for name, _, _ in page.events] == ["changed", "sentence", "changed"]


def test_processes_count_together_over_redis(redis_url):
    one, other = (RateLimit(3, 60, "test", redis_url) for _ in range(2))
    assert [one.wait("a"), other.wait("a"), one.wait("a")] == [0, 0, 0]
    assert 50 < other.wait("a") <= 60 and other.wait("b") == 0


def test_a_redis_that_is_gone_stops_nobody():
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert RateLimit(1, 60, "test", url).wait("a") == 0
    announcer = RedisAnnouncer(url)
    began = time.monotonic()
    for _ in range(50):
        announcer.announce(Changed("a"))
    assert time.monotonic() - began < 2


def test_a_redis_that_is_silent_holds_up_no_page_and_the_process_counts_for_itself(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Settings(home=tmp_path / "home", encoder="use", redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with running(replace(settings, address_rate=3)) as site, ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            asked = [pool.submit(site.client().post, "/api/session", json={}) for _ in range(8)]
            while not all(one.done() for one in asked):
                before = time.monotonic()
                assert site.client().get("/health").text == "ok"
                assert time.monotonic() - before < 0.4, "the event loop waited for Redis"
            assert time.monotonic() - began < 4
            assert sorted(one.result().status_code for one in asked) == [200] * 3 + [429] * 5


def test_a_desk_that_does_not_answer_costs_an_answer_half_a_second_at_the_most():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        announcer = HttpAnnouncer(f"http://127.0.0.1:{silent.getsockname()[1]}", "secret")
        began = time.monotonic()
        for number in range(20):
            announcer.announce(Spoken("a", "t", number, "x", "en"))
        assert 0.3 < time.monotonic() - began < 1.5


def test_a_hub_forgets_conversations_that_nobody_watches(monkeypatch):
    hub = Hub()
    moments = iter(range(0, 10_000_000, 1))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(moments)))
    for number in range(1500):
        hub.tell(Spoken(f"web-{number}", "t", 0, "x", "en"))
    assert len(hub._watched) < 1100

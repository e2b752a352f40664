"""The chat page's microphone and spoken replies over HTTP; the engines are in the tests' own hands."""

import struct
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

import httpx
import pytest

from tests.channels.test_telegram_voice import SECOND, Engines
from tests.desk.conftest import running
from tests.desk.test_chat import say
from tongshi.desk import app as desk
from tongshi.desk import speech
from tongshi.desk.speech import LARGEST_RECORDING
from tongshi.settings import Settings
from tongshi.speech.audio import Unheard, read
from tongshi.speech.voice import Voice


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    engines = Engines()
    voice = Voice(Settings(voice="on"))
    voice.recogniser = voice.synthesiser = engines
    patch = pytest.MonkeyPatch()
    patch.setattr(speech, "get_voice", lambda: voice)
    home = tmp_path_factory.mktemp("speech") / "home"
    with running(Settings(home=home, encoder="use", voice="on", session_rate=1000, address_rate=1000)) as site:
        site.engines = engines
        yield site
    patch.undo()


@pytest.fixture
def engines(started):
    started.engines.__dict__.update(Engines().__dict__)
    return started.engines


@pytest.fixture
def client(started, engines):
    return started.begun()


def clauses(data):
    while data:
        (length,) = struct.unpack(">I", data[:4])
        yield read(data[4 : 4 + length])
        data = data[4 + length :]


def test_a_recording_is_written_down_and_what_is_to_be_checked_is_named(client, engines):
    answer = client.post("/api/speech/heard?lang=fr", content=SECOND.opus(), headers={"Content-Type": "audio/ogg"})
    assert answer.json() == {"text": "where is MD-10234", "lang": "en", "identifiers": ["MD-10234"]}
    assert engines.likely == "fr"


@pytest.mark.parametrize(
    ("data", "trouble", "status"),
    [
        (b"", None, 422),
        (b"no sound", None, 415),
        (SECOND.wav(), Unheard("nothing", "empty"), 422),
        (SECOND.wav(), Unheard("long", "too_long"), 413),
        (b"x" * (LARGEST_RECORDING + 1), None, 413),
    ],
)
def test_what_cannot_be_heard_is_refused(client, engines, data, trouble, status):
    engines.trouble = trouble
    assert client.post("/api/speech/heard", content=data).status_code == status


def test_a_reply_is_said_clause_by_clause(client, started, engines):
    started.bot.says = [{"text": "Your order MD-10234 is on its way. It arrives on Thursday, the tenth of December."}]
    (reply,) = say(client, "hi")
    with client.stream("POST", "/api/speech/said", json={"message_id": reply["id"]}) as answer:
        assert answer.headers["content-type"] == speech.CLAUSES
        sounds = list(clauses(b"".join(answer.iter_bytes())))
    said = [text for text, language in engines.said]
    assert said == [
        "Your order M D,",
        "one zero two three four is on its way.",
        "It arrives on Thursday,",
        "the tenth of December.",
    ]
    assert [sound.seconds for sound in sounds] == [pytest.approx(1.0, abs=0.01)] * 4


def test_only_replies_of_ones_own_conversation_are_said(client, started):
    (reply,) = say(client, "hi")
    own = client.get("/api/session").json()["messages"][0]["id"]
    other = started.begun()
    assert other.post("/api/speech/said", json={"message_id": reply["id"]}).status_code == 404
    for wrong in ({"message_id": own}, {"message_id": "1"}, {"message_id": 2**63}, {}, [], None):
        assert client.post("/api/speech/said", json=wrong).status_code == 404


def test_without_a_session_nothing_is_heard_or_said(started):
    client = started.client()
    assert client.post("/api/speech/heard", content=SECOND.wav()).status_code == 401
    assert client.post("/api/speech/said", json={"message_id": 1}).status_code == 401


def test_who_speaks_too_often_has_to_wait(client):
    answers = [client.post("/api/speech/said", json={"message_id": 0}) for _ in range(21)]
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) >= 1


def test_who_comes_from_one_address_has_to_wait_in_every_conversation(started, engines, tmp_path):
    with running(Settings(home=tmp_path / "home", encoder="use", voice="on", address_rate=3)) as site:
        first, second = site.begun(), site.begun()
        asked = [client.post("/api/speech/said", json={"message_id": 0}).status_code for client in (first, first, second, second)]
        assert asked == [404, 404, 404, 429]
        assert first.post("/api/speech/heard", content=SECOND.wav()).status_code == 429


@pytest.mark.parametrize(("engine", "most"), [("recognise", 4), ("say", 8)])
def test_only_so_many_wait_for_an_engine(started, engines, client, monkeypatch, engine, most):
    (reply,) = say(client, "hi")
    may, work = threading.Event(), getattr(engines, engine)
    monkeypatch.setattr(engines, engine, lambda *values, **named: may.wait(20) and work(*values, **named))

    def ask(_):
        if engine == "say":
            return client.post("/api/speech/said", json={"message_id": reply["id"]})
        return client.post("/api/speech/heard", content=SECOND.wav())

    with ThreadPoolExecutor(most + 3) as threads:
        asked = [threads.submit(ask, number) for number in range(most + 3)]
        refused = [one.result() for _, one in zip(range(3), as_completed(asked))]
        may.set()
    assert [(one.status_code, one.headers["retry-after"]) for one in refused] == [(503, "5")] * 3
    assert sorted(one.result().status_code for one in asked) == [200] * most + [503] * 3
    assert ask(0).status_code == 200


async def test_speech_is_off_unless_it_is_switched_on(started, tmp_path):
    assert started.client().get("/api/speech").json() == {"on": True}
    app = desk.create_app(Settings(home=tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk") as client:
        assert (await client.get("/api/speech")).json() == {"on": False}
        assert (await client.post("/api/speech/heard", content=b"x")).status_code == 404

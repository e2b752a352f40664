"""A system of its own has nothing of a live one's."""

import pytest

from tongshi.errors import TongshiError
from tongshi.evaluation.running import environment, running


def test_data_and_platforms_of_a_live_system_are_left_out(monkeypatch, tmp_path):
    live = {
        "DATABASE_URL": "postgresql://live", "EMAIL_IMAP": "imaps://live", "SLACK_TOKEN": "live", "REDIS_URL": "redis://live",
        "QDRANT_URL": "https://live", "HOME": "/live", "RASA_PORT": "5005", "PUBLIC_URL": "https://live", "PHONE_TOKEN": "live",
    }  # fmt: skip
    ours = {"ANSWER_MODE": "quote", "LLM_URL": "http://127.0.0.1:9/v1", "ENCODER": "use", "LLM_THREADS": "1"}
    for name, value in (live | ours).items():
        monkeypatch.setenv(f"TONGSHI_{name}", value)
    monkeypatch.setenv("PATH", "/bin")
    found = environment(tmp_path, support_hours="always", encoder="e5")
    assert {name for name in live if f"TONGSHI_{name}" in found} == {"HOME"}
    assert found["TONGSHI_HOME"] == str(tmp_path) and found["PATH"] == "/bin" and found["TONGSHI_SUPPORT_HOURS"] == "always"
    assert found["TONGSHI_ANSWER_MODE"] == "quote" and found["TONGSHI_LLM_THREADS"] == "1"
    assert found["TONGSHI_ENCODER"] == "e5", "what a measurement sets counts more"


def test_a_system_that_does_not_start_tells_its_last_words(tmp_path):
    with pytest.raises(TongshiError, match="TONGSHI_LANGUAGE is 'xx'"), running(tmp_path, language="xx"):
        raise AssertionError("It runs.")

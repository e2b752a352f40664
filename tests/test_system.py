"""What the parts of the system are started with."""

from tongshi.settings import Settings
from tongshi.system import part_environment


def test_parts_that_encode_single_messages_take_one_thread_unless_told_otherwise(tmp_path, monkeypatch):
    settings = Settings(home=tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    threads = {part: part_environment(settings, part).get("OMP_NUM_THREADS") for part in ("rasa", "actions", "desk", "llm")}
    assert threads == {"rasa": "1", "actions": "1", "desk": None, "llm": None}
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert part_environment(settings, "rasa")["OMP_NUM_THREADS"] == "2"

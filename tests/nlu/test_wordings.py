"""What the bot is trained on, read without Rasa."""

from __future__ import annotations

import os

from tongshi.nlu import wordings


def test_intents_are_read_anew_only_where_their_file_has_changed(tmp_path, monkeypatch):
    path, opened = tmp_path / "nlu" / "en.yml", []
    read = wordings.read
    monkeypatch.setattr(wordings, "read", lambda *told: opened.append(told) or read(*told))
    path.parent.mkdir()
    for number, intent in enumerate(("greet", "stop")):
        path.write_text(f"nlu:\n- intent: {intent}\n  examples: |\n    - hello\n")
        os.utime(path, ns=(number, number))
        assert wordings.known_intents(tmp_path) == wordings.known_intents(tmp_path) == {intent}
    assert len(opened) == 2

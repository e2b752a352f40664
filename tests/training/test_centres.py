"""The invented help centres: each quote stands in a passage, and every language asks of every centre."""

from __future__ import annotations

import pytest

from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, ROOT
from tongshi.training.centres import SPLITS, read


def test_each_language_asks_what_is_answered_and_what_is_not():
    centres = read(ROOT / "data" / "finetune" / "centres")
    assert {centre.split for centre in centres} == set(SPLITS)
    for centre in centres:
        for language in LANGUAGES:
            asked = [bool(one.right) for one in centre.questions if one.language == language]
            assert asked.count(True) >= 10 and asked.count(False) >= 4
        assert all(len({piece.article for piece in one.right}) <= 1 for one in centre.questions)


def test_a_quote_that_stands_nowhere_is_told(tmp_path):
    folder = tmp_path / "cafe"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "hours.md").write_text("# Hours\n\nWe open at 9.\n", "utf-8")
    (folder / "questions.yml").write_text(
        "id: cafe\nsplit: train\nquestions:\n  - {language: en, question: when, file: hours.md, quote: at noon}\n", "utf-8"
    )
    with pytest.raises(TongshiError, match="at noon"):
        read(tmp_path)

"""How well the language of single messages is told: whole ones, sloppy ones, those in Latin letters, and those of languages not spoken here."""

from __future__ import annotations

from typing import Any

from tongshi.evaluation import robustness
from tongshi.evaluation.tables import TESTS, Report
from tongshi.evaluation.understanding import held_out
from tongshi.files import read_yaml
from tongshi.language.identify import load_identifier
from tongshi.settings import LANGUAGES, Settings

_MESSAGES = TESTS / "evaluation" / "languages" / "messages.yml"
_CLEAR = 0.8
"""From this confidence on three words change the language of a conversation."""


def report(settings: Settings) -> Report:
    """The share of messages whose language is named, and of those that name another one so surely that the conversation would change to it."""
    identify = load_identifier(settings)
    found = Report(
        "Languages of messages",
        "romanised",
        notes="tests/evaluation/nlu (messages), robustness (sloppy, romanised), languages (chat); wrong: named surely",
    )
    own = read_yaml(_MESSAGES)
    for language in LANGUAGES:
        kinds = robustness.read(language)
        texts: dict[str, list[str]] = {
            "messages": [one.text for one in held_out(language) if one.intent != "change_language"],
            "sloppy": [one.text for kind, wordings in kinds.items() if kind != "romanised" for one in wordings],
            "romanised": [one.text for one in kinds.get("romanised", ())],
            "chat": _lines(own["messages"].get(language, "")),
        }
        row: dict[str, Any] = {"language": language}
        wrong = 0
        for column, messages in texts.items():
            named = [(text, identify(text)) for text in messages]
            row[column] = sum(one.language == language for _, one in named) / len(named) if named else "-"
            failures = [(text, one) for text, one in named if one.language != language]
            wrong += sum(one.language is not None and one.confidence >= _CLEAR for _, one in failures)
            found.failures += [
                {
                    "language": language,
                    "kind": column,
                    "text": text,
                    "named": one.language or one.outside,
                    "confidence": one.confidence,
                }
                for text, one in failures
            ]
        found.rows.append({**row, "wrong": wrong})
    outside = [line.partition(": ")[::2] for line in _lines(own["outside"])]
    told = sum(identify(text).outside is not None for _, text in outside)
    found.notes += f"; {told} of {len(outside)} messages in other languages are told as such"
    return found


def _lines(text: str) -> list[str]:
    return [line.removeprefix("- ") for line in text.splitlines()]
